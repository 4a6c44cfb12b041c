"""Puts the blocks together from what the settings say and the store has kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from evsed.model.profiles import Installed
from evsed.model.time import Instant
from evsed.model.topology import Topology
from evsed.model.transactions import Sample, SignedRecord, Transaction

from .authorisation import Authorisation, Cached
from .availability import Availabilities
from .connectors import Connectors
from .devicemodel import DeviceModel
from .fault_log import Stood
from .faults import Faults, Trips
from .limits import Limits
from .metering import Metering
from .orders import Orders
from .profiles import Profiles
from .random_delay import RandomDelay
from .registration import Registration
from .requests import Requests
from .resets import Resets
from .sessions import Sessions
from .signing import Signing
from .station import Station
from .supervision import Options, Supervision


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last run left in the store, by kind."""

    transactions: Mapping[str, Transaction] = field(default_factory=dict)
    histories: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    registers: Mapping[str, float] = field(default_factory=dict)
    availability: Mapping[str, bool] = field(default_factory=dict)
    tokens: Mapping[str, Cached] = field(default_factory=dict)
    profiles: Mapping[str, Installed] = field(default_factory=dict)
    faults: Mapping[str, Stood] = field(default_factory=dict)
    trips: Mapping[str, Trips] = field(default_factory=dict)
    fault_event: int = 0  # the number of the last event
    accepted: bool = False  # a central system has accepted this station once
    signed: Mapping[str, SignedRecord] = field(default_factory=dict)
    signing: Mapping[str, SignedRecord] = field(default_factory=dict)


def assemble(
    topology: Topology,
    config: DeviceModel,
    kept: Kept,
    next_ask: Callable[[], int],
    new_id: Callable[[], str],
    queued: Callable[[str | None], bool],
    now: Instant,
    supervision: Options,
    sensors: Mapping[str, tuple[int, ...]],
    chance: Callable[[], float],
) -> Station:
    """The station. The order of the blocks is the order in which they hear the same event.

    `sensors`: of each temperature sensor the EVSEs that it stands for; `chance`: a number from 0 to below 1.
    """
    running = {transaction.evse: transaction.id for transaction in kept.transactions.values()}
    in_use = frozenset(running)
    ceilings = {evse.id: evse.max_amps for evse in topology.evses} | {0: topology.site_amps}
    profiles = Profiles(topology, config, ceilings.__getitem__, kept.profiles.values(), running)
    limits = Limits(topology, profiles.profiles, running)
    sessions = Sessions(
        topology, config, new_id, kept.transactions, kept.histories, kept.registers, queued, kept.accepted
    )
    return Station(
        [
            config,
            Registration(config, next_ask, kept.accepted),
            Metering(topology, config, kept.registers, kept.transactions.values()),
            Supervision(topology, supervision, sensors, now),
            RandomDelay(topology, config, chance),
            Authorisation(config, next_ask, kept.tokens),
            profiles,
            Availabilities(topology, kept.availability, in_use),
            Faults(topology, kept.faults.values(), kept.trips.values(), kept.fault_event, running, now),
            sessions,
            Signing(topology, kept.signed, kept.signing, queued),
            limits,
            Connectors(topology, config, now),
            Resets(topology, in_use),
            Requests(topology, in_use),
            Orders(),
        ]
    )
