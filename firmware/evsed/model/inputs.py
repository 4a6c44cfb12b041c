"""Everything that can happen to the station. All of it goes through one queue into `Station.handle`."""

from __future__ import annotations

from dataclasses import dataclass

from evse_drivers.api import Reading, Seen, Signed

from .commands import Command
from .questions import Reply
from .reports import Report
from .tokens import Token, Verdict


@dataclass(frozen=True, slots=True)
class Started:
    """The first input of a process. `cause` in 2.x boot reasons. There is no link until LinkUp."""

    cause: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has reached `next_deadline()`."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The pilot's word on one EVSE."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class PilotLost:
    """The connection to the pilot process (or board) of these EVSEs is gone; `why` for the technician."""

    evses: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A card at the reader that serves these EVSEs."""

    token: Token
    evses: tuple[int, ...]
    odd: str = ""  # what is to be known of it, in words
    usable: bool = True  # False: nobody is asked for it


@dataclass(frozen=True, slots=True)
class Metered:
    """A reading of the meter of this EVSE."""

    evse: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class MeterSilent:
    """The meter of this EVSE did not answer; `why` is the driver's text."""

    evse: int
    why: str


@dataclass(frozen=True, slots=True)
class HasSigned:
    """The meter of this EVSE did what a Sign wanted. `signed` None: there was no session to end."""

    evse: int
    signed: Signed | None
    public_key: str  # hex, as in Signed


@dataclass(frozen=True, slots=True)
class NotSigned:
    """It did not, or nobody knows whether it did; `why` is the driver's text."""

    evse: int
    why: str


@dataclass(frozen=True, slots=True)
class Warmed:
    """The temperature sensor of these EVSEs says so many degrees Celsius; None: it did not answer, `why` tells."""

    sensor: str  # its name in the config
    evses: tuple[int, ...]
    celsius: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReaderHeard:
    """A card reader has begun to answer (why None), or no longer does."""

    reader: str  # its name in the config
    why: str | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """Somebody at the station (`evsed do`) wants this of an EVSE: an Act of the pilot, or "skip-delay"."""

    evse: int
    what: str


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A websocket stands; `version` is what the central system chose (1.6 2.0.1)."""

    version: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """No websocket; `why` for the operator."""

    why: str


@dataclass(frozen=True, slots=True)
class Called:
    """The central system asks something; exactly one Reply with this `call` answers it."""

    call: int
    command: Command


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an Ask."""

    ask: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An Ask failed: offline, timeout or CALLERROR; `why` in words."""

    ask: int
    why: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The central system took this report; `verdict` is what it said of the token in it."""

    report: Report
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Buried:
    """This report was given up after its last attempt."""

    report: Report
    why: str


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """Commits fail or stall since a while; `why` None: they work again."""

    why: str | None


@dataclass(frozen=True, slots=True)
class ClockSet:
    """utc became known, or moved by more than a second."""


Input = (
    Started
    | Tick
    | Observed
    | PilotLost
    | Presented
    | Metered
    | MeterSilent
    | HasSigned
    | NotSigned
    | Warmed
    | ReaderHeard
    | Ordered
    | LinkUp
    | LinkDown
    | Called
    | Answered
    | Unanswered
    | Delivered
    | Buried
    | DiskTrouble
    | ClockSet
)
