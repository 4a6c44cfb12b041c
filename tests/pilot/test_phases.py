"""The phase relay: moves only without load, rests the pilot, and never feeds three phases by a permit for one."""

from __future__ import annotations

import pytest
from evsed.pilot.phases import PhaseRelay
from hypothesis import given, settings
from hypothesis import strategies as st

TICK = 0.01
DAY = 86_400.0


class Bench:
    """A PhaseRelay, its relay with its contact, and a vehicle that obeys, on a clock of its own."""

    def __init__(self, position: bool | None = True, break_s: float = 10.0, per_day: int = 24) -> None:
        self.it = PhaseRelay(position, break_s, per_day)
        self.now = 1000.0
        self.wanted: int | None = None
        self.contact: bool | None = position  # what it says; None: there is none
        self.stuck = False
        self.plugged = self.asking = self.closed = False
        self.proven = True  # where it is open
        self.moves: list[tuple[float, bool]] = []

    def charging(self, wanted: int) -> None:
        self.wanted, self.plugged, self.asking, self.closed = wanted, True, True, True

    def stop(self, asking: bool = False) -> None:
        self.asking, self.closed = asking, False

    def run(self, seconds: float) -> PhaseRelay:
        end = self.now + seconds
        while self.now < end - TICK / 2:
            self.now = round(self.now + TICK, 6)
            was = self.it.relay
            self.it.step(
                self.now, self.wanted, self.contact,
                plugged=self.plugged, asking=self.asking, closed=self.closed,
                proven_open=self.proven and not self.closed, x1=not self.closed,
            )  # fmt: skip
            relay = self.it.relay
            if relay is not was and relay is not None:
                self.moves.append((self.now, relay))
            if self.contact is not None and relay is not None and not self.stuck:
                self.contact = relay
        return self.it


def test_without_a_vehicle_it_switches_at_once_and_without_a_break() -> None:
    bench = Bench()
    bench.wanted = 1
    it = bench.run(0.05)
    assert (it.relay, it.phases, it.hold, it.scale) == (False, 1, False, 1.0)


def test_while_charging_the_offer_goes_first_then_the_relay_then_ten_seconds_of_rest() -> None:
    bench = Bench()
    bench.charging(3)
    it = bench.run(60.0)
    assert (it.hold, it.phases, it.scale) == (False, 3, 1.0)
    bench.wanted = 1
    it = bench.run(3.0)
    assert (it.hold, it.relay, it.why) == (
        True,
        True,
        "waiting for the vehicle to stop before the phase relay switches",
    )
    bench.stop()
    it = bench.run(0.05)
    assert (it.hold, it.relay, it.why) == (
        True, False, "the phase relay has switched to 1 phase: the pilot rests at +12 V",
    )  # fmt: skip
    bench.asking = True
    assert bench.run(9.9).hold
    it = bench.run(0.1)
    assert (it.hold, it.phases, it.scale, it.why) == (False, 1, 1.0, "")


def test_a_vehicle_that_had_to_be_switched_off_keeps_its_phases_until_it_is_unplugged() -> None:
    bench = Bench()
    bench.charging(1)
    bench.run(6.0)
    bench.stop(asking=True)
    it = bench.run(60.0)
    assert (it.hold, it.relay, it.scale) == (False, True, 1.0 / 3.0)
    assert it.why == (
        "the vehicle did not stop by itself for the phase relay, which stays at 3 phases until it is unplugged"
    )
    bench.wanted = None
    assert bench.run(0.01).why == ""
    bench.wanted = 3
    assert bench.run(0.01).why == ""
    bench.wanted = 1
    bench.plugged = bench.asking = False
    assert bench.run(0.05).relay is False


def test_so_does_one_whose_contactor_closed_only_after_the_wish_had_come() -> None:
    bench = Bench()
    bench.wanted, bench.plugged, bench.asking = 1, True, True
    bench.run(0.01)
    bench.closed = True
    bench.run(1.0)
    bench.closed = False
    it = bench.run(0.05)
    assert (it.hold, it.relay) == (False, True)


def test_a_vehicle_that_asks_before_anything_is_closed_is_not_switched_off_by_force() -> None:
    bench = Bench()
    bench.wanted, bench.plugged, bench.asking = 1, True, True
    it = bench.run(0.1)
    assert (it.relay, it.hold) == (False, True)


def test_a_vehicle_that_stopped_by_itself_may_ask_again_before_the_contactor_is_proven_open() -> None:
    bench = Bench()
    bench.charging(1)
    bench.run(1.0)
    bench.stop()
    bench.proven = False
    bench.run(0.1)
    bench.asking = True
    bench.run(0.1)
    bench.proven = True
    assert bench.run(0.01).relay is False


def test_a_wish_that_is_taken_back_before_the_relay_has_moved_costs_nothing() -> None:
    bench = Bench()
    bench.charging(1)
    assert bench.run(1.0).hold
    bench.wanted = 3
    assert not bench.run(0.02).hold
    assert bench.moves == []
    bench.wanted = 1
    assert bench.run(0.02).hold
    bench.wanted = None
    assert not bench.run(0.02).hold


def test_a_permit_for_one_phase_is_worth_a_third_while_three_are_on() -> None:
    bench = Bench()
    bench.charging(1)
    it = bench.run(0.01)
    assert (it.phases, it.scale) == (3, 1.0 / 3.0)
    bench = Bench(position=False)
    assert bench.it.phases == 1
    bench.charging(3)
    it = bench.run(0.01)
    assert (it.phases, it.scale) == (1, 1.0)


