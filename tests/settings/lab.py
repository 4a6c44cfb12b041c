"""A package of drivers as somebody else might install it, so that the settings can be tried with any hardware."""

from __future__ import annotations

from pathlib import Path

MODULE = """
from dataclasses import dataclass
from typing import Literal

from evse_drivers.api import DriverError
from evse_drivers.options import option


class Line:
    @dataclass(frozen=True)
    class Settings:
        port: str = option(help="Serial port.", example="/dev/ttyUSB0")
        baudrate: int = option(9600, help="Speed.", unit="baud", choices=(9600, 19200, 38400))
        parity: Literal["none", "even", "odd"] = option("none", help="Parity.")


class Wires:
    @dataclass(frozen=True)
    class Settings:
        socket: str = option(help="Socket.", example="/tmp/wires.sock")


class PilotLine:
    sample_ms = 3.0
    release_ms = 20.0
    bus_drivers = ("lab-wires",)

    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="wires")
        gain: float = option(1.0, help="Gain of the divider.", minimum=0.5, maximum=2)


class SlowContactor:
    release_ms = 60.0

    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="wires")


class Contactor:
    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="wires")
        inverted: bool = option(False, help="The mirror contact is a normally open one.")


class Pin:
    @dataclass(frozen=True)
    class Settings:
        pin: int = option(help="GPIO.", example=17)

    @staticmethod
    def claims(settings):
        return (f"GPIO {settings.pin}",)


class Claims:
    @dataclass(frozen=True)
    class Settings:
        what: str = option(help="Claim.", example="SPI 0.1")
        bus: str = option("", help="Bus.")

    @staticmethod
    def claims(settings):
        return (settings.what,)


class Meter:
    bus_drivers = ("lab-line",)

    @dataclass(frozen=True)
    class Settings:
        map: str = option(help="Register map.", example="eastron-sdm630")
        bus: str = option(help="Bus.", example="rs485")
        unit: int = option(1, help="Address.", minimum=1, maximum=247)
        every: float | None = option(1.0, help="Pause between readings.", unit="s", minimum=0.5, maximum=60)

        offset: float = option(0.0, help="Added to each reading.", unit="Wh")

        def __post_init__(self):
            if self.map == "haunted":
                raise DriverError("the map haunted is damaged; reinstall it.")


class Resistive(PilotLine):
    both_peaks = True


class Rcd:
    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="wires")


class Thermometer:
    @dataclass(frozen=True)
    class Settings:
        path: str = option(help="File.", example="/sys/class/thermal/thermal_zone0/temp")
        bus: str = option("", help="Bus.")


class Reader:
    @dataclass(frozen=True)
    class Settings:
        port: str = option(help="Serial port.", example="/dev/serial0")


class Board:
    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="rs485")
        unit: int = option(1, help="Address.", minimum=1, maximum=247)


class KeepingBoard(Board):
    keeps_current = True


class WilfulBoard(Board):
    alone = "at power-on it does what it likes"


class FallingBoard(Board):
    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="rs485")
        unit: int = option(1, help="Address.", minimum=1, maximum=247)
        failsafe: float = option(0.0, help="What it falls back to.", unit="A", minimum=0, maximum=80)

    @staticmethod
    def fallback(settings):
        return settings.failsafe


class Point(Board):
    shares_unit = True

    @dataclass(frozen=True)
    class Settings:
        bus: str = option(help="Bus.", example="rs485")
        unit: int = option(1, help="Address.", minimum=1, maximum=247)
        point: int = option(1, help="Which.")

    @staticmethod
    def claims(settings):
        return (f"{settings.bus} unit {settings.unit} point {settings.point}",)
"""

DRIVERS = {
    "bus.lab-line": "Line",
    "bus.lab-wires": "Wires",
    "pilot.lab": "PilotLine",
    "switch.lab": "Contactor",
    "switch.lab-slow": "SlowContactor",
    "switch.lab-pin": "Pin",
    "reader.lab-claims": "Claims",
    "meter.lab": "Meter",
    "pilot.lab-resistive": "Resistive",
    "rcd.lab": "Rcd",
    "thermometer.lab": "Thermometer",
    "reader.lab": "Reader",
    "board.lab": "Board",
    "board.lab-keeping": "KeepingBoard",
    "board.lab-falling": "FallingBoard",
    "board.lab-wilful": "WilfulBoard",
    "board.lab-point": "Point",
}

WHOLE = """\
[station]
vendor = "Lab"
serial = "L-1"
max_current = 32

[ocpp]
url = "wss://csms.example/ocpp"
identity = "CP7"
password = "correct horse"

[ocpp.keys]
HeartbeatInterval = 300

[ocpp.variables]
"TxCtrlr.EVConnectionTimeOut" = 60
AuthCtrlr.Enabled = true

[bus.wires]
driver = "lab-wires"
socket = "/tmp/wires.sock"

[bus.rs485]
driver = "lab-line"
port = "/dev/ttyUSB0"

[evse.1]
max_current = 16.0
pilot = { driver = "lab", bus = "wires" }
contactor = { driver = "lab", bus = "wires" }

[evse.1.meter]
driver = "lab"
map = "eastron-sdm630"
bus = "rs485"

[reader.door]
driver = "lab"
port = "/dev/ttyS0"
evses = [1]

[heartbeat]
driver = "lab"
bus = "wires"

[evse.1.rcd]
driver = "lab"
bus = "wires"
module = "RCM14"
cuts_coil = true

[thermometer.housing]
driver = "lab"
path = "/tmp/temp"

[supervision]
stop_at = 75
"""


def install(folder: Path) -> None:
    """Lay the package and its entry points into `folder`, which is to be on sys.path."""
    (folder / "evsed_lab_drivers.py").write_text(MODULE)
    info = folder / "evsed_lab_drivers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evsed-lab-drivers\nVersion: 1.0\n")
    rows = [f"{name} = evsed_lab_drivers:{target}" for name, target in DRIVERS.items()]
    (info / "entry_points.txt").write_text("\n".join(["[evse_drivers]", *rows, ""]))
