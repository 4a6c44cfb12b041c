"""A vehicle that loads the phases unevenly, and what it may draw then.

Theory of operation. A phase with less than 1 A beside one with more, for 3 s, is a vehicle that does not use that
phase: no phase of it may carry more than `most` A then. It holds until all phases carry current for 3 s, or another
vehicle comes: a pause does not lift it, for the vehicle would begin with its whole current again.
"""

from __future__ import annotations

from evse_drivers.api import Reading, Seen

from .conditions import Lasting, Rule, known

NAME = "unbalance"
UNUSED, HOLD = 1.0, 3.0  # A, s


class Unbalance(Rule):
    """`most`: A that one phase may carry more than another; `amps` and `phases` of the outlet."""

    def __init__(self, most: float, amps: float, phases: int, gap: float) -> None:
        super().__init__()
        self._most, self._phases = most, phases
        self._watching = 0 < most < amps
        self._uneven = Lasting(HOLD, HOLD, gap)
        self._vehicle: tuple[str, int] | None = None

    def seen(self, seen: Seen) -> None:
        """Another vehicle, or none."""
        vehicle = (seen.boot, seen.plug)
        if not seen.plugged or self._vehicle not in (None, vehicle):
            self._uneven.forget()
            self._lift()
        self._vehicle = vehicle

    def read(self, reading: Reading) -> None:
        """What each phase carries."""
        if not self._watching:
            return
        values = dict(known(reading.amps, self._phases))
        if len(values) < self._phases:
            return  # it does not tell all: nothing is known
        if self._phases == 1:
            values |= {"L2": 0.0, "L3": 0.0}  # not wired
        loads = {name: abs(amps) for name, amps in values.items()}
        most, least = max(loads, key=loads.__getitem__), min(loads, key=loads.__getitem__)
        if loads[most] < UNUSED:
            return  # a pause tells nothing
        if self._uneven.look(loads[least] < UNUSED, reading.at):
            self._limit(NAME, self._most)
            self._set(NAME, f"{most} {loads[most]:.1f} A, {least} {loads[least]:.1f} A: {self._most:g} A at most")
        else:
            self._lift()

    def _lift(self) -> None:
        self._limit(NAME, None)
        self._set(NAME, None)
