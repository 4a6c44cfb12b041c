"""Which quantities of a reading no outlet can have: what a slipped word or a wrapped number makes of them.

Far above what is possible in a fault, so that a true overcurrent or overvoltage is never taken for nonsense: a breaker
of type C lets ten times its current through for a moment, a lost neutral makes 400 V of 230 V.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import Reading

AMPS, LEAST_AMPS = 20.0, 32.0  # times the outlet's current, which counts as this much at least
VOLTS = 3.0  # times the nominal voltage
WATTS = 10.0  # times what the outlet carries
UNBORNE = 2.0  # times that, where the currents do not bear it out: the other half of a wrapped 16-bit number
HERTZ = (20.0, 100.0)  # of any grid or generator; some SDM72 tell ten times as much
PHASES = ("L1", "L2", "L3")
WORDS = {
    "amps": ("current", "A"),
    "volts": ("voltage", "V"),
    "watts_by_phase": ("power", "W"),
    "watts": ("power", "W"),
    "hertz": ("frequency", "Hz"),
    "export_wh": ("export register", "Wh"),
}


@dataclass(frozen=True, slots=True)
class Outlet:
    """What can flow there."""

    amps: float  # per phase, rated
    phases: int  # wired
    volts: float  # nominal

    @property
    def watts(self) -> float:
        """The most that it carries for long."""
        return self.amps * self.phases * self.volts


@dataclass(frozen=True, slots=True)
class Doubt:
    """One quantity that cannot be true."""

    field: str  # of Reading
    phase: int | None  # 0 to 2; None: of all
    why: str

    @property
    def name(self) -> str:
        """As the technician reads it."""
        word = WORDS[self.field][0]
        return word if self.phase is None else f"{word} of {PHASES[self.phase]}"

    def blinds(self, outlet: Outlet) -> bool:
        """Whether the supervision rests on it: a current or voltage of a wired phase."""
        return self.field in ("amps", "volts") and self.phase is not None and self.phase < outlet.phases


def doubts(reading: Reading, outlet: Outlet) -> Iterator[Doubt]:
    """What cannot be true at this outlet."""
    most_amps = AMPS * max(outlet.amps, LEAST_AMPS)
    yield from _phases("amps", reading.amps, -most_amps, most_amps)
    yield from _phases("volts", reading.volts, 0.0, VOLTS * outlet.volts)
    by_phase = WATTS * outlet.amps * outlet.volts
    yield from _phases("watts_by_phase", reading.watts_by_phase, -by_phase, by_phase)
    yield from _one("watts", None, reading.watts, -WATTS * outlet.watts, WATTS * outlet.watts)
    if reading.watts is not None and UNBORNE * outlet.watts < abs(reading.watts) <= WATTS * outlet.watts:
        apparent = _apparent(reading)
        if apparent is not None and apparent < abs(reading.watts) / 2:
            yield Doubt("watts", None, f"{reading.watts:.0f} W where the currents carry {apparent:.0f} VA")
    yield from _one("hertz", None, reading.hertz, *HERTZ)


def without(reading: Reading, found: Iterable[Doubt]) -> Reading:
    """The reading with those quantities not told."""
    for doubt in found:
        changes: dict[str, Any] = {doubt.field: None}
        if doubt.phase is not None:
            values = list(getattr(reading, doubt.field))
            values[doubt.phase] = None
            changes[doubt.field] = tuple(values)
        reading = dataclasses.replace(reading, **changes)
    return reading


def _phases(field: str, values: Iterable[float | None], least: float, most: float) -> Iterator[Doubt]:
    for phase, value in enumerate(values):
        yield from _one(field, phase, value, least, most)


def _one(field: str, phase: int | None, value: float | None, least: float, most: float) -> Iterator[Doubt]:
    if value is None or least <= value <= most:
        return
    unit = WORDS[field][1]
    if math.isfinite(value):
        yield Doubt(field, phase, f"{value:g} {unit}, possible are {least:g} to {most:g} {unit}")
    else:
        yield Doubt(field, phase, f"{value} is no number")


def _apparent(reading: Reading) -> float | None:
    """VA by the currents that are told; None: not all phases with a voltage tell theirs."""
    pairs = [
        (volts, amps)
        for volts, amps in zip(reading.volts, reading.amps, strict=True)
        if volts is not None or amps is not None
    ]
    if not pairs or any(volts is None or amps is None for volts, amps in pairs):
        return None
    return sum(abs(volts * amps) for volts, amps in pairs if volts is not None and amps is not None)
