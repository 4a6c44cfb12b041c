"""What a technician sees of a meter: its reading on one screen, a scan's findings, and lines for evsed.toml."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evse_drivers.api import Phases, Reading
from evse_drivers.meters.register_map import RegisterMap, Words

from .probing import Finding

NONE = "-"  # what the meter did not say


def screen(head: str, reading: Reading, seconds: float) -> Iterator[str]:
    """One reading; `seconds`: how long it took."""
    yield head
    yield ""
    yield f"{'':<10}{'L1':>11}{'L2':>11}{'L3':>11}{'total':>12}"
    yield _row("voltage", reading.volts, None, "V", 1)
    yield _row("current", reading.amps, None, "A", 2)
    yield _row("power", reading.watts_by_phase, reading.watts, "W", 0)
    yield ""
    yield f"frequency  {_number(reading.hertz, 2)} Hz, phases {reading.sequence or NONE}"
    yield f"import     {_kwh(reading.import_wh)} kWh"
    yield f"export     {_kwh(reading.export_wh)} kWh"
    yield f"read in    {seconds * 1000:.0f} ms"


def raw(its: RegisterMap, words: Words) -> Iterator[str]:
    """Each row of the map with its registers as they came."""
    for row in its.rows:
        hexes = " ".join(f"{words[row.function, row.address + i]:04X}" for i in range(row.words))
        place = f"{row.function}:0x{row.address:04X}"
        yield f"{row.quantity:<19}{place:<10}{row.type:<9}{hexes:<21}{_number(row.value(words), 3)}"


def found(finding: Finding, maps: Mapping[str, RegisterMap]) -> Iterator[str]:
    """One unit that answers, in words."""
    where = f"{finding.place}, unit {finding.unit}"
    if finding.twin is not None:
        yield f"{where}: answers as unit {finding.twin} does"
        return
    if finding.sunspec:
        yield f"{where}: a SunSpec meter, it says so itself"
    elif finding.sure:
        yield f"{where}: {_named(finding.sure, maps)}, it says so itself"
    elif finding.fits:
        yield f"{where}: looks like {_named(finding.fits, maps)}"
    else:
        yield f"{where}: answers, but no map fits (drivers/README.md: how to write one)"
    if finding.reading is not None:
        yield f"    {line(finding.reading)}"


def line(reading: Reading) -> str:
    """A reading in one line."""
    measured = f"{_phases(reading.volts, 1)} V  {_phases(reading.amps, 2)} A  {_number(reading.watts, 0)} W"
    return f"{measured}  {_number(reading.hertz, 2)} Hz  {_kwh(reading.import_wh)} kWh"


def config(findings: Sequence[Finding]) -> Iterator[str]:
    """Lines for evsed.toml: the bus of the first finding, and the meters on it; which others cannot be on it so."""
    meters = [its for its in findings if (its.sunspec or its.map) and its.twin is None]
    if not meters:
        return
    place = meters[0].place
    yield from place.config()
    for number, finding in enumerate((its for its in meters if its.place == place), 1):
        yield ""
        yield f"[evse.{number}.meter]"
        yield f'driver = "{"sunspec" if finding.sunspec else "modbus"}"'
        yield 'bus = "meters"'
        if not finding.sunspec:
            others = [*finding.sure, *finding.fits][1:]
            doubt = f"  # or {' or '.join(f'{name!r}' for name in others)}".replace("'", '"') if others else ""
            yield f'map = "{finding.map}"{doubt}'
        yield f"unit = {finding.unit}"
    for finding in (its for its in meters if its.place != place):
        yield ""
        what = "SunSpec" if finding.sunspec else finding.map
        yield (
            f"# unit {finding.unit} ({what}) speaks otherwise: {finding.place}. The devices of a line speak alike: set "
            f"it to {place}."
        )


def as_json(finding: Finding) -> dict[str, Any]:
    """One finding for machines."""
    return {
        **finding.place.known(),
        "unit": finding.unit,
        "answers_as_unit": finding.twin,
        "sunspec": finding.sunspec,
        "known_as": list(finding.sure),
        "looks_like": list(finding.fits),
        "reading": None if finding.reading is None else reading_json(finding.reading),
    }


def reading_json(reading: Reading) -> dict[str, Any]:
    """A reading without its instant, which is of this machine only."""
    return {name: value for name, value in dataclasses.asdict(reading).items() if name != "at"}


def _named(names: Sequence[str], maps: Mapping[str, RegisterMap]) -> str:
    return " or ".join(f"{maps[name].title} ({name})" for name in names)


def _phases(phases: Phases, digits: int) -> str:
    return "/".join(_number(value, digits) for value in phases)


def _row(name: str, phases: Phases, total: float | None, unit: str, digits: int) -> str:
    cells = "".join(f"{_number(value, digits):>11}" for value in phases)
    whole = f"{_number(total, digits):>12}" if name == "power" else f"{'':>12}"
    return f"{name:<10}{cells}{whole} {unit}"


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _kwh(wh: float | None) -> str:
    return NONE if wh is None else f"{wh / 1000:.3f}"
