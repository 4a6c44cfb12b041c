"""The machine against the sequences of IEC 61851-1, with and without ventilation, and the duty cycle's table."""

from __future__ import annotations

import pytest
from evsed.pilot.iec61851 import TABLE, Table, amps_of, duty_of, without_ventilation
from hypothesis import given
from hypothesis import strategies as st
from pilot_walks import WALKS


@pytest.mark.parametrize("table", [TABLE, without_ventilation()], ids=["ventilated", "no ventilation"])
@pytest.mark.parametrize("walk", WALKS)
def test_the_machine_takes_this_walk(walk: str, table: Table) -> None:
    WALKS[walk](table)


@pytest.mark.parametrize("table", [TABLE, without_ventilation()], ids=["ventilated", "no ventilation"])
def test_every_row_knows_every_other_letter_and_every_target_is_a_row(table: Table) -> None:
    for row, cells in table.items():
        assert {letter for letter in "ABCDE" if letter != row[0]} <= set(cells)
        assert set(cells.values()) <= set(table)


@pytest.mark.parametrize(
    ("amps", "percent"),
    [(6, 10.0), (10, 16.666), (13, 21.666), (16, 26.666), (20, 33.333), (32, 53.333), (48, 80), (51, 85), (52, 85),
     (63, 89.2), (80, 96), (100, 96)],
)  # fmt: skip
def test_the_duty_cycle_is_the_one_of_the_table(amps: float, percent: float) -> None:
    duty = duty_of(amps)
    assert duty is not None
    assert duty * 100 == pytest.approx(percent, abs=0.0011)


@pytest.mark.parametrize("amps", [0.0, 5.99, -1.0, float("nan")])
def test_less_than_six_amperes_is_no_offer(amps: float) -> None:
    assert duty_of(amps) is None


@given(st.floats(6, 80))
def test_the_vehicle_is_never_told_more_than_is_allowed(amps: float) -> None:
    duty = duty_of(amps)
    assert duty is not None
    exact = duty * 60 if duty <= 0.85 else (duty - 0.64) * 250
    assert exact <= amps + 1e-6
    assert amps - exact < 0.01 or 51 < amps < 52.51 or amps > 80
    assert amps_of(duty) == pytest.approx(exact, abs=0.051)
