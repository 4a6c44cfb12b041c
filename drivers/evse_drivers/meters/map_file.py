"""A register map's file: TOML text in, the whole map or all of its mistakes out."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ..api import DriverError
from ..buses.modbus import Block
from .register_map import (
    BY_PHASE,
    ORDERS,
    QUANTITIES,
    SEQUENCE,
    TYPES,
    UNITS,
    WORD_ORDERS,
    Identity,
    Line,
    RegisterMap,
    Row,
)

LARGEST_SCALE = 1e9
MOST_AT_ONCE = 125  # registers in one request, Modbus V1.1b3 section 6.3
DEFAULTS: dict[str, Any] = {"title": "", "function": 3, "type": None, "word_order": "high first", "none": []}
TOP = (*DEFAULTS, "block", "bridge", "signed_by_power", "line", "identify", "registers")
PLACE = ("address", "function", "type", "word_order")
ROW = ("address", "unit", "scale", "absolute", "function", "type", "word_order", "none")
SEQUENCE_ROW = (*PLACE, "none", *ORDERS)
IDENTITY_ROW = (*PLACE, "words", "equals")
TEXT = "text"  # type of an identity: two characters a word
IDENTITY_TYPES = (*(name for name in TYPES if "float" not in name), TEXT)
LINE: dict[str, tuple[Any, ...] | tuple[int, int]] = {
    "baudrate": (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200),
    "parity": ("N", "E", "O"),
    "stopbits": (1, 2),
}
LINE_RANGES = {"unit": (1, 255), "gap_ms": (0, 500), "port": (1, 65535)}


class _Table:
    """One table of the file over its defaults: what is wrong in it goes into `problems` under its full key."""

    def __init__(
        self, data: Mapping[str, Any], known: tuple[str, ...], key: str, problems: list[str], **defaults: Any
    ) -> None:
        self.data = defaults | dict(data)
        self.key = key
        self.problems = problems
        for name in data:
            if name not in known:
                self.tell(name, f" is no key of a map.{_near(name, known)} Allowed: {', '.join(known)}.")

    def tell(self, name: str, text: str) -> None:
        self.problems.append(f"{self.key}{name} {text}")

    def wrong(self, name: str, text: str) -> None:
        self.tell(name, f"= {self.data[name]!r}  {text}")

    def one_of(self, name: str, allowed: tuple[Any, ...]) -> Any:
        value = self.data.get(name)
        choices = ", ".join(str(choice) for choice in allowed)
        if value is None:
            self.tell(name, f" is missing. Allowed: {choices}.")
        elif type(value) is not type(allowed[0]) or value not in allowed:
            self.wrong(name, f"is unknown.{_near(value, allowed)} Allowed: {choices}.")
        else:
            return value
        return None

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> Any:
        value = self.data.get(name, default)
        if name not in self.data and default is None:
            self.tell(name, f" is missing. Allowed: {least} to {most}.")
        elif isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(name, f"is out of range. Allowed: {least} to {most}.")
            return default
        return value

    def yes(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            self.wrong(name, "is no yes or no. Allowed: true, false.")
        return value is True


def parse(text: str, origin: str) -> RegisterMap:
    """The map in a TOML text; DriverError with all problems, each with its key. `origin` names the file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DriverError(f"{origin}: this is not TOML: {error}.") from None
    except (ValueError, RecursionError):
        raise DriverError(f"{origin}: a number has thousands of digits, or hundreds of brackets are nested.") from None
    problems: list[str] = []
    top = _Table(data, TOP, "", problems)
    block = top.whole("block", 1, MOST_AT_ONCE, 20)
    bridge = top.whole("bridge", 0, MOST_AT_ONCE, 0)
    signed = top.yes("signed_by_power")
    line = _line(data.get("line", {}), problems)
    defaults = DEFAULTS | {key: data[key] for key in DEFAULTS if key in data}
    identify = tuple(_identities(data.get("identify", {}), defaults, problems))
    rows = tuple(_rows(data.get("registers"), defaults, problems))
    problems += [
        f"block = {block}  is too small for {row.quantity} ({row.type}, {row.words} registers)."
        for row in rows
        if row.words > block
    ]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DriverError(f"{origin}: {count}.\n" + "\n".join(f"  {problem}" for problem in problems))
    blocks = tuple(_blocks(rows, block, bridge))
    return RegisterMap(str(defaults["title"]), rows, blocks, line, identify, signed)


