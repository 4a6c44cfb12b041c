"""The residual-current device: a trip is a trip, a test has its steps, and a device that fails it says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evsed.pilot.rcd import SEQUENCES, SelfTest
from hypothesis import given, settings
from hypothesis import strategies as st

MODULES = [module for module, steps in SEQUENCES.items() if steps]
TICK = 0.01
DAY = 86_400.0


class Module:
    """A device that trips `after` s of its test input's rise, and comes back `back` s after its fall."""

    def __init__(self, after: float = 0.05, back: float = 0.05) -> None:
        self.after, self.back = after, back
        self.rose_at = self.fell_at = -1.0
        self.was = False

    def __call__(self, now: float, test: bool) -> bool:
        if test is not self.was:
            self.was = test
            if test:
                self.rose_at = now
            else:
                self.fell_at = now
        if self.rose_at < 0.0 or now < self.rose_at + self.after:
            return False
        return test or now < max(self.fell_at + self.back, self.rose_at + self.after + self.back)


class Bench:
    """A SelfTest and its device, on a clock of its own."""

    def __init__(self, module: str, device: Callable[[float, bool], bool | None] | None = None) -> None:
        self.it = SelfTest(module)
        self.device = device or Module()
        self.now = 0.0
        self.may = True
        self.tested: list[float] = []  # instants at which the test input rose

    def run(self, seconds: float) -> SelfTest:
        end = self.now + seconds
        while self.now < end - TICK / 2:
            self.now = round(self.now + TICK, 6)
            was = self.it.test
            self.it.step(self.now, self.device(self.now, was), self.may)
            if self.it.test and not was:
                self.tested.append(self.now)
        return self.it


@pytest.mark.parametrize("module", MODULES)
def test_it_is_tested_at_the_start_and_nothing_may_be_offered_before(module: str) -> None:
    bench = Bench(module)
    assert bench.it.hold
    it = bench.run(0.02)
    assert (it.testing, it.hold) == (True, True)
    it = bench.run(4.0)
    assert (it.testing, it.hold, it.failed, it.tripped_fault) == (False, False, False, False)
    assert it.tested_at is not None
    assert len(bench.tested) == 1


@pytest.mark.parametrize("module", MODULES)
def test_it_is_tested_again_a_day_later_and_when_somebody_wants_it(module: str) -> None:
    bench = Bench(module)
    passed = bench.run(4.0).tested_at
    assert passed is not None
    bench.run(60.0)
    assert len(bench.tested) == 1
    bench.it.want()
    bench.run(4.0)
    assert len(bench.tested) == 2
    bench.now = bench.it.tested_at + DAY - 1.0 if bench.it.tested_at else 0.0
    bench.run(0.9)
    assert len(bench.tested) == 2
    bench.run(0.2)
    assert len(bench.tested) == 3


def test_a_test_waits_for_the_open_contactor() -> None:
    bench = Bench("X804")
    bench.may = False
    it = bench.run(10.0)
    assert (it.testing, it.test, it.due) == (False, False, True)
    bench.may = True
    assert bench.run(0.01).test


@pytest.mark.parametrize("module", MODULES)
def test_a_device_that_does_not_trip_is_tried_three_times(module: str) -> None:
    bench = Bench(module, lambda now, test: False)
    it = bench.run(3.0)
    assert (it.failed, it.due) == (False, True)
    it = bench.run(25.0)
    assert (it.failed, it.due, it.test, it.tripped_fault) == (True, False, False, False)
    assert len(bench.tested) == 3
    first = {"RCM14": 0.5, "RCMB102": 1.2, "latching": 1.0}.get(module, 0.25 + 1.4)  # s until it was given up
    assert bench.tested[1] - bench.tested[0] == pytest.approx(first + 5.0, abs=0.05)
    it.want()
    assert len(bench.tested) == 3
    assert not bench.run(60.0).due


@pytest.mark.parametrize("module", MODULES)
def test_a_device_that_does_not_come_back_has_failed_at_once(module: str) -> None:
    bench = Bench(module, Module(back=1e9))
    it = bench.run(20.0)
    assert (it.failed, it.tested_at) == (True, None)
    assert len(bench.tested) == 1


@pytest.mark.parametrize("module", MODULES)
def test_the_test_input_moves_only_while_it_may(module: str) -> None:
    bench = Bench(module)
    bench.run(0.02)
    bench.may = False
    it = bench.run(0.01)
    assert (it.test, it.testing, it.due) == (False, True, True)
    it = bench.run(10.0)
    assert (it.testing, it.due, it.tripped_fault, it.failed, it.tested_at) == (False, True, False, False, None)
    bench.may = True
    assert bench.run(4.0).tested_at is not None
    assert len(bench.tested) == 2


@pytest.mark.parametrize("module", MODULES)
def test_what_still_stands_after_a_test_that_was_cut_short_is_a_trip(module: str) -> None:
    bench = Bench(module, Module(back=1e9))
    bench.run(0.2)
    bench.may = False
    it = bench.run(1.0)
    assert not it.tripped_fault
    it = bench.run(20.0)
    assert (it.tripped_fault, it.testing, it.failed) == (True, False, False)


@pytest.mark.parametrize("module", [*MODULES, "none"])
def test_a_trip_outside_a_test_counts_at_the_first_look_and_stays(module: str) -> None:
    tripped = False
    bench = Bench(module, lambda now, test: tripped)
    bench.may = False
    bench.run(1.0)
    tripped = True
    assert bench.run(0.01).tripped_fault
    assert bench.it.acknowledge(True) == (
        "the residual-current device still says that it has tripped: find the current to earth first"
    )
    tripped = False
    assert bench.run(100.0).tripped_fault
    assert bench.it.acknowledge(False) is None
    assert not bench.run(1.0).tripped_fault
    assert bench.it.due is (module != "none")


