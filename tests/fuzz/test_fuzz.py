"""A share of the fuzz of every parser; `make bench ARGS=fuzz` throws a million inputs at each."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from fuzz_engine import SLOW, Outcome, Target, one, run
from fuzz_run import SEED
from fuzz_table import NOTHING, TARGETS

ROOT = Path(__file__).parents[2]
INPUTS, SECONDS = 3000, 0.5  # for each parser, whichever is over first


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_raises_its_own_errors_only_and_keeps_what_it_promises(target: Target) -> None:
    outcome = run(target, INPUTS, SEED, SECONDS)
    print(f"{outcome.inputs} inputs of seed {SEED}, the slowest {outcome.slowest * 1000:.1f} ms")
    assert outcome.inputs > 100
    assert outcome.failures == {}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_its_seeds_are_valid_so_that_changes_begin_deep_inside(target: Target) -> None:
    for data in target.seeds:
        target.run(data)
        assert len(data) <= target.longest


def test_every_driver_module_is_fuzzed_or_has_nothing_to_parse() -> None:
    modules = {
        ".".join(path.relative_to(ROOT / "drivers").with_suffix("").parts)
        for path in (ROOT / "drivers").rglob("*.py")
        if path.name != "__init__.py"
    }
    fuzzed = {name for target in TARGETS for name in target.modules if name.startswith("evse_drivers.")}
    assert fuzzed <= modules
    assert not fuzzed & set(NOTHING)
    assert modules - fuzzed == set(NOTHING), "fuzz a new module's parser, or say why there is none"


def test_two_runs_of_one_seed_are_the_same() -> None:
    target = next(target for target in TARGETS if target.name == "PN532 frames")
    inputs: list[list[bytes]] = [[], []]
    for heard in inputs:
        noting = Target("noting", target.modules, heard.append, target.seeds, target.shape)
        run(noting, 500, 7)
    assert inputs[0] == inputs[1]
    assert len(set(inputs[0])) > 300


def broken(data: bytes) -> None:
    """A parser with every mistake there is."""
    if len(data) > 8:
        raise DriverError("evse.1.part: too long.")
    if data[:1] == b"\x01":
        raise KeyError("a mistake")
    if data[:1] == b"\x02":
        end = time.thread_time() + SLOW + 0.01
        while time.thread_time() < end:
            pass
    assert data[:1] != b"\x03", "a lie"


def test_mistakes_are_noted_and_the_parsers_own_error_is_none() -> None:
    target = Target("broken", (), broken, (b"x",))
    outcome = Outcome("broken")
    for data in (b"123456789", b"\x01a", b"\x01b", b"\x02", b"\x03"):
        one(target, data, outcome)
    assert (outcome.inputs, outcome.refused) == (5, 1)
    assert [place.split(" at ")[0] for place in outcome.failures] == ["KeyError", "slow", "AssertionError"]
    assert next(iter(outcome.failures.values())) == "'a mistake' <- 0161"


def test_a_mistake_is_found() -> None:
    outcome = run(Target("broken", (), broken, (b"\x04\x05",), longest=20), 2000, 1)
    assert {place.split(" at ")[0] for place in outcome.failures} >= {"KeyError", "AssertionError"}
