"""A `ModbusBus` whose requests are carried by the one owner of its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .modbus import Answer, Block, Write

if TYPE_CHECKING:
    from .modbus_line import Line


class ModbusOnLine:
    """A subclass makes `_line` in its constructor."""

    _line: Line

    async def read(
        self, unit: int, blocks: Sequence[Block], where: str, within: float = 1.0, gap: float = 0.0
    ) -> Answer:
        """As ModbusBus.read."""
        return await self._line.read(unit, blocks, where, within, gap)

    async def write(
        self, unit: int, writes: Sequence[Write], where: str, within: float = 1.0, gap: float = 0.0
    ) -> None:
        """As ModbusBus.write."""
        await self._line.write(unit, writes, where, within, gap)

    def hurry(self) -> None:
        """As ModbusBus.hurry."""
        self._line.hurried = True

    def close(self) -> None:
        """Give the port back, or close the connection; a later request opens it again."""
        self._line.close()
