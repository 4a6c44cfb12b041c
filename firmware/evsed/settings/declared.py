"""The tables and options of evsed.toml, each declared once: type, default, unit, bounds, help."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from evse_drivers.options import option

from evsed import __version__
from evsed.model.topology import Evse, Topology

from .problems import Problem

# OCPP 2.x ConnectorEnumType, those of AC charging in mode 3: c is a tethered cable, s a socket.
CONNECTORS = ("cType1", "cType2", "cTesla", "sType2", "sType3")
VERSIONS = ("1.6", "2.0.1")
# part of [evse.N] -> kind of driver
PILOT_PARTS = {
    "pilot": "pilot",
    "contactor": "switch",
    "lock": "switch",
    "phase_relay": "switch",
    "rcd": "rcd",
    "emergency_stop": "input",
    "thermal_switch": "input",
}
STATION_PARTS = {"meter": "meter", "board": "board"}
PARTS = {**PILOT_PARTS, **STATION_PARTS}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of hardware: its driver's name and that driver's own settings."""

    kind: str  # one of evse_drivers.registry.KINDS
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


# What the technician must write where only software opens the contactor on a residual current.
SOFTWARE_ONLY = "I know that only software opens the contactor when the residual-current device trips"
RCD_MODULES = ("RCM14", "RCMB102", "X804", "X904", "none")


@dataclass(frozen=True, slots=True)
class RcdSettings:
    """The residual-current device of one outlet; the options of its driver stand in the same table."""

    part: Part
    module: str = option(
        help="Which device it is, for the sequence of its self-test; none: it has no test input.", choices=RCD_MODULES
    )
    cuts_coil: bool = option(help="Its trip cuts the contactor's coil in hardware, whatever the software does.")
    software_only: str = option("", help=f'Where cuts_coil = false, this very sentence: "{SOFTWARE_ONLY}".')


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
    pilot_levels: str = option(
        "volts",
        help="Tell the vehicle's state by the pilot's volts, or by the resistance that both its peaks give (robust "
        "against a drifting supply; not where the line cannot see the low peak).",
        choices=("volts", "resistance"),
    )
    state_f: bool = option(
        True, help="Show a fault to the vehicle by -12 V (state F). false: by +12 V, for vehicles that F harms."
    )
    ventilation: bool = option(False, help="The place is ventilated: vehicles that ask for it (state D) get energy.")
    simplified_current: float = option(
        10.0, help="Most for a vehicle without S2 (goes from A to C at once).", unit="A", minimum=6, maximum=80
    )
    wake_up: str = option(
        "F",
        help="How a vehicle is woken, once per pause, that does not ask for an offer: F (-12 V, 4 s), X1 (+12 V, 4 s).",
        choices=("F", "X1", "off"),
    )
    wake_up_after: float = option(30.0, help="How long an offer stands before that.", unit="s", minimum=10, maximum=600)
    unlock_after_power_loss: bool = option(
        True, help="Unlock an idle plug at the start after a power cut; false: leave the lock until it is used."
    )
    rated_openings: float = option(
        50_000.0,
        help="Openings under load that the contactor's maker allows; its wear is counted against it.",
        minimum=1000,
        maximum=10_000_000,
    )
    phase_switch_break: float = option(
        10.0,
        help="How long the pilot rests at +12 V while the phase relay switches; some vehicles need 45 or 60.",
        unit="s",
        minimum=5,
        maximum=120,
    )
    phase_switches_per_day: int = option(24, help="How often the phase relay may switch in 24 hours.", minimum=1)
    pilot: Part | None = None
    contactor: Part | None = None
    lock: Part | None = None
    phase_relay: Part | None = None
    rcd: RcdSettings | None = None
    emergency_stop: Part | None = None
    thermal_switch: Part | None = None
    meter: Part | None = None
    board: Part | None = None
    line: int = field(default=0, compare=False)

    def parts(self) -> tuple[Part, ...]:
        """What hardware it has, the pilot process's first."""
        found = (getattr(self, name) for name in PARTS)
        return tuple(_bare(part) for part in found if part is not None)


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """A card reader, with the EVSEs that a card there is meant for."""

    part: Part
    evses: tuple[int, ...] = option((), help="EVSEs a card here may start or stop; [] means all.", minimum=0)


@dataclass(frozen=True, slots=True)
class ThermometerSettings:
    """A temperature sensor, with the EVSEs that it stands for; the options of its driver stand in the same table."""

    part: Part
    evses: tuple[int, ...] = option((), help="EVSEs that it stands for; [] means all.", minimum=0)
    # 5 s at most: one that has been silent for 15 s counts as hot (core/temperature.py)
    every: float = option(5.0, help="How often it is read.", unit="s", minimum=1, maximum=5)


