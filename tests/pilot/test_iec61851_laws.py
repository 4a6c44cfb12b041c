"""Random lives of the machine, weighted to charging, with durations at the boundaries of its clocks."""

from __future__ import annotations

import pytest
from evsed.pilot.iec61851 import TABLE, Table, without_ventilation
from hypothesis import given, settings
from hypothesis import strategies as st
from pilot_laws import Laws, Situation

BOUNDARIES = [
    edge + off for edge in (0.3, 3.0, 4.0, 5.0, 6.0, 10.0, 30.0) for off in (-0.01, 0.0, 0.01)
]  # fmt: skip
mostly_true = st.sampled_from([True] * 6 + [False])
rarely = st.sampled_from([False] * 9 + [True])
situations = st.builds(
    Situation,
    letter=st.sampled_from("CCCCCCBBBAADE"),
    amps=st.sampled_from([16.0] * 5 + [32.0, 10.0, 6.0, 0.0, 0.0, 5.99]),
    at_once=rarely,
    fault=rarely,
    ready=mostly_true,
    seconds=st.sampled_from([0.01, 0.02, 0.05, 40.0, *BOUNDARIES]),
)
lives = st.lists(situations, min_size=1, max_size=25)


@pytest.mark.parametrize("table", [TABLE, without_ventilation()], ids=["ventilated", "no ventilation"])
@settings(max_examples=150, deadline=None)
@given(life=lives)
def test_the_laws_hold_in_every_life(table: Table, life: list[Situation]) -> None:
    laws = Laws(table)
    for situation in life:
        laws.run(situation)


@settings(max_examples=60, deadline=None)
@given(life=lives)
def test_every_life_can_end_in_charging(life: list[Situation]) -> None:
    laws = Laws(without_ventilation())
    for situation in life:
        laws.run(situation)
    laws.run(Situation("A", 0.0, False, False, True, 41.0))
    laws.run(Situation("C", 16.0, False, False, True, 11.0))
    assert laws.machine.row == "C2 on"
