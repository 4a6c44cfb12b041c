"""The vehicle on its own: when it asks, how its current moves, how its battery fills."""

from __future__ import annotations

import pytest
from evsed.desk.vehicle import Vehicle

PIECE = 0.01


class Road:
    """Moves a plugged vehicle on in steps of 10 ms and remembers the extremes of its current."""

    def __init__(self, vehicle: Vehicle) -> None:
        self.vehicle, self.at, self.most = vehicle, 100.0, 0.0
        vehicle.plug()

    def drive(self, seconds: float, offer: float, powered: bool = True) -> Vehicle:
        self.most = 0.0
        for _ in range(round(seconds / PIECE)):
            self.at += PIECE
            self.vehicle.step(self.at, PIECE, offer, powered)
            self.vehicle.take(self.vehicle.amps * 690.0 * PIECE / 3600.0)
            self.most = max(self.most, self.vehicle.amps)
        return self.vehicle


def test_it_asks_half_a_second_after_it_is_offered_power() -> None:
    road = Road(Vehicle())
    assert not road.drive(0.48, 16.0, powered=False).s2
    assert road.drive(0.05, 16.0, powered=False).s2


def test_it_does_not_ask_without_an_offer() -> None:
    assert not Road(Vehicle()).drive(10.0, 0.0).s2


def test_its_resistor_says_what_it_wants() -> None:
    road = Road(Vehicle())
    assert road.vehicle.ohm == 2700.0
    assert road.drive(1.0, 16.0).ohm == 880.0
    road.vehicle.ventilation = True
    assert road.vehicle.ohm == 240.0
    road.vehicle.unplug()
    assert road.vehicle.ohm is None


def test_it_draws_nothing_before_the_contactor_closes() -> None:
    assert Road(Vehicle()).drive(5.0, 16.0, powered=False).amps == 0.0


@pytest.mark.parametrize(("offer", "max_amps", "drawn"), [(6.0, 32.0, 6.0), (16.0, 32.0, 16.0), (32.0, 16.0, 16.0)])
def test_it_reaches_the_smaller_of_offer_and_its_own_maximum(offer: float, max_amps: float, drawn: float) -> None:
    road = Road(Vehicle(max_amps))
    assert road.drive(5.0, offer).amps == drawn
    assert road.most == drawn


@pytest.mark.parametrize(("before", "after"), [(32.0, 6.0), (6.0, 32.0), (16.0, 10.0)])
def test_it_follows_a_new_offer_within_one_to_two_and_a_half_seconds(before: float, after: float) -> None:
    road = Road(Vehicle())
    road.drive(5.0, before)
    assert road.drive(0.4, after).amps == before  # has not yet reacted
    assert road.drive(0.6, after).amps != after
    assert road.drive(1.1, after).amps == after
    road.drive(5.0, after)
    assert road.most == after


def test_it_opens_s2_within_a_second_of_the_offers_withdrawal_and_without_current() -> None:
    road = Road(Vehicle())
    road.drive(5.0, 32.0)
    road.drive(0.88, 0.0)
    assert road.vehicle.s2
    road.drive(0.1, 0.0)
    assert not road.vehicle.s2
    assert road.vehicle.amps == 0.0


def test_a_vehicle_that_ignores_the_stop_goes_on() -> None:
    road = Road(Vehicle())
    road.vehicle.ignores_stop = True
    road.drive(5.0, 16.0)
    vehicle = road.drive(60.0, 0.0)
    assert (vehicle.s2, vehicle.amps) == (True, 16.0)


def test_the_script_may_override_s2_both_ways() -> None:
    road = Road(Vehicle())
    road.vehicle.ask = True
    assert road.drive(0.01, 0.0).s2
    road.drive(5.0, 16.0)
    road.vehicle.ask = False
    vehicle = road.drive(0.01, 16.0)
    assert (vehicle.s2, vehicle.amps) == (False, 0.0)
    road.vehicle.ask = None
    assert road.drive(0.01, 16.0).s2


def test_a_manual_vehicle_asks_only_when_told() -> None:
    road = Road(Vehicle(mode="manual"))
    assert not road.drive(10.0, 16.0).s2
    road.vehicle.ask = True
    assert road.drive(3.0, 16.0).amps == 16.0


def test_the_battery_tapers_and_then_s2_opens_for_good() -> None:
    road = Road(Vehicle(battery_wh=500.0))
    amps = [road.drive(1.0, 16.0).amps for _ in range(300)]
    assert max(amps) == 16.0
    assert 3.0 < min(amp for amp in amps[5:] if amp) < 5.0
    assert not road.vehicle.s2
    assert road.vehicle.taken_wh == pytest.approx(500.0, abs=0.1)
    road.vehicle.unplug()
    road.vehicle.plug()
    assert road.drive(2.0, 16.0).s2  # another visit, another need


def test_a_simplified_vehicle_asks_from_the_first_moment_and_draws_what_it_is_offered() -> None:
    vehicle = Vehicle()
    vehicle.simplified = True
    road = Road(vehicle)
    assert vehicle.ohm == 880.0
    assert road.drive(5.0, 10.0).amps == 10.0
    assert road.drive(5.0, 0.0).s2


@pytest.mark.parametrize(("pause", "asks"), [(0.3, False), (0.75, True), (9.9, True), (10.1, False)])
def test_a_sleeper_wakes_by_a_break_in_the_offer_that_is_not_a_pause(pause: float, asks: bool) -> None:
    vehicle = Vehicle()
    vehicle.sleeping = True
    road = Road(vehicle)
    assert not road.drive(60.0, 16.0).s2
    road.drive(pause, 0.0)
    assert road.drive(2.0, 16.0).s2 is asks


def test_a_sleeper_falls_asleep_again_in_a_pause() -> None:
    vehicle = Vehicle()
    vehicle.sleeping = True
    road = Road(vehicle)
    road.drive(10.0, 16.0)
    road.drive(4.0, 0.0)
    assert road.drive(10.0, 16.0).amps == 16.0
    road.drive(11.0, 0.0)
    assert not road.drive(10.0, 16.0).s2


def test_it_toggles_s2_as_often_and_as_long_as_it_is_told() -> None:
    vehicle = Vehicle(mode="manual")
    road = Road(vehicle)
    vehicle.toggle(road.at, 3, 0.3)
    closed = [road.drive(PIECE, 16.0).s2 for _ in range(300)]
    edges = [k for k in range(1, 300) if closed[k] != closed[k - 1]]
    assert len(edges) == 5  # the first one is at the start
    assert sum(closed) * PIECE == pytest.approx(0.9, abs=0.03)
    assert not vehicle.s2


def test_a_slow_one_follows_after_its_reaction_time() -> None:
    vehicle = Vehicle()
    road = Road(vehicle)
    road.drive(10.0, 32.0)
    vehicle.reaction = 5.0
    assert road.drive(4.9, 10.0).amps == 32.0
    assert road.drive(2.0, 10.0).amps == 10.0


def test_one_that_ignores_the_limit_draws_what_it_can_and_more_than_it_is_offered() -> None:
    vehicle = Vehicle()
    vehicle.ignores_limit = True
    road = Road(vehicle)
    assert road.drive(5.0, 10.0).amps == 32.0
    assert road.drive(5.0, 32.0).amps == 48.0
    assert road.drive(5.0, 0.0).amps == 0.0
