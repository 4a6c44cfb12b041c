"""The desk's residual-current device on numbers, and every module's self-test as evsed's pilot plays it."""

from __future__ import annotations

import math

import pytest
from evsed.desk.residual import MODULES, ResidualDevice
from evsed.pilot.rcd import SEQUENCES, SelfTest

TESTABLE = [module for module in MODULES if module != "none"]


def play(module: str, seconds: float, **broken: bool) -> SelfTest:
    """The pilot's self-test against the device, every 10 ms."""
    device, test = ResidualDevice(module), SelfTest(module)
    device.broken(0.0, **({"leaking": False, "dead": False, "sticks": False} | broken))
    for tick in range(round(seconds * 100)):
        now = tick / 100
        while device.due <= now:
            device.step(device.due)
        test.step(now, device.tripped, True)
        device.test(now, test.test)
    return test


def test_the_desk_has_every_module_that_the_config_allows() -> None:
    assert set(MODULES) == set(SEQUENCES)


@pytest.mark.parametrize("module", TESTABLE)
def test_a_sound_device_passes_its_self_test(module: str) -> None:
    test = play(module, 10.0)
    assert test.tested_at is not None
    assert not test.failed
    assert not test.tripped_fault


@pytest.mark.parametrize("module", TESTABLE)
@pytest.mark.parametrize("broken", ["dead", "sticks"])
def test_one_that_does_not_trip_or_does_not_come_back_fails(module: str, broken: str) -> None:
    test = play(module, 40.0, **{broken: True})
    assert test.failed
    assert test.tested_at is None


def test_a_current_to_earth_trips_at_once_and_comes_back_when_it_has_gone() -> None:
    device = ResidualDevice("RCMB102")
    device.broken(5.0, leaking=True, dead=False, sticks=False)
    assert device.tripped
    assert device.due == math.inf
    device.broken(6.0, leaking=False, dead=False, sticks=False)
    assert device.tripped
    assert device.due == pytest.approx(7.2)
    device.step(7.2)
    assert not device.tripped


def test_a_pulse_that_is_too_short_trips_nothing() -> None:
    device = ResidualDevice("X804")
    device.test(1.0, True)
    device.test(1.02, False)
    assert device.due == math.inf
    device.test(2.0, True)
    device.test(2.03, False)
    assert device.due == pytest.approx(2.4)


def test_a_dead_device_does_not_trip_on_a_current_to_earth() -> None:
    device = ResidualDevice("X804")
    device.broken(0.0, leaking=True, dead=True, sticks=False)
    assert not device.tripped


def test_one_that_keeps_its_trip_is_cleared_by_the_end_of_a_test_and_not_while_the_current_flows() -> None:
    device = ResidualDevice("latching")
    device.broken(1.0, leaking=True, dead=False, sticks=False)
    device.test(1.5, False)
    assert device.tripped
    device.broken(2.0, leaking=False, dead=False, sticks=False)
    assert (device.tripped, device.due) == (True, math.inf)
    device.test(3.0, False)
    assert not device.tripped
