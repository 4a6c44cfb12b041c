"""Asks one unit of a bus who it is: by its maker's number, by SunSpec, else by what its registers look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus import Block, ModbusBus, Refused, Unanswered
from evse_drivers.meters.register_map import RegisterMap
from evse_drivers.meters.sunspec import SunSpecMeter

from .places import Place

WITHIN = 3.0  # s of one request
GAP = 0.03  # s before each, where the map wants no more
PATIENT = 0.12  # s before each to one that was silent after it had answered: an SDM72 wants 0.1
# What a live meter on a public grid shows; some SDM72 tell ten times the frequency.
VOLTS, HERTZ, TEN_HERTZ = (80.0, 300.0), (45.0, 65.0), (450.0, 650.0)
MOST_AMPS, MOST_WATTS = 1e3, 1e6


@dataclass(frozen=True, slots=True)
class Finding:
    """A unit that answers."""

    place: Place
    unit: int
    sure: tuple[str, ...] = ()  # names of the maps whose maker's number it shows
    fits: tuple[str, ...] = ()  # names of those whose registers look right, the fullest first
    sunspec: bool = False
    reading: Reading | None = None  # by the first of them
    twin: int | None = None  # the unit that answered the same before: many a host does not look at the number

    def same(self, other: Finding) -> bool:
        """Whether it is the same device, as far as its register can tell."""
        mine, its = self.reading, other.reading
        known = (self.place, self.sure, self.fits, self.sunspec) == (other.place, other.sure, other.fits, other.sunspec)
        return known and mine is not None and its is not None and mine.import_wh == its.import_wh is not None

    @property
    def map(self) -> str | None:
        """The map to begin with."""
        return next(iter((*self.sure, *self.fits)), None)


class Device:
    """One unit, with what it has said: nothing is asked twice."""

    def __init__(self, bus: ModbusBus, unit: int, where: str) -> None:
        self.there = False
        self._bus, self._unit, self._where = bus, unit, where
        self._said: dict[Block, dict[tuple[int, int], int] | None] = {}
        self._least = 0.0  # s before each request, whatever a map wants

    async def words(self, block: Block, gap: float = GAP) -> dict[tuple[int, int], int] | None:
        """None: it refuses, or is silent. DriverError: the line itself is in trouble."""
        if block not in self._said:
            hasty = max(gap, self._least) < PATIENT
            heard, self._said[block] = await self._ask(block, max(gap, self._least))
            if not heard and self.there and hasty:
                self._least = PATIENT
                heard, self._said[block] = await self._ask(block, PATIENT)
            self.there = self.there or heard
        return self._said[block]

    async def _ask(self, block: Block, gap: float) -> tuple[bool, dict[tuple[int, int], int] | None]:
        """Whether it said anything, and its words."""
        try:
            answer = await self._bus.read(self._unit, [block], self._where, WITHIN, gap)
        except Refused:
            return True, None
        except Unanswered:
            return False, None
        return True, answer.words

    async def identified(self, its: RegisterMap) -> bool | None:
        """Whether it says itself that it is of this map; None: it, or the map's maker, does not say."""
        words: dict[tuple[int, int], int] = {}
        for identity in its.identify:
            words |= await self.words(identity.block, _gap(its)) or {}
        return its.identifies(words)

    async def reading(self, its: RegisterMap) -> Reading | None:
        """By that map; None: it does not have all of its registers."""
        words: dict[tuple[int, int], int] = {}
        for block in its.blocks:
            found = await self.words(block, _gap(its))
            if found is None:
                return None
            words |= found
        return its.reading(0.0, words)


async def probe(
    bus: ModbusBus, place: Place, unit: int, maps: Mapping[str, RegisterMap], where: str, functions: tuple[int, ...]
) -> Finding | None:
    """Who `unit` is; None: nobody answers. `functions`: with which to knock, one after the other."""
    device = Device(bus, unit, where)
    for function in functions:
        await device.words(Block(function, 0, 2))
        if device.there:
            break
    else:
        return None
    told = {name: await device.identified(its) for name, its in maps.items()}
    named = {name: await device.reading(maps[name]) for name, known in told.items() if known}
    sure = tuple(name for name, reading in named.items() if reading is not None and _believable(reading))
    if sure:
        return Finding(place, unit, sure, reading=named[sure[0]])
    if (reading := await _sunspec(bus, unit, where)) is not None:
        return Finding(place, unit, sunspec=True, reading=reading)
    # One whose maker gave a new hardware a new number shows a number that no map knows: it is among the last, not out.
    readings = {name: await device.reading(maps[name]) for name in maps if name not in named}
    live = {name: reading for name, reading in readings.items() if reading is not None and plausible(reading)}
    fits = sorted(live, key=lambda name: (told[name] is False, -_fullness(live[name])))
    return Finding(place, unit, fits=tuple(fits), reading=live[fits[0]] if fits else None)


def plausible(reading: Reading) -> bool:
    """It looks like a meter on a public grid: a wrong map makes other numbers of the same registers."""
    volts = [value for value in reading.volts if value]
    hertz = reading.hertz
    return (
        bool(volts)
        and all(VOLTS[0] <= value <= VOLTS[1] for value in volts)
        and (hertz is None or HERTZ[0] <= hertz <= HERTZ[1] or TEN_HERTZ[0] <= hertz <= TEN_HERTZ[1])
        and all(abs(value) <= MOST_AMPS for value in reading.amps if value is not None)
        and (reading.watts is None or abs(reading.watts) <= MOST_WATTS)
        and (reading.import_wh is None or reading.import_wh >= 0)
    )


def _believable(reading: Reading) -> bool:
    """Also of a meter that tells no voltage. A number alone may by chance be another meter's measurement."""
    return plausible(reading) or (not any(reading.volts) and reading.import_wh is not None)


def _fullness(reading: Reading) -> int:
    """How many quantities have a value that means something."""
    phases = (*reading.volts, *reading.amps, *reading.watts_by_phase)
    scalars = (reading.watts, reading.hertz, reading.import_wh, reading.export_wh)
    return sum(1 for value in (*phases, *scalars) if value)


def _gap(its: RegisterMap) -> float:
    return max(GAP, its.line.gap_ms / 1000)


async def _sunspec(bus: ModbusBus, unit: int, where: str) -> Reading | None:
    try:
        return await SunSpecMeter(SunSpecMeter.Settings("", unit), where, bus).read()
    except DriverError:  # also the line's trouble: the next request tells it again
        return None
