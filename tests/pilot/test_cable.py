"""The cable by its proximity resistor: windows, debounce, and what its loss means."""

from __future__ import annotations

import math

import pytest
from evsed.pilot.cable import Cable, cable_of


class Bench:
    def __init__(self) -> None:
        self.now, self.it = 100.0, Cable()
        self.ohms: float | None = None
        self.plugged = self.closed = False

    def go(self, seconds: float, ohms: float | None = None, **inputs: bool) -> Cable:
        if ohms is not None:
            self.ohms = ohms
        for name, value in inputs.items():
            setattr(self, name, value)
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            self.it.step(self.now, self.ohms, self.plugged, self.closed)
        return self.it


@pytest.mark.parametrize(
    ("ohms", "amps"),
    [(1500, 13), (680, 20), (220, 32), (100, 63), (10_000, math.inf), (math.inf, math.inf), (40, None),
     (79.9, None), (80, 63), (140, 32), (308, 20), (936, 13), (2459, 13), (2460, math.inf), (0, None)],
)  # fmt: skip
def test_the_cable_is_known_by_its_resistor(ohms: float, amps: float | None) -> None:
    assert cable_of(ohms) == amps


def test_a_line_that_does_not_measure_it_limits_nothing_and_fails_nothing() -> None:
    it = Bench().go(5.0, plugged=True, closed=True)
    assert (it.limit(), it.amps, it.unsure, it.fault) == (math.inf, None, False, None)


def test_three_equal_looks_count() -> None:
    bench = Bench()
    assert bench.go(0.02, ohms=220.0).amps is None
    assert not bench.it.measured
    assert bench.go(0.01).amps == 32.0
    for ohms in (680.0, 680.0, 220.0, 680.0, 680.0, 1500.0):
        assert bench.go(0.01, ohms=ohms).amps == 32.0
    assert bench.go(0.02, ohms=1500.0).amps == 13.0
    assert bench.it.limit() == 13.0


def test_a_bad_look_between_good_ones_begins_the_count_anew() -> None:
    bench = Bench()
    bench.go(0.05, ohms=220.0)
    for ohms in (math.inf, math.inf, 220.0, math.inf, math.inf, 220.0):
        assert bench.go(0.01, ohms=ohms).amps == 32.0


def test_a_proximity_that_is_lost_under_load_is_a_fault_within_60_ms() -> None:
    bench = Bench()
    assert bench.go(0.1, ohms=220.0, plugged=True, closed=True).fault is None
    it = bench.go(0.03, ohms=math.inf)
    assert (it.unsure, it.fault) == (True, None)
    assert bench.go(0.03).fault == "cable lost"
    it = bench.go(0.03, ohms=220.0)
    assert (it.unsure, it.fault) == (False, None)


def test_a_resistor_that_no_cable_has_is_another_fault() -> None:
    bench = Bench()
    assert bench.go(0.9, ohms=40.0, plugged=True).fault is None
    assert bench.it.unsure
    assert bench.go(0.2).fault == "cable"
    assert bench.go(0.01, plugged=False).fault is None


def test_a_plug_may_take_a_second_to_make_its_contacts() -> None:
    bench = Bench()
    bench.go(1.0, ohms=math.inf)
    it = bench.go(0.9, plugged=True)
    assert (it.unsure, it.fault) == (True, None)
    it = bench.go(0.05, ohms=220.0)
    assert (it.unsure, it.fault, it.limit()) == (False, None, 32.0)


def test_without_a_vehicle_an_empty_socket_is_no_fault() -> None:
    it = Bench().go(60.0, ohms=math.inf)
    assert (it.unsure, it.fault, it.limit()) == (False, None, math.inf)
