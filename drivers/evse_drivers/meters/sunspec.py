"""An energy meter that describes itself by SunSpec: its AC meter model is found, not configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import DriverError, Reading
from ..buses.needed import needed
from ..options import option

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

BASES = (40000, 50000, 0)  # where the mark may stand, SunSpec device information model, 6.1
MARK = (0x5375, 0x6E53)  # "SunS"
END = 0xFFFF
MOST_MODELS = 50  # a walk that does not end is no list of models
WITHIN = 2.0  # s of one request, others' turns included


@dataclass(frozen=True, slots=True)
class Place:
    """Where the meter's model begins, and what stands there."""

    address: int
    model: int
    length: int


class SunSpecMeter:
    """A `Meter` by the models 201 to 204 and 211 to 214. What it says is not implemented is None.

    The first reading walks the device's list of models. Each reading holds the model's head against what the walk
    found: a device that comes back with another list is walked anew.
    """

    bus_drivers = ("modbus-serial", "modbus-tcp")

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="lan")
        unit: int = option(1, help="the device's number; above 247 on networks only", minimum=1, maximum=255)
        meter: int = option(1, help="which of its meters, counted from 1", minimum=1, maximum=20)
        positive: str = option(
            "import",
            help="what power and current are when they are positive: into the vehicle (import) or out of it (export), "
            "as SolarEdge tells them",
            choices=("import", "export"),
        )
        every: float = option(1.0, help="how often it is read", unit="s", minimum=0.5, maximum=60.0)

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        self.settings = settings
        self.where = where
        self._bus = needed(bus, where, "a modbus driver")
        self._place: Place | None = None

    async def read(self) -> Reading:
        """One reading, stamped when it arrived."""
        from ..buses.modbus import Refused
        from .sunspec_models import WORDS, reading

        place = self._place = self._place or await self._find()
        try:
            at, words = await self._words(place.address, WORDS[place.model])
        except Refused:
            self._place = None
            raise
        if (words[0], words[1]) != (place.model, place.length):
            self._place = None
            raise DriverError(
                f"{self.where}: unit {self.settings.unit} had its meter model {place.model} at {place.address}, and "
                f"has {words[0]} there now. Its models are looked for anew."
            )
        return reading(place.model, words, at, self.settings.positive)

    async def close(self) -> None:
        """The bus belongs to the one who opened it."""

    async def _find(self) -> Place:
        """Walk the list of models to the meter that was asked for."""
        from .sunspec_models import LENGTH

        address, found = await self._mark() + 2, 0
        seen: list[int] = []
        while len(seen) < MOST_MODELS and address < 0xFFFE:
            _, (model, length) = await self._words(address, 2)
            if model == END:
                break
            seen.append(model)
            if model in LENGTH and length >= LENGTH[model]:
                found += 1
                if found == self.settings.meter:
                    return Place(address, model, length)
            address += 2 + length
        wanted = "no AC meter" if not found else f"only {found} AC meter(s)"
        raise DriverError(
            f"{self.where}: unit {self.settings.unit} tells {wanted} (models 201 to 204, 211 to 214). Its models: "
            f"{', '.join(map(str, seen)) or 'none'}. Set unit and meter to those of the meter."
        )

    async def _mark(self) -> int:
        from ..buses.modbus import Refused

        for base in BASES:
            try:
                _, words = await self._words(base, 2)
            except Refused:
                continue
            if tuple(words) == MARK:
                return base
        raise DriverError(
            f"{self.where}: unit {self.settings.unit} is no SunSpec device: there is no mark at "
            f"{', '.join(map(str, BASES))}. Enable SunSpec in it, or use a register map: evsed meter maps."
        )

    async def _words(self, address: int, count: int) -> tuple[float, list[int]]:
        from ..buses.modbus import Block

        answer = await self._bus.read(self.settings.unit, [Block(3, address, count)], self.where, WITHIN)
        return answer.at, [answer.words[3, address + i] for i in range(count)]
