"""A charge, and every return of its current, begins at an instant of chance; it can be cancelled."""

from __future__ import annotations

import pytest
from evsed.core.effects import Note
from evsed.core.random_delay import LONGEST, SKIP_ALL, remaining, skip
from evsed.model.commands import ClearProfiles, SetVariables, Status, VariablesSet
from evsed.model.inputs import Ordered
from evsed.model.profiles import Purpose
from evsed.model.variables import Attribute, SetStatus, VariableRef
from house import House
from test_limits import install, profile, several, wins
from test_session import charging

PRESETS = {LONGEST: "600"}


def delayed(**settings: object) -> House:
    """Plugged in and authorised, half of 600 s to go."""
    return charging(presets=PRESETS, **settings)


def put(house: House, value: str, variable: str, evse: int | None = None) -> SetStatus:
    ref = VariableRef("RandomisedDelayCtrlr", variable, evse=evse)
    answer = house.call(SetVariables(((ref, Attribute.ACTUAL, value),)))
    assert isinstance(answer, VariablesSet)
    return answer.results[0].status


def test_a_charge_begins_after_its_part_of_the_longest_delay() -> None:
    house = delayed()
    assert (house.amps(), wins(house)) == (0.0, "random delay")
    house.wait(299)
    assert house.amps() == 0.0
    house.wait(1)
    assert (house.amps(), wins(house)) == (32.0, "installation")
    assert house.pilots[1].closed


def test_the_log_and_the_view_tell_how_long() -> None:
    house = delayed()
    assert Note("EVSE 1: charges after a random delay of 300 s") in house.effects
    house.wait(10)
    assert house.station.view(house.now())["randomdelay"] == {"1": {"remaining_s": 290}}


def test_chance_decides_anew_each_time() -> None:
    house = delayed()
    house.wait(301)
    house.chance = 0.01
    install(house, 1, profile((0, 0.0)))
    assert (house.amps(), wins(house)) == (0.0, "TxDefaultProfile 1")
    assert house.call(ClearProfiles(id=1)) == Status("Accepted")
    assert wins(house) == "random delay"
    house.wait(6)
    assert house.amps() == 32.0


def test_a_lower_or_higher_current_is_not_delayed() -> None:
    house = delayed()
    house.wait(301)
    for amps in (10.0, 20.0, 6.0):
        install(house, 1, profile((0, amps)))
        assert house.amps() == amps


def test_without_a_longest_delay_there_is_none() -> None:
    assert charging().amps() == 32.0
    assert charging(presets={LONGEST: "0"}).amps() == 32.0


def test_a_card_during_the_delay_ends_the_session_and_the_next_has_a_delay_of_its_own() -> None:
    house = delayed()
    house.wait(100)
    house.card()
    assert house.station.view(house.now())["randomdelay"]["1"]["remaining_s"] == 0
    house.wait(300)
    assert house.amps() == 0.0
    house.card()
    assert wins(house) == "random delay"
    assert house.station.view(house.now())["randomdelay"]["1"]["remaining_s"] == 300


def test_a_charge_that_goes_on_over_a_restart_is_not_delayed() -> None:
    house = delayed()
    house.wait(301)
    again = House(presets=PRESETS, kept=house.saved, mono=house.mono + 5, before=house)
    again.pilot()
    assert again.amps() == 32.0
    assert again.pilots[1].closed


def test_one_that_waited_over_a_restart_is_delayed_anew() -> None:
    house = delayed()
    house.wait(100)
    again = House(presets=PRESETS, kept=house.saved, mono=house.mono + 5, before=house)
    again.pilot()
    assert (again.amps(), wins(again)) == (0.0, "random delay")
    again.wait(300)
    assert again.amps() == 32.0


def test_it_is_cancelled_at_the_station() -> None:
    house = delayed()
    house.give(Ordered(1, "skip-delay"))
    assert house.amps() == 32.0
    assert Note("EVSE 1: the random delay was cancelled at the station") in house.effects


def test_cancelling_where_none_runs_does_not_cancel_the_next() -> None:
    house = House(presets=PRESETS)
    house.online()
    house.give(Ordered(1, "skip-delay"))
    house.plug()
    house.card()
    house.ask()
    assert wins(house) == "random delay"


@pytest.mark.parametrize(("variable", "evse"), [("Skip", 1), ("SkipAll", None)])
def test_it_is_cancelled_by_the_central_system_again_and_again(variable: str, evse: int | None) -> None:
    house = delayed()
    for _ in range(2):
        assert put(house, "false", variable, evse) is SetStatus.ACCEPTED
        assert wins(house) == "random delay"
        assert put(house, "true", variable, evse) is SetStatus.ACCEPTED
        assert house.amps() == 32.0
        assert house.config.text(skip(1) if evse else SKIP_ALL) == "false"
        install(house, 1, profile((0, 0.0)))
        house.call(ClearProfiles(id=1))
    assert not any("Skip" in name for name in house.saved.get("variable", {}))


def test_the_central_system_sets_the_longest_delay() -> None:
    house = delayed()
    assert put(house, "1801", "MaxDelay") is SetStatus.REJECTED
    assert put(house, "30", "MaxDelay") is SetStatus.ACCEPTED
    house.wait(29)
    assert house.amps() == 0.0
    house.wait(1)
    assert house.amps() == 32.0


def test_a_longest_delay_of_zero_ends_those_that_run_and_one_set_while_idle_counts() -> None:
    house = delayed()
    put(house, "0", "MaxDelay")
    assert house.amps() == 32.0
    idle = House()
    idle.online()
    put(idle, "600", "MaxDelay")
    idle.plug()
    idle.card()
    idle.ask()
    assert wins(idle) == "random delay"


def test_the_delay_keeps_its_share_of_the_site_and_others_keep_theirs() -> None:
    house = several(2)
    put(house, "600", "MaxDelay")
    house.unplug(2)
    house.wait(5)
    house.plug(2)
    house.card("02", (2,))
    house.ask(2)
    assert [house.amps(evse) for evse in (1, 2)] == [16.0, 0.0]
    assert [wins(house, evse) for evse in (1, 2)] == ["site", "random delay"]
    house.wait(301)
    assert [house.amps(evse) for evse in (1, 2)] == [16.0, 16.0]


def test_who_must_wait_for_the_site_is_not_told_of_a_delay() -> None:
    house = several(3)
    put(house, "600", "MaxDelay")
    install(house, 0, profile((0, 13.0), purpose=Purpose.STATION_MAX))
    assert wins(house, 3) == "ChargingStationMaxProfile 1"


def test_its_variables_are_named_by_evse() -> None:
    assert (skip(2), remaining(2)) == ("RandomisedDelayCtrlr(2).Skip", "RandomisedDelayCtrlr(2).Remaining")
