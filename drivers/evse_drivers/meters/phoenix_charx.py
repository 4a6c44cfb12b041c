"""The energy meter of one charging point of a Phoenix Contact CHARX SEC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import Reading
from ..buses.modbus import Block
from ..buses.needed import needed
from ..options import option
from .modbus_map import PACKAGE_MAPS, load

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

MAP = "phoenix-charx"  # of the first charging point
SPAN = 1000  # registers from one charging point to the next


class CharxMeter:
    """A `Meter`: the map phoenix-charx, at the registers of its charging point."""

    bus_drivers = ("modbus-tcp",)
    shares_unit = True

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] that the controller is on", example="charx")
        unit: int = option(1, help="the controller's number on the bus", minimum=1, maximum=255)
        point: int = option(1, help="number of the charging point", minimum=1, maximum=12)
        every: float = option(1.0, help="how often it is read", unit="s", minimum=0.5, maximum=60.0)

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        self.settings = settings
        self.where = where
        self.map = load(MAP, str(PACKAGE_MAPS), where)
        self._bus = needed(bus, where, "a modbus driver")
        self._shift = SPAN * (settings.point - 1)

    async def read(self) -> Reading:
        """One reading, stamped when its first registers arrived."""
        blocks = [Block(block.function, block.address + self._shift, block.count) for block in self.map.blocks]
        answer = await self._bus.read(self.settings.unit, blocks, self.where)
        words = {(function, address - self._shift): word for (function, address), word in answer.words.items()}
        return self.map.reading(answer.at, words)

    async def close(self) -> None:
        """The bus belongs to the one who opened it."""
