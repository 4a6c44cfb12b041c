"""`evsed meter`: finds a meter on a line, names it, and shows what it says."""
