"""What a review of the proximity contact tried: a contact that floats, one that falls silent, a socket without one."""

from __future__ import annotations

import math
from itertools import cycle

from evsed.pilot.cable import Cable
from pilot_bench import Bench as Whole
from test_cable import Bench


def test_a_proximity_that_floats_from_window_to_window_is_lost_as_soon() -> None:
    bench = Bench()
    assert bench.go(0.1, ohms=220.0, plugged=True, closed=True).fault is None
    floats = cycle((math.inf, 40.0, 1500.0, 680.0))
    for _ in range(5):
        it = bench.go(0.01, ohms=next(floats))
    assert (it.unsure, it.fault) == (True, None)
    for _ in range(2):
        it = bench.go(0.01, ohms=next(floats))
    assert it.fault == "cable"
    assert bench.go(0.03, ohms=220.0).fault is None
    assert bench.it.limit() == 32.0


def test_nothing_is_known_of_a_cable_before_the_third_look() -> None:
    bench = Bench()
    assert not bench.go(0.02, ohms=50.0, plugged=True).measured
    assert bench.go(0.01).measured
    assert bench.it.amps is None


def test_a_cable_that_was_just_known_has_five_looks_like_any() -> None:
    bench = Bench()
    bench.go(0.03, ohms=220.0, plugged=True, closed=True)
    floats = cycle((math.inf, 40.0, 1500.0, 680.0))
    for _ in range(4):
        assert not bench.go(0.01, ohms=next(floats)).unsure
    assert bench.go(0.01, ohms=next(floats)).unsure


def test_a_proximity_that_is_no_longer_measured_is_lost_after_a_second() -> None:
    bench = Bench()
    bench.go(0.1, ohms=220.0, plugged=True, closed=True)
    bench.ohms = None
    assert not bench.go(0.9).unsure
    it = bench.go(0.2)
    assert (it.unsure, it.fault) == (True, "cable lost")
    it = bench.go(0.01, ohms=220.0)
    assert (it.unsure, it.fault, it.limit()) == (False, None, 32.0)


def test_a_socket_whose_proximity_was_never_measured_offers_nothing() -> None:
    bench = Bench()
    bench.it = Cable(needed=True)
    it = bench.go(0.9, plugged=True)
    assert (it.unsure, it.fault) == (True, None)
    assert bench.go(0.2).fault == "cable lost"
    assert bench.go(0.03, ohms=220.0).fault is None
    whole = Whole(socket=True).allow().go(20.0, letter="B").is_in("B1")
    assert whole.rules.faults == ("cable lost",)
    whole.go(31.0, ohms=220.0).is_in("B2", 16.0)
