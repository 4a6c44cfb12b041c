"""Voltages, phases and frequency: what stands, when, in which words; nothing rests on what the meter does not tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evse_drivers.api import NO_PHASES, Phases, Reading, Seen
from evsed.core.conditions import Lasting
from evsed.core.frequency import Frequency
from evsed.core.unbalance import Unbalance
from evsed.core.voltage import Voltage
from evsed.settings import SupervisionSettings

SEEN = Seen(1, 0.0, "boot", "C2", 1, True, 16.0, 6.0, 0.27, None, None, None, "", None, None, 10.0)
GOOD: Phases = (230.0, 231.0, 229.0)


class Feed:
    """A supply that is read each second; `heard` notes when what stands changes."""

    def __init__(self, phases: int = 3, **options: object) -> None:
        self.rule = Voltage(SupervisionSettings(**options), 230.0, phases, gap=3.0)  # type: ignore[arg-type]
        self.at = 0.0
        self.heard: list[tuple[float, list[str]]] = [(0.0, [])]

    def read(self, seconds: int, volts: Phases = GOOD, **facts: object) -> None:
        for _ in range(seconds):
            self.rule.read(Reading(self.at, volts=volts, **facts))  # type: ignore[arg-type]
            if sorted(self.rule.standing) != self.heard[-1][1]:
                self.heard.append((self.at, sorted(self.rule.standing)))
            self.at += 1.0


def test_a_condition_counts_once_it_has_lasted_and_until_it_has_not_for_a_while() -> None:
    lasting = Lasting(come=3.0, go=2.0, gap=5.0)
    holds = {1, 2, 3, 4, 5, 6, 8, 11}
    assert [at for at in range(15) if lasting.look(at in holds, float(at))] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    lasting.forget()
    assert not lasting.look(True, 15.0)


def test_between_two_looks_that_are_far_apart_nothing_has_lasted() -> None:
    lasting = Lasting(come=3.0, go=3.0, gap=2.0)
    assert not any(lasting.look(True, at) for at in (0.0, 2.5, 5.0, 7.5))


@pytest.mark.parametrize(
    ("volts", "fault", "info"),
    [
        ((230.0, 182.4, 230.0), "undervoltage", "L2 182.4 V below 184.0 V for 3 s"),
        ((265.0, 230.0, 270.1), "overvoltage", "L3 270.1 V above 264.5 V for 3 s"),
        ((230.0, 230.0, 3.0), "phase lost", "L3 3.0 V for 3 s"),
        ((100.0, 100.0, 100.0), "undervoltage", "L1 100.0 V below 184.0 V for 3 s"),
        ((None, 150.0, None), "undervoltage", "L2 150.0 V below 184.0 V for 3 s"),
    ],
)
def test_a_bad_voltage_stands_after_three_seconds_and_for_three_more(volts: Phases, fault: str, info: str) -> None:
    feed = Feed()
    feed.read(10)
    feed.read(10, volts)
    assert feed.rule.standing == {fault: info}
    feed.read(10)
    assert feed.heard[1:] == [(13.0, [fault]), (23.0, [])]


def test_what_is_short_does_not_count() -> None:
    feed = Feed()
    for _ in range(10):
        feed.read(3, (150.0, 300.0, 0.0))
        feed.read(1)
    assert feed.heard[1:] == []


def test_the_bounds_themselves_are_good() -> None:
    feed = Feed(overvoltage=110.0, pen_fault=True)
    feed.read(10, (184.0, 253.0, 207.0))
    assert sorted(feed.rule.standing) == ["PEN"]  # 184 V are no undervoltage, but below 207
    feed = Feed(overvoltage=110.0, pen_fault=True)
    feed.read(10, (230.0, 253.0, 207.0))
    assert feed.rule.standing == {}


def test_a_lost_phase_is_not_also_too_low_and_may_be_meant() -> None:
    feed = Feed(phase_loss=False)
    feed.read(10, (230.0, 0.0, 0.0))
    assert feed.rule.standing == {}


@pytest.mark.parametrize("off", ["undervoltage", "overvoltage"])
def test_zero_switches_a_bound_off(off: str) -> None:
    feed = Feed(**{off: 0.0})
    feed.read(10, (1.0, 1.0, 1.0) if off == "undervoltage" else (500.0, 500.0, 500.0))
    assert feed.rule.standing == {}


def test_only_phases_count_that_are_wired_and_let_through() -> None:
    feed = Feed(phases=1)
    feed.read(10, (230.0, 0.0, 300.0))
    assert feed.rule.standing == {}
    feed = Feed()
    feed.rule.seen(replace(SEEN, phases=1))
    feed.read(10, (230.0, 0.0, 300.0))
    assert feed.rule.standing == {}
    feed.rule.seen(replace(SEEN, phases=3))
    feed.read(10, (230.0, 0.0, 300.0))
    assert sorted(feed.rule.standing) == ["overvoltage", "phase lost"]


def test_a_broken_pen_opens_within_five_seconds_where_it_is_wanted() -> None:
    feed = Feed(pen_fault=True)
    feed.read(10)
    feed.read(10, (206.0, 240.0, 244.0))
    assert feed.rule.standing == {"PEN": "L1 206.0 V outside 207 to 253 V for 4 s"}
    assert feed.heard[1] == (14.0, ["PEN"])  # 206 V since 10 s at the latest, 9 s at the earliest
    feed = Feed()
    feed.read(20, (206.0, 240.0, 244.0))
    assert feed.rule.standing == {}


def test_phases_that_turn_the_wrong_way_are_told_where_a_way_is_wanted() -> None:
    feed = Feed(phase_rotation="L1-L2-L3")
    feed.read(10, sequence="L1-L3-L2")
    assert feed.rule.standing == {"phase rotation": "L1-L3-L2 instead of L1-L2-L3"}
    feed.read(10, sequence=None)
    assert feed.rule.standing == {}
    feed = Feed()
    feed.read(10, sequence="L1-L3-L2")
    assert feed.rule.standing == {}


def test_nothing_rests_on_voltages_that_are_not_told() -> None:
    feed = Feed(pen_fault=True)
    feed.read(20, NO_PHASES)
    assert feed.rule.standing == {}


def test_a_silent_meter_takes_its_word_on_the_supply_with_it() -> None:
    feed = Feed()
    feed.read(10, (150.0, 150.0, 150.0))
    feed.rule.silent()
    assert feed.rule.standing == {}
    feed.read(3, (150.0, 150.0, 150.0))
    assert feed.rule.standing == {}


# --- frequency ----------------------------------------------------------------------------------------------------


def frequency(droop: bool = True) -> Frequency:
    return Frequency(47.5, 51.5, droop, 32.0, gap=3.0)


def hear(rule: Frequency, start: int, end: int, hertz: float | None) -> None:
    for at in range(start, end):
        rule.read(Reading(float(at), hertz=hertz))


@pytest.mark.parametrize(
    ("hertz", "info"),
    [(47.4, "47.40 Hz, below 47.5 Hz for 3 s"), (51.62, "51.62 Hz, above 51.5 Hz for 3 s")],
)
def test_a_frequency_outside_its_bounds_stands_after_three_seconds(hertz: float, info: str) -> None:
    rule = frequency(droop=False)
    hear(rule, 0, 3, hertz)
    assert rule.standing == {}
    hear(rule, 3, 5, hertz)
    assert rule.standing == {"frequency": info}
    hear(rule, 5, 10, 50.0)
    assert rule.standing == {}


def test_the_bounds_of_the_frequency_are_good_and_a_silent_meter_knows_nothing_of_it() -> None:
    rule = frequency(droop=False)
    hear(rule, 0, 10, 47.5)
    hear(rule, 10, 20, 51.5)
    assert rule.standing == {}
    hear(rule, 20, 30, 47.4)
    rule.silent()
    assert rule.standing == {}


def test_zero_switches_the_bounds_off() -> None:
    rule = Frequency(0.0, 0.0, False, 32.0, gap=3.0)
    hear(rule, 0, 10, 30.0)
    hear(rule, 10, 20, 70.0)
    assert rule.standing == {}


@pytest.mark.parametrize(("hertz", "amps"), [(49.8, None), (49.79, 31.0), (49.3, 25.0), (48.8, 19.0), (47.6, 3.0)])
def test_below_49_8_hertz_each_takes_forty_percent(hertz: float, amps: float | None) -> None:
    rule = frequency()
    hear(rule, 0, 1, hertz)
    assert rule.ceilings == ({} if amps is None else {"frequency droop": amps})
    assert bool(rule.standing) == (amps is not None)


def test_the_current_falls_at_once_and_returns_by_a_tenth_a_minute() -> None:
    rule = frequency()
    hear(rule, 0, 10, 49.0)
    assert rule.ceilings == {"frequency droop": 21.0}
    assert rule.standing == {"frequency droop": "49.00 Hz: 21 A of 32 A"}
    hear(rule, 10, 70, 50.0)
    assert rule.ceilings == {"frequency droop": 24.0}  # 21.76 + 3.2
    hear(rule, 70, 75, 49.0)
    assert rule.ceilings == {"frequency droop": 21.0}
    hear(rule, 75, 300, 50.0)
    assert (rule.ceilings, rule.standing) == ({}, {})


def test_without_the_droop_the_current_stays() -> None:
    rule = frequency(droop=False)
    hear(rule, 0, 10, 48.0)
    assert (rule.ceilings, rule.standing) == ({}, {})


def test_nothing_rests_on_a_frequency_that_is_not_told() -> None:
    for forget in (lambda rule: hear(rule, 10, 11, None), lambda rule: rule.silent()):
        rule = frequency()
        hear(rule, 0, 10, 47.0)
        forget(rule)
        assert (rule.ceilings, rule.standing) == ({}, {})


# --- unbalance ----------------------------------------------------------------------------------------------------


class Load:
    """What a vehicle draws, read each second, at an outlet whose phases may differ by 20 A."""

    def __init__(self, most: float = 20.0, phases: int = 3) -> None:
        self.rule = Unbalance(most, 32.0, phases, gap=3.0)
        self.rule.seen(SEEN)
        self.at = 0.0

    def draw(self, seconds: int, amps: Phases) -> dict[str, float]:
        for _ in range(seconds):
            self.rule.read(Reading(self.at, amps=amps))
            self.at += 1.0
        return dict(self.rule.ceilings)


@pytest.mark.parametrize("amps", [(31.0, 0.0, 0.2), (0.0, 0.0, 31.0), (31.0, 31.0, 0.0)])
def test_a_vehicle_that_leaves_a_phase_out_gets_no_more_than_may_be_uneven(amps: Phases) -> None:
    load = Load()
    assert load.draw(3, amps) == {}
    assert load.draw(1, amps) == {"unbalance": 20.0}


def test_the_words_have_both_phases() -> None:
    load = Load()
    load.draw(10, (0.2, 31.0, 0.3))
    assert load.rule.standing == {"unbalance": "L2 31.0 A, L1 0.2 A: 20 A at most"}


def test_an_even_load_is_not_limited_nor_is_its_start_phase_by_phase() -> None:
    load = Load()
    assert load.draw(2, (16.0, 0.0, 0.0)) | load.draw(30, (30.0, 31.0, 29.0)) == {}


def test_it_holds_through_a_pause_and_until_another_vehicle_comes() -> None:
    load = Load()
    load.draw(10, (31.0, 0.0, 0.0))
    assert load.draw(60, (0.0, 0.0, 0.0)) == {"unbalance": 20.0}
    load.rule.seen(replace(SEEN, state="B1", closed=False))
    assert load.rule.ceilings == {"unbalance": 20.0}
    load.rule.seen(replace(SEEN, plug=2))
    assert (load.rule.ceilings, load.rule.standing) == ({}, {})


def test_another_vehicle_is_looked_at_anew() -> None:
    load = Load()
    load.draw(10, (31.0, 0.0, 0.0))
    load.rule.seen(replace(SEEN, plug=2))
    assert load.draw(3, (31.0, 0.0, 0.0)) == {}
    assert load.draw(1, (31.0, 0.0, 0.0)) == {"unbalance": 20.0}


def test_a_phase_with_an_ampere_is_used() -> None:
    assert Load().draw(10, (31.0, 1.0, 31.0)) == {}
    assert Load().draw(10, (31.0, 0.9, 31.0)) == {"unbalance": 20.0}


def test_it_ends_when_all_phases_are_used_or_the_vehicle_leaves() -> None:
    load = Load()
    load.draw(10, (31.0, 0.0, 0.0))
    assert load.draw(10, (20.0, 20.0, 20.0)) == {}
    load.draw(10, (31.0, 0.0, 0.0))
    load.rule.seen(replace(SEEN, state="A1"))
    assert load.rule.ceilings == {}


def test_an_outlet_of_one_phase_is_uneven_by_itself() -> None:
    assert Load(phases=1).draw(10, (31.0, None, None)) == {"unbalance": 20.0}


def test_nothing_rests_on_currents_that_are_not_told_nor_where_no_bound_is_set() -> None:
    assert Load().draw(10, (31.0, None, 0.0)) == {}
    assert Load(most=0.0).draw(10, (31.0, 0.0, 0.0)) == {}
    assert Load(most=32.0).draw(10, (31.0, 0.0, 0.0)) == {}


@pytest.mark.parametrize("hertz", [500.2, 0.0])
def test_a_frequency_that_no_grid_has_is_as_if_the_meter_did_not_tell_it(hertz: float) -> None:
    """Some SDM72 tell ten times what it is, some meters 0 instead of nothing."""
    rule = Frequency(47.5, 51.5, True, 32.0, gap=3.0)
    hear(rule, 0, 20, hertz)
    assert (rule.standing, rule.ceilings) == ({}, {})
