"""One pilot line of the desk: the duty put on it, its volts, and how often the driver looks at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from . import circuit

FOREIGN_VOLTS = 15.0  # V that no vehicle makes


class Line:
    """`now` is seconds of CLOCK_MONOTONIC. The extremes are kept: a dip between two looks is seen by the later one."""

    def __init__(self) -> None:
        self.duty: float | None = None  # as in PilotLine.drive
        self.volts = (circuit.SUPPLY, circuit.SUPPLY)  # high and low side, now
        self.gaps: Counter[int] = Counter()  # between two looks of the driver, in 0.1 ms
        self._highest = self._lowest = circuit.SUPPLY
        self._looked_at: float | None = None

    def look(self, now: float) -> tuple[float, float]:
        """The highest and lowest volts since the last look; the next look starts from here."""
        if self._looked_at is not None:
            self.gaps[round((now - self._looked_at) * 10_000)] += 1
        self._looked_at = now
        seen = self._highest, self._lowest
        self._highest, self._lowest = self.volts
        return seen

    def trace(self, *, powered: bool, ohm: float | None, faults: Set[str]) -> None:
        """Something changed: the controller's supply, what the vehicle puts on the line, or what is broken."""
        if not powered or "cp-short" in faults:
            self.volts = (0.0, 0.0)
        else:
            ohm = None if "cp-open" in faults else ohm
            high, low = circuit.line_volts(self.duty, ohm, diode="diode" not in faults)
            foreign = "cp-out-of-range" in faults and high > 0.0
            self.volts = (FOREIGN_VOLTS, FOREIGN_VOLTS if low > 0.0 else low) if foreign else (high, low)
        self._highest = max(self._highest, self.volts[0])
        self._lowest = min(self._lowest, self.volts[1])
