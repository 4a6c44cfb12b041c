"""A meter as a table of registers: read from TOML, checked whole, and turned into quantities."""

from __future__ import annotations

import difflib
import math
import struct
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..api import DriverError, Phases, Reading
from ..buses.modbus import Block

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

MOST_AT_ONCE = 125  # registers in one request, Modbus V1.1b3 section 6.3
DEFAULTS: dict[str, Any] = {"title": "", "function": 3, "type": None, "word_order": "high first", "none": []}
TOP = (*DEFAULTS, "block", "bridge", "registers")
ROW = ("address", "unit", "scale", "function", "type", "word_order", "none")


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
    orders: tuple[frozenset[int], ...] = ()  # only of `sequence`: the numbers that mean each of ORDERS

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return TYPES[self.type][0]

    def value(self, words: Mapping[tuple[int, int], int]) -> float | None:
        """The quantity, or None where the meter has none to tell."""
        parts = [words[self.function, self.address + i] for i in range(self.words)]
        if self.low_first:
            parts.reverse()
        raw = struct.pack(f">{self.words}H", *parts)
        if int.from_bytes(raw, "big") in self.none:
            return None
        value = float(struct.unpack(">" + TYPES[self.type][1], raw)[0]) * self.factor
        return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A whole meter."""

    title: str
    rows: tuple[Row, ...]
    blocks: tuple[Block, ...]

    def reading(self, at: float, words: Mapping[tuple[int, int], int]) -> Reading:
        """What these registers say. Quantities that the map lacks are None."""
        values = {row.quantity: row.value(words) for row in self.rows}
        turns = values.get(SEQUENCE)
        orders = next((row.orders for row in self.rows if row.orders), ())
        sequence = next((name for name, raw in zip(ORDERS, orders, strict=False) if turns in raw), None)
        phases: dict[str, Phases] = {
            name: (values.get(f"{name}.L1"), values.get(f"{name}.L2"), values.get(f"{name}.L3")) for name in BY_PHASE
        }
        scalars = {name: values.get(name) for name in SCALARS}
        return Reading(at, sequence=sequence, **scalars, **phases)  # type: ignore[arg-type]


def parse(text: str, origin: str) -> RegisterMap:
    """The map in a TOML text; DriverError with all problems, each with its key. `origin` names the file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DriverError(f"{origin}: this is not TOML: {error}.") from None
    problems: list[str] = []
    _unknown(data, TOP, "", problems)
    block = _whole(data, "block", 1, MOST_AT_ONCE, problems, 20)
    bridge = _whole(data, "bridge", 0, MOST_AT_ONCE, problems, 0)
    defaults = DEFAULTS | {key: data[key] for key in DEFAULTS if key in data}
    rows = tuple(_rows(data.get("registers"), defaults, problems))
    problems += [
        f"block = {block}  is too small for {row.quantity} ({row.type}, {row.words} registers)."
        for row in rows
        if row.words > block
    ]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DriverError(f"{origin}: {count}.\n" + "\n".join(f"  {problem}" for problem in problems))
    return RegisterMap(str(defaults["title"]), rows, tuple(_blocks(rows, block, bridge)))


def _rows(registers: Any, defaults: dict[str, Any], problems: list[str]) -> Iterator[Row]:
    if not isinstance(registers, dict) or not registers:
        problems.append(
            'registers  is missing. A map has a table [registers] with rows like "watts = { address = 52 }".'
        )
        return
    flat: dict[str, Any] = {}
    for name, row in registers.items():
        if name in BY_PHASE and isinstance(row, dict):
            flat |= {f"{name}.{phase}": inner for phase, inner in row.items()}
        else:
            flat[name] = row
    for quantity, row in flat.items():
        key = f"registers.{quantity}"
        if quantity not in QUANTITIES:
            allowed = ", ".join(QUANTITIES)
            problems.append(f"{key}  is no quantity of a reading.{_near(quantity, QUANTITIES)} Allowed: {allowed}.")
        elif not isinstance(row, dict):
            problems.append(f'{key} = {row!r}  is no row. A row is "{{ address = 52, unit = "W" }}".')
        else:
            read = _sequence_row if quantity == SEQUENCE else _row
            found = read(quantity, row, defaults, f"{key}.", problems)
            if found is not None:
                yield found


