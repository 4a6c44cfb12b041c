"""The command `evsed reference`: every table and option of evsed.toml as Markdown, from their declarations."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from evse_drivers import registry
from evse_drivers.options import Option, declared

from evsed import __version__, fault_page
from evsed.core.variables import Declaration, declarations
from evsed.model.shown import BESIDES, STATES
from evsed.ocpp.dialects import v16_keys
from evsed.settings import (
    BoardSettings,
    ButtonSettings,
    CardSettings,
    EvseSettings,
    HeartbeatSettings,
    LeaseSettings,
    LightSettings,
    OcppSettings,
    RcdSettings,
    ReaderSettings,
    StationSettings,
    SupervisionSettings,
    ThermometerSettings,
)
from evsed.settings.filling import allowed, hints_of, options_of, type_name
from evsed.settings.problems import shown

HEAD = f"""\
# Every option of evsed.toml

Printed by `evsed reference` from the declarations of evsed {__version__}; do not edit it. The annotated example is
[evsed.toml](evsed.toml). An option without a default must be given. What is wrong with a file, `evsed check FILE`
tells line by line.
"""

TABLES: tuple[tuple[str, type, str], ...] = (
    ("[station]", StationSettings, "The nameplate, the supply and the folders."),
    ("[ocpp]", OcppSettings, "The central system."),
    ("[lease]", LeaseSettings, "What the pilot does with a charge while the station process is away."),
    (
        "[evse.N]",
        EvseSettings,
        "One outlet; N counts from 1 without gaps. Its hardware is in tables below it: `[evse.N.pilot]` and "
        "`[evse.N.contactor]`, or `[evse.N.board]` for a board that drives the pilot itself; `[evse.N.lock]`, "
        "`[evse.N.phase_relay]`, `[evse.N.emergency_stop]`, `[evse.N.thermal_switch]`, `[evse.N.rcd]` and "
        "`[evse.N.meter]` where there is one.",
    ),
    (
        "[evse.N.rcd]",
        RcdSettings,
        "The residual-current device of the outlet; the options of its driver stand in the same table.",
    ),
    (
        "[evse.N.board]",
        BoardSettings,
        "A board that drives the pilot itself; the options of its driver stand in the same table.",
    ),
    ("[supervision]", SupervisionSettings, "What the meter and the temperature say against the limits."),
    (
        "[thermometer.NAME]",
        ThermometerSettings,
        "A temperature sensor. The name is free; the options of its driver stand in the same table.",
    ),
    (
        "[heartbeat]",
        HeartbeatSettings,
        "The output that a hardware enable wants to see moving; the options of its driver stand in the same table.",
    ),
    (
        "[reader.NAME]",
        ReaderSettings,
        "A card reader. The name is free; the options of its driver stand in the same table.",
    ),
    (
        "[cards]",
        CardSettings,
        "How the UID of a card is written for the central system, at all readers alike. `evsed check` and "
        "`evsed reader` show it.",
    ),
    (
        "[button.NAME]",
        ButtonSettings,
        "A button on the housing. The name is free; the options of its driver stand in the same table.",
    ),
    (
        "[light.NAME]",
        LightSettings,
        "A light on the housing. The name is free; the options of its driver stand in the same table. It can show: "
        + "; ".join(f"`{name}`, {when}" for name, when in {**STATES, **BESIDES}.items())
        + ".",
    ),
)

PRESETS = """\
## [ocpp.keys] and [ocpp.variables]

