"""Fuzzes the parsers of fuzz_table.py: `python tests/fuzz/fuzz_run.py [--inputs N] [--seconds S] [NAME ...]`.

Each runs in a process of its own, as many at a time as there are cores. A line for each parser, and what failed with an
input that does it; the last line is JSON: inputs, parsers, failures, and how many parsers had fewer inputs than asked
for because their time was over. Ends with 1 where something failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
for folder in (ROOT / "hil", ROOT / "drivers", ROOT / "firmware", Path(__file__).parent):
    sys.path.insert(0, str(folder))

from fuzz_engine import run  # noqa: E402
from fuzz_table import TARGETS  # noqa: E402

SEED = 20261121


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of a parser's name; without any: all")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each parser (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1e9, help="that a parser gets at most")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one target, in this process
    given = parser.parse_args()
    wanted = [its for its in TARGETS if not given.names or any(name in its.name for name in given.names)]
    if given.alone:
        (target,) = [its for its in TARGETS if its.name == given.names[0]]
        print(json.dumps(asdict(run(target, given.inputs, given.seed, given.seconds))))
        return 0
    began = time.monotonic()
    print(f"seed {given.seed}, {given.inputs:,} inputs for each of {len(wanted)} parsers", flush=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as processes:
        found = list(processes.map(lambda its: _apart(its.name, given), wanted))
    failures = sum(len(its["failures"]) for its in found)
    whole = {
        "inputs": sum(its["inputs"] for its in found),
        "parsers": len(found),
        "failures": failures,
        "fewer": {its["name"]: its["inputs"] for its in found if its["inputs"] < given.inputs},
        "slowest_ms": max(its["slowest"] for its in found) * 1000,
        "reached": sum(its["reached"] for its in found),
        "lines": sum(its["lines"] for its in found),
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(whole))
    return 1 if failures else 0


def _apart(name: str, given: argparse.Namespace) -> dict[str, Any]:
    limits = [f"--{what}={getattr(given, what)}" for what in ("inputs", "seconds", "seed")]
    command = [sys.executable, __file__, "--alone", *limits, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
        empty = dict.fromkeys(("inputs", "refused", "seconds", "slowest", "growth", "reached", "lines"), 0)
        its = {"name": name, **empty, "failures": {"the fuzz itself": words[0]}}
    else:
        its = json.loads(done.stdout)
    print(
        f"{name:22} {its['inputs']:>9,} inputs  {100 * its['refused'] / max(its['inputs'], 1):3.0f} % refused  "
        f"{its['seconds']:6.1f} s  slowest {its['slowest'] * 1000:6.1f} ms  +{its['growth']:3.0f} MiB  "
        f"lines {its['reached']} of {its['lines']}"
        + "".join(f"\n    {place}: {what[:3000]}" for place, what in its["failures"].items()),
        flush=True,
    )
    return its


if __name__ == "__main__":
    sys.exit(main())
