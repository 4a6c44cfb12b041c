"""What a dialect is: pure functions between the model and the payloads of one OCPP version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from evsed.core.block import Config
from evsed.model.commands import Answer, Command
from evsed.model.questions import Question, Reply
from evsed.model.reports import Report
from evsed.model.time import Instant
from evsed.model.tokens import Verdict
from evsed.model.topology import Topology

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a dialect may look at besides the thing it spells."""

    topology: Topology
    config: Config
    stamp: Callable[[Instant], str]  # UTC as OCPP writes it, "2026-11-21T08:05:00.123Z"
    number: Callable[[str], int | None]  # 1.6: the central system's number of our transaction; None: given up, send -1
    transaction: Callable[[int], str | None]  # 1.6: our transaction of that number; None: no such


@dataclass(frozen=True, slots=True)
class Body:
    """A call as it is spelt; `notes` tell what had to be cut to fit the schema, for the log."""

    action: str
    payload: Payload
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """What an answer told: the reply to a question; of a report the verdict on its token and 1.6's number."""

    reply: Reply | None = None
    verdict: Verdict | None = None
    number: int | None = None


class BodyError(ValueError):
    """A body does not fit its schema. `path` names the field ("meterValue[0].timestamp"), `what` the matter."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.path = path
        self.what = what


class RefusedCall(Exception):
    """A call that never becomes a command. `code` in 2.x spelling (NotImplemented, FormatViolation ...)."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class Dialect(Protocol):
    """One OCPP version."""

    version: str  # "1.6"
    subprotocol: str  # "ocpp1.6"
    while_rejected: str | None  # the error that answers every call after a Rejected boot notification; None: silence

    def spell(self, report: Report, context: Context) -> tuple[Body, ...]:
        """The calls that tell `report`, in order; none when this version has no word for it."""

    def ask(self, question: Question, context: Context) -> Body:
        """The call that asks `question`."""

    def learn(self, asked: Question | Report, action: str, payload: Payload) -> Learned:
        """What the (already checked) answer to that action tells."""

    def read(self, action: str, payload: Payload, context: Context) -> Command:
        """The command in an incoming call, checked against the schema; raises RefusedCall."""

    def answer(self, command: Command, answer: Answer, context: Context) -> Payload:
        """The payload that answers `command`. A Refused never comes here: it is a CALLERROR."""

    def check(self, action: str, payload: Payload, is_answer: bool) -> None:
        """Raises BodyError unless `payload` fits the published schema."""

    def code_spelling(self, code: str) -> str:
        """An error code as this version spells it (1.6: FormationViolation, OccurenceConstraintViolation)."""
