"""What the station permits: permits and their refusals, the lease, the plug it counts for, what the lock follows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from evse_drivers.api import Permit
from evsed.pilot.supervisor import Limits, Supervisor

PERMIT = Permit(1, 16.0, 3, True, "grace", 105.0)


class Bench:
    """A supervisor on a virtual clock, with inputs that stay until they are changed."""

    def __init__(self, **limits: object) -> None:
        self.now = 100.0
        self.it = Supervisor(replace(Limits(1, 32.0, 6.0, 900.0), **limits))  # type: ignore[arg-type]
        self.letter, self.closed = "A", False

    def go(self, seconds: float, letter: str | None = None, closed: bool | None = None) -> Bench:
        self.letter = self.letter if letter is None else letter
        self.closed = self.closed if closed is None else closed
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            self.it.step(self.now, self.letter, self.closed)
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


def test_a_permit_counts_for_the_plug_that_stood_when_it_came() -> None:
    bench = Bench().permit(16.0).go(0.1, letter="B")
    assert bench.it.amps == 0.0
    bench.permit(16.0)
    assert bench.it.amps == 16.0
    bench.go(0.1, letter="A").go(0.1, letter="B")
    assert (bench.it.amps, bench.it.plug, bench.it.reason) == (0.0, 2, "no permit")


def test_a_short_of_the_pilot_is_no_unplugging() -> None:
    bench = Bench().go(0.1, letter="B").permit(16.0).go(0.1, letter="E").go(0.1, letter="B")
    assert (bench.it.plug, bench.it.plugged, bench.it.unplugged_at, bench.it.amps) == (1, True, None, 16.0)


def test_the_instant_of_the_last_unplugging_is_kept() -> None:
    bench = Bench().go(0.1, letter="D").go(0.01, letter="A")
    at = bench.now
    bench.go(5.0).go(1.0, letter="B")
    assert (bench.it.unplugged_at, bench.it.plug) == (at, 2)


def test_a_permit_of_nothing_says_how_to_stop() -> None:
    bench = Bench().go(0.1, letter="C").permit(0.0, how="now")
    assert (bench.it.amps, bench.it.at_once, bench.it.reason) == (0.0, True, "the station permits nothing")
    assert not bench.permit(0.0, how="grace").it.at_once
    assert not bench.permit(16.0, how="now").it.at_once  # it permits something
    assert not bench.permit(0.0, how="now").go(5.1).it.at_once  # and only while it counts


def test_a_lost_lease_stops_where_the_technician_wants_that() -> None:
    bench = Bench(go_on=0.0).go(0.1, letter="C").permit(16.0).go(4.98, closed=True)
    assert bench.it.amps == 16.0
    bench.go(0.02)
    assert (bench.it.amps, bench.it.at_once, bench.it.reason) == (0.0, False, "the station is gone")


def test_a_lost_lease_goes_on_at_the_failsafe_for_so_many_minutes_and_one_plug() -> None:
    bench = Bench(go_on=900.0).go(0.1, letter="C").permit(16.0).go(5.1, closed=True)
    assert (bench.it.amps, bench.it.reason) == (6.0, "going on while the station is gone")
    bench.go(899.8)
    assert bench.it.amps == 6.0
    bench.go(0.2)
    assert (bench.it.amps, bench.it.reason) == (0.0, "the station is gone for too long")
    bench = Bench(go_on=900.0).go(0.1, letter="C").permit(16.0).go(5.1, closed=True)
    bench.go(0.1, letter="A").go(0.1, letter="C")
    assert (bench.it.amps, bench.it.reason) == (0.0, "no permit")


def test_no_charge_begins_while_the_station_is_gone() -> None:
    bench = Bench(go_on=900.0).go(0.1, letter="C").permit(16.0).go(5.1)
    assert (bench.it.amps, bench.it.reason) == (0.0, "the station is gone")


@pytest.mark.parametrize(("last", "failsafe", "amps"), [(0.0, 10.0, 0.0), (8.0, 10.0, 8.0), (16.0, 0.0, 0.0)])
def test_going_on_is_at_the_smaller_of_last_permit_and_failsafe(last: float, failsafe: float, amps: float) -> None:
    bench = Bench(failsafe_amps=failsafe).go(0.1, letter="C", closed=True).permit(16.0).permit(last).go(5.1)
    assert bench.it.amps == amps


def test_an_unlocked_plug_is_offered_nothing_until_the_station_lets_go_of_it() -> None:
    bench = Bench().go(0.1, letter="B").permit(16.0)
    bench.it.unlocking = True
    bench.permit(16.0)
    assert (bench.it.amps, bench.it.reason, bench.it.lock_wanted(True)) == (0.0, "plug is unlocked", False)
    bench.permit(0.0, locked=False).permit(16.0)
    assert (bench.it.amps, bench.it.lock_wanted(True)) == (16.0, True)
    bench.it.unlocking = True
    assert bench.go(0.1, letter="A").it.unlocking is False


def test_a_wish_to_unlock_an_idle_outlet_is_not_meant_for_the_next_plug() -> None:
    bench = Bench().go(0.1)
    bench.it.unlocking = True
    assert bench.go(0.1).it.lock_wanted(True) is False
    bench.go(0.1, letter="B").permit(16.0)
    assert (bench.it.amps, bench.it.lock_wanted(True)) == (16.0, True)


LOCK = [  # the vehicle's letter, the permit (amps, locked) if there is one, the lock's part
    ("A", None, False),
    ("B", None, None),  # the station will say
    ("B", (0.0, True), True),
    ("C", (0.0, True), True),
    ("E", (0.0, True), True),  # after B: a short is no unplugging
    ("B", (0.0, False), False),
    ("B", (16.0, False), True),  # a current is permitted through a locked plug only
    ("B", (6.0, False), True),
    ("A", (0.0, True), None),
    ("A", (0.0, False), False),
]


@pytest.mark.parametrize(("letter", "permit", "wanted"), LOCK)
def test_what_the_lock_is_to_do(letter: str, permit: tuple[float, bool] | None, wanted: bool | None) -> None:
    bench = Bench().go(0.1, letter="B" if letter == "E" else letter)
    if permit is not None:
        bench.permit(permit[0], locked=permit[1])
    bench.go(0.1, letter=letter)
    assert bench.it.lock_wanted(True) is wanted


def test_with_the_station_gone_the_plug_stays_as_it_is_until_the_vehicle_is_pulled() -> None:
    bench = Bench(go_on=0.0).go(0.1, letter="B").permit(16.0).go(20.0)
    assert bench.it.lock_wanted(True) is None
    assert bench.go(0.01, letter="A").it.lock_wanted(True) is False


def test_an_idle_plug_is_unlocked_at_the_start_only_where_the_technician_wants_that() -> None:
    assert Bench(unlock_idle=True).go(0.1).it.lock_wanted(True) is False
    bench = Bench(unlock_idle=False).go(0.1)
    assert bench.it.lock_wanted(True) is None
    assert bench.permit(0.0, locked=False).it.lock_wanted(True) is None
    assert bench.go(0.1, letter="B").go(5.1, letter="A").it.lock_wanted(True) is False  # it has been used


def test_nothing_is_unlocked_before_the_line_was_heard() -> None:
    assert Bench().go(0.1).it.lock_wanted(False) is None
