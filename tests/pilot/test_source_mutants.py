"""Broken copies of the pilot's rules are caught, by a sample here and by all of them in `make bench ARGS=states`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from explorer_equivalents import EQUIVALENT
from explorer_mutants import LOOK_AT, PARTS, PILOT, files_of, mutants

HERE = Path(__file__).parent
ALL = {mutant.name: mutant for module in PARTS for mutant in mutants(module)}


def test_every_part_of_the_rules_is_broken_in_many_places() -> None:
    assert len(ALL) > 1000
    for module in PARTS:
        assert (PILOT / f"{module}.py").exists()
        assert module in LOOK_AT
        assert files_of(module), f"{module} has no tests of its own"


def test_a_mutant_is_its_source_with_one_thing_changed() -> None:
    name = "contactor.Contactor.step: if False in `if mirror is None:`"
    assert "if False:\n            self.welded = False" in ALL[name].source
    whole = [line for line in ALL[name].source.splitlines() if "if False" in line]
    assert len(whole) == 1


def test_what_is_said_to_be_equivalent_exists_and_says_why() -> None:
    assert set(EQUIVALENT) <= set(ALL), "a line was changed: look at the mutant again"
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())


@pytest.mark.slow
@pytest.mark.parametrize("module", PARTS)
def test_a_sample_of_the_mutants_is_caught(module: str) -> None:
    count = len(mutants(module))
    command = [sys.executable, str(HERE / "explorer_mutants.py"), f"{count // 3}/{count // 2}", module]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 2
    for one in found:
        assert one["caught"] or one["name"] in EQUIVALENT, f"survives: {one['name']}"
