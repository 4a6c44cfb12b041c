"""A control pilot made of numbers on a clock that only the test moves: PWM, vehicle, peak detectors, dividers.

Written from IEC 61851-1 annex A: +-12 V behind 1 kohm; a vehicle is a resistor behind a diode. It shares no number
with the drivers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor

VEHICLES = {"A": None, "B": 2740.0, "C": 882.0, "D": 246.0, "short": 0.0}  # ohm behind the diode


class Clock:
    """Virtual seconds. Whoever waits or talks moves it; `listeners` are told the span that has passed."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.late = 0.0  # s that each sleep takes longer
        self.listeners: list[Callable[[float, float], None]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.pass_by(seconds + self.late)

    def pass_by(self, seconds: float) -> None:
        began, self.now = self.now, self.now + seconds
        for listener in self.listeners:
            listener(began, self.now)


class Circuit:
    """The line of one EVSE. `pin` gives the PWM's part of high time; `reset` whether the detectors are held."""

    PERIOD = 0.001

    def __init__(self, clock: Clock, pin: Callable[[], float]) -> None:
        self.clock, self.pin = clock, pin
        self.inverting = False  # the board's driver makes -12 V of a high pin
        self.vehicle = "A"
        self.diode = True
        self.reset: Callable[[], bool] = lambda: False
        self.proximity: float | None = None  # ohm
        self.high = self.low = 12.0  # what the detectors hold
        clock.listeners.append(self._follow)

    def part(self) -> float:
        """Of the time that the source is at +12 V."""
        return 1.0 - self.pin() if self.inverting else self.pin()

    def level(self, positive: bool) -> float:
        """V on the line."""
        ohm, source = VEHICLES[self.vehicle], 12.0 if positive else -12.0
        if ohm is None or (not positive and self.diode):
            return source
        if ohm == 0.0:
            return 0.0
        drop = 0.65 if positive else -0.65
        return drop + (source - drop) * ohm / (ohm + 1000.0)

    def volts(self, at: float) -> float:
        """V on the line at that instant."""
        return self.level(at % self.PERIOD < self.part() * self.PERIOD)

    def seen(self, began: float, ended: float) -> list[float]:
        """Every level that the line had from then to then."""
        part, start, end = self.part(), began / self.PERIOD, ended / self.PERIOD
        if part in (0.0, 1.0):
            return [self.level(part == 1.0)]
        both = floor(start) != floor(end) or (start % 1.0 < part) != (end % 1.0 < part)
        return [self.level(True), self.level(False)] if both else [self.level(start % 1.0 < part)]

    def _follow(self, began: float, ended: float) -> None:
        levels = self.seen(began, ended)
        if self.reset():
            self.high = self.low = levels[-1]
            return
        self.high, self.low = max(self.high, *levels), min(self.low, *levels)
