"""The tables and options of evsed.toml, each declared once: type, default, unit, bounds, help."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from evse_drivers.options import option

from evsed import __version__
from evsed.model.topology import Evse, Topology

from .problems import Problem

# OCPP 2.x ConnectorEnumType, those of AC charging in mode 3: c is a tethered cable, s a socket.
CONNECTORS = ("cType1", "cType2", "cTesla", "sType2", "sType3")
VERSIONS = ("1.6", "2.0.1")
PILOT_PARTS = {"pilot": "pilot", "contactor": "switch", "lock": "switch"}  # part of [evse.N] -> kind of driver
STATION_PARTS = {"meter": "meter", "board": "board"}
PARTS = {**PILOT_PARTS, **STATION_PARTS}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of hardware: its driver's name and that driver's own settings."""

    kind: str  # bus pilot switch meter reader board
    driver: str
    settings: Any
    where: str  # "evse.1.meter", for error texts
    line: int = field(compare=False)

    @property
    def bus(self) -> str | None:
        """The name of the bus it hangs on, where it hangs on one."""
        name: str | None = getattr(self.settings, "bus", None)
        return name


@dataclass(frozen=True, slots=True)
class StationSettings:
    """The nameplate, the supply and the folders."""

    vendor: str = option("evsed", help="Maker, as the central system shows it.", minimum=1, maximum=20)
    model: str = option("wallbox", help="Model, as the central system shows it.", minimum=1, maximum=20)
    serial: str = option("0", help="Serial number of the whole station.", minimum=1, maximum=25)
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
        help='Charge on at no more than failsafe_current ("go on"), or withdraw the offer and open after 6 s ("stop").',
        choices=("go on", "stop"),
    )
    go_on_minutes: float = option(15.0, help='How long "go on" goes on at most.', unit="min", minimum=0, maximum=1440)


@dataclass(frozen=True, slots=True)
class EvseSettings:
    """One outlet: either a pilot line with a contactor, or a board that drives the pilot itself."""

    id: int
    max_current: float = option(
        32.0,
        help="What contactor, wiring and plug carry per phase. Without it: 32, or station.max_current if lower.",
        unit="A",
        minimum=6,
        maximum=80,
    )
    phases: int = option(3, help="Phases that are wired to the outlet.", choices=(1, 3))
    failsafe_current: float = option(
        6.0,
        help='Offered while the station process is away and the lease says "go on"; 0 ends the charge then.',
        unit="A",
        minimum=0,
        maximum=80,
    )
    connector: str = option("cType2", help="A tethered cable (c) or a socket (s).", choices=CONNECTORS)
    pilot: Part | None = None
    contactor: Part | None = None
    lock: Part | None = None
    meter: Part | None = None
    board: Part | None = None
    line: int = field(default=0, compare=False)

    def parts(self) -> tuple[Part, ...]:
        """What hardware it has, the pilot process's first."""
        found = (getattr(self, name) for name in PARTS)
        return tuple(part for part in found if part is not None)


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """A card reader, with the EVSEs that a card there is meant for."""

    part: Part
    evses: tuple[int, ...] = option((), help="EVSEs a card here may start or stop; [] means all.", minimum=0)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file. `warnings` do not keep anything from starting."""

    path: str
    station: StationSettings
    ocpp: OcppSettings
    lease: LeaseSettings
    buses: Mapping[str, Part]
    evses: tuple[EvseSettings, ...]
    readers: Mapping[str, ReaderSettings]
    warnings: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """8 hex digits of what the pilot rests on; a station with another digest has read another file."""
        used = {part.bus for evse in self.evses for part in _of_pilot(evse)}
        buses = sorted((name, bus) for name, bus in self.buses.items() if name in used)
        rests = [self.station.max_current, self.station.runtime, self.station.state, self.lease]
        outlets = [
            (e.id, e.max_current, e.phases, e.failsafe_current, [(p.where, p.driver, p.settings) for p in _of_pilot(e)])
            for e in self.evses
        ]
        lines = [*map(repr, rests), *map(repr, outlets)]
        lines += [f"{name} {bus.driver} {bus.settings!r}" for name, bus in buses]
        # Not hashlib: OpenSSL would take 3 MiB of the pilot process, and nobody means to deceive here.
        return f"{zlib.crc32(chr(10).join(lines).encode()):08x}"

    def topology(self) -> Topology:
        """The station as the core knows it."""
        evses = tuple(
            Evse(
                evse.id,
                evse.max_current,
                evse.phases,
                evse.failsafe_current,
                has_lock=evse.lock is not None,
                has_meter=evse.meter is not None,
                connector_type=evse.connector,
            )
            for evse in self.evses
        )
        station = self.station
        return Topology(
            station.vendor,
            station.model,
            station.serial,
            station.firmware,
            evses,
            site_amps=station.max_current,
            nominal_volts=station.nominal_voltage,
        )


def _of_pilot(evse: EvseSettings) -> list[Part]:
    parts = (getattr(evse, name) for name in PILOT_PARTS)
    return [part for part in parts if part is not None]
