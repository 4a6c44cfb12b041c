"""Contacts that the pilot process watches: emergency stops, thermal switches."""
