"""evsed: open firmware for AC wallboxes."""

__version__ = "0.1.0"
