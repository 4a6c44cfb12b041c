"""Every state of every variant, and every mutant, as figures: `python tests/pilot/explorer_run.py [states|mutants]`.

Prints one line for each, and at the end one line of JSON with the figures. Ends with 1 when an invariant is broken or a
mutant survives. Of the mutants every 14th of each module is run, or every one with EVSED_MUTANTS_EVERY=1 (an hour).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EVERY = int(os.environ.get("EVSED_MUTANTS_EVERY", "14"))


def explorations() -> Iterator[tuple[str, int, int]]:
    """Name, states and steps of each; AssertionError where an invariant does not hold."""
    from evsed.pilot.iec61851 import TABLE, without_ventilation
    from explorer_home import Homecoming
    from explorer_laws import check
    from explorer_machine import KINDS, Alone
    from explorer_parts import PARTS
    from explorer_rules import World
    from explorer_variants import VARIANTS

    for table, where in ((TABLE, "ventilated"), (without_ventilation(), "no ventilation")):
        for kind in KINDS:
            explorer = Alone(table, **kind).explorer()
            yield f"machine alone, {where}, {kind or 'woken by F'}", explorer.run(), explorer.steps
    for name, part in PARTS.items():
        explorer = part()
        yield f"{name} alone", explorer.run(), explorer.steps
    for name, variant in VARIANTS.items():
        world = World(variant)
        explorer = world.explorer(check)
        states = explorer.run()
        Homecoming(world, explorer).run()
        yield f"all rules, {name}", states, explorer.steps


def states() -> int:
    """All of them, in all."""
    in_all = 0
    for name, count, steps in explorations():
        in_all += count
        print(f"{count:9,} states {steps:11,} steps  {name}", flush=True)
    print(json.dumps({"states_explored": in_all}))
    return 0


def mutants() -> int:
    """One process a module of the pilot, as many at once as there are cores."""
    from explorer_equivalents import EQUIVALENT
    from explorer_mutants import PARTS
    from explorer_mutants import mutants as all_of

    found: list[dict[str, object]] = []

    def run(module: str) -> None:
        command = [sys.executable, str(HERE / "explorer_mutants.py"), f"{3 % EVERY}/{EVERY}", module]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                found.append(json.loads(line))
        assert process.returncode == 0, f"{module}: ended with {process.returncode}"

    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, PARTS))
    real = [one for one in found if one["name"] not in EQUIVALENT]
    caught = [one for one in real if one["caught"]]
    by_explorer = sum(str(one["caught"]).startswith("explorer") for one in caught)
    for one in real:
        if not one["caught"]:
            print(f"survives: {one['name']}")
    for name in EQUIVALENT.keys() & {one["name"] for one in found if one["caught"]}:
        print(f"is said to be equivalent, and was caught: {name}")
    made = sum(len(all_of(module)) for module in PARTS)
    same = len(found) - len(real)
    print(
        f"{len(found)} of {made} run, {same} equivalent, {len(caught)} caught, {by_explorer} of them by the explorer; "
        f"{time.monotonic() - began:.0f} s"
    )
    print(json.dumps({"made": made, "mutants": len(found), "equivalent": same, "mutants_caught": len(caught)}))
    return int(len(caught) < len(real))


if __name__ == "__main__":
    for folder in ("hil", "drivers", "firmware", "tests/pilot"):
        sys.path.insert(0, str(ROOT / folder))
    sys.exit({"states": states, "mutants": mutants}[sys.argv[1]]())
