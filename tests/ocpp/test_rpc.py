"""OCPP-J frames, the good and the bad ones."""

from __future__ import annotations

import json

import pytest
from evsed.ocpp.rpc import (
    Call,
    Correlation,
    Error,
    Garbage,
    Message,
    Result,
    call_text,
    error_text,
    parse,
    result_text,
)
from hypothesis import given
from hypothesis import strategies as st

FRAMES: list[tuple[str, Message]] = [
    ('[2,"a","Reset",{"type":"Hard"}]', Call("a", "Reset", {"type": "Hard"})),
    ('[3,"a",{"status":"Accepted"}]', Result("a", {"status": "Accepted"})),
    ('[4,"a","InternalError","oops",{"x":1}]', Error("a", "InternalError", "oops", {"x": 1})),
    ('[4,"a","InternalError","oops"]', Error("a", "InternalError", "oops")),
    ('[4,"a","InternalError"]', Error("a", "InternalError", "")),
    ('[4,"a"]', Error("a", "", "")),
    ('[4,"a","InternalError",null,null]', Error("a", "InternalError", "")),
    ('[3,"a",null]', Error("a", "FormatViolation", "the answer has no payload object")),
    ('[3,"a"]', Error("a", "FormatViolation", "the answer has no payload object")),
    ('[2,"a","Reset",[]]', Garbage("a", "FormatViolation", "the payload is not an object")),
    ('[2,"a","Reset"]', Garbage("a", "RpcFrameworkError", "a call has 4 elements, this one 3")),
    ('[2,"a",7,{}]', Garbage("a", "RpcFrameworkError", "the action is not a text")),
    ('[2,7,"Reset",{}]', Garbage(None, "RpcFrameworkError", "the message id is not a text")),
    ("[3,7,{}]", Garbage(None, "RpcFrameworkError", "the message id is not a text", answer=False)),
    ('[9,"a",{}]', Garbage("a", "MessageTypeNotSupported", "message type 9 is none of 2, 3 and 4")),
    ('[true,"a",{}]', Garbage("a", "MessageTypeNotSupported", "message type True is none of 2, 3 and 4")),
    ("{}", Garbage(None, "RpcFrameworkError", "not a list of message type and message id")),
    (r'[2,"a","X",{"b":"\ud83d\ude00"}]', Call("a", "X", {"b": "\U0001f600"})),
]


@pytest.mark.parametrize(("text", "message"), FRAMES)
def test_a_frame_is_what_it_says(text: str, message: Message) -> None:
    assert parse(text) == message


@pytest.mark.parametrize(
    ("text", "id", "answer"),
    [
        ('[2,"abc","Reset",{"type":', "abc", True),
        (' [ 2 , "abc" , oops', "abc", True),
        ('[3,"abc",{', "abc", False),
        ("hello", None, True),
        ("[" * 100_000, None, True),
        (r'[2,"abc","RemoteStartTransaction",{"idTag":"\ud800"}]', "abc", True),
        ('[2,"' + "x" * 300 + '",', None, True),
    ],
)
def test_of_a_broken_frame_the_id_is_salvaged_where_there_is_one(text: str, id: str | None, answer: bool) -> None:
    found = parse(text)
    assert isinstance(found, Garbage)
    assert (found.id, found.code, found.answer) == (id, "RpcFrameworkError", answer)


def test_an_oversize_frame_is_not_read_but_answered() -> None:
    found = parse(call_text("big", "DataTransfer", {"data": "x" * 1000}), longest=500)
    assert found == Garbage("big", "RpcFrameworkError", "1036 characters; at most 500 are read")


def test_a_binary_message_is_garbage() -> None:
    assert isinstance(parse(b'[2,"a","Reset",{}]'), Garbage)


@given(st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)))
def test_nothing_makes_parse_raise(text: str) -> None:
    parse(text)


def test_frames_are_short_and_never_hold_what_is_no_json() -> None:
    assert call_text("i", "Heartbeat", {"ü": 1}) == '[2,"i","Heartbeat",{"ü":1}]'
    assert result_text("i", {}) == '[3,"i",{}]'
    assert error_text("i", "InternalError", "x" * 300) == '[4,"i","InternalError","' + "x" * 255 + '",{}]'
    with pytest.raises(ValueError, match="not JSON compliant"):
        call_text("i", "MeterValues", {"v": float("nan")})


def test_an_answer_belongs_to_the_one_outstanding_call() -> None:
    calls = Correlation()
    calls.sent("a")
    assert not calls.answers(Result("b", {}))
    assert calls.answers(Result("a", {}))
    assert not calls.answers(Result("a", {}))


def test_an_answer_that_comes_after_its_call_was_given_up_answers_nothing() -> None:
    calls = Correlation()
    calls.sent("a")
    calls.given_up()
    assert not calls.answers(Error("a", "InternalError", "late"))
    calls.sent("b")
    assert calls.answers(Result("b", {}))
