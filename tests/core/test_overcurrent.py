"""More than 1.1 x (offer + 0.5 A) for 7 s is an overcurrent, against what the vehicle was told up to 6 s ago."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evse_drivers.api import Phases, Reading, Seen
from evsed.core.overcurrent import FAULT, Overcurrent

CLOSED = Seen(1, 0.0, "boot", "C2", 1, True, 16.0, 6.0, 0.27, None, None, None, "", None, None, 10.0)


def watched(offered: float = 16.0, phases: int = 3) -> Overcurrent:
    """A vehicle that charges since 0 s."""
    rule = Overcurrent(phases, gap=3.0)
    rule.seen(replace(CLOSED, offered=offered))
    return rule


def draw(rule: Overcurrent, start: float, end: float, amps: Phases) -> float | None:
    """A reading each second from `start` to `end`; when the overcurrent is first the case."""
    for at in range(int(start), int(end) + 1):
        rule.read(Reading(float(at), amps=amps))
        if FAULT in rule.standing:
            return float(at)
    return None


@pytest.mark.parametrize("amps", [(18.2, 0.0, 0.0), (0.0, 0.0, 18.2), (-18.2, 0.0, 0.0), (None, 18.2, None)])
def test_one_phase_above_the_limit_for_seven_seconds_is_enough(amps: Phases) -> None:
    rule = watched()
    assert draw(rule, 1, 30, amps) == 8.0


def test_the_words_have_the_phase_its_amps_and_the_offer() -> None:
    rule = watched()
    draw(rule, 1, 30, (10.0, 31.2, 10.0))
    assert rule.standing == {FAULT: "L2 31.2 A for 7 s, offered 16.0 A"}


def test_the_limit_itself_is_allowed_for_ever() -> None:
    assert draw(watched(), 1, 100, ((16.0 + 0.5) * 1.10, 0.0, 0.0)) is None


def test_one_reading_below_begins_the_count_anew() -> None:
    rule = watched()
    assert draw(rule, 1, 7, (20.0, 0.0, 0.0)) is None
    assert draw(rule, 8, 8, (18.0, 0.0, 0.0)) is None
    assert draw(rule, 9, 30, (20.0, 0.0, 0.0)) == 16.0


def test_each_phase_is_counted_for_itself() -> None:
    rule = watched()
    for second in range(1, 30):
        rule.read(Reading(float(second), amps=(20.0, 0.0, 0.0) if second % 2 else (0.0, 20.0, 0.0)))
    assert rule.standing == {}


def test_a_vehicle_has_six_seconds_to_follow_a_lower_offer() -> None:
    rule = watched(32.0)
    rule.seen(replace(CLOSED, at=10.0, offered=6.0))
    assert draw(rule, 10, 15, (32.0, 32.0, 32.0)) is None
    assert draw(rule, 16, 40, (7.0, 7.0, 7.0)) is None


def test_and_thirteen_until_it_is_an_overcurrent() -> None:
    rule = watched(32.0)
    rule.seen(replace(CLOSED, at=10.0, offered=6.0))
    assert draw(rule, 10, 40, (32.0, 32.0, 32.0)) == 23.0
    assert rule.standing == {FAULT: "L1 32.0 A for 7 s, offered 6.0 A"}


def test_the_most_that_was_told_counts_through_several_changes() -> None:
    rule = watched(6.0)
    for at, offered in ((10.0, 32.0), (11.0, 10.0), (12.0, 6.0)):
        rule.seen(replace(CLOSED, at=at, offered=offered))
    assert [rule.offered(at) for at in (9.0, 10.0)] == [6.0, 32.0]
    assert [rule.offered(at) for at in (16.9, 17.0, 17.9, 18.0)] == [32.0, 10.0, 10.0, 6.0]


def test_a_higher_offer_counts_at_once() -> None:
    rule = watched(6.0)
    assert draw(rule, 1, 7, (20.0, 20.0, 20.0)) is None
    rule.seen(replace(CLOSED, at=7.5, offered=32.0))
    assert draw(rule, 8, 30, (20.0, 20.0, 20.0)) is None


def test_readings_from_before_the_contactor_closed_do_not_count() -> None:
    rule = Overcurrent(3, gap=3.0)
    rule.seen(replace(CLOSED, closed=False, state="B2"))
    rule.seen(replace(CLOSED, at=20.0))
    assert draw(rule, 1, 19, (40.0, 40.0, 40.0)) is None
    assert draw(rule, 20, 40, (40.0, 40.0, 40.0)) == 27.0


def test_with_the_contactor_open_nothing_counts_and_an_overcurrent_has_gone() -> None:
    rule = watched()
    assert draw(rule, 1, 30, (20.0, 20.0, 20.0)) == 8.0
    rule.seen(replace(CLOSED, at=8.5, closed=False))
    assert rule.standing == {}
    assert draw(rule, 9, 40, (20.0, 20.0, 20.0)) is None


def test_a_reading_below_ends_it_where_the_contactor_stays_closed() -> None:
    rule = watched()
    draw(rule, 1, 30, (20.0, 20.0, 20.0))
    draw(rule, 9, 9, (16.0, 16.0, 16.0))
    assert rule.standing == {}


def test_before_the_pilot_has_spoken_nothing_counts() -> None:
    assert draw(Overcurrent(3, gap=3.0), 1, 30, (40.0, 40.0, 40.0)) is None


def test_readings_with_a_gap_between_them_are_not_one_after_the_other() -> None:
    rule = watched()
    for at in (1.0, 5.0, 9.0, 13.0, 17.0):
        rule.read(Reading(at, amps=(20.0, 20.0, 20.0)))
    assert rule.standing == {}


def test_a_silent_meter_begins_the_count_anew() -> None:
    rule = watched()
    assert draw(rule, 1, 7, (20.0, 20.0, 20.0)) is None
    rule.silent()
    assert draw(rule, 8, 14, (20.0, 20.0, 20.0)) is None


def test_phases_that_are_not_wired_or_not_told_do_not_count() -> None:
    assert draw(watched(phases=1), 1, 30, (10.0, 40.0, 40.0)) is None
    assert draw(watched(), 1, 30, (None, None, None)) is None


def test_a_meter_that_is_silent_for_days_does_not_let_the_history_grow() -> None:
    rule = watched()
    for at in range(10_000):
        rule.seen(replace(CLOSED, at=float(at), offered=6.0 + at % 10))
    assert len(rule._told) < 10
