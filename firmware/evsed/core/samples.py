"""Turns one meter reading into the values of the measurands that were asked for.

A quantity that the reading lacks is left out, never told as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from evse_drivers.api import Phases, Reading

from evsed.model.time import Instant
from evsed.model.transactions import Context, Sample, Value

LINES = ("L1", "L2", "L3")
NEUTRAL = ("L1-N", "L2-N", "L3-N")


def _whole(measurand: str, value: float | None, unit: str) -> Iterator[Value]:
    if value is not None:
        yield Value(measurand, value, unit)


def _phases(measurand: str, values: Phases, unit: str, names: tuple[str, ...]) -> Iterator[Value]:
    for name, value in zip(names, values, strict=True):
        if value is not None:
            yield Value(measurand, value, unit, name)


def _power(name: str, reading: Reading) -> Iterator[Value]:
    yield from _whole(name, reading.watts, "W")
    yield from _phases(name, reading.watts_by_phase, "W", LINES)


# measurand -> its values in a reading; `offer` is (amps, watts) as told to the EV.
MEASURANDS: dict[str, Callable[[str, Reading, tuple[float, float]], Iterator[Value]]] = {
    "Energy.Active.Import.Register": lambda name, r, _: _whole(name, r.import_wh, "Wh"),
    "Energy.Active.Export.Register": lambda name, r, _: _whole(name, r.export_wh, "Wh"),
    "Power.Active.Import": lambda name, r, _: _power(name, r),
    "Current.Import": lambda name, r, _: _phases(name, r.amps, "A", LINES),
    "Voltage": lambda name, r, _: _phases(name, r.volts, "V", NEUTRAL),
    "Frequency": lambda name, r, _: _whole(name, r.hertz, ""),
    "Current.Offered": lambda name, _, offer: _whole(name, offer[0], "A"),
    "Power.Offered": lambda name, _, offer: _whole(name, offer[1], "W"),
}


def take(
    reading: Reading, at: Instant, context: Context, measurands: Iterable[str], offer: tuple[float, float]
) -> Sample:
    """The sample of `measurands` (OCPP names; unknown ones are skipped) from `reading`, told as of `at`."""
    values: list[Value] = []
    for name in measurands:
        if name in MEASURANDS:
            values.extend(MEASURANDS[name](name, reading, offer))
    return Sample(at, context, tuple(values))
