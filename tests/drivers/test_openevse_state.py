"""OpenEVSE's numbers as the status of a board."""

from __future__ import annotations

import pytest
from evse_drivers.boards.openevse_state import State, Story, numbers_of, settings_of, state_of, switched_off
from evse_drivers.boards.status import Status
from evsed.model.faults import FAULTS

PLUGGED, CHARGING, LOCKED, HARD = 0x0100, 0x0140, 0x0108, 0x0102


def status(state: int, flags: int, amps: int = 16, *, story: Story | None = None, now: float = 0.0) -> Status:
    return (story or Story()).status(State(state, flags), amps, None, now)


@pytest.mark.parametrize(
    ("state", "flags", "letter", "closed", "offered", "told"),
    [
        (0x01, 0x0000, "A1", False, 0, 16),
        (0x02, PLUGGED, "B2", False, 16, 16),
        (0x02, LOCKED, "B1", False, 0, 16),  # locked until it is authorised: no PWM
        (0x03, CHARGING, "C2", True, 16, 16),
        (0x03, PLUGGED, "C2", False, 16, 16),
        (0x04, HARD, "D1", False, 0, 0),
        (0xFE, 0x0000, "A1", False, 0, 0),
        (0xFE, PLUGGED, "B1", False, 0, 0),
        (0xFE, CHARGING, "C1", True, 0, 0),  # told to sleep, and the vehicle has not opened S2 yet
        (0xFF, PLUGGED, "F", False, 0, 0),
        (0x00, PLUGGED, "B1", False, 0, 16),
        (0x00, 0x0000, "A1", False, 0, 16),
    ],
)
def test_each_state_has_its_letter(state: int, flags: int, letter: str, closed: bool, offered: int, told: int) -> None:
    its = status(state, flags)
    assert (its.state, its.closed, its.offered, its.told) == (letter, closed, offered, told)
    assert (its.faults, its.why) == ((), "")
    assert (its.cable, its.volts, its.duty, its.locked) == (None, None, None, None)


@pytest.mark.parametrize(
    ("state", "name", "words"),
    [
        (0x05, "diode", "the board finds no diode in the vehicle's pilot"),
        (0x06, "residual current", "the board's ground-fault interrupter has tripped; it tries again by itself"),
        (0x07, "PEN", "the board finds no protective earth"),
        (0x08, "contactor welded", "the board finds voltage behind its open relay"),
        (0x09, "residual-current self-test", "the board's ground-fault interrupter failed its test"),
        (0x0A, "thermal switch", "the board is too hot"),
        (0x0B, "overcurrent", "the board measured more than it offers"),
        (0x0C, "pilot line", "the board is in a fault state that is not known (0x0C)"),
        (0x0E, "contactor failed to close", "the board finds no voltage behind its closed relay"),
    ],
)
def test_each_fault_state_has_its_name_in_the_catalogue(state: int, name: str, words: str) -> None:
    its = status(state, PLUGGED)
    assert name in FAULTS
    assert (its.state, its.faults, its.why) == ("B1", (name,), words)
    assert (its.offered, its.told) == (0, 0)
    assert its.closed == (name == "contactor welded")


def test_a_hard_fault_stands_until_the_vehicle_is_gone_though_sleep_was_put_over_it() -> None:
    story = Story()
    assert status(0x09, HARD, story=story).faults == ("residual-current self-test",)
    assert status(0xFE, HARD, story=story).faults == ("residual-current self-test",)
    assert status(0x01, 0x0000, story=story).faults == ()


def test_a_state_that_stays_unknown_is_a_pilot_without_a_level() -> None:
    story = Story()
    assert status(0x00, PLUGGED, story=story, now=10.0).faults == ()
    assert status(0x00, PLUGGED, story=story, now=12.0).faults == ()
    its = status(0x00, PLUGGED, story=story, now=12.1)
    assert (its.state, its.faults, its.why) == ("E", ("pilot short",), "the board sees no level on its pilot")
    assert status(0x02, PLUGGED, story=story, now=12.2).faults == ()
    assert status(0x00, PLUGGED, story=story, now=12.3).faults == ()


def test_the_words_of_its_answers() -> None:
    assert state_of(("fe", "125", "ff", "0140")) == State(0xFE, 0x0140)
    assert settings_of(("16", "8021")) == (16, 0x8021)
    assert numbers_of(("5", "6", "0"), 3) == (5, 6, 0)


@pytest.mark.parametrize("amps", ["800016", "81", "-1"])
def test_a_current_that_no_board_has_makes_no_sense(amps: str) -> None:
    with pytest.raises(ValueError, match=f"{amps} A"):
        settings_of((amps, "8021"))


def test_checks_that_are_off_are_named_unless_they_are_allowed() -> None:
    assert switched_off(0x0001, "") == []
    assert switched_off(0x060F, "VG") == [
        ("D", "diode check"),
        ("F", "self-test of the ground-fault interrupter"),
        ("T", "temperature monitoring"),
    ]
