"""Who may import whom: downwards only, and what is pure touches neither the clock nor the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [path for part in ("drivers", "firmware", "hil/evse_hil") for path in sorted((ROOT / part).rglob("*.py"))]

COMMANDS = "app check desk listing order presets reader record reference show signed"
ROOTS = tuple(f"evsed.{name}" for name in ("__main__", "fault_page", *COMMANDS.split()))
NOTHING: tuple[str, ...] = ()
API = ("evse_drivers.api",)
# A module or package -> what of ours it may import besides itself. The longest name that fits a module counts.
MAY_IMPORT = {
    "evse_drivers.api": NOTHING,
    "evse_drivers.options": NOTHING,
    "evse_drivers.registry": API,
    "evse_drivers": ("evse_drivers",),
    "evsed.model": API,
    "evsed.clock": ("evsed.model",),
    "evsed.core": ("evsed.model", *API),
    "evsed.ocpp": ("evsed.model", "evsed.core.block", "evsed.core.effects", "evsed.clock", *API),
    "evsed.ocpp.rpc": ("evsed.model",),
    "evsed.ocpp.lanes": ("evsed.model", "evsed.ocpp.rpc"),
    "evsed.ocpp.grants": ("evsed.model", "evsed.ocpp.lanes"),
    "evsed.ocpp.outbox": ("evsed.model", *(f"evsed.ocpp.{name}" for name in ("dialects", "grants", "lanes", "rpc"))),
    "evsed.ocpp.dialects": ("evsed.model", "evsed.core.block", "evsed.core.variables"),
    "evsed.inbox": ("evsed.model", "evsed.core", "evsed.clock", "evsed.permits", *API),
    "evsed.permits": API,
    "evsed.outlets": ("evsed.model", "evsed.core.effects", *API),
    "evsed.errands": ("evsed.model", "evsed.core", "evsed.clock"),
    "evsed.computed": ("evsed.settings", "evsed.core", "evsed.clock", "evsed.ocpp.dialects"),
    "evsed.hardware": ("evsed.settings", "evsed.pilot.client", "evse_drivers.registry", *API),
    "evsed.lights": ("evsed.model",),
    "evsed.buttons": NOTHING,
    "evsed.fittings": ("evsed.settings", "evsed.core", "evsed.model", "evsed.lights", "evsed.panel", *API),
    "evsed.panel": ("evsed.lights", "evsed.buttons", *API),
    "evsed.station_socket": NOTHING,
    "evsed.log": NOTHING,
    "evsed.store": ("evsed.model",),
    "evsed.settings": (
        "evsed",
        "evsed.model",
        "evse_drivers.options",
        "evse_drivers.registry",
        "evse_drivers.gpio",
        *API,
    ),
    "evsed.pilot": ("evsed.pilot", "evsed.model", *API),
    # roots: they introduce the others to each other, and may import all of evsed
    "evsed.pilot.building": ("evsed.pilot", "evsed.settings", "evsed.model", *API),
    "evsed.pilot.root": ("evsed.pilot", "evsed.settings", "evsed.model", "evse_drivers.registry", *API),
    "evsed.store.reset": ("evsed.store", "evsed.settings", "evsed.model"),
    **dict.fromkeys(ROOTS, ("evse_drivers.registry", "evse_drivers.options", *API)),
    "evsed.desk": ("evse_drivers",),
    "evsed.meter": ("evsed.settings", "evsed.show", "evse_drivers"),
    "evsed": NOTHING,
    # outside: reaches evsed through sockets and pins
    "evse_hil": NOTHING,
}

PURE = (
    "evsed.model",
    "evsed.core",
    "evsed.permits",
    "evsed.lights",
    "evsed.buttons",
    "evsed.ocpp.rpc",
    "evsed.ocpp.lanes",
    "evsed.ocpp.grants",
    "evsed.ocpp.outbox",
    "evsed.ocpp.dialects",
    "evsed.pilot.cable",
    "evsed.pilot.contactor",
    "evsed.pilot.gaps",
    "evsed.pilot.iec61851",
    "evsed.pilot.ring",
    "evsed.pilot.lock",
    "evsed.pilot.phases",
    "evsed.pilot.rcd",
    "evsed.pilot.rules",
    "evsed.pilot.sense",
    "evsed.pilot.supervisor",
    "evsed.pilot.wear",
)
OF_THE_WORLD = {"asyncio", "threading", "time", "socket", "sqlite3", "random", "os", "logging"}


def name_of(path: Path) -> str:
    parts = path.with_suffix("").relative_to(ROOT).parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module named in an import, wherever in the file it stands; relative ones made whole."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            whole = [f"{module}.{alias.name}" for alias in node.names]  # `from evsed.store import reset` names a module
            yield from (name if name in MODULES else module for name in whole)


def within(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or (name != "evsed" and module.startswith(f"{name}.")) for name in names)


def rule(module: str) -> str:
    found = [name for name in MAY_IMPORT if within(module, (name,))]
    assert found, f"{module} has no layer yet: name it in MAY_IMPORT"
    return max(found, key=len)


MODULES = {name_of(path): path for path in SOURCES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    own = rule(module)
    allowed = (*MAY_IMPORT[own], own)
    ours = {name for name in imports(MODULES[module]) if name.split(".")[0] in ("evsed", "evse_drivers", "evse_hil")}
    if own in ROOTS:
        ours = {name for name in ours if not name.startswith("evsed")}
    assert {name for name in ours if not within(name, allowed)} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if within(module, PURE)])
def test_what_is_pure_touches_neither_the_clock_nor_the_world(module: str) -> None:
    assert {name.split(".")[0] for name in imports(MODULES[module])} & OF_THE_WORLD == set()


def test_the_rules_name_modules_that_exist() -> None:
    for name in (*MAY_IMPORT, *PURE):
        assert name in MODULES or any(module.startswith(f"{name}.") for module in MODULES), name
