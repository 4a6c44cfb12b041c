"""What looks like a meter on a public grid, and what does not."""

from __future__ import annotations

import pytest
from evse_drivers.api import Reading
from evsed.meter.probing import plausible


def reading(**values: object) -> Reading:
    return Reading(0.0, **{"volts": (230.0, None, None), "hertz": 50.0, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hertz": None},
        {"hertz": 499.8},  # some SDM72
        {"volts": (231.0, 0.0, 229.0)},  # a phase that is not connected
        {"volts": (120.0, None, None), "hertz": 60.0},
        {"watts": -3680.0, "amps": (-16.0, None, None), "import_wh": 0.0},
    ],
)
def test_a_live_meter_looks_like_one(values: dict[str, object]) -> None:
    assert plausible(reading(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"volts": (None, None, None)},
        {"volts": (0.0, 0.0, 0.0)},
        {"volts": (1e-40, None, None)},  # whole numbers read as floats
        {"volts": (15_276_441.6, None, None)},  # the wrong word first
        {"volts": (230.0, 4000.0, None)},
        {"hertz": 0.0},
        {"hertz": 22.0},
        {"amps": (42_000.0, None, None)},
        {"watts": 42e6},
        {"import_wh": -5.0},
    ],
)
def test_what_a_wrong_map_makes_of_registers_does_not(values: dict[str, object]) -> None:
    assert not plausible(reading(**values))
