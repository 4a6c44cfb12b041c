"""Control pilot lines."""
