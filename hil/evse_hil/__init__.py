"""Scenarios against a real evsed: the same ones on the desk, on a bench and on a wall."""