def _row(quantity: str, row: dict[str, Any], defaults: dict[str, Any], key: str, problems: list[str]) -> Row | None:
    before = len(problems)
    _unknown(row, ROW, key, problems)
    merged = defaults | row
    kind = _one_of(merged, "type", tuple(TYPES), key, problems)
    order = _one_of(merged, "word_order", WORD_ORDERS, key, problems)
    function = _one_of(merged, "function", (3, 4), key, problems)
    unit = _one_of(merged, "unit", tuple(UNITS[quantity]), key, problems)
    address = _whole(row, "address", 0, 65535, problems, None, key)
    scale = merged.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not math.isfinite(scale) or scale == 0:
        problems.append(f"{key}scale = {scale!r}  is no factor. Allowed: any number but 0.")
    none = _none(merged, key, problems)
    if len(problems) > before or not _fits(address, kind, key, problems):
        return None
    return Row(quantity, function, address, kind, order == "low first", scale * UNITS[quantity][unit], none)


def _sequence_row(
    quantity: str, row: dict[str, Any], defaults: dict[str, Any], key: str, problems: list[str]
) -> Row | None:
    """No unit and no scale, but the numbers by which the meter names each order."""
    before = len(problems)
    _unknown(row, SEQUENCE_ROW, key, problems)
    merged = defaults | row
    kind = _one_of(merged, "type", tuple(name for name in TYPES if "float" not in name), key, problems)
    order = _one_of(merged, "word_order", WORD_ORDERS, key, problems)
    function = _one_of(merged, "function", (3, 4), key, problems)
    address = _whole(row, "address", 0, 65535, problems, None, key)
    none = _none(merged, key, problems)
    numbers = [row.get(name, []) for name in ORDERS]
    for name, raw in zip(ORDERS, numbers, strict=True):
        if not isinstance(raw, list) or not raw or not all(type(number) is int for number in raw):
            problems.append(
                f"{key}{name} = {raw!r}  does not say by which numbers the meter tells it. Allowed: whole numbers, "
                "like [0]."
            )
    if len(problems) > before or not _fits(address, kind, key, problems):
        return None
    orders = tuple(frozenset(raw) for raw in numbers)
    return Row(quantity, function, address, kind, order == "low first", 1.0, none, orders)


def _none(merged: dict[str, Any], key: str, problems: list[str]) -> frozenset[int]:
    none = merged["none"]
    if isinstance(none, list) and all(isinstance(raw, int) and raw >= 0 for raw in none):
        return frozenset(none)
    problems.append(f"{key}none = {none!r}  is no list of raw values. Allowed: whole numbers, like [0x7FFFFFFF].")
    return frozenset()


def _fits(address: int, kind: str, key: str, problems: list[str]) -> bool:
    most = 65536 - TYPES[kind][0]
    if address > most:
        problems.append(f"{key}address = {address}  leaves no room for a {kind}. Allowed: 0 to {most}.")
    return address <= most


def _blocks(rows: tuple[Row, ...], largest: int, bridge: int) -> Iterator[Block]:
    """The requests that read all rows: neighbours together, over at most `bridge` registers that no row names."""
    spans = sorted({(row.function, row.address, row.address + row.words) for row in rows})
    function, start, end = spans[0]
    for next_function, next_start, next_end in spans[1:]:
        together = max(end, next_end)
        if next_function == function and next_start - end <= bridge and together - start <= largest:
            end = together
        else:
            yield Block(function, start, end - start)
            function, start, end = next_function, next_start, next_end
    yield Block(function, start, end - start)


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], key: str, problems: list[str]) -> None:
    for name in table:
        if name not in known:
            problems.append(f"{key}{name}  is no key of a map.{_near(name, known)} Allowed: {', '.join(known)}.")


def _one_of(table: Mapping[str, Any], name: str, allowed: tuple[Any, ...], key: str, problems: list[str]) -> Any:
    value = table.get(name)
    choices = ", ".join(str(choice) for choice in allowed)
    if value is None:
        problems.append(f"{key}{name}  is missing. Allowed: {choices}.")
    elif value not in allowed or isinstance(value, bool):
        problems.append(f"{key}{name} = {value!r}  is unknown.{_near(value, allowed)} Allowed: {choices}.")
    return value


def _whole(
    table: Mapping[str, Any], name: str, least: int, most: int, problems: list[str], default: int | None, key: str = ""
) -> Any:
    value = table.get(name, default)
    if value is None:
        problems.append(f"{key}{name}  is missing. Allowed: {least} to {most}.")
    elif isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        problems.append(f"{key}{name} = {value!r}  is out of range. Allowed: {least} to {most}.")
        return default
    return value


def _near(value: Any, allowed: Any) -> str:
    found = difflib.get_close_matches(str(value), [str(choice) for choice in allowed], 1)
    return f' Did you mean "{found[0]}"?' if found else ""
