"""evsed.toml as a whole, and what others make of it: the digest and the topology."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from evse_drivers.api import SignedMeter
from evse_drivers.registry import find

from evsed.model.topology import Evse, Topology

from .boards import Board
from .cards import CardSettings
from .outlet import EvseSettings
from .parts import (
    PILOT_PARTS,
    ButtonSettings,
    HeartbeatSettings,
    LightSettings,
    Part,
    ReaderSettings,
    ThermometerSettings,
    bare,
)
from .problems import Problem
from .station import LeaseSettings, OcppSettings, StationSettings
from .supervision import SupervisionSettings


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
    supervision: SupervisionSettings = field(default_factory=SupervisionSettings)
    heartbeat: HeartbeatSettings | None = None
    board: Board | None = None  # that the file names; what it brings is in the other fields already
    buttons: Mapping[str, ButtonSettings] = field(default_factory=lambda: MappingProxyType({}))
    lights: Mapping[str, LightSettings] = field(default_factory=lambda: MappingProxyType({}))
    cards: CardSettings = field(default_factory=CardSettings)
    warnings: tuple[Problem, ...] = ()

    @property
    def unsupervised(self) -> tuple[int, ...]:
        """Outlets that nothing switches off when the station dies; see parts.UNSUPERVISED."""
        return tuple(evse.id for evse in self.evses if evse.board is not None and evse.board.nobody_watches)

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

    def meant(self, evses: tuple[int, ...]) -> tuple[int, ...]:
        """Those, or all where none is named."""
        return evses or tuple(evse.id for evse in self.evses)

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
                signs=_signs(evse),
                signing_required=_signs(evse) and bool(getattr(evse.meter and evse.meter.settings, "required", False)),
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


def _signs(evse: EvseSettings) -> bool:
    return evse.meter is not None and issubclass(find("meter", evse.meter.driver), SignedMeter)


def _of_pilot(evse: EvseSettings) -> list[Part]:
    parts = (getattr(evse, name) for name in PILOT_PARTS)
    return [bare(part) for part in parts if part is not None]


def _options(evse: EvseSettings) -> str:
    """Every option of the outlet itself, for the digest."""
    rcd = evse.rcd and (evse.rcd.module, evse.rcd.cuts_coil)
    own = {f.name: getattr(evse, f.name) for f in fields(evse) if "option" in f.metadata}
    return f"{evse.id} {own | {'connector': evse.connector[0]}} {rcd}"  # a socket or not: more it does not ask
