"""Heat lowers the current in steps and stops the charge in the end; a silent sensor counts as hot."""

from __future__ import annotations

import pytest
from evsed.core.temperature import Temperature

HOT = "cannot be read"


def housing(derate_at: tuple[float, ...] = (60.0, 65.0, 70.0), *sensors: str) -> Temperature:
    return Temperature(derate_at, 75.0, 32.0, sensors or ("housing",), 0.0)


def warm(rule: Temperature, *celsius: float | None, start: float = 0.0, name: str = "housing") -> float | None:
    """Values each 5 s; the ceiling after them."""
    for number, value in enumerate(celsius):
        rule.warmed(name, value, "" if value is not None else HOT, start + 5.0 * number)
    return rule.ceilings.get("temperature")


@pytest.mark.parametrize(
    ("celsius", "amps"), [(20.0, None), (59.9, None), (60.0, 24.0), (65.0, 16.0), (70.0, 8.0), (80.0, 8.0)]
)
def test_each_step_takes_an_equal_part_away(celsius: float, amps: float | None) -> None:
    assert warm(housing(), celsius, celsius) == amps


def test_never_less_than_can_be_offered() -> None:
    assert warm(Temperature((50.0, 60.0, 70.0), 75.0, 16.0, ("housing",), 0.0), 72.0, 72.0) == 6.0


def test_the_words_have_the_sensor_its_value_and_what_is_left() -> None:
    rule = housing()
    warm(rule, 66.54, 66.54)
    assert rule.standing == {"temperature derating": "housing 66.5 °C: 16.0 A of 32 A"}
    rule = housing()
    warm(rule, 75.0, 75.0)
    assert rule.standing == {
        "overheated": "housing 75.0 °C, stop_at 75 °C",
        "temperature derating": "housing 75.0 °C: 8.0 A of 32 A",
    }


def test_a_step_and_the_stop_are_left_five_kelvin_below() -> None:
    rule = housing()
    assert warm(rule, 76.0, 76.0, 70.1, 70.1) == 8.0
    assert "overheated" in rule.standing
    assert warm(rule, 70.0, 70.0, start=20) == 8.0
    assert "overheated" not in rule.standing
    assert warm(rule, 65.1, 65.1, start=30) == 8.0
    assert warm(rule, 65.0, 65.0, start=40) == 16.0
    assert warm(rule, 55.0, 55.0, start=50) is None
    assert rule.standing == {}


def test_a_single_value_is_not_believed_up_or_down() -> None:
    rule = housing()
    assert warm(rule, 40.0, 85.0, 40.0, 85.0, 40.0) is None
    assert warm(rule, 66.0, 66.0, 20.0, 66.0, start=25) == 16.0


def test_the_hottest_of_several_sensors_counts() -> None:
    rule = housing((60.0, 65.0, 70.0), "housing", "socket")
    warm(rule, 40.0, 40.0)
    assert warm(rule, 61.0, 61.0, name="socket") == 24.0
    assert rule.standing == {"temperature derating": "socket 61.0 °C: 24.0 A of 32 A"}


def test_a_sensor_of_another_evse_does_not_count() -> None:
    assert warm(housing(), 90.0, 90.0, name="roof") is None


def test_a_sensor_that_is_silent_for_fifteen_seconds_counts_as_the_last_step() -> None:
    rule = housing()
    assert warm(rule, 20.0, None, None) is None
    assert rule.next_deadline() == 15.0
    rule.pass_time(15.0)
    assert rule.ceilings == {"temperature": 8.0}
    assert rule.standing == {"temperature sensor": "cannot be read; 8.0 A at most"}
    assert rule.next_deadline() is None
    assert warm(rule, 20.0, start=20) is None
    assert rule.standing == {}


def test_a_sensor_that_was_never_heard_is_silent_too() -> None:
    rule = housing()
    rule.pass_time(15.0)
    assert rule.standing == {"temperature sensor": "housing has not been read; 8.0 A at most"}


def test_a_sensor_that_fell_silent_when_it_was_too_hot_does_not_let_the_charge_go_on() -> None:
    rule = housing()
    warm(rule, 80.0, 80.0)
    rule.pass_time(40.0)
    assert sorted(rule.standing) == ["overheated", "temperature derating", "temperature sensor"]
    warm(rule, 30.0, start=50)
    assert rule.standing == {}


def test_without_steps_there_is_the_stop_alone_and_a_silent_sensor_leaves_the_least() -> None:
    rule = housing(())
    assert warm(rule, 74.0, 74.0) is None
    warm(rule, 75.0, 75.0, start=10)
    assert list(rule.standing) == ["overheated"]
    rule = housing(())
    rule.pass_time(15.0)
    assert rule.ceilings == {"temperature": 6.0}


def test_without_a_sensor_nothing_is_limited_and_nothing_waited_for() -> None:
    rule = Temperature((60.0,), 75.0, 32.0, (), 0.0)
    rule.pass_time(1000.0)
    assert (rule.ceilings, rule.standing, rule.next_deadline()) == ({}, {}, None)
