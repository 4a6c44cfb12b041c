"""The one place that asks the time.

The monotonic clock orders everything and never jumps. UTC is trusted when the operating system says that it is
synchronised, or after the central system has told it; before that it is unknown, and reports carry (boot, mono) only.
"""

from __future__ import annotations

import time

from evsed.model.time import Instant

# A system clock before this instant was never set: no board has run evsed before it was written.
FIRST_RELEASE = 1_790_000_000.0


class Clock:
    """`boot` numbers the boots of this station (the store counts them)."""

    def __init__(self, boot: int = 0) -> None:
        self.boot = boot
        self.offset: float | None = None  # utc - mono, s; None: ask the system clock
        self.offsets: dict[int, float] = {}  # of earlier boots, from the store

    def mono(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    def now(self) -> Instant:
        """This moment."""
        mono = self.mono()
        return Instant(mono, self._utc(mono), self.boot)

    def set(self, utc: float) -> bool:
        """The central system says it is `utc`; returns whether that was news (unknown before, or over 1 s off)."""
        mono = self.mono()
        known = self._utc(mono)
        if known is not None and abs(known - utc) <= 1.0:
            return False
        self.offset = utc - mono
        return True

    def utc_of(self, at: Instant) -> float | None:
        """UTC of a recorded instant, by what is known of its boot today."""
        if at.utc is not None:
            return at.utc
        if at.boot == self.boot:
            return self._utc(at.mono)
        if at.boot in self.offsets:
            return at.mono + self.offsets[at.boot]
        return None

    def _utc(self, mono: float) -> float | None:
        if self.offset is not None:
            return mono + self.offset
        utc = time.time()
        return utc - (self.mono() - mono) if utc > FIRST_RELEASE else None
