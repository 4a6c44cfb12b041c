"""What the station tells the central system of its own accord, and must not lose.

Reports, not frames, are queued: a dialect spells a report into 0..n calls when it is first sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .time import Instant
from .tokens import Token
from .transactions import ChargingState, Sample, SignedValue, StopReason, Trigger
from .variables import VariableReport


class Kind(StrEnum):
    """OCPP 2.x TransactionEventEnumType."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """One event of a transaction. In every transaction the first is STARTED with seq 0, the last ENDED."""

    at: Instant
    transaction: str
    evse: int
    seq: int
    kind: Kind
    trigger: Trigger
    charging_state: ChargingState | None
    offline: bool
    token: Token | None = None  # set on STARTED, when authorised later, and on ENDED if a token stopped it
    meter_wh: float | None = None  # the register at this event, None if no meter told it: never invented
    samples: tuple[Sample, ...] = ()
    history: tuple[Sample, ...] = ()  # on ENDED: 1.6 transactionData; 2.x the Ended measurands
    stop_reason: StopReason | None = None
    remote_start_id: int | None = None
    reservation: int | None = None
    cable_amps: float | None = None  # what the cable carries, where that is known
    phases: int | None = None
    signed: tuple[SignedValue, ...] = ()  # what the meter has signed, the begin first


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """A snapshot of one connector (evse > 0) or of the station itself (evse 0).

    1.6's nine statuses and 2.x's five are functions of it, never stored.
    """

    at: Instant
    evse: int
    operative: bool
    plugged: bool = False
    reserved: bool = False
    fault: str | None = None  # what keeps it from charging: a name of the fault catalogue
    warning: str | None = None  # likewise a name, of what is wrong but does not keep it from charging
    info: str = ""  # words for the operator, e.g. "EV side disconnected"
    preparing: bool = False  # in use, no transaction yet: plugged or authorised and waiting
    transaction: bool = False
    finished: bool = False  # a transaction is over and its plug has not been pulled
    charging_state: ChargingState | None = None
    always: bool = False  # told even when the spelling equals the last one sent (after boot, or triggered)


@dataclass(frozen=True, slots=True)
class MeterReport:
    """Meter values outside a transaction's story: clock-aligned or triggered.

    `transaction`: the one that was running there, if any.
    """

    at: Instant
    evse: int
    samples: tuple[Sample, ...]
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class InventoryReport:
    """The answer in parts to a base report request (2.x NotifyReport)."""

    at: Instant
    request_id: int
    variables: tuple[VariableReport, ...]


@dataclass(frozen=True, slots=True)
class FaultReport:
    """A fault of the catalogue (faults.py) has come, or has gone (2.x NotifyEvent).

    `event` is unique in the station's life; the report of its going names the same `event` it came with as `cause`.
    """

    at: Instant
    evse: int  # 0: the station
    fault: str
    standing: bool
    event: int
    cause: int | None = None
    info: str = ""  # measured values, in words
    transaction: str | None = None  # the one that was running there


Report = TransactionReport | ConnectorReport | MeterReport | InventoryReport | FaultReport
