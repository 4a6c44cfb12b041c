"""OCPP-J frames: reading, writing, and which answer belongs to which call (sans-I/O).

One call of ours is outstanding at a time, as OCPP-J wants; calls of the peer may come at any time. Message ids are
arguments. Error codes are in the spelling of OCPP 2.x; the dialect gives its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

CALL, RESULT, ERROR = 2, 3, 4
LONGEST_FRAME = 512 * 1024  # characters; json.loads of more would stall the station for too long
LONGEST_ID = 255  # characters of a broken frame's id that are given back; OCPP allows 36


@dataclass(frozen=True, slots=True)
class Call:
    """The peer asks."""

    id: str
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """The peer answers."""

    id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Error:
    """The peer answers with a CALLERROR."""

    id: str
    code: str
    description: str
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.description}" if self.description else self.code


@dataclass(frozen=True, slots=True)
class Garbage:
    """No frame of OCPP-J. `code` answers it; `id` is None where none could be read; `answer` False: it is itself an
    answer, and must not be answered."""

    id: str | None
    code: str
    why: str
    answer: bool = True


Message = Call | Result | Error | Garbage

# The start of a frame that was cut off, too long or not JSON for another reason: [ 2 , "id"
_START = re.compile(r'\s*\[\s*(\d{1,3})\s*,\s*"((?:[^"\\]|\\.){1,255})"')


def parse(text: str | bytes, longest: int = LONGEST_FRAME) -> Message:
    """What a websocket message says. Never raises."""
    if isinstance(text, bytes):
        return Garbage(None, "RpcFrameworkError", "a binary message; OCPP-J is text")
    if len(text) > longest:
        return _salvaged(text, f"{len(text)} characters; at most {longest} are read")
    try:
        frame = json.loads(text)
        if "\\ud" in text.lower():  # half a surrogate pair is no text: it could neither be stored nor sent back
            json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return _salvaged(text, f"not JSON ({error})")
    if not isinstance(frame, list) or len(frame) < 2:
        return Garbage(None, "RpcFrameworkError", "not a list of message type and message id")
    kind, id = frame[:2]
    if not isinstance(id, str) or not id:
        return Garbage(None, "RpcFrameworkError", "the message id is not a text", kind not in (RESULT, ERROR))
    if kind == CALL and type(kind) is int:
        return _call(id, frame)
    if kind in (RESULT, ERROR) and type(kind) is int:
        return _answer(kind, id, frame)
    return Garbage(id[:LONGEST_ID], "MessageTypeNotSupported", f"message type {kind!r} is none of 2, 3 and 4")


def _call(id: str, frame: list[Any]) -> Message:
    if len(frame) != 4:
        return Garbage(id, "RpcFrameworkError", f"a call has 4 elements, this one {len(frame)}")
    action, payload = frame[2:]
    if not isinstance(action, str):
        return Garbage(id, "RpcFrameworkError", "the action is not a text")
    if not isinstance(payload, dict):
        return Garbage(id, "FormatViolation", "the payload is not an object")
    return Call(id, action, payload)


def _answer(kind: int, id: str, frame: list[Any]) -> Message:
    if kind == RESULT:
        if len(frame) < 3 or not isinstance(frame[2], dict):
            return Error(id, "FormatViolation", "the answer has no payload object")
        return Result(id, frame[2])
    # Central systems in the field leave out description and details: the code alone says enough.
    rest = dict(enumerate(frame[2:5]))
    details = rest.get(2)
    return Error(id, str(rest.get(0) or ""), str(rest.get(1) or ""), details if isinstance(details, dict) else {})


def _salvaged(text: str, why: str) -> Garbage:
    start = _START.match(text)
    if start is None:
        return Garbage(None, "RpcFrameworkError", why)
    return Garbage(start[2], "RpcFrameworkError", why, int(start[1]) not in (RESULT, ERROR))


def call_text(id: str, action: str, payload: dict[str, Any]) -> str:
    """A CALL as it goes out."""
    return _dumps([CALL, id, action, payload])


def result_text(id: str, payload: dict[str, Any]) -> str:
    """A CALLRESULT as it goes out."""
    return _dumps([RESULT, id, payload])


def error_text(id: str, code: str, description: str) -> str:
    """A CALLERROR as it goes out. `code` in the version's own spelling; OCPP allows 255 characters of description."""
    return _dumps([ERROR, id, code, description[:255], {}])


def _dumps(frame: list[Any]) -> str:
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Correlation:
    """Matches answers to our one outstanding call. How long it may be outstanding is the caller's to decide."""

    def __init__(self) -> None:
        self._outstanding: str | None = None  # its message id

    def sent(self, id: str) -> None:
        """Our call `id` goes out; it is the caller's duty that no other is outstanding."""
        assert self._outstanding is None, "one call at a time"
        self._outstanding = id

    def answers(self, message: Result | Error) -> bool:
        """Whether `message` answers the outstanding call, which is then no longer outstanding."""
        if message.id != self._outstanding:
            return False
        self._outstanding = None
        return True

    def given_up(self) -> None:
        """Its time is over: what still comes answers nothing."""
        self._outstanding = None
