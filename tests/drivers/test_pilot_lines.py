"""Every pilot line of a Pi sees what the circuit has, and says what it cannot see."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from evse_drivers.api import DriverError
from pilot_lines import Bench, extremes, peaks
from pins import Pins

KINDS: dict[str, Callable[..., Bench]] = {
    "ads1115": lambda pins, **more: peaks(pins, **more),
    "ads1015": lambda pins, **more: peaks(pins, "ads1015", **more),
    "ads1115 at 400 kHz": lambda pins, **more: peaks(pins, hertz=400_000, **more),
    "iio": lambda pins, **more: peaks(pins, "iio", **more),
    "min-max": lambda pins, **more: extremes(**more),
}
every_line = pytest.mark.parametrize("kind", KINDS)

# Volts of the line's two halves with each vehicle, by the circuit's resistors (nominal +-0.3 V).
HIGH = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "short": 0.0}


def near(volts: float) -> Any:
    return pytest.approx(volts, abs=0.35)


@every_line
@pytest.mark.parametrize("vehicle", HIGH)
@pytest.mark.parametrize("duty", [0.1, 0.16, 0.53, 0.85])
def test_both_peaks_of_the_pwm_are_seen(pins: Pins, kind: str, vehicle: str, duty: float) -> None:
    bench = KINDS[kind](pins)
    bench.line.drive(duty)
    bench.circuit.vehicle = vehicle
    bench.look(), bench.look()
    for _ in range(20):
        sense = bench.look()
        assert sense.high == near(HIGH[vehicle])
        assert sense.low == near(0.0 if vehicle == "short" and not bench.circuit.diode else -12.0)


@every_line
def test_without_pwm_both_are_the_same(pins: Pins, kind: str) -> None:
    bench = KINDS[kind](pins)
    for duty, volts in ((None, 12.0), (0.0, -12.0)):
        bench.line.drive(duty)
        bench.look(), bench.look()
        sense = bench.look()
        assert (sense.high, sense.low) == (near(volts), near(volts))


@every_line
def test_a_vehicle_without_its_diode_shows_in_the_lower_peak(pins: Pins, kind: str) -> None:
    bench = KINDS[kind](pins)
    bench.line.drive(0.5)
    bench.circuit.vehicle, bench.circuit.diode = "C", False
    bench.look(), bench.look()
    assert bench.look().low == near(-6.0)


@every_line
def test_a_vehicle_that_leaves_c_shows_in_the_next_look(pins: Pins, kind: str) -> None:
    bench = KINDS[kind](pins)
    for offset in range(10):
        bench.line.drive(0.1)
        bench.circuit.vehicle = "C"
        bench.look(), bench.look(), bench.look()
        bench.clock.pass_by(0.00037 * offset)
        bench.circuit.vehicle = "B"
        bench.clock.pass_by(0.001)
        assert bench.look().high == near(9.0)


@every_line
def test_an_inverted_board_is_the_same_to_the_vehicle(pins: Pins, kind: str) -> None:
    bench = Bench()
    bench.circuit.inverting = True
    KINDS[kind](pins, bench=bench, inverted=True)
    assert bench.circuit.part() == 1.0
    bench.line.drive(0.25)
    assert bench.circuit.part() == pytest.approx(0.25)


@every_line
def test_the_time_of_a_look_is_what_was_declared_and_the_sample_is_stamped_at_its_start(pins: Pins, kind: str) -> None:
    bench = KINDS[kind](pins, channel_proximity=1 if kind == "min-max" else 2)
    declared = bench.line.timing(bench.line.settings)[0]
    assert bench.line.sample_ms == declared
    bench.line.drive(0.5)
    longest = 0.0
    for _ in range(100):
        began = bench.clock()
        sense = bench.line.sense()
        longest = max(longest, bench.clock() - began)
        assert began <= sense.at <= began + 0.002
        bench.idle(bench.clock() - began)
    assert 0.6 * declared < longest * 1000 <= declared


@every_line
@pytest.mark.parametrize(
    ("ohm", "least", "most"),
    [(None, 1e5, inf), (1500.0, 1480, 1520), (680.0, 670, 690), (220.0, 215, 225), (100.0, 95, 105)],
)
def test_the_proximity_contact_is_measured_in_every_third_look(
    pins: Pins, kind: str, ohm: float | None, least: float, most: float
) -> None:
    bench = KINDS[kind](pins, channel_proximity=1 if kind == "min-max" else 2)
    bench.circuit.proximity = ohm
    bench.line.drive(0.5)
    bench.circuit.vehicle = "C"
    bench.look(), bench.look()
    began = bench.clock()
    looks = [bench.look() for _ in range(100)]
    measured = [sense for sense in looks if sense.proximity is not None]
    assert 32 <= len(measured) <= 35
    assert max(b.at - a.at for a, b in pairwise(measured)) < 0.034
    assert measured[0].at < began + 0.034
    assert all(least <= sense.proximity <= most for sense in measured)
    assert all(sense.high == near(6.0) for sense in looks)


@every_line
def test_no_line_without_a_contact_invents_its_resistance(pins: Pins, kind: str) -> None:
    bench = KINDS[kind](pins)
    assert all(bench.look().proximity is None for _ in range(60))


@every_line
def test_12_volts_stand_before_the_converter_is_looked_for_and_after_the_end(pins: Pins, kind: str) -> None:
    bench = Bench()
    absent = {"address": 0x49} if kind.startswith("ads") else {"iio_device": "nothing"}
    with pytest.raises(DriverError):
        KINDS[kind](pins, bench=bench, **absent)
    assert bench.channel.pin() == 1.0
    assert bench.kernel.fds == {}
    KINDS[kind](pins, bench=bench).line.drive(0.5)
    bench.line.close()
    assert bench.channel.pin() == 1.0
    assert bench.kernel.fds == {}
