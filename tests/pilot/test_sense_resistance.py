"""Levels by resistance: the same letters whatever the supply does, with every part at the edge of its tolerance."""

from __future__ import annotations

import pytest
from evsed.pilot.sense import PWM, X1, PilotSense, letter_by_ohms, ohms_of
from hypothesis import given, settings
from hypothesis import strategies as st

# IEC 61851-1 table A.2: the vehicle's resistors behind its diode, ohm, +-3 %; the station's 1 kOhm +-3 %.
LOADS = {"B": 2740.0, "C": 2740.0 * 1300.0 / 4040.0, "D": 2740.0 * 270.0 / 3010.0}
PARTS = st.tuples(
    st.floats(11.0, 12.95),  # V, supply
    st.floats(0.55, 0.85),  # V, diode
    st.floats(0.97, 1.03),  # of the load
    st.floats(0.97, 1.03),  # of the source
    st.floats(-0.05, 0.05),  # V, of the measurement
)


def volts(letter: str, parts: tuple[float, float, float, float, float]) -> float:
    supply, diode, load, source, noise = parts
    if letter == "A":
        return supply + noise
    ohms = LOADS[letter] * load
    return diode + (supply - diode) * ohms / (ohms + 1000.0 * source) + noise


def heard(pilot: PilotSense, high: float, samples: int, low: float | None = None) -> str:
    for _ in range(samples):
        pilot.hear(high, high if low is None else low)
    return pilot.letter


@pytest.mark.parametrize(
    ("volts_", "supply", "ohms"),
    [(9.0, 12.0, 2766.7), (6.0, 12.0, 883.3), (3.0, 12.0, 255.6), (0.0, 12.0, -58.3), (12.0, 12.0, float("inf"))],
)
def test_a_level_says_the_vehicle_s_resistance(volts_: float, supply: float, ohms: float) -> None:
    assert ohms_of(volts_, supply) == pytest.approx(ohms, abs=0.1)


@settings(max_examples=120, deadline=None)
@given(PARTS, st.text("ABCD", min_size=1, max_size=8))
def test_every_vehicle_within_the_standard_is_read_right_with_any_supply(
    parts: tuple[float, float, float, float, float], walk: str
) -> None:
    pilot = PilotSense("resistance")
    heard(pilot, volts("A", parts), 40)
    for letter in walk:
        assert heard(pilot, volts(letter, parts), 10) == letter


@settings(max_examples=120, deadline=None)
@given(PARTS, st.text("BCD", min_size=1, max_size=8))
def test_so_it_is_after_a_start_with_the_vehicle_plugged_from_pwm_on(
    parts: tuple[float, float, float, float, float], walk: str
) -> None:
    pilot, supply = PilotSense("resistance"), parts[0]
    heard(pilot, volts("B", parts), 10)
    assert pilot.letter == "B"
    pilot.output(PWM)
    heard(pilot, volts("B", parts), 60, low=-supply)
    for letter in walk:
        assert heard(pilot, volts(letter, parts), 10, low=-supply) == letter
    pilot.output(X1)
    heard(pilot, volts("B", parts), 20)
    assert heard(pilot, volts("A", parts), 10) == "A"


@settings(max_examples=120, deadline=None)
@given(PARTS, st.text("ABCD", min_size=1, max_size=8))
def test_so_it_is_while_the_supply_is_not_known(parts: tuple[float, float, float, float, float], walk: str) -> None:
    was = "A"
    for letter in walk:
        was = letter_by_ohms(volts(letter, parts), 11.0, was)
        assert was == letter


@settings(max_examples=100, deadline=None)
@given(st.floats(-20.0, 20.0), st.floats(11.0, 13.0), st.sampled_from("ABCDE"))
def test_what_no_vehicle_makes_is_e_by_volts(high: float, supply: float, was: str) -> None:
    letter = letter_by_ohms(high, supply, was)
    if high > 13.0 or high <= 1.0:
        assert letter == "E"
    if 3.0 < high <= 13.0:
        assert letter != "E"


@pytest.mark.parametrize(
    ("ohms", "keep", "otherwise"),
    [(150.0, "DE", "E"), (450.0, "CD", "D"), (1790.0, "BC", "B"), (10000.0, "AB", "A")],
)
def test_within_ten_per_cent_of_a_threshold_the_letter_stays(ohms: float, keep: str, otherwise: str) -> None:
    for part in (0.91, 1.0, 1.09):
        level = (12.0 * ohms * part + 0.7 * 1000.0) / (ohms * part + 1000.0)
        for was in "ABCDE":
            assert letter_by_ohms(level, 12.0, was) == (was if was in keep else otherwise)


@pytest.mark.parametrize(
    ("ohms", "below", "above"), [(150.0, "E", "D"), (450.0, "D", "C"), (1790.0, "C", "B"), (1e4, "B", "A")]
)
def test_beyond_that_it_does_not(ohms: float, below: str, above: str) -> None:
    for part, letter in ((0.89, below), (1.11, above)):
        level = (12.0 * ohms * part + 0.7 * 1000.0) / (ohms * part + 1000.0)
        assert {letter_by_ohms(level, 12.0, was) for was in "ABCDE"} == {letter}


def test_the_low_peak_counts_only_under_pwm_with_a_proven_diode_and_within_reason() -> None:
    pilot = PilotSense("resistance")
    heard(pilot, 9.0, 20, low=-12.0)
    assert pilot.supply == 11.0
    pilot.output(PWM)
    heard(pilot, 9.0, 8, low=-12.0)
    assert (pilot.proven, pilot.supply) == (True, 11.0)
    heard(pilot, 9.0, 60, low=-12.0)
    assert pilot.supply == pytest.approx(12.0, abs=0.01)
    heard(pilot, 9.0, 60, low=-18.0)
    assert pilot.supply == pytest.approx(13.0, abs=0.01)
    kept = pilot.supply
    pilot.output(X1)
    heard(pilot, 9.0, 60)
    assert pilot.supply == kept


def test_without_a_vehicle_the_high_peak_is_the_supply() -> None:
    pilot = PilotSense("resistance")
    heard(pilot, 12.4, 60)
    assert pilot.supply == pytest.approx(12.4, abs=0.01)
    heard(pilot, 10.9, 60)
    assert (pilot.letter, pilot.supply) == ("B", pytest.approx(12.4, abs=0.01))


def test_by_volts_the_supply_is_of_no_interest() -> None:
    pilot = PilotSense()
    heard(pilot, 11.2, 60)
    pilot.output(PWM)
    heard(pilot, 9.0, 60, low=-12.0)
    assert pilot.supply == 11.0
