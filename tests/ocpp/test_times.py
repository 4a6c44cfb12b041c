"""The many ways in which central systems write a time."""

from __future__ import annotations

import pytest
from evsed.ocpp.dialects.times import read_time, spell_time
from hypothesis import given
from hypothesis import strategies as some

MOMENT = 1_795_248_300.0


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T08:05:00Z",
        "2026-11-21T08:05:00z",
        "2026-11-21t08:05:00.000000000Z",
        "2026-11-21T08:05:00",
        "2026-11-21 08:05:00",
        "2026-11-21T08:05",
        "2026-11-21T10:05:00+02:00",
        "2026-11-21T10:05:00+0200",
        "2026-11-21T10:05:00+02",
        "2026-11-20T22:35:00-09:30",
        " 2026-11-21T08:05:00,0 Z ",
    ],
)
def test_all_of_these_are_the_same_moment(text: str) -> None:
    assert read_time(text) == MOMENT


def test_fractions_count_and_a_leap_second_does_not_hurt() -> None:
    assert read_time("2026-11-21T08:05:00.1234567Z") == pytest.approx(MOMENT + 0.1234567)
    assert read_time("2016-12-31T23:59:60Z") == read_time("2016-12-31T23:59:59Z")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no time like 2026-11-21T08:05:00Z"),
        ("soon", "'soon' is no time like 2026-11-21T08:05:00Z"),
        ("2026-13-21T08:05:00Z", None),
        ("2026-11-21T25:05:00Z", None),
        ("2026-11-21T08:05:00+99:00", None),
        ("21.11.2026 08:05", None),
        ("1795248300", None),
    ],
)
def test_what_is_no_time_is_refused(text: str, why: str | None) -> None:
    with pytest.raises(ValueError) as refused:
        read_time(text)
    assert why is None or str(refused.value) == why


def test_a_time_is_told_in_utc_with_milliseconds() -> None:
    assert spell_time(MOMENT + 0.1234) == "2026-11-21T08:05:00.123Z"
    assert spell_time(MOMENT + 0.9999) == "2026-11-21T08:05:01.000Z"


@given(some.integers(0, 4_000_000_000_000))
def test_what_is_spelt_is_read_back(milliseconds: int) -> None:
    assert read_time(spell_time(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=1e-4)


@given(some.text(max_size=40))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        assert isinstance(read_time(text), float)
    except ValueError as error:
        assert "no time" in str(error)  # noqa: PT017
