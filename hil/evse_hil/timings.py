"""The bench group "timings": the standard's table held against the desk's coil, with every core busy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from .figures import Figure
from .rig import RigError
from .stand import Stand, busy
from .timings_rounds import PARTS, Samples
from .timings_rows import ROWS
from .timings_yard import FLAGS, Yard

VIRTUAL = Path(__file__).parents[2] / "tests" / "pilot" / "virtual_timings.py"


def timings(stand: Callable[..., Stand]) -> Iterator[Figure]:
    """Every row of timings_rows, in its order."""
    samples: Samples = defaultdict(list)
    began = time.monotonic()
    with closing(stand(*FLAGS)) as desk, busy(os.cpu_count() or 1):
        yard = Yard(desk)
        for evse in yard.outlets:
            yard.world("plug", evse=evse)
        for part in PARTS:
            part(yard, samples)
            print(f"  {part.__name__}: {time.monotonic() - began:.0f} s since the start", file=sys.stderr, flush=True)
    samples.update(virtual())
    for name, row in ROWS.items():
        yield row.figure(samples[name])


def virtual() -> dict[str, list[float]]:
    """The rows of virtual time, measured on the pilot's rules in a process of their own."""
    done = subprocess.run([sys.executable, str(VIRTUAL)], capture_output=True, text=True)
    if done.returncode:
        raise RigError(f"{VIRTUAL}: {done.stderr.strip()}")
    measured: dict[str, list[float]] = json.loads(done.stdout)
    return measured
