"""The pytest plugin of the rigs: `--rig FILE`, fixtures for its parts, and skips for what a rig cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .measure import Measure
from .rig import (
    CAPABILITIES,
    Controller,
    Csms,
    Instruments,
    Mains,
    Plan,
    Reader,
    Rig,
    RigError,
    Vehicle,
    open_rig,
    read_plan,
)

DESK = Path(__file__).parents[1] / "rigs" / "desk.toml"
PLAN = pytest.StashKey[Plan]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("evse_hil")
    group.addoption("--rig", type=Path, default=DESK, metavar="FILE", help="the rig's file (default: the desk)")
    group.addoption(
        "--measurements", type=Path, default=Path("build/measurements.jsonl"), metavar="FILE", help="where figures go"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): what the rig must be able to do; see evse_hil.rig")
    try:
        config.stash[PLAN] = read_plan(config.getoption("--rig"))
    except RigError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A scenario that touches the rig runs once in every OCPP version that the rig speaks."""
    if "ocpp" in metafunc.fixturenames:
        metafunc.parametrize("ocpp", metafunc.config.stash[PLAN].versions, scope="function")


def pytest_runtest_setup(item: pytest.Item) -> None:
    plan = item.config.stash[PLAN]
    for marker in item.iter_markers("needs"):
        unknown = [word for word in marker.args if word not in CAPABILITIES]
        if unknown:
            raise pytest.UsageError(f"{item.nodeid}: needs {', '.join(unknown)}; known are {', '.join(CAPABILITIES)}.")
        missing = [word for word in marker.args if word not in plan.can]
        if missing:
            what = "; ".join(f"{word} ({CAPABILITIES[word]})" for word in missing)
            pytest.skip(f'rig "{plan.name}" ({plan.path}) cannot: {what}')


@pytest.fixture
def rig(request: pytest.FixtureRequest, ocpp: str) -> Iterator[Rig]:
    """The rig, freshly started, its controller accepted by the central system."""
    one = open_rig(request.config.stash[PLAN], ocpp)
    yield one
    one.close()


@pytest.fixture
def ev(rig: Rig) -> Vehicle:
    return rig.ev


@pytest.fixture
def reader(rig: Rig) -> Reader:
    return rig.reader


@pytest.fixture
def mains(rig: Rig) -> Mains:
    return rig.mains


@pytest.fixture
def controller(rig: Rig) -> Controller:
    return rig.controller


@pytest.fixture
def csms(rig: Rig) -> Csms:
    return rig.csms


@pytest.fixture
def instruments(rig: Rig) -> Instruments:
    return rig.instruments


@pytest.fixture
def measure(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Measure:
    """Records a figure and holds it against its limits."""
    path = request.config.getoption("--measurements")
    return Measure(path, request.config.stash[PLAN].name, request.node.name, record_property)
