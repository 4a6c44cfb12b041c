"""What a Modbus bus promises to the devices on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..api import DriverError

BUFFER = 1024  # octets: the longest answer with its echo and noise around; above 264 pymodbus throws all away


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


class Unanswered(DriverError):
    """The unit did not answer, or what came was no answer."""


class Refused(DriverError):
    """The unit is there and says that it will not."""


class ModbusBus(Protocol):
    """One line with one owner. Devices share it by asking the same bus object.

    `where` is the asking device's name in the config and opens each error text. `within` is how long the whole takes at
    most (s), the wait for other devices included. `gap` is the silence (s) that this device needs on the line before
    each of its requests; the bus has a gap of its own, and the longer one counts.
    """

    async def read(
        self, unit: int, blocks: Sequence[Block], where: str, within: float = 1.0, gap: float = 0.0
    ) -> Answer:
        """Read all `blocks` (not empty) of one unit, in this order; a slow one's may have others' requests in between.

        All blocks or DriverError: never a part; Unanswered and Refused tell apart what some callers need. A unit that
        is silent again and again is not asked each time: its error is told anew until it is its turn, seconds later.
        """

    async def write(
        self, unit: int, writes: Sequence[Write], where: str, within: float = 1.0, gap: float = 0.0
    ) -> None:
        """Write all (not empty) to one unit, in this order. Never put off, and told twice when an answer is lost.

        DriverError: the device did not confirm all of them; what it did confirm is written, and one whose answer was
        lost may be.
        """

    def hurry(self) -> None:
        """For a scan: from now on each request goes out once, and a silent unit is asked anew at once."""

    def close(self) -> None: ...
