"""What somebody at the station wants of an EVSE goes to its pilot, and into the log."""

from __future__ import annotations

from typing import get_args

import pytest
from evse_drivers.api import Act
from evsed.core.effects import Do, Note
from evsed.model.inputs import Ordered
from house import House


@pytest.mark.parametrize("act", get_args(Act))
def test_an_act_is_handed_on_and_noted(act: Act) -> None:
    house = House(evses=2)
    house.effects.clear()
    house.give(Ordered(2, act))
    assert house.effects == [Note(f"EVSE 2: {act}, wanted by somebody at the station"), Do(2, act)]


def test_what_is_no_act_of_a_pilot_is_not_handed_on() -> None:
    house = House()
    house.effects.clear()
    house.give(Ordered(1, "skip-delay"))
    assert house.effects == []
