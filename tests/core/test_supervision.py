"""What the meter and the temperature say reaches the pilot and the catalogue; what they do not say reaches nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evse_drivers.api import NO_PHASES, Permit
from evsed.core.effects import Note
from evsed.core.facts import Ceiling, Measured, OfferChanged, Troubled
from evsed.core.supervision import Supervision
from evsed.core.unmetered import Unmetered
from evsed.model.inputs import Metered, MeterSilent, Started, Tick, Warmed
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.settings import SupervisionSettings
from house import House
from test_session import charging


def supervised(**options: object) -> House:
    """A house that charges at 32 A and is watched with these options."""
    return charging(supervision=SupervisionSettings(**options))  # type: ignore[arg-type]


def permit(house: House) -> tuple[float, str]:
    return house.permits[1].amps, house.permits[1].how


def standing(house: House) -> dict[str, str]:
    told: dict[str, str] = house.station.view(house.now())["supervision"]["1"]["standing"]
    return told


def test_an_overcurrent_opens_at_once() -> None:
    house = supervised()
    house.wait(10)
    house.measures = {"amps": (40.0, 16.0, 16.0)}
    house.wait(7)
    assert permit(house) == (32.0, "grace")
    house.wait(1)
    assert permit(house) == (0.0, "now")
    assert not house.pilots[1].closed


def test_an_overcurrent_may_be_left_to_others() -> None:
    house = supervised(overcurrent=False)
    house.measures = {"amps": (40.0, 40.0, 40.0)}
    house.wait(60)
    assert permit(house) == (32.0, "grace")


def test_an_undervoltage_withdraws_the_offer_and_the_charge_goes_on_after_it() -> None:
    house = supervised()
    house.measures = {"volts": (150.0, 150.0, 150.0)}
    house.wait(5)
    assert permit(house) == (0.0, "grace")
    house.measures = {}
    house.wait(32)
    assert permit(house) == (0.0, "grace")  # 30 s more
    house.wait(3)
    assert permit(house) == (32.0, "grace")
    assert [report.kind for report in house.transactions()].count("Ended") == 0


def test_heat_lowers_the_current_and_stops_it() -> None:
    house = charging(sensors={"housing": (1,)})
    for celsius, amps in ((20.0, 32.0), (61.0, 24.0), (66.0, 16.0), (71.0, 8.0), (76.0, 0.0)):
        for _ in range(2):
            house.give(Warmed("housing", (1,), celsius))
        assert permit(house) == (amps, "grace")
    assert sorted(standing(house)) == ["overheated", "temperature derating"]
    assert house.station.view(house.now())["supervision"]["1"]["celsius"] == {"housing": 76.0}


def test_a_silent_temperature_sensor_lowers_the_current_by_itself() -> None:
    house = charging(sensors={"housing": (1,)})
    house.wait(14)
    assert permit(house) == (32.0, "grace")
    house.wait(1)
    assert permit(house) == (8.0, "grace")


def test_a_low_frequency_and_an_uneven_load_lower_the_current() -> None:
    house = supervised(droop=True, max_unbalance=20.0)
    house.measures = {"hertz": 49.3}
    house.wait(1)
    assert permit(house) == (25.0, "grace")
    house.measures = {"hertz": 49.8, "amps": (16.0, 0.0, 0.0)}
    house.wait(5)
    assert permit(house) == (20.0, "grace")


# --- a meter that falls silent while charging ---------------------------------------------------------------------


def fall_silent(house: House, seconds: float) -> None:
    house.meters_answer = False
    house.give(MeterSilent(1, "no answer"))
    house.wait(seconds, meters=False)


@pytest.mark.parametrize(("reaction", "amps"), [("stop", 0.0), ("limit", 6.0), ("go on", 32.0)])
def test_a_meter_that_falls_silent_while_charging_does_what_the_config_wants(reaction: str, amps: float) -> None:
    house = supervised(meter_silent=reaction)
    house.wait(2)
    fall_silent(house, 9)
    assert permit(house) == (32.0, "grace")
    fall_silent(house, 2)
    assert permit(house) == (amps, "grace")
    house.wait(40)
    assert permit(house) == (32.0, "grace")


def test_unmetered_stands_until_the_meter_answers_though_nothing_is_offered() -> None:
    house = supervised()
    fall_silent(house, 120)
    assert permit(house) == (0.0, "grace")
    assert standing(house) == {"unmetered": "the meter does not answer"}


def test_a_silent_meter_is_no_fault_of_an_outlet_that_nobody_uses() -> None:
    house = House()
    fall_silent(house, 60)
    assert standing(house) == {}


def test_a_vehicle_that_comes_while_the_meter_is_silent_is_not_offered_anything() -> None:
    house = House()
    house.online()
    fall_silent(house, 60)
    house.effects.clear()
    house.plug()
    house.card()
    house.ask()
    assert standing(house) == {"unmetered": "the meter does not answer"}
    assert permit(house) == (0.0, "grace")
    assert not house.pilots[1].closed
    house.unplug_without_meter()
    assert standing(house) == {}


def test_what_the_pilot_offers_by_itself_counts_too() -> None:
    seen = House().pilots[1]
    charging_on = replace(seen, state="C2", offered=6.0, closed=True)
    for order in ("silent first", "offer first"):
        rule = Unmetered("stop")
        if order == "silent first":
            rule.silent()
        rule.seen(charging_on)
        rule.silent()
        assert rule.standing == {"unmetered": "the meter does not answer"}
        rule.seen(replace(charging_on, offered=0.0, closed=False))
        assert "unmetered" in rule.standing
        rule.seen(seen)
        assert rule.standing == {}


def test_a_vehicle_that_draws_without_an_offer_is_charging_too() -> None:
    rule = Unmetered("stop")
    rule.seen(replace(House().pilots[1], state="C1", closed=True))
    rule.silent()
    assert "unmetered" in rule.standing
    other = Unmetered("stop")
    other.seen(replace(House().pilots[1], state="B1"))
    other.silent()
    assert other.standing == {}


# --- the block by itself ------------------------------------------------------------------------------------------


TOPOLOGY = Topology("evsed", "test", "1", "0", (Evse(1, 32.0, 3, 6.0, meter_every=5.0), Evse(2, 16.0, 1, 6.0)), 32.0)


def block(**options: object) -> Supervision:
    settings = SupervisionSettings(**options)  # type: ignore[arg-type]
    return Supervision(TOPOLOGY, settings, {"housing": (1, 2)}, Instant(0.0, None, 1))


def heard(supervision: Supervision, event: object, at: float) -> list[object]:
    return list(supervision.handle(event, Instant(at, None, 1)))  # type: ignore[arg-type]


def reading(at: float, **facts: object) -> Measured:
    house = House()
    return Measured(1, replace(house.reading(1), at=at, **facts))


def test_a_change_is_told_once() -> None:
    supervision = block()
    assert heard(supervision, Warmed("housing", (1,), 66.0), 1.0) == [
        Troubled(1, "temperature derating", True, "housing 66.0 °C: 16.0 A of 32 A"),
        Ceiling(1, "temperature", 16.0),
    ]
    assert heard(supervision, Warmed("housing", (1,), 66.0), 2.0) == []
    heard(supervision, Warmed("housing", (1,), 20.0), 3.0)
    assert heard(supervision, Warmed("housing", (1,), 20.0), 4.0) == [
        Troubled(1, "temperature derating", False),
        Ceiling(1, "temperature", None),
    ]


def test_a_sensor_stands_for_all_its_evses_and_each_has_its_own_steps() -> None:
    supervision = block()
    told = heard(supervision, Warmed("housing", (1, 2), 66.0), 1.0)
    assert [fact for fact in told if isinstance(fact, Ceiling)] == [
        Ceiling(1, "temperature", 16.0),
        Ceiling(2, "temperature", 8.0),
    ]


def test_a_silent_sensor_is_noticed_by_its_deadline() -> None:
    supervision = block()
    assert supervision.next_deadline() == 15.0
    assert heard(supervision, Started("PowerUp"), 0.0) == []
    assert heard(supervision, Tick(), 14.9) == []
    assert Troubled(2, "temperature sensor", True, "housing has not been read; 6.0 A at most") in heard(
        supervision, Tick(), 15.0
    )
    assert supervision.next_deadline() is None


def test_a_reading_older_than_two_intervals_is_not_looked_at() -> None:
    bad = {"volts": (150.0, 150.0, 150.0)}
    supervision = block()
    for at in range(0, 60, 5):
        assert heard(supervision, reading(float(at), **bad), at + 10.1) == []
    for at in range(60, 65, 5):
        assert heard(supervision, reading(float(at), **bad), at + 10.0) == []
    assert heard(supervision, reading(65.0, **bad), 65.0) == [
        Troubled(1, "undervoltage", True, "L1 150.0 V below 184.0 V for 3 s")
    ]


def test_what_a_meter_cannot_tell_is_said_once_with_the_rules_that_miss_it() -> None:
    supervision = block(droop=True, phase_rotation="L1-L2-L3")
    mute = {"amps": NO_PHASES, "volts": NO_PHASES}
    told = heard(supervision, reading(0.0, **mute), 0.0)
    assert [note.text for note in told if isinstance(note, Note)] == [
        "meter of EVSE 1: tells no currents: overcurrent and unbalance are not watched",
        "meter of EVSE 1: tells no voltages: under- and overvoltage, lost phases and PEN faults are not watched",
        "meter of EVSE 1: tells no frequency: its bounds and the droop are not watched",
        "meter of EVSE 1: tells not how the phases turn: phase_rotation is not watched",
    ]
    assert heard(supervision, reading(5.0, **mute), 5.0) == []


def test_a_meter_of_one_phase_at_an_outlet_of_three_is_remarked_upon() -> None:
    supervision = block(overcurrent=False, max_unbalance=10.0)
    one = {"amps": (6.0, None, None), "volts": (230.0, None, None)}
    told = heard(supervision, reading(0.0, **one), 0.0)
    assert [note.text for note in told if isinstance(note, Note)] == [
        "meter of EVSE 1: tells no current of L2 and L3: overcurrent and unbalance are not watched",
        "meter of EVSE 1: tells no voltage of L2 and L3: "
        "under- and overvoltage, lost phases and PEN faults are not watched",
    ]


def test_a_meter_that_tells_what_is_wanted_is_not_remarked_upon() -> None:
    assert heard(block(), reading(0.0), 0.0) == []


def test_an_offer_while_the_meter_is_silent_is_trouble_before_the_pilot_has_it() -> None:
    supervision = block()
    assert heard(supervision, Measured(1, None, "no answer"), 1.0) == []
    assert heard(supervision, OfferChanged(1, 32.0, 3, "installation"), 2.0) == [
        Troubled(1, "unmetered", True, "the meter does not answer")
    ]
    assert heard(supervision, OfferChanged(1, 0.0, 3, "unmetered"), 2.0) == []


def test_a_permit_that_opens_at_once_is_the_last_word_of_its_handle() -> None:
    house = supervised()
    house.measures = {"amps": (40.0, 40.0, 40.0)}
    house.wait(9)
    now = [effect for effect in house.effects if isinstance(effect, Permit) and effect.how == "now"]
    assert now
    assert now[0].amps == 0.0
    house.give(Metered(1, house.reading(1)))
    assert permit(house) == (0.0, "now")
