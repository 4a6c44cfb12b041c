"""Temperature sensors."""
