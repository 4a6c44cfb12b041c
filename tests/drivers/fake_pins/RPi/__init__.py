"""Stands in for the package of RPi.GPIO where tests put its folder on the path."""
