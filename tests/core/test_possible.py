"""What of a reading an outlet can have, with numbers from both sides of each bound."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from evse_drivers.api import Reading
from evsed.core.possible import Outlet, doubts, without

OUTLET = Outlet(16.0, 3, 230.0)
GOOD = Reading(
    0.0, import_wh=1.0, watts=11_000.0, watts_by_phase=(3667.0,) * 3, amps=(16.0,) * 3, volts=(230.0,) * 3, hertz=50.0
)


def names(reading: Reading, outlet: Outlet = OUTLET) -> list[str]:
    return [doubt.name for doubt in doubts(reading, outlet)]


def test_an_ordinary_reading_is_not_doubted() -> None:
    assert names(GOOD) == []
    assert names(Reading(0.0)) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"amps": (160.0, 160.0, 160.0), "watts": 110_400.0},  # ten times what is rated, for a moment
        {"amps": (-160.0, 0.0, 0.0)},
        {"amps": (640.0, 0.0, 0.0)},
        {"volts": (400.0, 180.0, 60.0)},  # the neutral is lost
        {"volts": (0.0, 0.0, 0.0)},  # the grid is gone
        {"watts_by_phase": (36_800.0, 0.0, 0.0)},
        {"hertz": 47.0},
        {"watts": -22_000.0, "amps": (32.0,) * 3},
    ],
)
def test_what_a_fault_can_bring_passes(fault: dict[str, object]) -> None:
    assert names(replace(GOOD, **fault)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nonsense", "name", "why"),
    [
        ({"amps": (16.0, 42_949.6, 16.0)}, "current of L2", "42949.6 A, possible are -640 to 640 A"),
        ({"volts": (230.0, 230.0, 15_276_441.6)}, "voltage of L3", "1.52764e+07 V, possible are 0 to 690 V"),
        ({"volts": (-1.0, 230.0, 230.0)}, "voltage of L1", "-1 V, possible are 0 to 690 V"),
        ({"watts": 42_949_672.0}, "power", "4.29497e+07 W, possible are -110400 to 110400 W"),
        ({"watts": 65_531.0}, "power", "65531 W where the currents carry 11040 VA"),
        ({"watts_by_phase": (1e6, 0.0, 0.0)}, "power of L1", "1e+06 W, possible are -36800 to 36800 W"),
        ({"hertz": 499.8}, "frequency", "499.8 Hz, possible are 20 to 100 Hz"),
        ({"hertz": 0.0}, "frequency", "0 Hz, possible are 20 to 100 Hz"),
        ({"amps": (math.inf, 0.0, 0.0)}, "current of L1", "inf is no number"),
        ({"watts": math.nan}, "power", "nan is no number"),
    ],
)
def test_what_no_outlet_can_have_is_doubted_in_words(nonsense: dict[str, object], name: str, why: str) -> None:
    found = list(doubts(replace(GOOD, **nonsense), OUTLET))  # type: ignore[arg-type]
    assert [(doubt.name, doubt.why) for doubt in found] == [(name, why)]


def test_only_the_doubtful_quantity_is_left_out() -> None:
    reading = replace(GOOD, amps=(16.0, 1e5, 16.0), hertz=500.0)
    assert without(reading, doubts(reading, OUTLET)) == replace(GOOD, amps=(16.0, None, 16.0), hertz=None)


def test_a_power_that_no_current_can_contradict_is_doubted_only_far_above() -> None:
    assert names(Reading(0.0, watts=65_531.0), OUTLET) == []
    assert names(Reading(0.0, watts=65_531.0, volts=(230.0,) * 3, amps=(16.0, None, 16.0)), OUTLET) == []
    assert names(Reading(0.0, watts=120_000.0), OUTLET) == ["power"]


def test_the_supervision_rests_on_current_and_voltage_of_the_wired_phases() -> None:
    one = Outlet(16.0, 1, 230.0)
    found = doubts(Reading(0.0, amps=(1e5, 1e5, 0.0), volts=(1e5, 0.0, 1e5), hertz=0.0), one)
    assert [doubt.name for doubt in found if doubt.blinds(one)] == ["current of L1", "voltage of L1"]
