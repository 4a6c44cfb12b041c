"""What the central system asks of the station, one dataclass per intent, and how the station answers.

A dialect reads a call into a Command and spells the Answer; GetConfiguration and GetVariables are the same command.
"""

from __future__ import annotations

from dataclasses import dataclass

from .profiles import CompositeSchedule, Profile, Purpose, RateUnit
from .tokens import Token
from .variables import Attribute, Got, Put, VariableRef


@dataclass(frozen=True, slots=True)
class GetVariables:
    """`refs` empty: all readable variables."""

    refs: tuple[tuple[VariableRef, Attribute], ...]


@dataclass(frozen=True, slots=True)
class SetVariables:
    """(variable, attribute, value as text) each."""

    settings: tuple[tuple[VariableRef, Attribute, str], ...]


@dataclass(frozen=True, slots=True)
class GetBaseReport:
    """`base` is ConfigurationInventory, FullInventory or SummaryInventory."""

    request_id: int
    base: str


@dataclass(frozen=True, slots=True)
class RequestStart:
    """Start a transaction as if `token` had been presented; evse None: the station picks one."""

    evse: int | None
    token: Token
    remote_start_id: int | None = None
    group: str | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class RequestStop:
    """Stop that transaction; None when the number named no transaction of ours."""

    transaction: str | None


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """evse None: the whole station."""

    evse: int | None
    operative: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """`on_idle`: after the transactions have ended by themselves (2.x OnIdle); `hard`: 1.6 Hard, 2.x Immediate.

    Neither: 1.6 Soft. Both end the transactions properly first; the difference is what they are told as.
    """

    on_idle: bool = False
    hard: bool = False
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    """Open the plug lock of that EVSE. With a transaction running: end it first (1.6), or refuse (2.x)."""

    evse: int
    ends_transaction: bool = False


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget every token in the authorisation cache."""


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    """`what` in 2.x words: BootNotification Heartbeat MeterValues StatusNotification TransactionEvent ..."""

    what: str
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class SetProfile:
    """evse 0: the station, or the default of every EVSE.

    `strict`: refuse what 1.6 lets the station complete, adapt or replace (2.x: K01.FR.03, 40, 43, 52 and 53).
    """

    evse: int
    profile: Profile
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """With `id` only that one; else every profile that meets all criteria given."""

    id: int | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """evse 0: the station's total."""

    evse: int
    duration: int  # s
    unit: RateUnit | None = None


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """Vendor-specific message."""

    vendor: str
    message: str | None
    data: object | None


@dataclass(frozen=True, slots=True)
class GetTransactionStatus:
    """2.x: is it running, are messages of it (or, with None, any) still queued?"""

    transaction: str | None


Command = (
    GetVariables
    | SetVariables
    | GetBaseReport
    | RequestStart
    | RequestStop
    | ChangeAvailability
    | Reset
    | Unlock
    | ClearCache
    | TriggerMessage
    | SetProfile
    | ClearProfiles
    | GetCompositeSchedule
    | DataTransfer
    | GetTransactionStatus
)


# --- answers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Status:
    """The answer that is one word: Accepted Rejected Scheduled NotImplemented NotSupported Unlocked UnlockFailed
    OngoingAuthorizedTransaction UnknownConnector Unknown UnknownVendorId ... in 2.x words."""

    word: str
    why: str = ""  # 2.x statusInfo.additionalInfo; a log line in 1.6
    data: object | None = None  # DataTransfer
    transaction: str | None = None  # RequestStart, when one runs already


@dataclass(frozen=True, slots=True)
class VariablesGot:
    """In the order asked."""

    results: tuple[Got, ...]


@dataclass(frozen=True, slots=True)
class VariablesSet:
    """In the order asked."""

    results: tuple[Put, ...]


@dataclass(frozen=True, slots=True)
class Composite:
    """None: Rejected."""

    schedule: CompositeSchedule | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """`ongoing` None when no transaction was named."""

    ongoing: bool | None
    queued: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A CALLERROR. `code` in 2.x spelling (FormatViolation, OccurrenceConstraintViolation ...)."""

    code: str
    why: str


Answer = Status | VariablesGot | VariablesSet | Composite | TransactionStatus | Refused