Initial values of what the central system may set, by the names of [OCPP 1.6](#ocpp-16-keys) or of
[OCPP 2.x](#variables). A value that the central system has set wins, until `evsed reset-variables`.

```toml
[ocpp.keys]
HeartbeatInterval = 300

[ocpp.variables]
"TxCtrlr.EVConnectionTimeOut" = 60
```
"""

DRIVERS_HEAD = """\
## Drivers

Each table of a piece of hardware names its driver, `driver = "NAME"`, and holds that driver's options. A driver with
the option `bus` hangs on the `[bus.NAME]` of that name.
"""

USED_IN = {
    "bus": "[bus.NAME]",
    "pilot": "[evse.N.pilot]",
    "switch": "[evse.N.contactor], [evse.N.lock], [evse.N.phase_relay], [heartbeat], [light.NAME]",
    "input": "[evse.N.emergency_stop], [evse.N.thermal_switch], [button.NAME]",
    "rcd": "[evse.N.rcd]",
    "thermometer": "[thermometer.NAME]",
    "meter": "[evse.N.meter]",
    "reader": "[reader.NAME]",
    "board": "[evse.N.board]",
}


def main(argv: list[str]) -> int:
    """Print it."""
    parser = argparse.ArgumentParser(
        prog="evsed reference", description="Every option of the config file, in Markdown."
    )
    parser.add_argument("--faults", action="store_true", help="every fault instead: config/FAULTS.md")
    print(fault_page.text() if parser.parse_args(argv).faults else text(), end="")
    return 0


def text() -> str:
    """The whole page. Drivers of other people's packages are left out: they differ from machine to machine."""
    return "\n".join([HEAD, *_tables(), *_drivers(), *_variables(), *_keys()])


def _tables() -> Iterator[str]:
    for name, kind, about in TABLES:
        yield f"## {name}\n\n{about}\n"
        yield _option_table(kind)
        if kind is OcppSettings:
            yield PRESETS


def _drivers() -> Iterator[str]:
    yield DRIVERS_HEAD
    for entry in registry.DRIVERS:
        settings = registry.find(entry.kind, entry.name).Settings
        yield f'### {entry.kind} "{entry.name}"\n\n{_sentence(entry.summary)} In {USED_IN[entry.kind]}.\n'
        yield _option_table(settings)


def _option_table(kind: type) -> str:
    hints = hints_of(kind)
    rows = [_option_row(field, hints[name]) for name, field in options_of(kind).items()]
    return _table(("option", "type", "default", "allowed", "meaning"), rows) if rows else "It has no options.\n"


def _option_row(field: dataclasses.Field[Any], hint: Any) -> tuple[str, ...]:
    option = declared(field)
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return (
        f"`{field.name}`",
        type_name(hint),
        "**required**" if required else _default(field.default, option),
        _allowed(hint, option),
        _sentence(option.help) + (f" Example: `{shown(option.example)}`." if option.example is not None else ""),
    )


def _default(value: Any, option: Option) -> str:
    if value is None:
        return "none"
    return f"`{shown(value)}`" + (f" {option.unit}" if option.unit else "")


def _allowed(hint: Any, option: Option) -> str:
    words = allowed(hint, option)
    # "a text" says no more than the type does.
    return "" if words in (f"a {type_name(hint)}", type_name(hint)) else words.removeprefix("a text of ")


def _variables() -> Iterator[str]:
    yield "## Variables\n\nThe device model of OCPP 2.x. RW: the central system may set it; W: it cannot be read.\n"
    rows = [_variable_row(row) for row in declarations().values()]
    yield _table(("variable", "type", "default", "allowed", "access", "meaning"), rows)


def _variable_row(row: Declaration) -> tuple[str, ...]:
    access = {"ReadOnly": "R", "ReadWrite": "RW", "WriteOnly": "W"}[row.access]
    default = "worked out" if row.computed else f"`{row.default}`" if row.default else ""
    each = "" if row.per == "station" else f" (each {'EVSE' if row.per == 'evse' else row.per})"
    return f"`{row.name}`{each}", row.type, default.replace(",", ", "), _bounds(row), access, _sentence(row.help)


def _bounds(row: Declaration) -> str:
    low, high = row.minimum, row.maximum
    if row.members:
        return (f"at most {shown(high)} of " if high is not None else "") + ", ".join(row.members)
    if row.type == "string":
        return f"{row.min_length} to {shown(high)} bytes" if high is not None else ""
    unit = f" {row.unit}" if row.unit else ""
    if low is not None and high is not None:
        return f"{shown(low)} to {shown(high)}{unit}"
    return f"{shown(low)}{unit} or more" if low is not None else unit.strip()


def _keys() -> Iterator[str]:
    yield "## OCPP 1.6 keys\n\nEach is a variable of the table above under the name that OCPP 1.6 has for it.\n"
    rows = [
        (f"`{key.name}`", f"{'limit of ' if key.limit else ''}`{key.variable}`") for key in v16_keys.keys().values()
    ]
    yield _table(("key", "variable"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    whole = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in whole) + "\n"


def _sentence(words: str) -> str:
    """Help texts are written with or without a capital and a full stop."""
    words = words[:1].upper() + words[1:]
    return words if words.endswith(".") else f"{words}."
