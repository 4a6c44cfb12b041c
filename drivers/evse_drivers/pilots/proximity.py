"""The proximity contact: the resistance between PP and PE by the voltage that a resistor to a known supply leaves."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..options import option

# s, every third look; what has changed is measured in the next look again. Three measurements tell that a cable is
# lost, which opens within the 100 ms of IEC 61851-1 table A.6, sequence 8.1.
EVERY = 0.025
ALIKE = 0.1  # part of the smaller one by which two measurements of one resistor differ at most


@dataclass(frozen=True, kw_only=True)
class ProximitySettings:
    """The options of every line that can measure it."""

    channel_proximity: int = option(
        -1, help="input of the converter at the proximity contact (PP); -1: none", minimum=-1, maximum=15
    )
    proximity_pull_up: float = option(
        1000.0, help="resistor from PP to its supply", unit="ohm", minimum=50, maximum=100_000
    )
    proximity_supply: float = option(
        3.3, help="supply of that resistor, as the converter's input sees it", unit="V", minimum=0.5, maximum=24
    )

    def ohms(self, volts: float) -> float:
        """Between PP and PE, where the converter's input has `volts`; inf: nothing is connected. Never negative."""
        if volts >= self.proximity_supply:
            return inf
        return max(0.0, self.proximity_pull_up * volts / (self.proximity_supply - volts))


def alike(one: float, other: float) -> bool:
    """Whether two measurements (ohm) may be of one resistor, or both of none."""
    return one == other or abs(one - other) <= ALIKE * min(one, other)
