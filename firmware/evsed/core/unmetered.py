"""A meter that falls silent while charging, and what the technician wants then.

"stop": the offer ends until the meter answers or the vehicle is unplugged; a vehicle that comes while it is silent is
not offered anything either. "limit": 6 A. "go on": as if nothing were.
"""

from __future__ import annotations

from evse_drivers.api import Reading, Seen

from .conditions import Rule

FAULT, SOURCE = "unmetered", "meter silent"
AMPS = 6.0  # the least that can be offered: what was charged without a meter stays small


class Unmetered(Rule):
    """`reaction`: "stop", "limit" or "go on"."""

    def __init__(self, reaction: str) -> None:
        super().__init__()
        self._reaction = reaction
        self._silent = self._offering = False

    def seen(self, seen: Seen) -> None:
        """A vehicle that left ends it; an offer or a closed contactor makes it the case."""
        if seen.plugged:
            self.offer(seen.offered > 0 or seen.closed)
        else:
            self._offering = False
            self._set(FAULT, None)

    def offer(self, offered: bool) -> None:
        """The limits are about to offer something, or nothing."""
        self._offering = offered
        if self._silent and offered and self._reaction == "stop":
            self._set(FAULT, "the meter does not answer")

    def read(self, reading: Reading) -> None:
        """It answers."""
        self._silent = False
        self._set(FAULT, None)
        self._limit(SOURCE, None)

    def silent(self) -> None:
        """It does not."""
        self._silent = True
        if self._reaction == "limit":
            self._limit(SOURCE, AMPS)
        self.offer(self._offering)