def test_a_relay_that_does_not_follow_within_half_a_second_is_a_fault_until_it_does() -> None:
    bench = Bench()
    bench.stuck = True
    bench.wanted, bench.plugged = 1, True
    it = bench.run(0.5)
    assert not it.fault
    it = bench.run(0.05)
    assert (it.fault, it.hold, it.phases, it.scale) == (True, True, 3, 1.0 / 3.0)
    assert it.why == "the phase relay was told to stand at 1 phase and its feedback contact says otherwise"
    bench.stuck = False
    it = bench.run(0.03)
    assert (it.fault, it.hold) == (False, True)
    assert not bench.run(10.1).hold


def test_a_relay_that_never_left_may_stay_when_the_permit_wants_that() -> None:
    bench = Bench()
    bench.stuck = True
    bench.wanted, bench.plugged = 1, True
    bench.run(0.1)
    bench.wanted = 3
    assert not bench.run(0.3).relay  # it may just be slow
    bench.wanted = None
    it = bench.run(1.0)
    assert (it.fault, it.relay) == (True, False)
    bench.wanted = 3
    it = bench.run(0.1)
    assert (it.fault, it.relay, it.hold) == (False, True, True)
    assert not bench.run(10.1).hold


def test_a_relay_that_moves_by_itself_is_a_fault_and_counts_as_three_phases_at_once() -> None:
    bench = Bench(position=False)
    bench.charging(1)
    bench.run(5.0)
    bench.stuck, bench.contact = True, True
    it = bench.run(0.01)
    assert (it.fault, it.phases, it.scale) == (False, 3, 1.0 / 3.0)
    assert bench.run(0.6).fault
    bench.stuck = False
    assert not bench.run(0.02).fault


def test_a_fault_does_not_begin_a_switching() -> None:
    bench = Bench()
    bench.charging(3)
    bench.stuck, bench.contact = True, False
    assert bench.run(0.6).fault
    bench.wanted = 1
    bench.stop()
    bench.run(1.0)
    assert bench.moves == []


def test_without_a_contact_half_a_second_is_waited_and_the_first_thing_is_to_move_it() -> None:
    bench = Bench(position=None)
    assert (bench.it.hold, bench.it.phases, bench.it.relay) == (True, 3, None)
    bench.wanted = 1
    it = bench.run(0.5)
    assert (it.relay, it.hold, it.phases) == (False, True, 3)
    it = bench.run(0.02)
    assert (it.hold, it.phases) == (False, 1)


def test_a_vehicle_that_is_plugged_at_the_start_gets_its_rest_where_the_position_was_unknown() -> None:
    bench = Bench(position=None)
    bench.charging(3)
    bench.stop(asking=True)
    bench.closed = True  # not proven open yet
    assert bench.run(0.25).relay is None
    bench.closed = False
    it = bench.run(0.6)
    assert (it.relay, it.hold) == (True, True)
    assert bench.run(9.8).hold
    assert not bench.run(0.2).hold


def test_a_contact_that_speaks_before_the_first_move_is_not_compared_with_it() -> None:
    bench = Bench(position=None)
    bench.contact, bench.closed = True, True
    assert not bench.run(2.0).fault


def test_it_switches_so_often_in_a_day_and_no_more() -> None:
    bench = Bench(per_day=2)
    for wanted in (1, 3, 1):
        bench.wanted = wanted
        it = bench.run(60.0)
    assert [three for _, three in bench.moves] == [False, True]
    bench.plugged = True
    it = bench.run(0.02)
    assert (it.hold, it.scale) == (False, 1.0 / 3.0)
    assert it.why == "the phase relay has switched 2 times in 24 hours, the most allowed, and stays at 3 phases"
    bench.now = bench.moves[0][0] + DAY - 0.05
    assert bench.run(0.04).relay
    assert not bench.run(0.05).relay


def test_the_first_move_to_a_known_position_is_not_counted() -> None:
    bench = Bench(position=None, per_day=1)
    for wanted in (1, 3, 1):
        bench.wanted = wanted
        bench.run(2.0)
    assert [three for _, three in bench.moves] == [False, True]


def test_an_unplugging_ends_the_rest() -> None:
    bench = Bench(break_s=60.0)
    bench.wanted, bench.plugged = 1, True
    assert bench.run(1.0).hold
    bench.plugged = False
    assert not bench.run(0.02).hold


def test_while_it_moves_it_says_so() -> None:
    bench = Bench(position=None)
    bench.wanted = 3
    assert bench.run(0.1).why == "the phase relay is switching to 3 phases"


LOOKS = st.tuples(
    st.sampled_from([1, 3, None]), st.sampled_from([True, False, None]),
    st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize("position", [True, False, None])
@settings(max_examples=60, deadline=None)
@given(looks=st.lists(LOOKS, max_size=200))
def test_whatever_comes_it_moves_only_without_load_and_one_phase_never_feeds_three(
    position: bool | None, looks: list[tuple[int | None, bool | None, bool, bool, bool, bool, bool]]
) -> None:
    it, now = PhaseRelay(position, 10.0, 3), 0.0
    for wanted, contact, plugged, asking, closed, proven, x1 in looks:
        now += 0.3
        was = it.relay
        it.step(now, wanted, contact, plugged=plugged, asking=asking, closed=closed, proven_open=proven, x1=x1)
        assert it.relay is was or (proven and x1 and not closed)
        if wanted == 1 and (it.relay is not False or contact):
            assert it.scale <= 1.0 / 3.0
        if it.relay is None:
            assert it.hold
