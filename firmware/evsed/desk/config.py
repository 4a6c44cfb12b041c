"""The evsed.toml of a desk: the same file a technician writes, with the desk's sockets and ptys for wiring."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

MAX_AMPS = 32.0
FAILSAFE_AMPS = 6.0
WIRED = ("pilot", "contactor", "lock")


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
    when_station_is_gone: str = "go on"
    presets: dict[str, str] = field(default_factory=dict)  # 1.6 key or 2.x variable -> value

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
    parts = [_station(box), _ocpp(box), _buses(box)]
    parts += [_evse(box, number) for number in range(1, box.evses + 1)]
    evses = ", ".join(str(number) for number in range(1, box.evses + 1))
    parts.append(f'[reader.front]\ndriver = "pn532"\nport = {_string(box.folder / "reader")}\nevses = [{evses}]\n')
    return "\n".join(parts)


def write(box: Wallbox) -> Path:
    """Write the file and make its folders."""
    for folder in (box.folder, box.state, box.runtime):
        folder.mkdir(parents=True, exist_ok=True)
    box.file.write_text(text(box))
    return box.file


def _string(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # TOML's basic strings escape as JSON's do


def _station(box: Wallbox) -> str:
    return f"""# Written by `evsed desk`.
[station]
vendor = "evsed"
model = "desk"
serial = {_string(f"DESK-{box.identity}"[:25])}
state = {_string(box.state)}
runtime = {_string(box.runtime)}
max_current = {MAX_AMPS * box.evses}

[lease]
when_station_is_gone = {_string(box.when_station_is_gone)}
"""


def _ocpp(box: Wallbox) -> str:
    versions = ", ".join(_string(version) for version in box.versions)
    lines = ["[ocpp]", f"url = {_string(box.url)}", f"identity = {_string(box.identity)}", f"versions = [{versions}]"]
    if box.password:
        lines.append(f"password = {_string(box.password)}")
    if box.ca:
        lines.append(f"ca = {_string(box.ca)}")
    for table, dotted in (("keys", False), ("variables", True)):
        chosen = {name: value for name, value in box.presets.items() if ("." in name) == dotted}
        if chosen:
            lines += ["", f"[ocpp.{table}]", *(f"{_string(name)} = {_string(value)}" for name, value in chosen.items())]
    return "\n".join(lines) + "\n"


def _buses(box: Wallbox) -> str:
    wires = f'[bus.wires]\ndriver = "desk"\nsocket = {_string(box.folder / "wires.sock")}\n'
    lines = [
        f'[bus.rs485-{number}]\ndriver = "modbus-serial"\nport = {_string(box.folder / f"meter-{number}")}\n'
        for number in range(1, box.evses + 1)
    ]
    return "\n".join([wires, *lines])


def _evse(box: Wallbox, number: int) -> str:
    head = f"[evse.{number}]\nmax_current = {MAX_AMPS}\nphases = 3\nfailsafe_current = {FAILSAFE_AMPS}\n"
    wires = [f'[evse.{number}.{part}]\ndriver = "desk"\nbus = "wires"\n' for part in WIRED]
    meter = f'[evse.{number}.meter]\ndriver = "modbus"\nmap = "eastron-sdm630"\nbus = "rs485-{number}"\nunit = 1\n'
    return "\n".join([head, *wires, meter])
