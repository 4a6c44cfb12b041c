"""The rules around the machine: lease, cable, mirror contact, lock, latches."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from evse_drivers.api import Permit
from evsed.pilot.supervisor import FAULTS, WORDS, Limits, Supervisor, cable_of
from hypothesis import given
from hypothesis import strategies as st

PERMIT = Permit(1, 16.0, 3, True, "grace", 105.0)


class Bench:
    """A supervisor on a virtual clock, with inputs that stay until they are changed."""

    def __init__(self, latched: str | None = None, **limits: object) -> None:
        self.now = 100.0
        self.it = Supervisor(replace(Limits(1, 32.0, 6.0, 900.0), **limits), latched)  # type: ignore[arg-type]
        self.letter, self.trouble, self.ohms = "A", None, None
        self.commanded, self.opened_at, self.mirror, self.locked = False, 0.0, None, None

    def go(self, seconds: float, **inputs: object) -> Bench:
        for name, value in inputs.items():
            setattr(self, name, value)
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            self.it.step(
                self.now, self.letter, self.trouble, self.ohms, self.commanded, self.opened_at, self.mirror, self.locked
            )
        return self

    def permit(self, amps: float = 16.0, **fields: object) -> Bench:
        permit = replace(PERMIT, amps=amps, until=self.now + 5.0, **fields)  # type: ignore[arg-type]
        assert self.it.take(permit, self.now) is None
        return self.go(0.01)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"amps": math.nan}, "permit of nan A: amps must be finite and at least 0"),
        ({"amps": math.inf}, "permit of inf A: amps must be finite and at least 0"),
        ({"amps": -0.1}, "permit of -0.1 A: amps must be finite and at least 0"),
        ({"evse": 2}, "permit for EVSE 2, which this pilot does not have"),
        ({"phases": 2}, "permit for 2 phases: 1 or 3 are possible"),
        ({"how": "soon"}, 'permit with how = \'soon\': "grace" or "now" are possible'),
        ({"until": 105.6}, "permit until 5.6 s from now: at most 5.5 s are allowed"),
        ({"until": math.nan}, "permit until nan s from now: at most 5.5 s are allowed"),
        ({"until": 99.0}, "permit has run out 1.0 s ago"),
    ],
)
def test_a_bad_permit_is_refused_with_its_reason_and_changes_nothing(fields: dict[str, object], why: str) -> None:
    bench = Bench().go(0.1, letter="B").permit(16.0)
    bench.now = 100.0
    assert bench.it.take(replace(PERMIT, **fields), 100.0) == why  # type: ignore[arg-type]
    bench.go(0.01)
    assert bench.it.amps == 16.0


@given(st.floats(0, 1e6), st.floats(50, 5000) | st.none(), st.floats(6, 80))
def test_never_more_than_permit_cable_and_board_allow(amps: float, ohms: float | None, board: float) -> None:
    bench = Bench(max_amps=board).go(0.1, letter="B", ohms=ohms).permit(amps)
    bench.go(0.05)
    cable = None if ohms is None else cable_of(ohms)
    assert bench.it.amps <= min(amps, board)
    if ohms is not None:
        assert bench.it.amps <= (cable if cable is not None and cable < math.inf else 0.0)


@pytest.mark.parametrize(
    ("ohms", "amps"),
    [(1500, 13), (680, 20), (220, 32), (100, 63), (10_000, math.inf), (math.inf, math.inf), (40, None)],
)
def test_the_cable_is_known_by_its_resistor(ohms: float, amps: float | None) -> None:
    assert cable_of(ohms) == amps


def test_a_permit_counts_for_the_plug_that_stood_when_it_came() -> None:
    bench = Bench().permit(16.0).go(0.1, letter="B")
    assert bench.it.amps == 0.0
    bench.permit(16.0)
    assert bench.it.amps == 16.0
    bench.go(0.1, letter="A").go(0.1, letter="B")
    assert (bench.it.amps, bench.it.plug, bench.it.reason) == (0.0, 2, "no permit")


def test_a_short_of_the_pilot_is_no_unplugging() -> None:
    bench = Bench().go(0.1, letter="B").go(0.1, letter="E", trouble="pilot short").go(0.1, letter="B", trouble=None)
    assert (bench.it.plug, bench.it.plugged, bench.it.unplugged_at) == (1, True, None)


def test_a_lost_lease_stops_where_the_technician_wants_that() -> None:
    bench = Bench(go_on=0.0).go(0.1, letter="C").permit(16.0).go(4.9)
    assert bench.it.amps == 16.0
    bench.go(0.2)
    assert (bench.it.amps, bench.it.at_once, bench.it.reason) == (0.0, False, "the station is gone")


def test_a_lost_lease_goes_on_at_the_failsafe_for_so_many_minutes_and_one_plug() -> None:
    bench = Bench(go_on=900.0).go(0.1, letter="C").permit(16.0).go(5.1, commanded=True)
    assert (bench.it.amps, bench.it.reason) == (6.0, "going on while the station is gone")
    bench.go(899.0)
    assert bench.it.amps == 6.0
    bench.go(1.0)
    assert (bench.it.amps, bench.it.reason) == (0.0, "the station is gone for too long")
    bench = (
        Bench(go_on=900.0)
        .go(0.1, letter="C")
        .permit(16.0)
        .go(5.1, commanded=True)
        .go(0.1, letter="A")
        .go(0.1, letter="C")
    )
    assert (bench.it.amps, bench.it.reason) == (0.0, "no permit")


def test_no_charge_begins_while_the_station_is_gone() -> None:
    bench = Bench(go_on=900.0).go(0.1, letter="C").permit(16.0).go(5.1)
    assert (bench.it.amps, bench.it.reason) == (0.0, "the station is gone")


@pytest.mark.parametrize(("last", "failsafe", "amps"), [(0.0, 10.0, 0.0), (8.0, 10.0, 8.0), (16.0, 0.0, 0.0)])
def test_going_on_is_at_the_smaller_of_last_permit_and_failsafe(last: float, failsafe: float, amps: float) -> None:
    bench = Bench(failsafe_amps=failsafe).go(0.1, letter="C", commanded=True).permit(16.0).permit(last).go(5.1)
    assert bench.it.amps == amps


def test_a_mirror_that_stays_closed_is_a_weld_that_outlives_unplugging_and_needs_an_acknowledgement() -> None:
    bench = Bench().go(1.0, letter="C", commanded=True, mirror=True)
    assert bench.it.fault is None
    bench.go(0.24, commanded=False)
    assert bench.it.fault is None
    bench.go(0.03)
    assert bench.it.fault == "contactor welded"
    assert not bench.it.proven_open
    assert bench.it.act("acknowledge", True) == (
        "the mirror contact says that the contactor is still closed: replace it first"
    )
    bench.go(1.0, letter="A", mirror=False)
    assert (bench.it.fault, bench.it.latched) == ("contactor welded", "contactor welded")
    assert bench.it.act("acknowledge", False) is None
    bench.go(0.01)
    assert bench.it.fault is None


def test_a_mirror_that_stays_open_is_another_fault_until_the_plug_is_pulled() -> None:
    bench = Bench().go(0.24, letter="C", commanded=True, mirror=False)
    assert bench.it.fault is None
    bench.go(0.04)
    assert (bench.it.fault, bench.it.latched) == ("contactor failed to close", None)
    bench.go(1.0, commanded=False)
    assert bench.it.fault == "contactor failed to close"
    bench.go(0.01, letter="A")
    assert bench.it.fault is None


def test_a_latched_fault_from_the_file_permits_nothing() -> None:
    bench = Bench("pilot state lost").go(0.1, letter="C").permit(16.0)
    assert bench.it.fault == "pilot state lost"


def test_the_plug_is_unlocked_only_with_the_contactor_proven_open() -> None:
    bench = Bench(has_lock=True).go(0.1, letter="B", locked=False, mirror=False)
    assert bench.it.lock is None
    bench.permit(16.0).go(0.1, locked=True)
    assert bench.it.lock is True
    bench.go(0.1, letter="C", commanded=True, mirror=True).permit(0.0, locked=False)
    assert bench.it.lock is True
    assert bench.it.act("unlock", True) == "the contactor is not proven open: stop the charge first"
    bench.go(0.1, commanded=False)
    assert bench.it.lock is True
    bench.go(0.01, mirror=False)
    assert bench.it.lock is False


def test_without_a_mirror_open_is_proven_by_time() -> None:
    bench = Bench().go(0.01)
    bench.opened_at = bench.now
    assert not bench.go(0.2).it.proven_open
    assert bench.go(0.1).it.proven_open


def test_with_the_station_gone_the_plug_stays_locked_until_the_vehicle_is_pulled() -> None:
    bench = Bench(has_lock=True, go_on=0.0).go(0.1, letter="B", mirror=False, locked=True).permit(0.0)
    bench.go(20.0)
    assert bench.it.lock is True
    bench.go(0.01, letter="A")
    assert bench.it.lock is False


def test_an_unlocked_plug_is_offered_nothing_until_the_station_lets_go_of_it() -> None:
    bench = Bench(has_lock=True).go(0.1, letter="B", mirror=False, locked=True).permit(16.0)
    assert bench.it.act("unlock", False) is None
    bench.go(0.01).permit(16.0)
    assert (bench.it.lock, bench.it.amps, bench.it.reason) == (False, 0.0, "plug is unlocked")
    bench.permit(0.0, locked=False).permit(16.0)
    assert (bench.it.lock, bench.it.amps) == (True, 16.0)


def test_a_lock_that_does_not_lock_is_a_fault_after_three_seconds() -> None:
    bench = Bench(has_lock=True).go(0.1, letter="B", mirror=False, locked=False).permit(16.0)
    assert not bench.it.locked_enough(False)
    bench.go(2.9)
    assert bench.it.fault is None
    bench.go(0.2)
    assert bench.it.fault == "plug lock"
    bench.go(0.02, locked=True)
    assert bench.it.fault is None
    assert bench.it.locked_enough(True)


def test_a_proximity_that_is_lost_under_load_is_a_fault_within_60_ms() -> None:
    bench = Bench().go(0.1, letter="C", ohms=220.0).permit(16.0).go(0.1, commanded=True)
    assert bench.go(0.04, ohms=math.inf).it.fault is None
    assert bench.go(0.02).it.fault == "cable lost"
    assert bench.go(0.1, ohms=40.0, commanded=False).go(1.1).it.fault == "cable"


def test_a_plug_may_take_a_second_to_make_its_contacts() -> None:
    bench = Bench().go(1.0, ohms=math.inf).go(0.9, letter="B").permit(16.0)
    assert (bench.it.fault, bench.it.amps) == (None, 0.0)
    assert bench.go(0.1, ohms=220.0).it.amps == 16.0


def test_a_stall_is_seen_for_a_second() -> None:
    bench = Bench().go(0.1)
    bench.it.stalled(bench.now)
    assert bench.go(0.9).it.fault == "loop stalled"
    assert bench.go(0.2).it.fault is None


def test_acts_that_the_hardware_does_not_have_are_refused() -> None:
    assert Bench().it.act("unlock", None) == "this EVSE has no plug lock"
    assert Bench().it.act("selftest", None) == "this hardware has no selftest"


def test_every_fault_has_its_words() -> None:
    assert set(FAULTS) == set(WORDS)
