"""Lines that several devices share."""
