"""Everything of the model survives its way through JSON, and what does not fit says where."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import pytest
from evsed.core.authorisation import Cached
from evsed.model import codec, commands, inputs, journal, profiles, questions, reports, tokens, topology, transactions
from evsed.model.time import Instant
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.transactions import Context, Sample, Transaction, Value
from hypothesis import given, settings
from hypothesis import strategies as st

MODULES = (commands, inputs, journal, profiles, questions, reports, tokens, topology, transactions)
CLASSES = sorted(
    {thing for module in MODULES for thing in vars(module).values() if dataclasses.is_dataclass(thing)} | {Cached},
    key=lambda kind: (kind.__module__, kind.__name__),
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, NUMBERS)
st.register_type_strategy(object, st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3))


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Instances of a type of the model, with short texts and tuples."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return st.lists(values(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if args and origin is not typing.Literal:
        return st.one_of(*map(values, args))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return st.deferred(lambda: st.builds(kind, **{name: values(hint) for name, hint in hints.items()}))
    return st.text(max_size=5) if kind is str else st.from_type(kind)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_of_the_model_comes_back_as_it_was(kind: type) -> None:
    @settings(max_examples=15, deadline=None, database=None)
    @given(values(kind))
    def comes_back(thing: object) -> None:
        assert codec.load(kind, json.loads(json.dumps(codec.dump(thing)))) == thing

    comes_back()


TRANSACTION = Transaction(
    "t", 1, Instant(1.0, None), 0, None, None, False, None, transactions.ChargingState.IDLE, *[None] * 3
)


def test_a_default_is_not_written_and_comes_back() -> None:
    body = codec.dump(TRANSACTION)
    assert "remote_start_id" not in body
    assert codec.load(Transaction, body) == TRANSACTION


def test_a_field_of_another_release_is_ignored() -> None:
    assert codec.load(Token, {"id": "AA", "colour": "green"}) == Token("AA")


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (Token, {"kind": "ISO14443"}, "id: is missing"),
        (Token, {"id": 7}, "id: expected str, found 7"),
        (Token, {"id": "AA", "kind": "paper"}, "kind: 'paper' is not a valid TokenKind"),
        (Token, "AA", "value: expected a Token, found 'AA'"),
        (Verdict, {"standing": "Accepted", "expires": "soon"}, "expires: expected float, found 'soon'"),
        (int, True, "value: expected int, found True"),
        (
            Sample,
            {"at": {"mono": 1, "utc": None}, "context": "Trigger", "values": 5},
            "values: expected a list, found 5",
        ),
        (
            Sample,
            {"at": {"mono": 1, "utc": None}, "context": "Trigger", "values": [{"measurand": "Voltage", "value": "x"}]},
            "values[0].value: expected float, found 'x'",
        ),
        (reports.Report, {"is": "Rumour"}, "value: 'Rumour' is none of the expected kinds"),
        (reports.Report, {"is": ["Rumour"]}, "value: ['Rumour'] is none of the expected kinds"),
        (float, 10**400, "value: expected float, found a number of 401 digits"),
        (tuple[int, str], [1], "value: expected 2 items, found 1"),
        (typing.Literal["grace", "now"], "later", "value: 'later' is none of ('grace', 'now')"),
        (int | str, 1.5, "value: expected int, found 1.5; value: expected str, found 1.5"),
    ],
)
def test_what_does_not_fit_says_where_and_what_was_found(kind: Any, data: object, text: str) -> None:
    with pytest.raises(codec.CodecError) as error:
        codec.load(kind, data)
    assert str(error.value) == text


def test_whole_numbers_are_good_floats() -> None:
    value = codec.load(Value, {"measurand": "Voltage", "value": 230, "unit": "V"})
    assert (value.value, type(value.value)) == (230.0, float)


def test_enums_are_their_words() -> None:
    assert codec.dump(Verdict(Standing.BLOCKED))["standing"] == "Blocked"
    assert codec.load(Context, "Sample.Clock") is Context.CLOCK
