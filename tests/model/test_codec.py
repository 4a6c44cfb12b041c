"""What the model keeps as JSON comes back as it was, and what does not fit is refused with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from evsed.model import codec
from evsed.model.profiles import Installed, Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.reports import ConnectorReport, InventoryReport, MeterReport, Report, TransactionReport
from evsed.model.transactions import Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.from_type(TransactionReport),
        st.from_type(ConnectorReport),
        st.from_type(MeterReport),
        st.from_type(InventoryReport),
    )
)
def test_every_report_comes_back_as_it_was(report):
    assert codec.load(Report, json.loads(json.dumps(codec.dump(report)))) == report


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.from_type(Transaction), st.from_type(Installed)))
def test_what_is_saved_comes_back_as_it_was(thing):
    assert codec.load(type(thing), json.loads(json.dumps(codec.dump(thing)))) == thing


@dataclass(frozen=True)
class Box:
    """A field of each kind."""

    size: float
    name: str = "box"
    lid: bool | None = None
    word: Literal["a", "b"] = "a"
    unit: RateUnit = RateUnit.AMPS
    periods: tuple[Period, ...] = ()
    pair: tuple[int, str] = (1, "x")
    content: Period | Purpose | None = None
    anything: Any = None


def test_fields_at_their_default_are_left_out_and_come_back():
    assert codec.dump(Box(2.0, lid=False)) == {"is": "Box", "size": 2.0, "lid": False}
    assert codec.load(Box, {"size": 2}) == Box(2.0)
    assert isinstance(codec.load(Box, {"size": 2}).size, float)


def test_what_another_release_has_added_is_ignored():
    assert codec.load(Box, {"is": "Box", "size": 1.0, "colour": "red"}) == Box(1.0)


REFUSED = [
    ([], "value: expected a Box, found []"),
    ({}, "size: is missing"),
    ({"size": "wide"}, "size: expected float, found 'wide'"),
    ({"size": True}, "size: expected float, found True"),
    ({"size": 1.0, "name": 3}, "name: expected str, found 3"),
    ({"size": 1.0, "lid": 1}, "lid: expected bool, found 1"),
    ({"size": 1.0, "word": "c"}, "word: 'c' is none of ('a', 'b')"),
    ({"size": 1.0, "unit": "V"}, "unit: 'V' is not a valid RateUnit"),
    ({"size": 1.0, "periods": 3}, "periods: expected a list, found 3"),
    ({"size": 1.0, "periods": [{"start": 0, "limit": 1}, {"start": "0"}]}, "periods[1].start: expected int, found '0'"),
    ({"size": 1.0, "periods": [7]}, "periods[0]: expected a Period, found 7"),
    ({"size": 1.0, "pair": [1]}, "pair: expected 2 items, found 1"),
    ({"size": 1.0, "pair": [1, 2]}, "pair[1]: expected str, found 2"),
    ({"size": 1.0, "content": {"is": "Box"}}, "content: 'Box' is none of the expected kinds"),
    ({"size": 1.0, "content": {"is": "Period", "start": 0}}, "content.limit: is missing"),
    (
        {"size": 1.0, "content": "x"},
        "content: expected a Period, found 'x'; content: 'x' is not a valid Purpose",
    ),
]


@pytest.mark.parametrize(("data", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_does_not_fit_is_refused_with_its_place(data, words):
    with pytest.raises(codec.CodecError) as error:
        codec.load(Box, data)
    assert str(error.value) == words


def test_a_plain_kind_is_refused_as_a_value():
    with pytest.raises(codec.CodecError) as error:
        codec.load(int, "x")
    assert str(error.value) == "value: expected int, found 'x'"
    assert codec.load(Any, {"a": [1]}) == {"a": [1]}


def test_a_profile_keeps_its_periods_and_its_purpose():
    schedule = Schedule(RateUnit.WATTS, (Period(0, 11_040.0, 3), Period(60, 0.0)), start=1.8e9)
    kept = Installed(1, Profile(1, 0, Purpose.TX, "Absolute", schedule, transaction="t"))
    assert codec.load(Installed, codec.dump(kept)) == kept
