"""A residual-current device: trips on a current to earth or on its test input, and comes back some time after that."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Of one module, in s."""

    pulse: float  # its test input must be on for so long
    trips: float  # from the test input's edge to its error output
    back: float  # from the end of what tripped it (or the trip, if that came later) to its error output's end


# Inside the windows of hardware.md 3d; chosen, not measured on the modules.
_X80X = Times(0.03, 0.4, 0.9)
MODULES = {
    "X804": _X80X,
    "X904": _X80X,
    "RCM14": Times(0.1, 0.1, 0.1),
    "RCMB102": Times(0.3, 0.3, 1.2),
    "latching": Times(0.02, 0.05, math.inf),  # keeps its trip until its test input is told off
    "none": Times(math.inf, math.inf, 0.1),
}


class ResidualDevice:
    """`due` is the next instant at which something happens by itself; the caller then calls `step` with it."""

    def __init__(self, module: str) -> None:
        self._times = MODULES[module]
        self.tripped = self.tests = self.leaking = self.dead = self.sticks = False
        self._tested_at = math.inf  # since when the test input is on
        self._trips_at = self._back_at = math.inf

    @property
    def due(self) -> float:
        """Infinite: nothing."""
        return min(self._trips_at, self._back_at)

    def test(self, now: float, on: bool) -> None:
        """Its test input."""
        if not on and self._times.back == math.inf and not (self.leaking or self.sticks):
            self.tripped = False
        if on == self.tests:
            return
        self.tests = on
        if on:
            self._tested_at = now
            if not self.dead:
                self._trips_at = now + self._times.trips
        else:
            if now - self._tested_at < self._times.pulse - 1e-9:
                self._trips_at = math.inf  # too short a pulse
            self._rest(now)

    def broken(self, now: float, *, leaking: bool, dead: bool, sticks: bool) -> None:
        """A current to earth; it never trips; it never comes back."""
        rises = leaking and not self.leaking
        self.leaking, self.dead, self.sticks = leaking, dead, sticks
        if rises and not dead:
            self._trip()
        self._rest(now)

    def step(self, now: float) -> None:
        """Whatever is due by now."""
        if now >= self._trips_at:
            self._trips_at = math.inf
            self._trip()
            self._rest(now)
        if now >= self._back_at:
            self._back_at = math.inf
            self.tripped = False

    def _trip(self) -> None:
        self.tripped = True
        self._back_at = math.inf

    def _rest(self, now: float) -> None:
        """Nothing that trips it is left: it comes back."""
        if self.tripped and not self.leaking and not self.tests and not self.sticks:
            self._back_at = now + self._times.back
        else:
            self._back_at = math.inf
