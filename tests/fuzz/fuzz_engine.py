"""Throws inputs at one parser and notes what it should not do: another error than its own, a lie, a stall, memory.

Theory of operation. First a parser LEARNs: while every line that it runs is traced, an input that reaches new ones
becomes a seed too. Then it runs untraced, which is ten times as fast. Whatever leaves it but its own errors is a
failure, also an AssertionError of the target, which looks at what came out; so is an input of more than SLOW seconds of
computing, or one that is not over after HANGS. Kept is one input of each kind. The same seed makes the same inputs,
unless time ends the learning earlier.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from random import Random
from types import CodeType, FrameType
from typing import Any

from evse_drivers.api import DriverError
from fuzz_mutator import Mutator, Shape

SLOW = 1.0  # s of computing, for inputs of a few kB; hyperthreads and a shared machine double what is needed
HANGS = 20.0  # s for one input
LEARNED = 400  # seeds at most
SHARE = 0.05  # of the inputs are for learning, and no more than
LESSONS = 20_000
GROWTH = 64.0  # MiB that a parser may need at most


@dataclass(frozen=True, slots=True)
class Target:
    """One parser. `run` gives it one input and looks at what comes out; `errors` are those that it may raise."""

    name: str
    modules: tuple[str, ...]  # that it is made of: their lines are what learning looks at
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]  # valid inputs: none of them may raise
    shape: Shape | None = None
    errors: tuple[type[Exception], ...] = (DriverError,)
    words: tuple[bytes, ...] = ()
    longest: int = 1024  # bytes of an input
    text: bool = False  # it is one, and `shape` changes its parts


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    name: str
    inputs: int = 0
    refused: int = 0  # inputs that raised one of the parser's own errors
    seconds: float = 0.0
    slowest: float = 0.0  # s of computing
    growth: float = 0.0  # MiB
    reached: int = 0  # lines of its modules, of
    lines: int = 0
    failures: dict[str, str] = field(default_factory=dict)  # what went wrong and where: its words, and an input in hex


class Hangs(BaseException):
    """An input is not over; no parser can catch this."""


def run(target: Target, inputs: int, seed: int, seconds: float = float("inf")) -> Outcome:
    """So many inputs, or fewer where they take longer than `seconds`; one that has had half of them by then gets as
    long again. Needs the main thread."""
    mutator = Mutator(Random(f"{seed} {target.name}"), target.seeds, target.longest, target.words)
    outcome = Outcome(target.name)
    for data in target.seeds:
        target.run(data)
    before = _peak()
    started = time.monotonic()
    with _alarm():
        _learn(target, mutator, outcome, min(LESSONS, int(inputs * SHARE)), started + seconds / 4)
        while outcome.inputs < inputs and time.monotonic() < started + seconds * (1 + (2 * outcome.inputs >= inputs)):
            signal.setitimer(signal.ITIMER_REAL, HANGS)
            for _ in range(min(500, inputs - outcome.inputs)):
                one(target, _input(target, mutator), outcome)
    outcome.seconds = time.monotonic() - started
    outcome.growth = _peak() - before
    if outcome.growth > GROWTH:
        outcome.failures[f"memory: {outcome.growth:.0f} MiB more"] = ""
    return outcome


def one(target: Target, data: bytes, outcome: Outcome) -> None:
    """One input; a failure is noted and not raised."""
    outcome.inputs += 1
    began = time.thread_time()
    try:
        target.run(data)
    except target.errors:
        outcome.refused += 1
    except Hangs:
        outcome.failures[f"hangs for {HANGS:g} s and more"] = data.hex()
        signal.setitimer(signal.ITIMER_REAL, HANGS)
    except Exception as error:
        place = _place(error)
        if place not in outcome.failures:
            outcome.failures[place] = f"{str(error)[:200]} <- {data.hex()}"
    took = time.thread_time() - began
    if took > outcome.slowest:
        outcome.slowest = took
        if took > SLOW:
            outcome.failures.setdefault("slow", data.hex())


def _input(target: Target, mutator: Mutator) -> bytes:
    shape, rng = target.shape, mutator.rng
    if shape is None:
        return mutator.make()
    # A text is changed by its shape alone half of the time: a byte anywhere mostly means that nothing else is read.
    data = (
        mutator.seeds[int(rng.random() * len(mutator.seeds))] if target.text and rng.random() < 0.5 else mutator.make()
    )
    return shape(data, rng)


def _place(error: Exception) -> str:
    """What it is, where it came up, and where in our own code that was."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "site-packages" not in frame.filename), frames[-1])
    where = dict.fromkeys(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in (ours, frames[-1]))
    return f"{type(error).__name__} at {', '.join(where)}"


# --- learning ---------------------------------------------------------------------------------------------------------


def _learn(target: Target, mutator: Mutator, outcome: Outcome, lessons: int, until: float) -> None:
    files = {str(import_module(name).__file__) for name in target.modules}
    reached: set[tuple[CodeType, int]] = set()

    def look(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            reached.add((frame.f_code, frame.f_lineno))
        return look

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        return look if frame.f_code.co_filename in files else None

    before = sys.gettrace()  # of a debugger
    try:
        for data in target.seeds:
            sys.settrace(enter)
            target.run(data)
            sys.settrace(before)
        while outcome.inputs < lessons and time.monotonic() < until:
            signal.setitimer(signal.ITIMER_REAL, HANGS)
            data, known = _input(target, mutator), len(reached)
            sys.settrace(enter)
            one(target, data, outcome)
            sys.settrace(before)
            if len(reached) > known and len(mutator.seeds) < LEARNED:
                mutator.seeds.append(data)
    finally:
        sys.settrace(before)
    outcome.slowest = 0.0  # tracing is slow
    outcome.failures.pop("slow", None)
    codes = {code for code, _ in reached}
    outcome.reached = len({(code.co_filename, line) for code, line in reached})
    outcome.lines = len({(code.co_filename, line) for code in codes for _, _, line in code.co_lines() if line})


# --- guards -----------------------------------------------------------------------------------------------------------


@contextmanager
def _alarm() -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, over)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _peak() -> float:
    """MiB that this process ever had at once."""
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
