"""What takes longer than a bench can wait for, on the pilot's rules with virtual time: `python virtual_timings.py`.

Prints {row of evse_hil.timings_rows: [s, ...]}. The rules are the real ones and are stepped as the loop steps them;
only the clock is virtual, and the hardware obeys at once.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    ROOT = Path(__file__).parents[2]
    sys.path[:0] = [str(ROOT / part) for part in ("firmware", "drivers")]

from pilot_bench import STEP, Bench

SHORT, LONG = 20, 2  # repetitions
DAY = 24 * 3600.0


def until(bench: Bench, seconds: float, there: Callable[[Bench], bool], step: float = STEP) -> float:
    """Go on until that is so; when, s. AssertionError after `seconds`."""
    end = bench.now + seconds
    while not there(bench):
        assert bench.now < end, f"not within {seconds:g} s; in {bench.rules.machine.row}"
        if step == STEP:
            bench.go(STEP)
        else:
            bench.now += step
            bench.rules.step(bench.now, bench.look)
    return bench.now


def settled(**options: object) -> Bench:
    """One whose clock stands anywhere within a step."""
    return Bench(settle=11.0 + random.randrange(100) * STEP, **options)  # type: ignore[arg-type]


def go_on_ends() -> float:
    """The station is gone: s from the end of the last permit until the offer is withdrawn."""
    bench = settled().charging()
    lease_until, bench.permit = bench.rules.supervisor.lease_until, None
    return until(bench, 1000.0, lambda it: it.rules.duty is None) - lease_until


def rcd_daily() -> float:
    """Nothing is plugged in: s from a self-test that was passed to the next one."""
    bench = Bench(settle=STEP, module="RCM14")
    test = bench.rules.selftest
    until(bench, 1.0, lambda it: it.rules.selftest.test)
    bench.go(0.05, tripped=True)
    until(bench, 1.0, lambda it: not it.rules.selftest.test)
    bench.go(0.5, tripped=False)
    passed = test.tested_at
    assert passed is not None
    return until(bench, DAY + 60.0, lambda it: it.rules.selftest.testing, step=0.5) - passed


def phase_break() -> float:
    """The permit goes from three phases to one: s of +12 V until the next offer."""
    bench = settled(relay=True).charging()
    bench.allow(16.0, phases=1)
    withdrawn = until(bench, 5.0, lambda it: it.rules.duty is None)
    bench.go(0.5).go(STEP, letter="B")
    offered = until(bench, 60.0, lambda it: bool(it.rules.duty))
    assert bench.look.relay is False
    return offered - withdrawn


def asleep() -> float:
    """A vehicle that does not ask: s from the offer to state F."""
    bench = settled(machine={"wake_up": "F", "wake_up_after": 30.0})
    bench.go(0.1, letter="B").allow()
    offered = until(bench, 10.0, lambda it: bool(it.rules.duty))
    return until(bench, 60.0, lambda it: it.rules.duty == 0.0) - offered


def measure() -> dict[str, list[float]]:
    """All of them, by the name of their row."""
    rows = ((phase_break, SHORT), (asleep, SHORT), (go_on_ends, LONG), (rcd_daily, LONG))
    return {row.__name__: [row() for _ in range(times)] for row, times in rows}


if __name__ == "__main__":
    print(json.dumps(measure()))
