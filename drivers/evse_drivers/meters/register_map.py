"""A meter as a table of registers: how words become a reading, on which line it speaks, by what it is known."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..api import Phases, Reading
from ..buses.modbus import Block

Words = Mapping[tuple[int, int], int]  # 16 bits by (function, address), as an Answer has them

# type: (16-bit words, struct code of the whole number or float)
TYPES = {
    "int16": (1, "h"),
    "uint16": (1, "H"),
    "int32": (2, "i"),
    "uint32": (2, "I"),
    "int64": (4, "q"),
    "uint64": (4, "Q"),
    "float32": (2, "f"),
    "float64": (4, "d"),
}
WORD_ORDERS = ("high first", "low first")
PHASES = ("L1", "L2", "L3")

ENERGY = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
POWER = {"mW": 1e-3, "W": 1.0, "kW": 1e3}
CURRENT = {"mA": 1e-3, "A": 1.0}
VOLTAGE = {"mV": 1e-3, "V": 1.0, "kV": 1e3}
FREQUENCY = {"mHz": 1e-3, "Hz": 1.0}

# Fields of Reading, and what their units are worth in its own.
SCALARS = {"import_wh": ENERGY, "export_wh": ENERGY, "watts": POWER, "hertz": FREQUENCY}
BY_PHASE = {"watts_by_phase": POWER, "amps": CURRENT, "volts": VOLTAGE}
UNITS = SCALARS | {f"{name}.{phase}": units for name, units in BY_PHASE.items() for phase in PHASES}

SEQUENCE = "sequence"  # the order in which the phases turn: a row names the raw numbers of each
ORDERS: tuple[Literal["L1-L2-L3"], Literal["L1-L3-L2"]] = ("L1-L2-L3", "L1-L3-L2")
SEQUENCE_ROW = ("address", "function", "type", "word_order", "none", *ORDERS)
QUANTITIES = (*UNITS, SEQUENCE)


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity: where its registers are and how their words become a number in Reading's unit."""

    quantity: str
    function: int
    address: int
    type: str
    low_first: bool
    factor: float  # scale and unit together
    none: frozenset[int]  # raw words, as one unsigned number, by which the meter says that it has no value
    absolute: bool = False  # the register's sign says nothing
    orders: tuple[frozenset[int], ...] = ()  # only of `sequence`: the numbers that mean each of ORDERS

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return TYPES[self.type][0]

    def value(self, words: Words) -> float | None:
        """The quantity, or None where the meter has none to tell."""
        raw = _bytes(words, self.function, self.address, self.words, self.low_first)
        if int.from_bytes(raw, "big") in self.none:
            return None
        value = float(struct.unpack(">" + TYPES[self.type][1], raw)[0]) * self.factor
        if not math.isfinite(value):
            return None
        return abs(value) if self.absolute else value


@dataclass(frozen=True, slots=True)
class Line:
    """How the meter speaks when it leaves the factory."""

    baudrate: int = 9600
    parity: str = "N"  # N, E, O
    stopbits: int = 1
    unit: int = 1
    gap_ms: int = 0  # silence that it needs before each request, whatever else is on the line
    port: int | None = None  # of Modbus TCP; None: it has no network
    serial: bool = True  # a map that names a port and no speed has a network only


@dataclass(frozen=True, slots=True)
class Identity:
    """Registers by which the maker tells its models: a number, or the beginning of a text."""

    name: str  # of the row in the map
    function: int
    address: int
    type: str  # of TYPES without the floats, or "text": two characters a word
    count: int  # registers
    low_first: bool
    equals: frozenset[int | str]  # the numbers, or the beginnings of the texts, that mean this map's models

    @property
    def block(self) -> Block:
        """What to ask for."""
        return Block(self.function, self.address, self.count)

    def identifies(self, words: Words) -> bool | None:
        """Whether these registers are those of the map's models; None: they are not among the words."""
        if any((self.function, self.address + i) not in words for i in range(self.count)):
            return None
        raw = _bytes(words, self.function, self.address, self.count, self.low_first)
        if self.type == "text":
            return raw.decode("ascii", "replace").startswith(tuple(str(text) for text in self.equals))
        return struct.unpack(">" + TYPES[self.type][1], raw)[0] in self.equals


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A whole meter."""

    title: str
    rows: tuple[Row, ...]
    blocks: tuple[Block, ...]
    line: Line = Line()
    identify: tuple[Identity, ...] = ()  # empty: the maker has no such register, or none is known
    signed_by_power: bool = False

    def identifies(self, words: Words) -> bool | None:
        """Whether a device that answered this is one of this map's models; None: that cannot be told by it.

        False is no proof of another meter: a maker may number a new hardware anew.
        """
        told = [identity.identifies(words) for identity in self.identify]
        if False in told:
            return False
        return True if told and None not in told else None

    def reading(self, at: float, words: Words) -> Reading:
        """What these registers say. Quantities that the map lacks are None.

        `words` has all registers of `blocks`. Where the meter gives currents without a sign, each takes that of its
        phase's power; without a power it stays as it is.
        """
        values = {row.quantity: row.value(words) for row in self.rows}
        turns = values.get(SEQUENCE)
        orders = next((row.orders for row in self.rows if row.orders), ())
        sequence = next((name for name, raw in zip(ORDERS, orders, strict=False) if turns in raw), None)
        if self.signed_by_power:
            for phase in PHASES:
                amps, watts = values.get(f"amps.{phase}"), values.get(f"watts_by_phase.{phase}")
                if amps is not None and watts is not None and watts < 0:
                    values[f"amps.{phase}"] = -abs(amps)
        phases: dict[str, Phases] = {
            name: (values.get(f"{name}.L1"), values.get(f"{name}.L2"), values.get(f"{name}.L3")) for name in BY_PHASE
        }
        scalars = {name: values.get(name) for name in SCALARS}
        return Reading(at, sequence=sequence, **scalars, **phases)  # type: ignore[arg-type]


def _bytes(words: Words, function: int, address: int, count: int, low_first: bool) -> bytes:
    parts = [words[function, address + i] for i in range(count)]
    if low_first:
        parts.reverse()
    return struct.pack(f">{count}H", *parts)
