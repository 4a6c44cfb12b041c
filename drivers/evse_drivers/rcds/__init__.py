"""Residual-current devices."""
