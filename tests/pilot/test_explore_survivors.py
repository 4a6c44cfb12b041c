"""What survivors of the mutation search showed to be untested."""

from __future__ import annotations

import pytest
from evsed.pilot.iec61851 import Machine, amps_of, without_ventilation
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Look, Rules
from evsed.pilot.supervisor import Limits


@pytest.mark.parametrize(("duty", "amps"), [(0.55555, 33.3), (0.16666, 10.0), (0.8888, 62.2)])
def test_what_is_told_as_offered_is_rounded_to_a_tenth(duty: float, amps: float) -> None:
    assert amps_of(duty) == amps


def test_a_stall_under_load_is_seen_for_a_second() -> None:
    rules = Rules(0.0, Limits(1, 32.0, 6.0, 0.0), Machine(0.0, without_ventilation()), SelfTest("none"), None)
    look = Look(letter="C", heard_a=True, closed=True, stalled=True)
    rules.step(100.0, look)
    look.stalled = look.closed = False
    rules.step(100.95, look)
    assert rules.faults == ("loop stalled",)
    rules.step(101.05, look)
    assert rules.faults == ()


def test_a_wish_to_unlock_an_idle_outlet_is_not_meant_for_the_next_plug() -> None:
    limits = Limits(1, 32.0, 6.0, 0.0, has_lock=True)
    rules = Rules(0.0, limits, Machine(0.0, without_ventilation()), SelfTest("none"), None)
    look = Look(letter="A", heard_a=True, locked=False)
    for now in (1.0, 2.0):
        rules.step(now, look)
    assert rules.act("unlock", look) is None
    look.letter = "B"
    rules.step(3.0, look)
    assert not rules.supervisor.unlocking
