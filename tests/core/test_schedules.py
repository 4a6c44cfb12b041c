"""The limit and the composite schedule against a slow oracle and worked examples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evsed.core.schedules import MOST_PERIODS, Limit, Outlet, composite, limit
from evsed.model.profiles import Installed, Period, Profile, Purpose, RateUnit, Schedule
from hypothesis import given, settings
from hypothesis import strategies as st

NOON = 1_800_000_000
VOLTS = 230.0
A, W = RateUnit.AMPS, RateUnit.WATTS


def profile(*limits: float, evse: int = 1, purpose: Purpose = Purpose.TX_DEFAULT, level: int = 0, **facts) -> Installed:
    """One with steps of 60 s from NOON on."""
    schedule = {"unit": A, "start": float(NOON), "duration": None} | {
        name: facts.pop(name) for name in ("unit", "start", "duration") if name in facts
    }
    phases = facts.pop("phases", None)
    periods = tuple(Period(60 * n, amps, phases) for n, amps in enumerate(limits))
    facts = {"id": 1, "kind": "Absolute"} | facts
    return Installed(
        evse, Profile(stack_level=level, purpose=purpose, schedule=Schedule(periods=periods, **schedule), **facts)
    )


def at(seconds: float, *profiles: Installed, evse: int = 1, transaction: str | None = None, phases: int = 3) -> Limit:
    return limit(profiles, evse, transaction, phases, VOLTS, NOON + seconds)


# --- the oracle: no stacks, no edges, every second by itself ----------------------------------------------------


def stair(one: Profile, second: int) -> Period | None:
    if one.valid_from is not None and second < one.valid_from:
        return None
    if one.valid_to is not None and second >= one.valid_to:
        return None
    held = None
    for period in one.schedule.periods:
        ends = float("inf") if one.schedule.duration is None else one.schedule.start + one.schedule.duration
        if one.schedule.start + period.start <= second < ends:
            held = period
    return held


def slow_limit(profiles, evse: int, transaction, phases: int, second: int):
    """(A, phases) or (None, None) in that second."""
    winners = {}
    for one in profiles:
        body, period = one.profile, stair(one.profile, second)
        concerns = {
            Purpose.STATION_MAX: one.evse == 0,
            Purpose.TX_DEFAULT: evse > 0 and one.evse in (0, evse),
            Purpose.TX: evse > 0 and one.evse == evse and transaction is not None and body.transaction == transaction,
        }[body.purpose]
        rank = (body.stack_level, one.evse > 0)
        if concerns and period and (body.purpose not in winners or rank > winners[body.purpose][0]):
            winners[body.purpose] = (rank, body, period)
    if Purpose.TX in winners:
        winners.pop(Purpose.TX_DEFAULT, None)
    amps, fewest = [], []
    for _, body, period in winners.values():
        said = 3 if period.phases is None else period.phases
        fewest.append(said)
        amps.append(period.limit if body.schedule.unit is A else period.limit / VOLTS / min(said, phases))
    least = min(fewest, default=None)
    return min(amps, default=None), 1 if least is not None and least < phases else None


@st.composite
def many_profiles(draw) -> list[Installed]:
    """Up to eight with all their edges within some 40 s around NOON; no two on the same place."""
    found: dict[tuple, Installed] = {}
    for id_ in range(draw(st.integers(0, 8))):
        purpose = draw(st.sampled_from([Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX]))
        evse = {Purpose.STATION_MAX: 0, Purpose.TX: draw(st.integers(1, 2))}.get(purpose, draw(st.integers(0, 2)))
        starts = [0, *sorted(draw(st.sets(st.integers(1, 12), max_size=3)))]
        unit = draw(st.sampled_from([A, W]))
        rates = [float(amps) for amps in range(0, 33, 4)] if unit is A else [460.0, 2300.0, 5000.0, 11_040.0]
        period = st.tuples(st.sampled_from(rates), st.sampled_from([None, 1, 2, 3]))
        edge = st.none() | st.integers(-10, 30).map(lambda second: float(NOON + second))
        one = Profile(
            id=id_,
            stack_level=draw(st.integers(0, 3)),
            purpose=purpose,
            kind="Absolute",
            schedule=Schedule(
                unit,
                tuple(Period(start, *draw(period)) for start in starts),
                start=float(NOON + draw(st.integers(-15, 20))),
                duration=draw(st.none() | st.integers(1, 25)),
            ),
            transaction=draw(st.sampled_from(["t1", "t2"])) if purpose is Purpose.TX else None,
            valid_from=draw(edge),
            valid_to=draw(edge),
        )
        found[purpose, one.stack_level, evse] = Installed(evse, one)
    return list(found.values())


@settings(max_examples=150, deadline=None)
@given(many_profiles(), st.integers(0, 2), st.sampled_from([None, "t1"]), st.sampled_from([1, 3]))
def test_the_limit_and_its_next_change_agree_with_looking_at_every_second(profiles, evse, transaction, phases):
    def seen(second: int) -> Limit:
        return limit(profiles, evse, transaction, phases, VOLTS, float(second))

    for second in range(NOON - 20, NOON + 50, 7):
        now = seen(second)
        amps, fewest = slow_limit(profiles, evse, transaction, phases, second)
        assert now.amps == (None if amps is None else pytest.approx(amps))
        assert now.phases == fewest
        until = NOON + 70 if now.until is None else int(now.until)
        assert until > second
        for later in range(second, until):
            assert slow_limit(profiles, evse, transaction, phases, later) == (amps, fewest)
        if now.until is not None:  # a change of the winner alone counts: `show` names it
            after = seen(until)
            assert (after.amps, after.phases, after.source) != (now.amps, now.phases, now.source)


@settings(max_examples=150, deadline=None)
@given(many_profiles(), st.sampled_from([None, "t1"]), st.sampled_from([1, 3]), st.sampled_from([A, W]))
def test_a_composite_schedule_agrees_with_looking_at_every_second(profiles, transaction, phases, unit):
    outlet = Outlet(1, transaction, phases, 16.0)
    found = composite(profiles, outlet, VOLTS, NOON - 5.5, 40, unit)
    assert (found.start, found.duration, found.periods[0].start) == (NOON - 6, 40, 0)
    for second in range(40):
        amps, fewest = slow_limit(profiles, 1, transaction, phases, NOON - 6 + second)
        amps = 16.0 if amps is None else min(amps, 16.0)
        rate = amps if unit is A else amps * VOLTS * (fewest or phases)
        told = [period for period in found.periods if period.start <= second][-1]
        assert rate - 0.1 < told.limit <= rate + 1e-5
        assert told.phases == (fewest or phases)
    assert all(
        a.limit != b.limit or a.phases != b.phases for a, b in zip(found.periods, found.periods[1:], strict=False)
    )


# --- worked examples --------------------------------------------------------------------------------------------


def test_without_profiles_nothing_is_limited():
    assert at(0) == Limit(None)


def test_the_last_period_holds_on_when_no_duration_ends_it():
    assert at(59, profile(10, 8)) == Limit(10, "TxDefaultProfile 1", NOON + 60)
    assert at(10_000_000, profile(10, 8)) == Limit(8, "TxDefaultProfile 1", None)


def test_a_period_beyond_the_duration_is_never_executed():
    assert at(59, profile(10, 8, 6, duration=60)) == Limit(10, "TxDefaultProfile 1", NOON + 60)
    assert at(60, profile(10, 8, 6, duration=60)).amps is None


def test_when_the_upper_profile_has_ended_the_lower_one_holds():
    upper = profile(6, level=5, id=5, duration=120)
    assert at(0, profile(10), upper) == Limit(6, "TxDefaultProfile 5", NOON + 120)
    assert at(120, profile(10), upper) == Limit(10, "TxDefaultProfile 1", None)


def test_an_upper_profile_may_allow_more_than_a_lower_one():
    assert at(0, profile(6), profile(20, level=1, id=2)).amps == 20


def test_a_transaction_profile_stands_in_for_the_default_of_its_transaction_only():
    own = profile(20, purpose=Purpose.TX, transaction="t1", id=2, duration=60)
    assert at(0, profile(10, level=9), own, transaction="t1") == Limit(20, "TxProfile 2", NOON + 60)
    assert at(60, profile(10, level=9), own, transaction="t1").amps == 10
    assert at(0, profile(10, level=9), own, transaction="t2").amps == 10
    assert at(0, profile(10, level=9), own).amps == 10


def test_the_default_of_an_evse_replaces_the_stations_of_the_same_level_there():
    all_of_them, mine = profile(6, evse=0), profile(12, evse=1, id=2)
    assert at(0, all_of_them, mine).amps == 12
    assert at(0, all_of_them, mine, evse=2).amps == 6


def test_a_higher_level_on_the_station_prevails_over_the_default_of_an_evse():
    assert at(0, profile(6, evse=0, level=3), profile(12, evse=1, id=2)).amps == 6


def test_the_stations_maximum_caps_every_purpose():
    cap = profile(8, evse=0, purpose=Purpose.STATION_MAX, id=9)
    assert at(0, profile(10), cap) == Limit(8, "ChargingStationMaxProfile 9", None)
    assert at(0, profile(10), cap, evse=0).amps == 8


@pytest.mark.parametrize(
    ("watts", "said", "usable", "amps"),
    [
        (11_040, 3, 3, 16),
        (11_040, None, 3, 16),
        (3_680, None, 1, 16),
        (3_680, 3, 1, 16),
        (3_680, 1, 3, 16),
        (7_360, 2, 3, 16),
    ],
)
def test_watts_become_amps_per_phase_by_the_nominal_voltage(watts, said, usable, amps):
    assert at(0, profile(watts, unit=W, phases=said), phases=usable).amps == pytest.approx(amps)


def test_validity_places_the_stair_without_moving_it():
    one = profile(10, 8, 6, valid_from=NOON + 70.0, valid_to=NOON + 150.0)
    assert at(69, one) == Limit(None, until=NOON + 70)
    assert at(70, one) == Limit(8, "TxDefaultProfile 1", NOON + 120)
    assert at(149.9, one).amps == 6
    assert at(150, one) == Limit(None)


def test_while_the_clock_is_unknown_the_lowest_limit_anywhere_holds():
    profiles = (
        profile(10, 7, valid_to=NOON - 1.0),
        profile(16, 9, purpose=Purpose.TX, transaction="t1", id=2),
        profile(2, purpose=Purpose.TX, transaction="other", id=3),
        profile(30, purpose=Purpose.STATION_MAX, evse=0, id=4),
        profile(1, evse=2, id=5),
    )
    assert limit(profiles, 1, "t1", 3, VOLTS, None) == Limit(7, "TxDefaultProfile 1")
    assert limit((), 1, "t1", 3, VOLTS, None) == Limit(None)


def test_a_composite_schedule_never_exceeds_the_ceiling_or_rounds_up():
    found = composite([profile(100, 5.39, duration=120)], Outlet(1, None, 3, 32.0), VOLTS, float(NOON), 300, A)
    assert found.periods == (Period(0, 32.0, 3), Period(60, 5.3, 3), Period(120, 32.0, 3))


def test_the_stations_composite_schedule_is_no_more_than_its_evses_may_draw_together():
    outlets = [Outlet(1, None, 3, 16.0), Outlet(2, None, 1, 16.0)]
    profiles = [profile(10, evse=1), profile(20, evse=0, purpose=Purpose.STATION_MAX, id=2, start=NOON + 60.0)]
    station = Outlet(0, None, 3, 63.0)
    amps = composite(profiles, station, VOLTS, float(NOON), 120, A, outlets)
    assert amps.periods == (Period(0, 26.0, 3), Period(60, 20.0, 3))
    watts = composite(profiles, station, VOLTS, float(NOON), 120, W, outlets)
    assert watts.periods == (Period(0, 10 * 690.0 + 16 * 230.0, 3),)


def test_a_composite_schedule_that_would_have_too_many_periods_ends_early():
    rows = tuple(Period(n, float(n % 2)) for n in range(MOST_PERIODS + 5))
    long = profile(1)
    long = replace(long, profile=replace(long.profile, schedule=replace(long.profile.schedule, periods=rows)))
    found = composite([long], Outlet(1, None, 3, 32.0), VOLTS, float(NOON), 86_400, A)
    assert (len(found.periods), found.duration) == (MOST_PERIODS, MOST_PERIODS)


@pytest.mark.parametrize("kind", ["Recurring", "Relative"])
def test_a_profile_that_another_release_has_kept_limits_to_its_lowest(kind):
    start = None if kind == "Relative" else float(NOON)
    one = profile(10, 8, 9, kind=kind, start=start, duration=60, valid_to=NOON + 100.0)
    assert at(-50, one) == Limit(8, "TxDefaultProfile 1", NOON + 100)
    assert at(100, one) == Limit(None)
