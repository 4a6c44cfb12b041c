"""Four desks, from the first test to the last; each test begins with a wall that is free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wall import Wall

UNMETERED = ("--option", "supervision.meter_silent=go on")  # what is billed without a meter is to be seen


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is here starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session")
def street() -> Iterator[Mapping[str, Wall]]:
    """All of them, started at once: a pilot that has just started makes its first car wait for 10 s."""
    plans = {
        "1.6": ("1.6", *UNMETERED),
        "2.0.1": ("2.0.1", *UNMETERED),
        "strict": ("1.6", "--lease", "stop"),
        "pair": ("1.6", "--evses", "2"),
    }
    with ThreadPoolExecutor(len(plans)) as pool:
        coming = {name: pool.submit(Wall, *plan) for name, plan in plans.items()}
    walls = {name: wall.result() for name, wall in coming.items() if wall.exception() is None}
    try:
        for wall in coming.values():
            wall.result()
        yield walls
    finally:
        for wall in walls.values():
            wall.close()


@pytest.fixture
def walls(street: Mapping[str, Wall]) -> Mapping[str, Wall]:
    """By OCPP version; `both.in_both_versions` makes them free."""
    return {name: wall for name, wall in street.items() if name == wall.version}


def _begun(wall: Wall) -> Iterator[Wall]:
    wall.begin()
    yield wall
    print(wall.said())  # pytest shows it when the test has failed


@pytest.fixture
def wall(street: Mapping[str, Wall]) -> Iterator[Wall]:
    """The one of OCPP 2.0.1, for what does not depend on the version."""
    yield from _begun(street["2.0.1"])


@pytest.fixture
def strict(street: Mapping[str, Wall]) -> Iterator[Wall]:
    """One with the lease policy "stop"."""
    yield from _begun(street["strict"])


@pytest.fixture
def pair(street: Mapping[str, Wall]) -> Iterator[Wall]:
    """One with two EVSEs."""
    yield from _begun(street["pair"])
