"""The evsed.toml of a desk: the same file a technician writes, with the desk's sockets, ptys and files for wiring."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_AMPS = 32.0
FAILSAFE_AMPS = 6.0
BEAT_MS = 20.0  # of the 100 ms after which the desk's hardware enable cuts the coil
RCD = "X804"

# What a desk may be built without, beside pilot line, contactor and meter
EXTRAS = (
    "lock",
    "rcd",
    "emergency_stop",
    "thermal_switch",
    "phase_relay",
    "heartbeat",
    "thermometer",
    "reader",
)
_WIRED = ("pilot", "contactor", "lock", "rcd", "emergency_stop", "thermal_switch", "phase_relay")
_FURTHER = {
    "contactor": {"mirror": '"NC"'},
    "rcd": {"module": f'"{RCD}"', "cuts_coil": "true"},
}

Tables = dict[str, dict[str, str]]  # table -> option -> its value, as TOML writes it


@dataclass(frozen=True)
class Wallbox:
    """What a desk is made of. `folder` holds its sockets and ptys, `state` the station's database."""

    folder: Path
    state: Path
    url: str
    identity: str = "CP001"
    versions: tuple[str, ...] = ("2.0.1", "1.6")
    password: str = ""
    ca: str = ""
    evses: int = 1
    meter_map: str = "eastron-sdm630"
    socket: bool = False  # outlets with loose cables
    when_station_is_gone: str = "go on"
    without: frozenset[str] = frozenset()  # some of EXTRAS
    presets: Mapping[str, str] = field(default_factory=dict)  # 1.6 key or 2.x variable -> value
    # "evse.1.wake_up" -> value, over what the desk writes; "" takes the option out
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the config goes."""
        return self.folder / "evsed.toml"

    @property
    def runtime(self) -> Path:
        """The folder of pilot.sock and station.sock."""
        return self.folder / "run"


def text(box: Wallbox) -> str:
    """The whole file."""
    tables = _tables(box)
    for path, value in box.options.items():
        table, _, name = path.rpartition(".")
        options = tables.setdefault(table, {})
        options.pop(name, None)
        options |= {name: _literal(value)} if value else {}
    parts = (
        "\n".join([f"[{table}]", *(f"{name} = {value}" for name, value in options.items())])
        for table, options in tables.items()
    )
    return "# Written by `evsed desk`.\n" + "\n\n".join(parts) + "\n"


def write(box: Wallbox) -> Path:
    """Write the file and make its folders."""
    for folder in (box.folder, box.state, box.runtime):
        folder.mkdir(parents=True, exist_ok=True)
    box.file.write_text(text(box))
    return box.file


def _string(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # TOML's basic strings escape as JSON's do


def _literal(value: str) -> str:
    """As it is where it is TOML, else as a string: nobody wants to quote twice in a shell."""
    try:
        if list(tomllib.loads(f"x = {value}")) == ["x"] and "\n" not in value:
            return value
    except tomllib.TOMLDecodeError:
        pass
    return _string(value)


def _tables(box: Wallbox) -> Tables:
    numbers = range(1, box.evses + 1)
    tables = {"station": _station(box), "lease": {"when_station_is_gone": _string(box.when_station_is_gone)}}
    tables |= _ocpp(box)
    tables["bus.wires"] = {"driver": '"desk"', "socket": _string(box.folder / "wires.sock")}
    for number in numbers:
        port = _string(box.folder / f"meter-{number}")
        tables[f"bus.rs485-{number}"] = {"driver": '"modbus-serial"', "port": port}
    if "heartbeat" not in box.without:
        tables["heartbeat"] = {"driver": '"desk"', "bus": '"wires"', "every": f"{BEAT_MS}"}
    for number in numbers:
        tables |= _evse(box, number)
    if "reader" not in box.without:
        evses = str(list(numbers))
        tables["reader.front"] = {"driver": '"pn532"', "port": _string(box.folder / "reader"), "evses": evses}
    if "thermometer" not in box.without:
        for number in numbers:
            path = _string(box.folder / f"temperature-{number}")
            tables[f"thermometer.outlet-{number}"] = {"driver": '"sysfs"', "path": path, "evses": f"[{number}]"}
    return tables


def _station(box: Wallbox) -> dict[str, str]:
    return {
        "vendor": '"evsed"',
        "model": '"desk"',
        "serial": _string(f"DESK-{box.identity}"[:25]),
        "state": _string(box.state),
        "runtime": _string(box.runtime),
        "max_current": f"{MAX_AMPS * box.evses}",
    }


def _ocpp(box: Wallbox) -> Tables:
    own = {
        "url": _string(box.url),
        "identity": _string(box.identity),
        "versions": f"[{', '.join(_string(version) for version in box.versions)}]",
    }
    own |= {name: _string(value) for name, value in (("password", box.password), ("ca", box.ca)) if value}
    tables = {"ocpp": own}
    for table, dotted in (("keys", False), ("variables", True)):
        chosen = {_string(name): _string(value) for name, value in box.presets.items() if ("." in name) == dotted}
        if chosen:
            tables[f"ocpp.{table}"] = chosen
    return tables


def _evse(box: Wallbox, number: int) -> Tables:
    own = {"max_current": f"{MAX_AMPS}", "phases": "3", "failsafe_current": f"{FAILSAFE_AMPS}"}
    if box.socket:
        own["connector"] = '"sType2"'
    tables = {f"evse.{number}": own}
    for part in _WIRED:
        if part not in box.without:
            tables[f"evse.{number}.{part}"] = {"driver": '"desk"', "bus": '"wires"', **_FURTHER.get(part, {})}
    tables[f"evse.{number}.meter"] = {
        "driver": '"modbus"',
        "map": _string(box.meter_map),
        "bus": f'"rs485-{number}"',
        "unit": "1",
    }
    return tables
