"""What a board with its own pilot is to be told, and what its answers come to: numbers for time."""

from __future__ import annotations

from evse_drivers.api import Permit
from evse_drivers.boards.status import NOTHING, Offer, Status, Watch, Wish
from evsed.model.faults import FAULTS

IDLE = Status("A1", closed=False, offered=0.0)
PLUGGED = Status("B1", closed=False, offered=0.0)
CHARGING = Status("C2", closed=True, offered=16.0)


def permit(amps: float, until: float = 5.0, how: str = "grace", locked: bool = False) -> Permit:
    return Permit(1, amps, 3, locked, "now" if how == "now" else "grace", until)


def wish(amps: float, step: float = 1.0, most: float = 100.0) -> Offer | None:
    made = Wish(step, most=most)
    made.take(permit(amps), 0.0)
    return made.at(1.0)


def test_a_permit_becomes_whole_steps_and_is_never_rounded_up() -> None:
    assert wish(15.99) == Offer(15.0)
    assert wish(6.0) == Offer(6.0)
    assert wish(10.1, step=0.1) == Offer(10.1)
    fine = wish(13.337, step=0.01)
    assert fine is not None
    assert abs(fine.amps - 13.33) < 1e-9


def test_less_than_6_A_is_nothing_and_so_is_what_is_no_number() -> None:
    for amps in (5.99, 0.0, -3.0, float("nan"), float("inf")):
        assert wish(amps) == NOTHING


def test_no_more_is_wished_than_the_board_takes() -> None:
    assert wish(32.0, most=16.0) == Offer(16.0)


def test_an_expired_permit_withdraws_the_offer_and_lets_the_vehicle_open_first() -> None:
    made = Wish(1.0)
    made.take(permit(16.0, until=5.0), 1.0)
    assert made.at(4.99) == Offer(16.0)
    assert made.at(5.0) == Offer(0.0, "grace")


def test_a_stop_at_once_stays_one_until_something_is_offered_again() -> None:
    made = Wish(1.0)
    made.take(permit(0.0, until=5.0, how="now"), 0.0)
    assert made.at(5.0) == Offer(0.0, "now"), "expired"
    made.take(permit(0.0, until=11.0), 6.0)
    assert made.at(6.0) == Offer(0.0, "now")
    made.take(permit(16.0, until=12.0), 7.0)
    assert made.at(7.0) == Offer(16.0)
    made.take(permit(0.0, until=13.0), 8.0)
    assert made.at(8.0) == Offer(0.0, "grace")


def test_a_permit_that_holds_for_too_long_is_cut_short() -> None:
    made = Wish(1.0)
    made.take(permit(16.0, until=1000.0), 10.0)
    assert made.at(14.9) == Offer(16.0)
    assert made.at(15.0) == NOTHING


def test_how_to_stop_goes_with_nothing_only() -> None:
    made = Wish(1.0)
    made.take(permit(16.0, how="now"), 0.0)
    assert made.at(0.0) == Offer(16.0, "grace")
    made.take(permit(0.0, how="now"), 0.0)
    assert made.at(0.0) == Offer(0.0, "now")


def test_a_charge_that_runs_at_the_start_is_left_alone_for_10_s() -> None:
    made = Wish(1.0)
    assert made.at(0.0) is None
    made.start(100.0, charging=True)
    assert made.at(109.9) is None
    assert made.at(110.0) == NOTHING


def test_a_board_that_does_not_charge_at_the_start_is_told_at_once_to_offer_nothing() -> None:
    made = Wish(1.0)
    made.start(100.0, charging=False)
    assert made.at(100.0) == NOTHING
    made.start(200.0, charging=True)  # the start is over
    assert made.at(200.0) == NOTHING


def test_only_a_board_with_a_lock_is_told_to_lock() -> None:
    for locks in (False, True):
        made = Wish(1.0, locks=locks)
        made.take(permit(16.0, locked=True), 0.0)
        assert made.at(0.0) == Offer(16.0, locked=locks)


