"""The group "states": how many states of the pilot's rules were visited, and how many broken copies were caught."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .figures import Aim, Figure
from .rig import RigError

RUN = Path("tests/pilot/explorer_run.py")


def states(stand: Callable[..., object]) -> Iterator[Figure]:
    """A quarter of an hour of computing on two cores. Needs no desk: `stand` is not used."""
    explored = _run("states")["states_explored"]
    yield Figure("pilot.states_explored", "states", {"value": explored})
    found = _run("mutants")
    share = f"of {found['made']:,} that can be made; {found['equivalent']} are equivalent, with the reason"
    yield Figure("pilot.mutants", "", {"value": found["mutants"]}, note=share)
    most = found["mutants"] - found["equivalent"]
    yield Figure("pilot.mutants_caught", "", {"value": found["mutants_caught"]}, Aim({"value": most}, least=True))


def _run(what: str) -> dict[str, float]:
    """Its last line. What it says on the way goes to the screen."""
    if not RUN.exists():
        raise RigError(f"{RUN} is not here: run the bench in the folder of the repository")
    last = ""
    with subprocess.Popen([sys.executable, str(RUN), what], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if last:
                print(last, end="", file=sys.stderr, flush=True)
            last = line
    if not last.startswith("{"):
        raise RigError(f"{RUN} {what}: ended with {process.returncode}; its last words: {last.strip() or 'none'}")
    figures: dict[str, float] = json.loads(last)
    return figures
