"""How long a fault of the station keeps an EVSE from charging: until it is gone, 30 s more, or until unplugged.

Theory of operation. Such a fault often goes because the charge was stopped: the overcurrent ends with the current. So
it stands for AFTER more seconds before the same plug is tried again. A row of the catalogue with `tries` is tried again
so many times for one plug; when it comes once more it stays until the vehicle is unplugged.
"""

from __future__ import annotations

from dataclasses import dataclass

AFTER = 30.0  # s, as the pilot waits after its own faults
GONE = float("-inf")  # `until` of a fault that nothing holds any more


@dataclass(slots=True)
class Lockout:
    """Of one fault on one EVSE. `came`: how often, with the vehicle that is plugged in."""

    tries: int | None  # of its row in the catalogue
    came: int = 0
    there: bool = False  # the rule that watches says so
    until: float = GONE  # mono s, when it may be tried again

    @property
    def stays(self) -> bool:
        """Only unplugging ends it."""
        return self.tries is not None and self.came > self.tries

    def rise(self) -> None:
        """It is the case; said once until it falls."""
        self.there = True
        self.came += 1

    def fall(self, now: float) -> None:
        """It is no longer the case."""
        self.there, self.until = False, now + AFTER

    def unplugged(self) -> None:
        """The vehicle has gone, and what it did with it."""
        self.came = 0

    def stands(self, now: float) -> bool:
        """Whether it keeps the EVSE from charging."""
        return self.there or self.stays or now < self.until

    @property
    def waits(self) -> bool:
        """For `until` only."""
        return not self.there and not self.stays