def test_waking_takes_the_offer_away_for_4_s() -> None:
    made = Wish(1.0)
    made.take(permit(16.0), 0.0)
    made.pause(0.0)
    assert made.at(3.9) == NOTHING
    assert made.at(4.0) == Offer(16.0)


def test_plugs_are_counted_and_unplugging_and_opening_are_stamped() -> None:
    watch = Watch(3, "boot")
    seen = [watch.see(status, None, at) for at, status in enumerate((IDLE, PLUGGED, CHARGING, PLUGGED, IDLE, PLUGGED))]
    assert [one.plug for one in seen] == [0, 1, 1, 1, 1, 2]
    assert [one.opened_at for one in seen] == [None, None, None, 3, 3, 3]
    assert [one.unplugged_at for one in seen] == [None, None, None, None, 4, 4]
    assert {(one.evse, one.boot) for one in seen} == {(3, "boot")}
    assert [one.why for one in seen[:4]] == ["no vehicle", "nothing is offered", "charging", "nothing is offered"]


def test_a_board_that_shows_a_failure_hides_the_vehicle_and_no_new_plug_is_counted() -> None:
    watch = Watch(1, "boot")
    failed = Status("F", closed=False, offered=0.0, faults=("residual current",), why="it tripped")
    seen = [watch.see(status, None, at) for at, status in enumerate((PLUGGED, failed, PLUGGED))]
    assert [one.plug for one in seen] == [1, 1, 1]
    assert (seen[1].fault, seen[1].faults) == ("residual current", ("residual current",))
    assert seen[1].why == "residual current: it tripped"
    assert seen[2].fault is None


def test_what_a_board_does_not_tell_is_none() -> None:
    seen = Watch(1, "boot").see(PLUGGED, None, 1.0)
    assert (seen.volts, seen.duty, seen.cable, seen.locked, seen.phases, seen.tested_at) == (None,) * 6


def test_a_board_that_stays_closed_though_it_was_told_to_stop_is_a_fault_of_its_contactor() -> None:
    watch = Watch(1, "boot")
    watch.see(CHARGING, Offer(16.0), 0.0)
    stuck = Status("C1", closed=True, offered=0.0)
    assert watch.see(stuck, NOTHING, 1.0).fault is None
    assert watch.see(stuck, NOTHING, 11.9).fault is None
    seen = watch.see(stuck, NOTHING, 12.0)
    assert seen.fault == "contactor"
    assert seen.fault in FAULTS
    assert seen.why == ("contactor: the board was told to stop 12 s ago and more, and keeps the contactor closed")
    assert watch.see(PLUGGED, NOTHING, 13.0).fault is None


def test_a_board_that_offers_more_than_it_was_told_is_a_fault_of_the_pilot_line() -> None:
    watch = Watch(1, "boot")
    watch.see(CHARGING, Offer(16.0), 0.0)
    assert watch.see(CHARGING, Offer(10.0), 1.0).fault is None
    seen = watch.see(CHARGING, Offer(10.0), 12.0)
    assert (seen.fault, seen.why) == ("pilot line", "pilot line: the board offers 16 A and was told 10 A")
    assert seen.fault in FAULTS
    for at in (13.0, 20.0, 30.0):
        assert watch.see(CHARGING, Offer(15.6), at).fault is None  # by its rounding


def test_falling_limits_do_not_begin_the_patience_anew() -> None:
    watch = Watch(1, "boot")
    for at in range(12):
        assert watch.see(CHARGING, Offer(15.0 - at * 0.5), float(at)).fault is None
    assert watch.see(CHARGING, Offer(9.0), 12.0).fault == "pilot line"


def test_a_test_of_the_residual_current_device_that_was_passed_is_stamped() -> None:
    watch = Watch(1, "boot")
    testing = Status("A1", closed=False, offered=0.0, testing=True)
    assert watch.see(testing, None, 1.0).testing
    assert watch.see(IDLE, None, 31.0).tested_at == 31.0
