"""Transactions and the meter values in them, in the words of OCPP 2.x."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evse_drivers.api import Signed

from .time import Instant
from .tokens import Token


class ChargingState(StrEnum):
    """OCPP 2.x ChargingStateEnumType."""

    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


class Trigger(StrEnum):
    """Why a transaction event is told: the part of OCPP 2.x TriggerReasonEnumType that evsed uses."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    REMOTE_START = "RemoteStart"
    REMOTE_STOP = "RemoteStop"
    SIGNED_DATA = "SignedDataReceived"
    RESET_COMMAND = "ResetCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"
    ABNORMAL_CONDITION = "AbnormalCondition"


class StopReason(StrEnum):
    """OCPP 2.x ReasonEnumType, the part an AC station needs; 1.6 projects it (v16.py)."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SCHEDULED_RESET = "ScheduledReset"  # 1.6: SoftReset
    STOPPED_BY_EV = "StoppedByEV"
    TIMEOUT = "Timeout"
    UNLOCK_COMMAND = "UnlockCommand"


class Context(StrEnum):
    """OCPP ReadingContextEnumType."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    CLOCK = "Sample.Clock"
    PERIODIC = "Sample.Periodic"
    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    TRIGGER = "Trigger"


@dataclass(frozen=True, slots=True)
class Value:
    """One sampled value. `unit` is Wh, W, A, V or "" (Hz, which OCPP has no word for)."""

    measurand: str  # OCPP MeasurandEnumType, the same words in all versions
    value: float
    unit: str
    phase: str | None = None  # L1 L2 L3 for currents and power, L1-N L2-N L3-N for voltages


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one instant, frozen when taken."""

    at: Instant
    context: Context
    values: tuple[Value, ...]

    def energy_wh(self) -> float | None:
        """The import register in this sample, if it is in it."""
        for value in self.values:
            if value.measurand == "Energy.Active.Import.Register" and value.phase is None:
                return value.value
        return None


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """What a meter has signed at the begin or the end of a charge; kept, exported and told as the meter gave it."""

    at: Instant
    evse: int
    transaction: str | None  # None: it belongs to none, or not yet
    context: Context  # BEGIN or END; an END that holds both is `record.whole`
    record: Signed


@dataclass(frozen=True, slots=True)
class SignedValue:
    """A signed record in a report."""

    record: SignedRecord
    with_key: bool  # the meter's public key goes along


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction as it is kept: everything that must survive a restart."""

    id: str  # our UUID; 1.6's number is an alias bound later
    evse: int
    started_at: Instant
    seq: int  # of the next event
    token: Token | None
    group: str | None
    authorized: bool
    plug: str | None  # "boot/plug" of the pilot: which car; None until plugged
    charging_state: ChargingState
    meter_start_wh: float | None
    meter_last_wh: float | None
    meter_last_at: Instant | None
    remote_start_id: int | None = None
    withdrawn: StopReason | None = None  # why its authorisation ended, where a later event ends the transaction
    stopping: StopReason | None = None  # told to stop, not yet ended
    stop_token: Token | None = None  # the card that stopped it
    invalid: bool = False  # the central system refused its token after the start