def _line(data: Any, problems: list[str]) -> Line:
    if not isinstance(data, dict):
        problems.append(f"line = {data!r}  is no table. [line] is how the meter leaves the factory.")
        return Line()
    table = _Table(data, (*LINE, *LINE_RANGES), "line.", problems)
    for name, allowed in LINE.items():
        if name in data:
            table.one_of(name, allowed)
    for name, (least, most) in LINE_RANGES.items():
        if name in data:
            table.whole(name, least, most)
    return Line(
        **{name: data[name] for name in (*LINE, *LINE_RANGES) if name in data},
        serial="baudrate" in data or "port" not in data,
    )


def _identities(data: Any, defaults: dict[str, Any], problems: list[str]) -> Iterator[Identity]:
    if not isinstance(data, dict):
        problems.append(f"identify = {data!r}  is no table. [identify] has the registers that tell the model.")
        return
    for name, row in data.items():
        key = f"identify.{name}"
        if not isinstance(row, dict):
            problems.append(f'{key} = {row!r}  is no row. A row is "{{ address = 11, equals = [71] }}".')
            continue
        before = len(problems)
        table = _Table(row, IDENTITY_ROW, f"{key}.", problems, **defaults)
        function, address, kind, low_first = _place(table, IDENTITY_TYPES)
        count = table.whole("words", 1, MOST_AT_ONCE) if kind == TEXT else TYPES.get(kind, (1,))[0]
        told = str if kind == TEXT else int
        equals = row.get("equals")
        if not isinstance(equals, list) or not equals or not all(type(one) is told for one in equals):
            example = '["B23"]' if kind == TEXT else "[71]"
            what = "texts that it begins with" if kind == TEXT else "whole numbers"
            problems.append(f"{key}.equals = {equals!r}  does not name the models. Allowed: {what}, like {example}.")
        if len(problems) == before and _fits(table, address, count):
            yield Identity(name, function, address, kind, count, low_first, frozenset(equals or ()))


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
            before = len(problems)
            known = SEQUENCE_ROW if quantity == SEQUENCE else ROW
            table = _Table(row, known, f"{key}.", problems, **defaults)
            found = (_sequence_row if quantity == SEQUENCE else _row)(quantity, table)
            if len(problems) == before and _fits(table, found.address, found.words):
                yield found


def _row(quantity: str, table: _Table) -> Row:
    function, address, kind, low_first = _place(table, tuple(TYPES))
    unit = table.one_of("unit", tuple(UNITS[quantity]))
    scale = table.data.get("scale", 1.0)
    if type(scale) not in (int, float) or not 0 < abs(scale) <= LARGEST_SCALE:
        table.wrong("scale", f"is no factor. Allowed: any number but 0, up to {LARGEST_SCALE:g}.")
        scale = 1.0
    factor = scale * UNITS[quantity].get(unit, 1.0)
    none, absolute = _none(table), table.yes("absolute")
    return Row(quantity, function, address, kind, low_first, factor, none, absolute=absolute)


def _sequence_row(quantity: str, table: _Table) -> Row:
    """No unit and no scale, but the numbers by which the meter names each order."""
    function, address, kind, low_first = _place(table, tuple(TYPES))
    none = _none(table)
    orders: list[frozenset[int]] = []
    for name in ORDERS:
        raw = table.data.get(name, [])
        if isinstance(raw, list) and raw and all(type(number) is int for number in raw):
            orders.append(frozenset(raw))
        else:
            text = "does not say by which numbers the meter tells it. Allowed: whole numbers, like [0]."
            table.tell(name, f"= {raw!r}  {text}")
    return Row(quantity, function, address, kind, low_first, 1.0, none, orders=tuple(orders))


def _place(table: _Table, types: tuple[str, ...]) -> tuple[int, int, str, bool]:
    """Function, address, type and whether the low word comes first."""
    kind = table.one_of("type", types)
    order = table.one_of("word_order", WORD_ORDERS)
    function = table.one_of("function", (3, 4))
    return function, table.whole("address", 0, 65535), kind, order == "low first"


def _none(table: _Table) -> frozenset[int]:
    raw = table.data["none"]
    if isinstance(raw, list) and all(type(number) is int and number >= 0 for number in raw):
        return frozenset(raw)
    table.wrong("none", "is no list of raw values. Allowed: whole numbers, like [0x7FFFFFFF].")
    return frozenset()


def _fits(table: _Table, address: int, words: int) -> bool:
    most = 65536 - words
    if address > most:
        table.wrong("address", f"leaves no room for a {table.data['type']}. Allowed: 0 to {most}.")
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


def _near(value: Any, allowed: Any) -> str:
    found = difflib.get_close_matches(str(value), [str(choice) for choice in allowed], 1)
    return f' Did you mean "{found[0]}"?' if found else ""
