"""The mirror contact's word: two different faults, and when the contactor is proven open."""

from __future__ import annotations

from evsed.pilot.contactor import Contactor


class Bench:
    def __init__(self, mirror: bool | None = False) -> None:
        self.now, self.mirror, self.commanded, self.trouble = 100.0, mirror, False, False
        self.it = Contactor(self.now)

    def go(self, seconds: float, **inputs: bool | None) -> Contactor:
        for name, value in inputs.items():
            setattr(self, name, value)
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            self.it.step(self.now, self.commanded, self.mirror, self.trouble)
        return self.it


def test_a_mirror_that_stays_closed_for_a_quarter_of_a_second_is_a_weld_as_long_as_it_does() -> None:
    bench = Bench()
    assert not bench.go(1.0, commanded=True, mirror=True).welded
    assert not bench.go(0.25, commanded=False).welded
    it = bench.go(0.02)
    assert (it.welded, it.failed, it.proven_open) == (True, False, False)
    it = bench.go(0.01, mirror=False)
    assert (it.welded, it.failed, it.proven_open) == (False, False, True)


def test_a_contactor_that_closes_by_itself_is_welded_too() -> None:
    assert Bench().go(0.3, mirror=True).welded


def test_a_mirror_that_stays_open_is_a_failure_to_close_until_it_is_forgiven() -> None:
    bench = Bench()
    assert not bench.go(0.25, commanded=True).failed
    it = bench.go(0.02)
    assert (it.failed, it.welded) == (True, False)
    assert bench.go(1.0, commanded=False).failed
    it.forgive()
    assert not bench.go(1.0).failed


def test_a_contactor_that_is_slow_but_agrees_is_no_fault() -> None:
    bench = Bench()
    for on in (True, False) * 3:
        it = bench.go(0.24, commanded=on)
        assert not it.welded
        assert not it.failed
        bench.go(0.01, mirror=on)
        bench.go(0.1)


def test_without_a_mirror_open_is_proven_by_time_after_a_start_and_after_each_opening() -> None:
    bench = Bench(mirror=None)
    assert not bench.go(0.24).proven_open
    assert bench.go(0.02).proven_open
    assert not bench.go(1.0, commanded=True).proven_open
    assert not bench.go(0.24, commanded=False).proven_open
    assert bench.go(0.03).proven_open


def test_with_a_mirror_open_is_proven_by_its_word_at_once() -> None:
    bench = Bench(mirror=True)
    assert not bench.go(0.1).proven_open
    assert bench.go(0.01, mirror=False).proven_open
    assert not bench.go(0.01, commanded=True).proven_open


def test_nothing_is_proven_by_a_driver_in_trouble() -> None:
    for mirror in (None, False):
        bench = Bench(mirror)
        assert bench.go(1.0).proven_open
        assert not bench.go(1.0, trouble=True).proven_open
        assert bench.go(0.01, trouble=False).proven_open
