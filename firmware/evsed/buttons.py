"""A button on the housing: when it counts as pressed, and when as stuck (pure).

Theory of operation
-------------------
A level counts once it has stood for 50 ms; contacts bounce for 5 to 20. A press is the change from free to pressed,
told once: however long it is held, it says nothing more. A button that is pressed when the process starts is not told:
it must have been free first. One that stays pressed for a minute is stuck or wired the wrong way round, told once too.
"""

from __future__ import annotations

from math import inf
from typing import Literal

STANDS = 0.05  # s
STUCK = 60.0  # s

Event = Literal["pressed", "stuck", "free again"]


class Press:
    """The caller steps it every 10 to 20 ms."""

    __slots__ = ("_counts", "_level", "_since", "_stuck", "_stuck_at")

    def __init__(self) -> None:
        self._counts: bool | None = None  # the level that counts; None: none yet
        self._level: bool | None = None  # as last seen
        self._since = inf  # s, when it came to be so
        self._stuck_at = inf
        self._stuck = False

    def step(self, now: float, active: bool) -> Event | None:
        """One look; what is to be told."""
        if active is not self._level:
            self._level, self._since = active, now
        if self._counts is not active and now - self._since >= STANDS:
            return self._change(now, active)
        if now >= self._stuck_at:
            self._stuck, self._stuck_at = True, inf
            return "stuck"
        return None

    def _change(self, now: float, active: bool) -> Event | None:
        before, self._counts = self._counts, active
        self._stuck_at = now - STANDS + STUCK if active else inf
        if not active:
            was_stuck, self._stuck = self._stuck, False
            return "free again" if was_stuck else None
        return "pressed" if before is False else None
