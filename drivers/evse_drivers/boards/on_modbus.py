"""A polled board whose registers are on a Modbus bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from ..buses.modbus import Block, Write
from ..buses.needed import needed
from .polled import PolledBoard

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

WRITTEN_WITHIN = 2.0  # s, others' turns included


class OnModbus(Protocol):
    """The options of each of them."""

    @property
    def unit(self) -> int: ...

    @property
    def every(self) -> float: ...


class ModbusBoard(PolledBoard):
    """A `PolledBoard`; a subclass reads and writes by `_read` and `_write`."""

    gap: ClassVar[float] = 0.0  # s of silence that it wants before each request
    read_within: ClassVar[float] = 1.0  # s, others' turns included

    def __init__(self, settings: OnModbus, where: str, bus: ModbusBus | None) -> None:
        self._bus = needed(bus, where, "a modbus driver")
        self._unit = settings.unit
        super().__init__(where, settings.every)

    async def _words(self, *blocks: Block) -> dict[tuple[int, int], int]:
        """By (function, address). DriverError."""
        return (await self._bus.read(self._unit, blocks, self.where, self.read_within, self.gap)).words

    async def _read(self, *blocks: Block) -> dict[int, int]:
        """By address, of blocks whose addresses differ. DriverError."""
        return {address: word for (_, address), word in (await self._words(*blocks)).items()}

    async def _write(self, *writes: Write) -> None:
        """In this order. DriverError: not all of them are confirmed."""
        await self._bus.write(self._unit, writes, self.where, WRITTEN_WITHIN, self.gap)
