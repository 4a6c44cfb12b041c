"""The websocket shell: keeps a connection to the central system, and lets questions, reports and calls over it."""

from .lasting import Asked, Log, Put
from .link import Link

__all__ = ["Asked", "Link", "Log", "Put"]
