"""Boards that drive the control pilot themselves."""
