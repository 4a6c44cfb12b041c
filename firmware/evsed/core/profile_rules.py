"""Whether a charging profile may be installed: every rule that one profile must meet by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from evsed.model.profiles import Profile, Purpose, Schedule
from evsed.model.topology import Topology

from .block import Config


def refusal(evse: int, profile: Profile, topology: Topology, config: Config, strict: bool = False) -> str | None:
    """Why this profile must be refused, the first reason in words for the operator; None: it may be installed.

    `evse` is where it is set (0: the station). What other profiles and transactions say is not looked at. `strict`
    as in the command SetProfile.
    """
    return next(_problems(evse, profile, topology, config, strict), None)


def start_refusal(evse: int, profile: Profile, topology: Topology, config: Config) -> str | None:
    """Why a remote start on that EVSE must be refused for the profile it brings (K05.FR.02, 05; TC_060_CS)."""
    if profile.purpose is not Purpose.TX:
        return f"a remote start brings a TxProfile, not a {profile.purpose.value}"
    return refusal(evse, profile, topology, config)


def _problems(evse: int, profile: Profile, topology: Topology, config: Config, strict: bool) -> Iterator[str]:
    """One after the other, each resting on what the earlier ones have made sure of."""
    yield from _place(evse, profile, topology)
    if strict and profile.purpose is not Purpose.TX and profile.transaction is not None:
        yield "only a TxProfile names a transaction"
    if profile.kind != "Absolute":
        yield f"kind {profile.kind} is not supported yet, only Absolute"
    elif profile.schedule.start is None and strict:
        yield "an Absolute profile needs startSchedule"  # K01.FR.40
    top = config.integer("SmartChargingCtrlr.ProfileStackLevel")
    if not 0 <= profile.stack_level <= top:
        yield f"stackLevel {profile.stack_level} is outside 0 to {top}"
    if profile.valid_from is not None and profile.valid_to is not None and profile.valid_to <= profile.valid_from:
        yield "validTo is not after validFrom"
    yield from _schedule(profile.schedule, config)
    usable = [1 if one.has_phase_relay else one.phases for one in topology.evses if evse in (0, one.id)]
    fewest = min(period.phases or 3 for period in profile.schedule.periods)
    if strict and fewest < min(usable):  # K01.FR.43; 1.6 knows it from ConnectorSwitch3to1PhaseSupported
        yield f"numberPhases {fewest}: this station cannot switch to fewer than its {min(usable)} phases"


def _place(evse: int, profile: Profile, topology: Topology) -> Iterator[str]:
    """Each purpose on the EVSEs it may be set for."""
    if evse != 0 and topology.evse(evse) is None:
        yield f"there is no EVSE {evse}, only 1 to {len(topology.evses)}"
    if profile.purpose is Purpose.EXTERNAL:
        yield "ChargingStationExternalConstraints are not the central system's to set"  # K01.FR.22
    if profile.purpose is Purpose.STATION_MAX and evse != 0:
        yield "a ChargingStationMaxProfile limits the whole station: set it on 0"  # K04.FR.03
    if profile.purpose is Purpose.TX and evse == 0:
        yield "a TxProfile belongs to one EVSE, not to the station"  # K01.FR.16


def _schedule(schedule: Schedule, config: Config) -> Iterator[str]:
    """The stair itself."""
    units = config.members("SmartChargingCtrlr.RateUnit")
    if schedule.unit.value not in units:
        yield f"chargingRateUnit {schedule.unit.value} is not one of {', '.join(units)}"  # K01.FR.26
    most = config.integer("SmartChargingCtrlr.PeriodsPerSchedule")
    if not 1 <= len(schedule.periods) <= most:
        yield f"{len(schedule.periods)} periods: 1 to {most} are allowed"
    if schedule.periods and schedule.periods[0].start != 0:
        yield f"the first period starts at {schedule.periods[0].start}, not at 0"  # K01.FR.31
    if any(later.start <= earlier.start for earlier, later in pairwise(schedule.periods)):
        yield "the periods do not start one after the other"  # K01.FR.35
    if schedule.duration is not None and schedule.duration <= 0:
        yield f"duration {schedule.duration} s leaves no time for it"
    for period in schedule.periods:
        if not (math.isfinite(period.limit) and period.limit >= 0):
            yield f"limit {period.limit} is not a number from 0 up"
        if period.phases is not None and not 1 <= period.phases <= 3:
            yield f"numberPhases {period.phases} is not 1, 2 or 3"
