"""Volts to letters: windows, hysteresis, debounce, diode, glitches, toggles, and samples that cannot be believed."""

from __future__ import annotations

import math

import pytest
from evse_drivers.api import Sense
from evsed.pilot.sense import PWM, X1, F, PilotSense, letter_of, nonsense
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("volts", "letter"),
    [(12.0, "A"), (11.01, "A"), (13.0, "A"), (9.0, "B"), (8.01, "B"), (10.0, "B"), (6.0, "C"), (5.01, "C"), (7.0, "C"),
     (3.0, "D"), (2.01, "D"), (4.0, "D"), (0.0, "E"), (2.0, "E"), (-1.5, "E"),
     (-12.0, "E"), (-5.0, "E"), (13.1, "E"), (-13.5, "E"), (19.0, "E")],
)  # fmt: skip
def test_a_level_in_the_middle_of_its_window_reads_the_same_from_everywhere(volts: float, letter: str) -> None:
    assert {letter_of(volts, was) for was in "ABCDE"} <= {letter}


@pytest.mark.parametrize(
    ("volts", "keep", "else_"),
    [(10.01, "AB", "A"), (11.0, "AB", "A"), (7.01, "BC", "B"), (8.0, "BC", "B"), (4.01, "CD", "D"), (5.0, "CD", "D")],
)
def test_between_two_windows_the_letter_stays(volts: float, keep: str, else_: str) -> None:
    for was in "ABCDE":
        assert letter_of(volts, was) == (was if was in keep else else_)


def heard(pilot: PilotSense, high: float, samples: int, low: float | None = None) -> str:
    for _ in range(samples):
        pilot.hear(high, high if low is None else low)
    return pilot.letter


def test_three_samples_lead_towards_opening_and_ten_towards_closing() -> None:
    pilot = PilotSense()
    assert heard(pilot, 9.0, 2) == "A"
    assert heard(pilot, 9.0, 1) == "B"
    assert heard(pilot, 6.0, 9) == "B"
    assert heard(pilot, 6.0, 1) == "C"
    assert heard(pilot, 9.0, 2) == "C"
    assert heard(pilot, 9.0, 1) == "B"


def test_leaving_c_takes_three_samples_however_they_waver() -> None:
    pilot = PilotSense()
    heard(pilot, 6.0, 10)
    for volts in (9.0, 12.0, 0.0):
        assert pilot.letter == "C"
        pilot.hear(volts, volts)
    assert pilot.letter == "E"


def test_a_glitch_of_two_samples_changes_nothing() -> None:
    pilot = PilotSense()
    heard(pilot, 6.0, 10)
    for _ in range(50):
        heard(pilot, 12.0, 2)
        assert heard(pilot, 6.0, 1) == "C"


def test_the_diode_is_proven_only_under_pwm_and_by_three_samples() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 50)
    assert not pilot.proven
    pilot.output(PWM)
    heard(pilot, 9.0, 7, low=-12.0)
    assert not pilot.proven
    heard(pilot, 9.0, 1, low=-12.0)
    assert pilot.proven
    pilot.output(X1)
    assert not pilot.proven


@pytest.mark.parametrize(("low", "proven"), [(-10.0, True), (-9.9, False)])
def test_a_vehicle_with_its_diode_leaves_the_low_peak_below_minus_ten(low: float, proven: bool) -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 9.0, 8, low=low)
    assert (pilot.proven, pilot.broken) == (proven, not proven)


def test_only_three_samples_in_a_row_say_something_of_the_diode() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 9.0, 7, low=-12.0)
    heard(pilot, 9.0, 2, low=-9.0)
    heard(pilot, 9.0, 2, low=-12.0)
    assert (pilot.proven, pilot.broken) == (False, False)
    pilot.output(X1)
    pilot.output(PWM)
    heard(pilot, 9.0, 5, low=-9.0)
    heard(pilot, 9.0, 2, low=-12.0)
    assert not pilot.proven
    heard(pilot, 9.0, 1, low=-12.0)
    assert pilot.proven


def test_two_bad_samples_here_and_there_do_not_break_a_diode() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 9.0, 8, low=-12.0)
    for _ in range(3):
        heard(pilot, 9.0, 2, low=-9.0)
        heard(pilot, 9.0, 1, low=-12.0)
    assert (pilot.proven, pilot.broken) == (True, False)


@pytest.mark.parametrize(("volts", "low"), [(12.0, -12.0), (0.5, -0.5)])
def test_where_no_vehicle_is_there_is_no_diode(volts: float, low: float) -> None:
    pilot = PilotSense()
    heard(pilot, volts, 3)
    pilot.output(PWM)
    heard(pilot, volts, 20, low=low)
    assert (pilot.proven, pilot.broken) == (False, False)


def test_a_missing_diode_stays_until_the_plug_is_pulled() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 9.0, 8, low=-9.0)
    assert pilot.broken
    heard(pilot, 9.0, 50, low=-12.0)
    assert pilot.broken
    assert not pilot.proven
    heard(pilot, 12.0, 3, low=-12.0)
    assert not pilot.broken


def test_a_diode_that_fails_while_charging_is_noticed_in_three_samples() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 6.0, 20, low=-12.0)
    assert pilot.letter == "C"
    assert pilot.proven
    heard(pilot, 6.0, 2, low=-6.0)
    assert pilot.proven
    heard(pilot, 6.0, 1, low=-6.0)
    assert pilot.broken
    assert not pilot.proven


def test_nothing_is_read_while_the_station_drives_minus_twelve() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(F)
    assert heard(pilot, -12.0, 100) == "B"
    pilot.output(X1)
    assert heard(pilot, -12.0, 5) == "B"  # the peak detector still holds
    assert heard(pilot, 9.0, 1) == "B"


