"""What all versions do alike: every payload, heard or said, is held against the published schema of its message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from evsed.model.commands import Answer, Command
from evsed.model.questions import AuthorizeAnswer, BeatAnswer, Question
from evsed.model.reports import Report
from evsed.model.tokens import Verdict

from . import Body, BodyError, Context, Learned, Payload, RefusedCall
from .heard import TOLERATED, boot_answer, hold_against, refuse, told_time, without_nulls
from .schema import cut, problem, schema


class Checked:
    """The base of a dialect; a version fills in its names and tables."""

    version: str
    folder: ClassVar[str]  # of its schemas in the `ocpp` package
    request: ClassVar[str]  # what the schema of a call is named after the action: "" or "Request"
    ours: ClassVar[frozenset[str]]  # calls that only a station makes
    readers: ClassVar[Mapping[str, Callable[[Payload, Context], Command]]]
    spell_answer: ClassVar[Callable[[Command, Answer], tuple[str, Payload]]]
    judged: ClassVar[frozenset[str]]  # reports whose answers say what is thought of their token
    verdict_in: ClassVar[Callable[[Payload], Verdict | None]]  # what an answer says of a token

    def learn(self, asked: Question | Report, action: str, payload: Payload) -> Learned:
        """See Dialect. What an answer gets wrong is as absent: its other parts still count."""
        payload = without_nulls(payload)
        match action:
            case "BootNotification":
                return Learned(reply=boot_answer(payload))
            case "Heartbeat":
                return Learned(reply=BeatAnswer(told_time(payload, "currentTime")))
            case "Authorize":
                said = type(self).verdict_in(payload)
                return Learned(reply=None if said is None else AuthorizeAnswer(said))
            case _ if action in self.judged:
                return Learned(verdict=type(self).verdict_in(payload))
            case _:
                return Learned()

    def read(self, action: str, payload: Payload, context: Context) -> Command:
        """See Dialect."""
        form = None if action.endswith("Response") else schema(self.folder, action + self.request)
        if form is None or action in self.ours:
            raise RefusedCall("NotImplemented", f"OCPP {self.version} has no call {action[:50]!r} to a station")
        if action not in self.readers:
            raise RefusedCall("NotSupported", f"{action} is not supported by this station")
        payload = without_nulls(payload)
        found = problem(form, payload)
        if found is not None:
            raise refuse(found)
        return self.readers[action](payload, context)

    def answer(self, command: Command, answer: Answer, context: Context) -> Payload:
        """See Dialect."""
        action, payload = type(self).spell_answer(command, answer)
        form = schema(self.folder, f"{action}Response")
        assert form is not None, action
        list(cut(form, payload))
        return payload

    def check(self, action: str, payload: Payload, is_answer: bool) -> None:
        """See Dialect."""
        form = schema(self.folder, action + ("Response" if is_answer else self.request))
        if form is None:
            raise BodyError("", f"OCPP {self.version} has no message {action[:50]!r}")
        if is_answer and action in self.ours:
            # A number of a transaction that cannot be kept is none, and the start is acknowledged all the same.
            also = {"minimum"} if action == "StartTransaction" else set[str]()
            hold_against(form, without_nulls(payload), TOLERATED | also)
        else:
            hold_against(form, payload)

    def body(self, action: str, payload: Payload, notes: tuple[str, ...] = ()) -> Body:
        """A call of ours, over-long texts cut."""
        form = schema(self.folder, action + self.request)
        assert form is not None, action
        return Body(action, payload, (*notes, *cut(form, payload)))
