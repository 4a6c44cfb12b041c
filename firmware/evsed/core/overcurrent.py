"""A vehicle that draws more than it was offered.

Theory of operation. Per phase, more than (I + 0.5 A) x 1.10 for 7 s is an overcurrent; one reading below begins the
count anew. I is not what is offered now but the most that the vehicle was told in the last 6 s: it has 5 s to follow
a lower duty cycle (IEC 61851-1), and some need 6. Only readings count that were taken while the contactor was closed,
none from before it closed. It has gone when the contactor is open, or a reading is below.
"""

from __future__ import annotations

from collections import deque

from evse_drivers.api import Reading, Seen

from .conditions import Lasting, Rule, known

FAULT = "overcurrent"
# facts/hardware.md 2.5 and 2.4: EVerest's rule, with the vehicle's time to follow
ABOVE, FACTOR, LASTS, FOLLOWS = 0.5, 1.10, 7.0, 6.0  # A, -, s, s


class Overcurrent(Rule):
    """`phases` that are wired; `gap`: s between two readings above which they do not belong together."""

    def __init__(self, phases: int, gap: float) -> None:
        super().__init__()
        self._phases = phases
        self._over = {name: Lasting(LASTS, 0.0, gap) for name in ("L1", "L2", "L3")}
        self._told: deque[tuple[float, float]] = deque()  # since when (mono s) so many A were offered, oldest first
        self._closed_at: float | None = None

    def seen(self, seen: Seen) -> None:
        """What the vehicle is told, and whether the contactor is closed."""
        if not self._told or self._told[-1][1] != seen.offered:
            self._told.append((seen.at, seen.offered))
            self._drop(seen.at)
        if not seen.closed:
            self._closed_at = None
            self._forget()
        elif self._closed_at is None:
            self._closed_at = seen.at

    def read(self, reading: Reading) -> None:
        """Against what the vehicle was told."""
        if self._closed_at is None or reading.at < self._closed_at:
            return
        offered = self.offered(reading.at)
        limit = (offered + ABOVE) * FACTOR
        found = None
        for name, amps in known(reading.amps, self._phases):
            if self._over[name].look(abs(amps) > limit, reading.at):
                found = found or f"{name} {abs(amps):.1f} A for {LASTS:g} s, offered {offered:.1f} A"
        self._set(FAULT, found)

    def silent(self) -> None:
        """Readings are no longer one after the other."""
        self._forget()

    def offered(self, at: float) -> float:
        """The most, in A, that the vehicle was told in the last seconds before `at`."""
        self._drop(at)
        return max((amps for since, amps in self._told if since <= at), default=0.0)

    def _drop(self, at: float) -> None:
        """What was replaced long enough before `at`."""
        while len(self._told) > 1 and self._told[1][0] <= at - FOLLOWS:
            self._told.popleft()

    def _forget(self) -> None:
        for over in self._over.values():
            over.forget()
        self._set(FAULT, None)
