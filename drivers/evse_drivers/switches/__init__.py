"""Contactors, plug locks and phase relays."""
