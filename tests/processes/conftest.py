"""One desk for each version, from the first test to the last; each test begins with a wall that is free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from wall import Wall


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is here starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session")
def walls() -> Iterator[Mapping[str, Wall]]:
    """By OCPP version."""
    walls: dict[str, Wall] = {}
    try:
        for version in ("1.6", "2.0.1"):
            walls[version] = Wall(version)
        yield walls
    finally:
        for wall in walls.values():
            wall.close()


@pytest.fixture
def wall(walls: Mapping[str, Wall]) -> Iterator[Wall]:
    """The one of OCPP 2.0.1, for what does not depend on the version."""
    wall = walls["2.0.1"]
    wall.begin()
    yield wall
    print(wall.said())  # pytest shows it when the test has failed