@dataclass(frozen=True, slots=True)
class SupervisionSettings:
    """What the meter and the temperature say against the limits. 0 switches a rule off."""

    overcurrent: bool = option(
        True, help="Open when a phase carries more than 1.1 x (offer + 0.5 A) for 7 s, by the meter."
    )
    meter_silent: str = option(
        "stop",
        help="When the meter falls silent while charging: end the offer until it answers, charge on at 6 A, or as if "
        "nothing were.",
        choices=("stop", "limit", "go on"),
    )
    derate_at: tuple[float, ...] = option(
        (60.0, 65.0, 70.0),
        help="Temperatures at each of which an equal part of the current is taken away; [] for none.",
        unit="°C",
        minimum=30,
        maximum=120,
    )
    stop_at: float = option(75.0, help="Temperature at which the charge stops.", unit="°C", minimum=30, maximum=120)
    undervoltage: float = option(
        80.0, help="Stop below this part of nominal_voltage, after 3 s; 0: never.", unit="%", minimum=0, maximum=99
    )
    overvoltage: float = option(
        115.0, help="Stop above this part of nominal_voltage, after 3 s; 0: never.", unit="%", minimum=0, maximum=150
    )
    phase_loss: bool = option(True, help="Stop when a phase of an outlet of three is missing, by the meter.")
    phase_rotation: str = option(
        "any", help="How the phases must turn; only some meters tell.", choices=("any", "L1-L2-L3", "L1-L3-L2")
    )
    max_unbalance: float = option(
        0.0,
        help="Most that one phase may carry more than another (20 in Germany and Austria: 4.6 kVA).",
        unit="A",
        minimum=0,
        maximum=80,
    )
    pen_fault: bool = option(
        False, help="Open when a phase leaves 207 to 253 V for 5 s: a broken PEN (BS 7671 722.411.4.1, in the UK)."
    )
    droop: bool = option(
        False, help="Lower the current below 49.8 Hz, by 40 % of it per Hz (VDE-AR-N 4100, a droop of 5 %)."
    )
    lowest_frequency: float = option(47.5, help="Stop below it.", unit="Hz", minimum=0, maximum=60)
    highest_frequency: float = option(51.5, help="Stop above it; 0: never.", unit="Hz", minimum=0, maximum=70)
    random_delay: int = option(
        0,
        help="Most seconds by which a charge's start, and every return of its current, is delayed by chance (600 in "
        "Great Britain); the central system may set up to 1800.",
        unit="s",
        minimum=0,
        maximum=1800,
    )


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """The output that a hardware enable wants to see moving; the options of its driver stand in the same table."""

    part: Part
    every: float = option(10.0, help="How often it changes; whole loops of 10 ms.", unit="ms", minimum=10, maximum=1000)


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
    thermometers: Mapping[str, ThermometerSettings] = field(default_factory=lambda: MappingProxyType({}))
    supervision: SupervisionSettings = SupervisionSettings()
    heartbeat: HeartbeatSettings | None = None
    warnings: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """8 hex digits of what the pilot rests on; a station with another digest has read another file."""
        beat = self.heartbeat
        used = {part.bus for evse in self.evses for part in _of_pilot(evse)} | {beat.part.bus if beat else None}
        buses = sorted((name, bus) for name, bus in self.buses.items() if name in used)
        rests = [self.station.max_current, self.station.runtime, self.station.state, self.lease]
        parts = [(p.where, p.driver, p.settings) for e in self.evses for p in _of_pilot(e)]
        if beat:
            parts.append((beat.part.where, beat.part.driver, (beat.every, beat.part.settings)))
        lines = [*map(repr, rests), *map(_options, self.evses), *map(repr, parts)]
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
                meter_every=getattr(evse.meter and evse.meter.settings, "every", None) or 1.0,
                has_phase_relay=evse.phase_relay is not None,
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


def _bare(part: Part | RcdSettings) -> Part:
    return part.part if isinstance(part, RcdSettings) else part


def _of_pilot(evse: EvseSettings) -> list[Part]:
    parts = (getattr(evse, name) for name in PILOT_PARTS)
    return [_bare(part) for part in parts if part is not None]


def _options(evse: EvseSettings) -> str:
    """Every option of the outlet itself, for the digest."""
    rcd = evse.rcd and (evse.rcd.module, evse.rcd.cuts_coil)
    own = {f.name: getattr(evse, f.name) for f in fields(evse) if "option" in f.metadata}
    return f"{evse.id} {own | {'connector': evse.connector[0]}} {rcd}"  # a socket or not: more it does not ask
