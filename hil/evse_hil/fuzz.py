"""The group "fuzz": how many inputs the parsers were given, and how many made one do what it should not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .figures import Aim, Figure
from .rig import RigError

RUN = Path("tests/fuzz/fuzz_run.py")
INPUTS = 1_000_000  # for each parser, or as many as it takes in
SECONDS = 40.0  # each, twice that where it is enough for all; slower ones get as many as fit


def fuzz(stand: Callable[..., object]) -> Iterator[Figure]:
    """A quarter of an hour of computing on two cores. Needs no desk: `stand` is not used."""
    if not RUN.exists():
        raise RigError(f"{RUN} is not here: run the bench in the folder of the repository")
    last = ""
    command = [sys.executable, str(RUN), f"--inputs={INPUTS}", f"--seconds={SECONDS}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(last, end="", file=sys.stderr, flush=True)
            last = line
    if not last.startswith("{"):
        raise RigError(f"{RUN}: ended with {process.returncode}; its last words: {last.strip() or 'none'}")
    yield from figures(json.loads(last))


def figures(found: dict[str, object]) -> Iterator[Figure]:
    """Of the last line of fuzz_run.py."""
    fewer = found["fewer"]
    assert isinstance(fewer, dict)
    less = ", ".join(f"{name} {count:,}" for name, count in fewer.items())
    note = f"{INPUTS:,} for each" + (f", fewer where they take long: {less}" if less else "")
    yield Figure("fuzz.inputs", "", _value(found, "inputs"), note=note)
    reached = f"{found['reached']} of the {found['lines']} lines in the functions that were called"
    yield Figure("fuzz.parsers", "", _value(found, "parsers"), note=reached)
    yield Figure("fuzz.failures", "", _value(found, "failures"), Aim({"value": 0}))
    yield Figure("fuzz.slowest_ms", "ms", _value(found, "slowest_ms"), Aim({"value": 1000}), "computing for one input")


def _value(found: dict[str, object], name: str) -> dict[str, float]:
    value = found[name]
    assert isinstance(value, (int, float))
    return {"value": value}
