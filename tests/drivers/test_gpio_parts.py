"""Contactor, lock, input and residual-current device on pins: safe from the first write, polarity by the settings."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from evse_drivers.api import DriverError
from evse_drivers.inputs.gpio import GpioInput
from evse_drivers.rcds.gpio import GpioRcd
from evse_drivers.switches.gpio import GpioSwitch
from evse_drivers.switches.gpio_lock import GpioBridgeLock, GpioTwoWayLock
from pins import Pins


def switch(where: str = "evse.1.contactor", **options: Any) -> GpioSwitch:
    return GpioSwitch(GpioSwitch.Settings(pin=17, **options), where)


# --- contactor, phase relay, solenoid -------------------------------------------------------------------------------


@pytest.mark.parametrize(("active", "off", "on"), [("high", 0, 1), ("low", 1, 0)])
def test_a_contactor_is_open_from_its_first_write_on(pins: Pins, active: str, off: int, on: int) -> None:
    contactor = switch(active=active)
    contactor.set(True)
    contactor.set(False)
    contactor.close()
    assert pins.writes(17) == [f"out {off}", f"set {on}", f"set {off}"]


def test_one_without_a_mirror_contact_tells_nothing(pins: Pins) -> None:
    assert switch().get() is None


# Which contact, level while that contact is closed, level now, what is told.
MIRRORS = (
    ("NO", "low", 0, True), ("NO", "low", 1, False), ("NO", "high", 1, True), ("NO", "high", 0, False),
    ("NC", "low", 0, False), ("NC", "low", 1, True), ("NC", "high", 1, False), ("NC", "high", 0, True),
)  # fmt: skip


@pytest.mark.parametrize(("mirror", "active", "level", "told"), MIRRORS)
def test_the_mirror_contact_tells_the_position(pins: Pins, mirror: str, active: str, level: int, told: bool) -> None:
    contactor = switch(mirror_pin=27, mirror=mirror, mirror_active=active)
    pins.drive(27, level)
    assert contactor.get() is told


@pytest.mark.parametrize(("mirror", "told"), [("NO", False), ("NC", True)])
def test_a_broken_wire_of_the_mirror_contact_is_a_contact_that_is_open(pins: Pins, mirror: str, told: bool) -> None:
    contactor = switch(mirror_pin=27, mirror=mirror)
    pins.drive(27, None)
    assert contactor.get() is told


@pytest.mark.parametrize("part", ["evse.1.lock", "evse.1.phase_relay"])
def test_a_lock_and_a_phase_relay_do_not_move_because_a_process_starts(pins: Pins, part: str) -> None:
    before = switch(part)
    before.set(True)
    before.close()
    after = switch(part)
    assert pins.level(17) == 1
    after.set(False)
    assert pins.level(17) == 0


def test_a_part_whose_second_pin_is_taken_gives_its_first_back(pins: Pins) -> None:
    GpioInput(GpioInput.Settings(pin=27), "evse.1.emergency_stop")
    for make in (
        lambda: switch(mirror_pin=27),
        lambda: GpioRcd(GpioRcd.Settings(pin=27, test_pin=17), "evse.1.rcd"),
        lambda: GpioBridgeLock(GpioBridgeLock.Settings(direction_pin=17, enable_pin=19, feedback_pin=27), "a"),
    ):
        with pytest.raises(DriverError, match=r"GPIO 27 belongs to evse\.1\.emergency_stop already"):
            make()
    switch()


# --- inputs ---------------------------------------------------------------------------------------------------------


def test_an_emergency_stop_is_active_when_pressed_and_when_its_wire_is_broken(pins: Pins) -> None:
    stop = GpioInput(GpioInput.Settings(pin=6), "evse.1.emergency_stop")
    pins.drive(6, 0)  # the normally closed contact is at ground
    assert stop.active() is False
    pins.drive(6, None)
    assert stop.active() is True
    stop.close()


def test_a_button_may_be_a_normally_open_contact(pins: Pins) -> None:
    button = GpioInput(GpioInput.Settings(pin=6, active="low"), "button.front")
    assert button.active() is False
    pins.drive(6, 0)
    assert button.active() is True


# --- residual-current device ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("active", "rest", "tests"), [("high", 0, 1), ("low", 1, 0)])
def test_a_residual_current_device_is_at_rest_from_the_first_write_and_tested_by_its_level(
    pins: Pins, active: str, rest: int, tests: int
) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=22, test_pin=23, test_active=active), "evse.1.rcd")
    rcd.test(True)
    rcd.test(False)
    rcd.close()
    assert pins.writes(23) == [f"out {rest}", f"set {tests}", f"set {rest}"]


@pytest.mark.parametrize(("when", "level", "tripped"), [("high", 1, True), ("high", 0, False), ("low", 0, True)])
def test_its_error_output_says_tripped_by_the_level_of_the_settings(
    pins: Pins, when: str, level: int, tripped: bool
) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=22, tripped_when=when), "evse.1.rcd")
    pins.drive(22, level)
    assert rcd.tripped() is tripped


def test_a_trip_that_the_device_keeps_is_cleared_by_a_pulse_whenever_no_test_is_wanted(pins: Pins) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=22, test_pin=24, reset_pin=27), "evse.1.rcd")
    rcd.test(False)
    rcd.test(True)
    rcd.test(False)
    rcd.close()
    assert pins.writes(27) == ["out 0", "set 1", "set 0", "set 1", "set 0"]
    assert GpioRcd.claims(rcd.settings) == ("GPIO 22", "GPIO 24", "GPIO 27")


def test_a_winding_is_fed_by_a_pin_that_changes_every_time_it_is_looked_at(pins: Pins) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=22, test_pin=24, test_alternates=True), "evse.1.rcd")
    rcd.tripped()
    rcd.test(True)
    for _ in range(3):
        rcd.tripped()
    rcd.test(False)
    rcd.tripped()
    assert pins.writes(24) == ["out 0", "set 1", "set 0", "set 1", "set 0", "set 0"]


def test_an_open_collector_with_a_broken_wire_is_a_trip(pins: Pins) -> None:
    assert GpioRcd(GpioRcd.Settings(pin=22), "evse.1.rcd").tripped() is True


def test_a_test_without_a_test_pin_is_told_and_no_test_is_nothing(pins: Pins) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=22), "evse.1.rcd")
    rcd.test(False)
    with pytest.raises(DriverError) as caught:
        rcd.test(True)
    assert str(caught.value) == (
        'evse.1.rcd: cannot be tested, because `test_pin` names no pin. Name it, or set module = "none".'
    )


# --- the lock's motor -----------------------------------------------------------------------------------------------


def bridge(**options: Any) -> GpioBridgeLock:
    settings = GpioBridgeLock.Settings(direction_pin=26, enable_pin=19, pulse_ms=50, **options)
    return GpioBridgeLock(settings, "evse.1.lock")


def wait(condition: Any, within: float = 2.0) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_the_motor_is_off_at_the_start_and_runs_the_right_way_for_its_time(pins: Pins) -> None:
    lock = bridge()
    assert pins.writes(19) == ["out 0"]
    lock.set(True)
    assert (pins.level(19), pins.level(26)) == (1, 1)
    wait(lambda: pins.level(19) == 0)
    lock.set(False)
    assert (pins.level(19), pins.level(26)) == (1, 0)
    wait(lambda: pins.level(19) == 0)
    on, off = [at for at, what in zip(pins.times(19), pins.writes(19), strict=True) if what == "set 1"], pins.times(19)
    assert 0.049 <= off[3] - on[0] <= 0.2
    lock.close()


def test_the_pulse_ends_although_nobody_calls_again(pins: Pins) -> None:
    lock = bridge()
    for on in (True, False, True):
        lock.set(on)
        wait(lambda: pins.level(19) == 0)
    lock.close()


def test_the_loop_ends_the_pulse_where_the_thread_is_late(pins: Pins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)  # a thread that never gets its turn
    lock = bridge()
    lock.set(True)
    time.sleep(0.06)
    assert pins.level(19) == 1
    lock.get()
    assert pins.level(19) == 0


def test_a_pulse_that_cannot_be_ended_is_told_and_tried_until_it_is(pins: Pins) -> None:
    lock = bridge()
    lock.set(True)
    pins.fails("output", "RuntimeError: 'I/O error'")
    time.sleep(0.06)
    with pytest.raises(DriverError) as caught:
        lock.get()
    assert str(caught.value) == ("evse.1.lock: GPIO 19 cannot be had: 'I/O error'. Check the pin and its wiring.")
    pins.fails("output", None)
    wait(lambda: pins.level(19) == 0)  # by the thread
    lock.close()


def test_the_other_way_begins_only_when_the_motor_is_off(pins: Pins) -> None:
    lock = GpioTwoWayLock(GpioTwoWayLock.Settings(lock_pin=5, unlock_pin=16, pulse_ms=500), "evse.1.lock")
    assert (pins.writes(5), pins.writes(16)) == (["out 0"], ["out 0"])
    lock.set(True)
    assert (pins.level(5), pins.level(16)) == (1, 0)
    lock.set(False)
    assert (pins.level(5), pins.level(16)) == (0, 1)
    off, on = pins.times(5)[pins.writes(5).index("set 1") + 1], pins.times(16)[pins.writes(16).index("set 1")]
    assert off <= on
    lock.close()
    assert (pins.level(5), pins.level(16)) == (0, 0)


@pytest.mark.parametrize(("locked_when", "level", "locked"), [("high", 1, True), ("high", 0, False), ("low", 0, True)])
def test_the_feedback_contact_tells_the_position(pins: Pins, locked_when: str, level: int, locked: bool) -> None:
    lock = bridge(feedback_pin=23, locked_when=locked_when)
    pins.drive(23, level)
    assert lock.get() is locked
    lock.close()


def test_a_lock_that_is_closed_leaves_no_thread(pins: Pins) -> None:
    before = set(threading.enumerate())
    lock = bridge()
    its = [thread for thread in threading.enumerate() if thread not in before and thread.name.endswith("pulse")]
    assert len(its) == 1
    lock.close()
    wait(lambda: not its[0].is_alive())


def test_every_pin_is_claimed() -> None:
    assert GpioSwitch.claims(GpioSwitch.Settings(pin=17, mirror_pin=27)) == ("GPIO 17", "GPIO 27")
    assert GpioSwitch.claims(GpioSwitch.Settings(pin=17)) == ("GPIO 17",)
    assert GpioInput.claims(GpioInput.Settings(pin=6)) == ("GPIO 6",)
    assert GpioRcd.claims(GpioRcd.Settings(pin=22, test_pin=23)) == ("GPIO 22", "GPIO 23")
    assert bridge_claims(feedback_pin=23) == ("GPIO 26", "GPIO 19", "GPIO 23")
    assert GpioTwoWayLock.claims(GpioTwoWayLock.Settings(lock_pin=5, unlock_pin=16)) == ("GPIO 5", "GPIO 16")


def bridge_claims(**options: Any) -> tuple[str, ...]:
    return GpioBridgeLock.claims(GpioBridgeLock.Settings(direction_pin=26, enable_pin=19, **options))
