"""What the core wants done. The shell does it: journal entries first and in one commit, the rest after that.

A permit that lowers or merely renews does not wait for the commit; a first or raised one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evse_drivers.api import Act, Identification, Permit, Signed

from evsed.model.commands import Answer
from evsed.model.journal import Entry
from evsed.model.questions import Question


@dataclass(frozen=True, slots=True)
class Do:
    """Ask the pilot of that EVSE to act."""

    evse: int
    act: Act


@dataclass(frozen=True, slots=True)
class Sign:
    """Have the meter of that EVSE begin a signed session for `who`, or end the one that `begun` began (None: any).

    Comes back as HasSigned or NotSigned, within SIGNED_WITHIN; one at a time for each EVSE.
    """

    evse: int
    what: Literal["begin", "end"]
    utc: float | None  # s; known for a begin
    who: Identification | None = None
    begun: Signed | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the central system; comes back as Answered(id) or Unanswered(id), by `deadline` (mono s) at the latest."""

    id: int
    question: Question
    deadline: float


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer call `call`; it goes out before every Tell of the same handle."""

    call: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be sent now: nothing but boot (`closed`; `rejected`: and no call is answered either), also what was
    triggered (`pending`), everything (`open`)."""

    level: str


@dataclass(frozen=True, slots=True)
class SetClock:
    """The central system says it is `utc` (s) now."""

    utc: float


@dataclass(frozen=True, slots=True)
class Restart:
    """End this process after the replies are out (5 s at most); systemd starts it again. `cause`: next boot reason.

    The pilot process stays: it is what keeps the wiring safe meanwhile.
    """

    cause: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Close the link and open it anew: a connection setting has changed."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log."""

    text: str
    level: str = "info"  # info warning error


Effect = Permit | Do | Sign | Ask | Reply | Gate | SetClock | Restart | Reconnect | Note | Entry
