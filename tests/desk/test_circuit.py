"""The control pilot's volts and the duty's amps against the numbers of IEC 61851-1 table A.4 and the duty table."""

from __future__ import annotations

import pytest
from evsed.desk import circuit


@pytest.mark.parametrize(
    ("ohm", "low", "high"),
    [(None, 11, 13), (circuit.B_OHM, 8, 10), (circuit.C_OHM, 5, 7), (circuit.D_OHM, 2, 4)],
    ids=["A", "B", "C", "D"],
)
@pytest.mark.parametrize("diode", [True, False])
def test_the_volts_of_each_state_lie_in_its_window(ohm: float | None, low: float, high: float, diode: bool) -> None:
    assert low < circuit.line_volts(None, ohm, diode=diode)[0] < high
    assert low < circuit.line_volts(0.1667, ohm, diode=diode)[0] < high


@pytest.mark.parametrize(("ohm", "volts"), [(circuit.B_OHM, 8.95), (circuit.C_OHM, 5.99), (circuit.D_OHM, 2.89)])
def test_the_diode_makes_the_nominal_volts(ohm: float, volts: float) -> None:
    assert circuit.line_volts(None, ohm)[0] == pytest.approx(volts, abs=0.01)


def test_the_low_side_is_minus_12_behind_a_sound_diode() -> None:
    for ohm in (None, circuit.B_OHM, circuit.C_OHM, circuit.D_OHM):
        assert circuit.line_volts(0.5, ohm)[1] == -12.0
        assert circuit.line_volts(0.0, ohm) == (-12.0, -12.0)


def test_the_low_side_mirrors_the_high_side_when_the_diode_is_shorted() -> None:
    for ohm in (circuit.B_OHM, circuit.C_OHM, circuit.D_OHM):
        high, low = circuit.line_volts(0.5, ohm, diode=False)
        assert high + low == pytest.approx(0.0)
    assert circuit.line_volts(0.5, None, diode=False) == (12.0, -12.0)  # no vehicle, no diode to be broken


def test_without_pwm_both_sides_are_the_same() -> None:
    for ohm in (None, circuit.B_OHM, circuit.C_OHM):
        high, low = circuit.line_volts(None, ohm)
        assert high == low


@pytest.mark.parametrize(
    ("percent", "amps"),
    [
        (10, 6),
        (16.67, 10),
        (21.67, 13),
        (26.67, 16),
        (33.33, 20),
        (53.33, 32),
        (80, 48),
        (89.2, 63),
        (96, 80),
        (97, 80),
    ],
)
def test_the_vehicle_reads_the_amps_of_the_table(percent: float, amps: float) -> None:
    assert circuit.offered_amps(percent / 100) == pytest.approx(amps, abs=0.01)


def test_8_to_10_percent_are_6_amps() -> None:
    assert circuit.offered_amps(0.08) == circuit.offered_amps(0.09) == 6.0


@pytest.mark.parametrize("duty", [None, 0.0, 0.02, 0.05, 0.075, 0.975, 1.0])
def test_everything_else_is_no_offer(duty: float | None) -> None:
    assert circuit.offered_amps(duty) == 0.0