@pytest.mark.parametrize(("volts", "short"), [(0.0, True), (2.0, True), (-2.0, True), (-2.1, False), (-12.0, False)])
def test_a_short_is_told_from_a_level_that_is_merely_wrong(volts: float, short: bool) -> None:
    pilot = PilotSense()
    heard(pilot, volts, 3)
    assert (pilot.letter, pilot.short) == ("E", short)


def test_a_level_that_is_gone_before_it_counts_is_a_glitch() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    assert pilot.glitches == 0
    heard(pilot, 12.0, 2)
    heard(pilot, 9.0, 5)
    heard(pilot, 6.0, 9)
    heard(pilot, 9.0, 1)
    assert (pilot.glitches, pilot.letter) == (2, "B")
    heard(pilot, 12.0, 3)
    assert pilot.glitches == 2


@pytest.mark.parametrize(("samples", "toggles"), [(14, 0), (15, 1), (25, 1), (45, 1), (46, 0), (60, 0)])
def test_c_for_200_to_400_ms_is_a_toggle(samples: int, toggles: int) -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 50)
    heard(pilot, 6.0, samples)
    heard(pilot, 9.0, 50)
    assert (pilot.toggles, pilot.sequences) == (toggles, toggles)


def test_three_toggles_within_three_and_a_half_seconds_are_one_sequence() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 50)
    for _ in range(3):
        heard(pilot, 6.0, 30)
        heard(pilot, 9.0, 30)
    assert (pilot.toggles, pilot.sequences) == (3, 1)
    heard(pilot, 6.0, 30)
    heard(pilot, 9.0, 30)
    assert (pilot.toggles, pilot.sequences) == (4, 2)
    heard(pilot, 9.0, 400)
    heard(pilot, 6.0, 30)
    heard(pilot, 9.0, 30)
    assert (pilot.toggles, pilot.sequences) == (5, 3)


@pytest.mark.parametrize("after", [287, 288])
def test_a_toggle_that_ends_later_than_that_begins_a_sequence_of_its_own(after: int) -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 50)
    heard(pilot, 6.0, 30)
    heard(pilot, 9.0, after)
    heard(pilot, 6.0, 30)
    heard(pilot, 9.0, 30)
    assert (pilot.toggles, pilot.sequences) == (2, 1 if after == 287 else 2)


def test_a_vehicle_that_comes_from_elsewhere_than_b_does_not_toggle() -> None:
    pilot = PilotSense()
    heard(pilot, 6.0, 25)
    heard(pilot, 9.0, 25)
    heard(pilot, 3.0, 25)
    heard(pilot, 6.0, 25)
    heard(pilot, 9.0, 25)
    assert (pilot.letter, pilot.toggles) == ("B", 0)
    heard(pilot, 6.0, 25)
    heard(pilot, 3.0, 5)
    heard(pilot, 9.0, 25)
    assert pilot.toggles == 0


def test_the_letter_a_of_the_start_is_heard_only_when_it_was_there() -> None:
    pilot = PilotSense()
    assert (pilot.letter, pilot.heard_a, pilot.short) == ("A", False, False)
    heard(pilot, 6.0, 10)
    assert not pilot.heard_a
    heard(pilot, 12.0, 3)
    assert pilot.heard_a
    pilot = PilotSense()
    heard(pilot, 12.0, 2)
    assert not pilot.heard_a
    heard(pilot, 12.0, 1)
    assert pilot.heard_a


def test_eight_samples_after_a_move_of_the_contactor_say_nothing_where_nobody_asks() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.moved()
    assert heard(pilot, 0.0, 8) == "B"
    assert heard(pilot, 9.0, 1) == "B"
    assert pilot.glitches == 0
    assert heard(pilot, 12.0, 3) == "A"


@pytest.mark.parametrize("volts", [9.0, 12.0, 0.0])
def test_nothing_delays_the_leaving_of_c(volts: float) -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 6.0, 20, low=-12.0)
    pilot.moved()
    assert heard(pilot, volts, 2, low=-12.0) == "C"
    assert heard(pilot, volts, 1, low=-12.0) != "C"


def test_the_diode_is_not_judged_right_after_a_move_of_the_contactor() -> None:
    pilot = PilotSense()
    heard(pilot, 9.0, 3)
    pilot.output(PWM)
    heard(pilot, 6.0, 20, low=-12.0)
    pilot.moved()
    heard(pilot, 6.0, 8, low=-6.0)
    assert (pilot.proven, pilot.broken) == (True, False)
    heard(pilot, 6.0, 3, low=-6.0)
    assert (pilot.proven, pilot.broken) == (False, True)


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_whatever_is_believed_is_a_possible_voltage(high: float, low: float) -> None:
    if nonsense(Sense(1.0, high, low), 1.0) is None:
        assert -20 < low <= high + 0.5
        assert high < 20
        assert letter_of(high, "A") in "ABCDE"


def test_the_words_for_samples_that_cannot_be_believed() -> None:
    assert nonsense(Sense(1.0, 9.0, 9.0), 1.05) is None
    assert nonsense(Sense(1.0, 9.0, 9.0, math.inf), 1.05) is None
    assert nonsense(Sense(1.0, math.nan, 9.0), 1.0) == (
        "impossible sample: high nan V, low 9.0 V; check the line's wiring and driver"
    )
    assert nonsense(Sense(1.0, 9.0, 9.0), 1.25) == "sample is 250 ms old, at most 100 ms are allowed"
    assert nonsense(Sense(1.5, 9.0, 9.0), 1.25) == "sample is -250 ms old, at most 100 ms are allowed"
    assert nonsense(Sense(1.0, 9.0, 9.0, -3.0), 1.0) == "impossible proximity resistance: -3.0 ohm"
