"""What one block tells the others: facts, fed back through the station until all is quiet.

A block never calls another. What it must know of the others it hears here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evse_drivers.api import How, Identification, Reading

from evsed.model.profiles import Profile
from evsed.model.tokens import Token, Verdict
from evsed.model.transactions import ChargingState, Context, SignedRecord, StopReason, Transaction


@dataclass(frozen=True, slots=True)
class VariableChanged:
    """A variable has a new value; `name` as in variables.toml ("TxCtrlr.EVConnectionTimeOut")."""

    name: str


@dataclass(frozen=True, slots=True)
class ProfilesChanged:
    """Charging profiles were installed, removed or have run out: the limits must be looked at again."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The central system has accepted the station (Accepted), or not (Pending, Rejected)."""

    word: str


@dataclass(frozen=True, slots=True)
class TokenGiven:
    """Somebody wants to start or stop with this token: a card, or a remote start that must be authorised first."""

    token: Token
    evses: tuple[int, ...]
    remote_start_id: int | None = None


@dataclass(frozen=True, slots=True)
class TokenJudged:
    """What came of TokenGiven. `by`: cache, csms, offline."""

    token: Token
    evses: tuple[int, ...]
    verdict: Verdict
    by: str
    remote_start_id: int | None = None


@dataclass(frozen=True, slots=True)
class TransactionBegan:
    """A transaction has been opened on that EVSE."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class TransactionOver:
    """That transaction has been ended."""

    evse: int
    transaction: str


@dataclass(frozen=True, slots=True)
class Energise:
    """Whether the session of that EVSE may draw energy now, before the limits; `why` not, in the technician's words."""

    evse: int
    allowed: bool
    locked: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A reading that has passed the plausibility check; None: the meter has been silent for too long."""

    evse: int
    reading: Reading | None
    why: str = ""  # the meter's trouble in words, while there is one


@dataclass(frozen=True, slots=True)
class Attest:
    """What the session of that EVSE wants of a meter that signs: a charge attested from now on, what runs left
    running, or the end (the contactor is open)."""

    evse: int
    wish: Literal["begin", "keep", "end"]
    transaction: str | None
    who: Identification


@dataclass(frozen=True, slots=True)
class Attested:
    """What the meter of that EVSE has signed of the present charge; `over`: nothing more is to be waited for."""

    evse: int
    records: tuple[SignedRecord, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class SampleDue:
    """It is time to sample the transaction on that EVSE. `ended`: for the values that its end will carry."""

    evse: int
    context: Context
    ended: bool = False


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """What the connector's report needs of the session; `charging_state` None outside a transaction."""

    evse: int
    plugged: bool
    preparing: bool
    transaction: bool
    finished: bool
    charging_state: ChargingState | None
    info: str = ""


@dataclass(frozen=True, slots=True)
class ProfileBrought:
    """A remote start brought this profile; its transaction has begun."""

    evse: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class Triggered:
    """The central system wants this message now (2.x words); evse None: all it applies to."""

    what: str
    evse: int | None


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """The limits offer so much on that EVSE; `source` names the one that wins."""

    evse: int
    amps: float
    phases: int
    source: str


@dataclass(frozen=True, slots=True)
class StopWanted:
    """Something other than a token wants the transaction on that EVSE to end."""

    evse: int
    reason: StopReason


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the operator lets that EVSE be used (evse 0: the station)."""

    evse: int
    operative: bool


@dataclass(frozen=True, slots=True)
class Troubled:
    """A rule of the station says that this fault of the catalogue is the case, or is no longer.

    Said when it changes; `info` has the measured value in words ("L2 31.2 A for 7 s, offered 16.0 A").
    """

    evse: int  # 0: the station
    fault: str
    standing: bool
    info: str = ""


@dataclass(frozen=True, slots=True)
class FaultsChanged:
    """What is wrong with that EVSE (0: the station) now: `fault` keeps it from charging, a warning does not."""

    evse: int
    fault: str | None
    info: str = ""  # of the fault, or else of the first warning
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # all that stand and stop, the weightiest first


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit of the station's own on that EVSE, one for each `source`; amps None: it no longer holds.

    With 0 A, `how` says whether the vehicle gets 6 s to open S2 ("grace") or the contactor opens at once ("now").
    """

    evse: int
    source: str  # as the technician reads it among the limits: "temperature", "overcurrent", "random delay"
    amps: float | None
    how: How = "grace"


Fact = (
    VariableChanged
    | ProfilesChanged
    | Registered
    | TokenGiven
    | TokenJudged
    | TransactionBegan
    | TransactionOver
    | Energise
    | Measured
    | Attest
    | Attested
    | SampleDue
    | SessionChanged
    | ProfileBrought
    | Triggered
    | OfferChanged
    | StopWanted
    | Availability
    | Troubled
    | FaultsChanged
    | Ceiling
)
