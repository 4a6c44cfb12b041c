"""In which order a scan looks: first the makers' factory settings, then every unit at the usual speeds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from evse_drivers.api import DriverError
from evse_drivers.meters.register_map import RegisterMap

from .places import NetPlace, Place, SerialPlace
from .probing import Finding, probe

# Speeds at which meters are found in the field, the most usual first.
USUAL = ((9600, "N", 1), (9600, "E", 1), (19200, "E", 1), (19200, "N", 1), (2400, "N", 1), (38400, "N", 1),
         (19200, "N", 2), (115200, "N", 1))  # fmt: skip
ALL_UNITS = range(1, 256)  # above 247 on networks only
LINE_UNITS = range(1, 248)  # Modbus over serial line V1.02, 2.2
# A meter answers, or refuses, reading input registers; the few that know holding registers only and are silent to all
# else are found by their factory setting.
KNOCK, KNOCK_TWICE = (4,), (4, 3)

Steps = dict[Place, list[int]]


def factory(port: str, maps: Mapping[str, RegisterMap]) -> Steps:
    """Serial: each factory setting of the maps, the most usual first, with the units that meters have there."""
    steps: Steps = {}
    for line in (its.line for its in maps.values() if its.line.serial):
        units = steps.setdefault(SerialPlace(port, line.baudrate, line.parity, line.stopbits), [])
        if line.unit not in units and line.unit in LINE_UNITS:
            units.append(line.unit)
    order = {speed: number for number, speed in enumerate(USUAL)}
    places = sorted(steps, key=lambda place: order.get(_speed(place), len(order)))
    return {place: sorted(steps[place]) for place in places}


def network(place: NetPlace, maps: Mapping[str, RegisterMap]) -> Steps:
    """Network: the one place, with the units that meters leave the factory with."""
    return {place: sorted({its.line.unit for its in maps.values()} | {1})}


def everywhere(places: Sequence[Place]) -> Iterator[Place]:
    """The usual speeds of the same port; a host has one place."""
    for place in places[:1]:
        if isinstance(place, SerialPlace):
            yield from (SerialPlace(place.port, *speed) for speed in USUAL)
        else:
            yield place


async def scan(
    steps: Steps,
    maps: Mapping[str, RegisterMap],
    where: str,
    *,
    quick: bool,
    units: Sequence[int] | None,
    timeout_ms: int,
    tell: Callable[[Place, int, int, int], None],
) -> AsyncIterator[Finding]:
    """Whoever answers, as they are found. `units`: which to ask; None: those of the makers, then 1 to 247.

    `tell(place, unit, done, all)` is called before each is asked. Where somebody answered at a factory setting, only
    that speed is looked through: the devices of a line speak alike. A speed that the adapter does not know is passed
    over. A host where somebody answered is not looked through. DriverError: the port or host is in trouble.
    """
    asked: set[tuple[Place, int]] = set()
    talking: list[Place] = []
    found: list[Finding] = []
    first = {place: [unit for unit in its if units is None or unit in units] for place, its in steps.items()}
    async for finding in _look(first, asked, KNOCK_TWICE, maps, where, timeout_ms, tell):
        if finding.place not in talking:
            talking.append(finding.place)
        yield _named(finding, found)
    if quick or (units is None and any(isinstance(place, NetPlace) for place in talking)):
        return
    rest = LINE_UNITS if units is None else units
    then = {place: [unit for unit in rest if (place, unit) not in asked] for place in talking or everywhere([*steps])}
    async for finding in _look(then, asked, KNOCK, maps, where, timeout_ms, tell):
        yield _named(finding, found)


def _named(finding: Finding, found: list[Finding]) -> Finding:
    """With its twin, where it is on a network and has one. Joins those that were found."""
    twins = (its.unit for its in found if isinstance(finding.place, NetPlace) and finding.same(its))
    found.append(replace(finding, twin=next(twins, None)))
    return found[-1]


async def _look(
    steps: Steps,
    asked: set[tuple[Place, int]],
    functions: tuple[int, ...],
    maps: Mapping[str, RegisterMap],
    where: str,
    timeout_ms: int,
    tell: Callable[[Place, int, int, int], None],
) -> AsyncIterator[Finding]:
    total, done = sum(map(len, steps.values())), 0
    trouble, worked = None, False
    for place, units in steps.items():
        if not units:
            continue
        bus = place.open(where, timeout_ms)
        bus.hurry()
        try:
            for unit in units:
                tell(place, unit, done, total)
                try:
                    finding = await probe(bus, place, unit, maps, where, functions)
                except (
                    DriverError
                ) as error:  # an adapter may lack a speed; a port that is gone is told by the next open
                    trouble = trouble or error
                    break
                worked = True
                asked.add((place, unit))
                done += 1
                if finding is not None:
                    yield finding
        finally:
            bus.close()
    if trouble is not None and not worked:
        raise trouble


def _speed(place: Place) -> tuple[int, str, int]:
    assert isinstance(place, SerialPlace)
    return place.baudrate, place.parity, place.stopbits
