"""Charging profiles, in the words all versions share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """OCPP 2.x ChargingProfilePurposeEnumType; 1.6 spells STATION_MAX ChargePointMaxProfile."""

    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"


class RateUnit(StrEnum):
    """A per phase, or W in total."""

    AMPS = "A"
    WATTS = "W"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (s after the schedule's start) on, at most `limit`."""

    start: int
    limit: float
    phases: int | None = None  # absent: 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Periods in order; the first starts at 0. Without `duration` the last one holds on."""

    unit: RateUnit
    periods: tuple[Period, ...]
    start: float | None = None  # utc s; None only for kind Relative
    duration: int | None = None  # s
    id: int = 0  # 2.x chargingSchedule.id


@dataclass(frozen=True, slots=True)
class Profile:
    """One charging profile as installed."""

    id: int
    stack_level: int
    purpose: Purpose
    kind: str  # Absolute Recurring Relative
    schedule: Schedule
    transaction: str | None = None  # our UUID
    valid_from: float | None = None  # utc s
    valid_to: float | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile and the EVSE it was set for; 0: the station, or the default of every EVSE."""

    evse: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """What the station will offer from `start` on."""

    evse: int
    start: float  # utc s
    duration: int  # s
    unit: RateUnit
    periods: tuple[Period, ...]
