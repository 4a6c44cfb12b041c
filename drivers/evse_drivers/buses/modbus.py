"""What a Modbus bus promises to the devices on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Block:
    """Registers, or bits, that are read in one request."""

    function: int  # 1 coils, 2 discrete inputs (a bit is the word 0 or 1), 3 holding registers, 4 input registers
    address: int  # of the first, counted from 0
    count: int  # 1 to 125 registers, 1 to 2000 bits


@dataclass(frozen=True, slots=True)
class Write:
    """Registers, or one coil, that are written in one request."""

    function: int  # 5 one coil, 6 one holding register, 16 several
    address: int  # of the first, counted from 0
    words: tuple[int, ...]  # 16 bits each; of a coil 0 or 1


Request = Block | Write


@dataclass(frozen=True, slots=True)
class Answer:
    """16-bit words by (function, address), and when the first of them arrived (s, monotonic)."""

    at: float
    words: dict[tuple[int, int], int]


class ModbusBus(Protocol):
    """One line with one owner. Devices share it by asking the same bus object."""

    async def read(self, unit: int, blocks: Sequence[Block], where: str, within: float = 1.0) -> Answer:
        """Read all `blocks` (not empty) of one unit, one after the other with no other device's request between them.

        Takes `within` s at most, the wait for other devices included. `where` is the asking device's name in the
        config and opens the error text. All blocks or DriverError: never a part.
        """

    async def write(self, unit: int, writes: Sequence[Write], where: str, within: float = 1.0) -> None:
        """Write all (not empty) to one unit, one after the other with no other device's request between them.

        DriverError: the device did not confirm all of them; what it did confirm is written, and one whose answer was
        lost may be.
        """

    def close(self) -> None: ...
