"""Drivers for the hardware of a wallbox; they know nothing of the daemon that uses them."""