def test_a_trip_during_a_test_is_what_the_test_wants() -> None:
    bench = Bench("X804")
    it = bench.run(0.2)
    assert (it.testing, it.tripped_fault) == (True, False)
    assert it.acknowledge(True) == "the residual-current device is being tested: wait some seconds"


def test_after_a_failure_it_is_acknowledged_and_then_tested_before_the_next_offer() -> None:
    bench = Bench("X804", lambda now, test: False)
    bench.run(30.0)
    assert bench.it.failed
    bench.device = Module()
    assert bench.it.acknowledge(False) is None
    assert bench.it.hold
    bench.run(4.0)
    assert (bench.it.failed, bench.it.hold) == (False, False)
    assert bench.it.acknowledge(False) is None
    assert not bench.it.hold


def test_after_that_it_has_three_tries_again() -> None:
    bench = Bench("X804", lambda now, test: False)
    bench.run(30.0)
    assert bench.it.acknowledge(False) is None
    bench.run(10.0)
    assert not bench.it.failed
    assert bench.run(20.0).failed
    assert len(bench.tested) == 6


def test_x804_gets_a_pulse_of_250_ms() -> None:
    bench = Bench("X804", Module(after=1.0))
    bench.run(0.01)
    assert bench.run(0.24).test
    assert not bench.run(0.02).test


@pytest.mark.parametrize(
    ("module", "most"), [("X804", 1.65), ("X904", 1.65), ("RCM14", 0.5), ("RCMB102", 1.2), ("latching", 1.0)]
)
def test_it_gets_so_long_to_trip(module: str, most: float) -> None:
    assert Bench(module, Module(after=most - 0.02)).run(6.0).tested_at is not None
    bench = Bench(module, Module(after=most + 0.02))
    bench.run(most + 0.03)
    assert (bench.it.testing, bench.it.tested_at) == (False, None)


@pytest.mark.parametrize(
    ("module", "most", "quiet"),
    [("X804", 2.26, 0.7), ("X904", 2.26, 0.7), ("RCM14", 14.9, 0.1), ("RCMB102", 3.8, 1.2), ("latching", 0.9, 0.1)],
)
def test_it_gets_so_long_to_come_back_and_must_stay_so_for_a_while(module: str, most: float, quiet: float) -> None:
    begun = 0.26 if module[0] == "X" else 0.11  # s, the step that waits for it
    bench = Bench(module, lambda now, test: 0.1 <= now < begun + most - 0.03)
    bench.run(begun + most - 0.03 + quiet - 0.03)
    assert bench.it.testing
    assert bench.run(0.06).tested_at is not None
    bench = Bench(module, lambda now, test: 0.1 <= now < begun + most + 0.03)
    bench.run(begun + most + quiet + 0.03)
    assert (bench.it.failed, bench.it.tested_at) == (True, None)


def test_a_second_trip_of_the_same_test_is_no_trip() -> None:
    # X804 trips at 6 mA, and up to 660 ms later at 30 mA
    bench = Bench("X804", lambda now, test: 0.3 <= now < 0.4 or 0.9 <= now < 1.0)
    assert bench.run(1.65).testing
    it = bench.run(0.1)
    assert not it.testing
    it = bench.run(5.0)
    assert (it.tripped_fault, it.failed) == (False, False)
    assert it.tested_at is not None


def test_a_trip_that_is_over_before_the_pulse_is_has_been_seen() -> None:
    bench = Bench("X804", lambda now, test: 0.05 <= now < 0.15)
    assert bench.run(2.0).tested_at is not None


def test_a_device_that_cannot_be_read_is_neither_tested_nor_tripped() -> None:
    bench = Bench("X804", lambda now, test: None)
    it = bench.run(30.0)
    assert (it.testing, it.failed, it.tripped_fault, it.due) == (False, False, False, True)


def test_a_device_that_falls_silent_during_its_test_gives_the_test_up() -> None:
    bench = Bench("X804")
    bench.run(0.1)
    bench.device = lambda now, test: None
    assert not bench.run(0.01).test
    it = bench.run(20.0)
    assert (it.testing, it.tripped_fault, it.failed, it.due) == (False, False, False, True)


def test_without_a_test_input_nothing_is_ever_due() -> None:
    bench = Bench("none")
    assert (bench.it.due, bench.it.testable, bench.it.hold) == (False, False, False)
    bench.it.want()
    assert not bench.run(1.0).due


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(MODULES), st.lists(st.tuples(st.booleans(), st.sampled_from([True, False, None])), max_size=300))
def test_whatever_comes_the_test_input_is_only_on_while_it_may_and_a_trip_is_never_lost(
    module: str, looks: list[tuple[bool, bool | None]]
) -> None:
    it, now = SelfTest(module), 0.0
    for number, (may, tripped) in enumerate(looks):
        now += 0.07
        expected = it.testing or (number == 0 and it.testable)
        it.step(now, tripped, may)
        assert may or not it.test
        assert it.testing or not it.test
        assert not tripped or expected or it.tripped_fault
        assert not (it.tripped_fault and it.testing)


def test_a_device_that_a_killed_process_left_in_its_test_gets_the_time_to_come_back() -> None:
    bench = Bench("X804", lambda now, test: now < 0.5)
    bench.may = False
    it = bench.run(0.4)
    assert (it.testing, it.test, it.hold) == (True, False, True)
    it = bench.run(30.0)
    assert (it.testing, it.tripped_fault, it.due) == (False, False, True)


def test_a_device_that_stays_tripped_at_the_start_is_a_trip() -> None:
    bench = Bench("X804", lambda now, test: True)
    assert not bench.run(2.9).tripped_fault
    assert bench.run(0.2).tripped_fault
