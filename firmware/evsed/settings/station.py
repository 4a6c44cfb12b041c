"""The tables [station], [ocpp] and [lease]: what is said once for all outlets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evse_drivers.options import option

from evsed import __version__

from .boards import FOLDER

VERSIONS = ("1.6", "2.0.1")


@dataclass(frozen=True, slots=True)
class StationSettings:
    """The nameplate, the supply and the folders."""

    vendor: str = option("evsed", help="Maker, as the central system shows it.", minimum=1, maximum=20)
    model: str = option("wallbox", help="Model, as the central system shows it.", minimum=1, maximum=20)
    serial: str = option("0", help="Serial number of the whole station.", minimum=1, maximum=25)
    board: str = option(
        "",
        help='The board, where evsed knows it: "evsed check" then knows its parts, pins and limits; "" means all parts '
        "are in this file.",
    )
    boards: str = option(FOLDER, help="Folder of your own board files; one named as ours goes before it.")
    firmware: str = option(__version__, help="Firmware version told to the central system.", minimum=1, maximum=50)
    state: str = option(
        "/var/lib/evsed", help="Folder of the database and of the pilot's latches; must survive a power cut.", minimum=1
    )
    runtime: str = option("/run/evsed", help="Folder of the sockets pilot.sock and station.sock.", minimum=1)
    max_current: float = option(
        32.0, help="What the supply carries for all EVSEs together, per phase.", unit="A", minimum=6, maximum=4000
    )
    nominal_voltage: float = option(
        230.0, help="Phase to neutral; turns watts into amperes.", unit="V", minimum=100, maximum=300
    )


@dataclass(frozen=True, slots=True)
class OcppSettings:
    """The central system, and initial values of what it may set itself."""

    url: str = option("", help='Address, ws:// or wss://, without the identity; "" means no central system.')
    identity: str = option(
        "CP001", help="Name of this station at the central system; the last part of the address.", minimum=1, maximum=48
    )
    versions: tuple[str, ...] = option(
        ("2.0.1", "1.6"), help="OCPP versions to offer, the preferred one first.", choices=VERSIONS, minimum=1
    )
    password: str = option(
        "", help='HTTP Basic password, 8 to 40 characters; "" means none. Use it with wss:// only.', secret=True
    )
    ca: str = option("", help='PEM file of the authority behind wss://; "" means the system\'s own list.')
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    """Line of each preset, as "keys.HeartbeatInterval" or "variables.TxCtrlr.EVConnectionTimeOut"."""


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """What the pilot does with a charge while the station process is away."""

    when_station_is_gone: str = option(
        "go on",
        help='Charge on at no more than failsafe_current ("go on"), or withdraw the offer and open after 6 s ("stop"). '
        "Outlets with a board that drives the pilot itself go by the board's own watchdog instead.",
        choices=("go on", "stop"),
    )
    go_on_minutes: float = option(15.0, help='How long "go on" goes on at most.', unit="min", minimum=0, maximum=1440)
