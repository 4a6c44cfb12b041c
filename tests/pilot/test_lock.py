"""The plug lock: retries, failures, the interlock with the contactor, and the life of its motor."""

from __future__ import annotations

from evsed.pilot.lock import Lock
from hypothesis import given, settings
from hypothesis import strategies as st


class Bench:
    """A lock that obeys after 0.3 s, unless `stuck`."""

    def __init__(self, feedback: bool = True) -> None:
        self.now, self.it = 100.0, Lock()
        self.wanted: bool | None = None
        self.proven_open, self.stuck, self.feedback = True, False, feedback
        self.locked = False
        self.moved: list[float] = []

    def go(self, seconds: float, **inputs: bool | None) -> Lock:
        for name, value in inputs.items():
            setattr(self, name, value)
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            before = self.it.moves
            self.it.step(self.now, self.wanted, self.locked if self.feedback else None, self.proven_open)
            if self.it.moves != before:
                self.moved.append(self.now)
            if not self.stuck and self.it.command is not None and self.moved and self.now >= self.moved[-1] + 0.3:
                self.locked = self.it.command
        return self.it


def test_it_is_left_as_it_is_until_somebody_wants_something() -> None:
    it = Bench().go(60.0)
    assert (it.command, it.moves, it.secured, it.failed, it.stuck) == (None, 0, False, False, False)


def test_it_locks_and_the_plug_is_secured_when_the_feedback_says_so() -> None:
    bench = Bench()
    it = bench.go(0.2, wanted=True)
    assert (it.command, it.secured) == (True, False)
    it = bench.go(0.2)
    assert (it.secured, it.moves) == (True, 1)
    assert bench.go(600.0).moves == 1


def test_without_feedback_it_is_believed_after_a_second() -> None:
    bench = Bench(feedback=False)
    assert not bench.go(0.99, wanted=True).secured
    assert bench.go(0.03).secured
    assert bench.go(60.0).moves == 1


def test_one_that_does_not_lock_is_told_three_times_and_has_then_failed_until_it_is_forgiven() -> None:
    bench = Bench()
    it = bench.go(14.9, wanted=True, stuck=True)
    assert (it.moves, it.failed, it.secured) == (3, False, False)
    assert [round(at - bench.moved[0]) for at in bench.moved] == [0, 5, 10]
    it = bench.go(0.2)
    assert it.failed
    bench.go(1.0, wanted=False)
    it = bench.go(60.0, wanted=True)
    assert it.failed  # whatever the station says meanwhile
    it.forgive()
    it = bench.go(1.0, stuck=False)
    assert (it.failed, it.secured) == (False, True)


def test_it_unlocks_only_with_the_contactor_proven_open() -> None:
    bench = Bench()
    bench.go(1.0, wanted=True)
    it = bench.go(10.0, wanted=False, proven_open=False)
    assert (it.command, it.secured, it.moves) == (True, True, 1)
    it = bench.go(0.01, proven_open=True)
    assert (it.command, it.secured, it.moves) == (False, False, 2)


def test_one_that_does_not_unlock_is_warned_of_and_told_again_every_half_a_minute() -> None:
    bench = Bench()
    bench.go(60.0, wanted=True)
    bench.moved.clear()
    it = bench.go(15.2, wanted=False, stuck=True)
    assert (it.stuck, it.failed) == (True, False)
    bench.go(65.0)
    assert [round(at - bench.moved[0]) for at in bench.moved] == [0, 5, 10, 15, 45, 75]
    bench.go(31.0, proven_open=False)
    assert len(bench.moved) == 6
    it = bench.go(1.0, stuck=False, proven_open=True)
    assert (it.stuck, bench.locked) == (False, False)


def test_a_feedback_that_bounces_is_not_lost_and_one_that_is_lost_is_locked_again() -> None:
    bench = Bench()
    bench.go(5.0, wanted=True)
    bench.stuck = True
    bench.locked = False
    it = bench.go(0.4)
    assert (it.secured, it.moves) == (True, 1)
    bench.locked = True
    bench.go(5.0)
    bench.locked = False
    it = bench.go(0.55)
    assert (it.secured, it.moves) == (False, 2)
    it = bench.go(0.5, stuck=False)
    assert (it.secured, it.failed) == (True, False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0.01, 8), st.booleans()), max_size=40))
def test_whatever_is_wanted_any_minute_sees_ten_moves_at_most(wishes: list[tuple[bool | None, float, bool]]) -> None:
    bench = Bench()
    for wanted, seconds, stuck in wishes:
        bench.go(seconds, wanted=wanted, stuck=stuck)
    for at in bench.moved:
        assert sum(at - 60.0 < other <= at for other in bench.moved) <= 10


def test_a_lock_that_is_used_much_gets_its_way_a_little_later() -> None:
    bench = Bench()
    for _ in range(10):
        bench.go(0.5, wanted=True)
        bench.go(0.5, wanted=False)
    assert len(bench.moved) == 5
    bench.go(12.5)
    assert len(bench.moved) == 6
    assert not bench.locked
