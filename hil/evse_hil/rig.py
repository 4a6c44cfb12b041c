"""What a rig is: the things around a controller that a scenario may touch, as protocols, and how one is opened.

A rig has what its file says it `can`; a scenario names what it needs. Instants are seconds of one clock of the
rig's own, stamped where they were measured; what a scenario holds against a limit is a difference of two of them.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

# What a rig may be able to do, for `can` in its file and for @pytest.mark.needs
CAPABILITIES = {
    "plug": "plug a vehicle in and pull it out",
    "s2": "close and open the vehicle's S2",
    "card": "hold a card before the reader",
    "contact-time": "stamp S2, coil and contacts to a few milliseconds",
    "energy": "measure the energy apart from evsed's own meter",
    "mains": "switch the mains",
    "power": "cut the controller's supply",
    "kill": "end evsed's processes apart",
    "csms": "be its central system, which keeps a ledger",
    "link": "cut the network to the central system",
    "faults": "break the diode, weld the contactor and the like",
    "odd-vehicle": "be a vehicle without S2, one that sleeps or follows late, and toggle S2",
    "temperature": "set what the temperature sensor shows",
    "stall": "give a process of evsed no time for a while",
}

Process = Literal["pilot", "station"]
Kind = Literal["simplified", "sleeping", "ventilation"]


class RigError(Exception):
    """The rig did not do what was asked; the text says where, what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the instruments have seen: s2-closed s2-opened coil-on coil-off contact-closed contact-opened ..."""

    number: int
    at: float  # s
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What the instruments show now."""

    plugged: bool
    s2: bool
    closed: bool  # the contacts
    offered: float  # A, by the duty cycle
    amps: tuple[float, ...]  # per phase
    watts: float
    energy_wh: float  # a register, never reset
    high: float  # V, pilot


class Vehicle(Protocol):
    """The vehicle, or what stands for it."""

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def ask(self, on: bool | None) -> None:
        """Close or open S2; None: as vehicles do, ask when power is offered."""

    def take(self, amps: float, phases: int) -> None:
        """The most it draws per phase, and on how many."""

    def be(self, kind: Kind, on: bool) -> None:
        """`simplified` from its next plugging in; `sleeping`: woken by a break of 0.5 to 10 s in an offer."""

    def react(self, seconds: float) -> None:
        """How late it follows a new duty."""

    def toggle(self, times: int, seconds: float) -> None:
        """Close S2 for so long and open it again, so many times."""


class Reader(Protocol):
    """A hand with a card."""

    def tap(self, uid: str) -> None:
        """`uid` in hex digits."""


class Mains(Protocol):
    """The grid."""

    def switch(self, on: bool) -> None: ...


class Controller(Protocol):
    """The board that evsed runs on."""

    def power(self, on: bool) -> None:
        """Cut or give the supply, without warning."""

    def kill(self, process: Process) -> float:
        """SIGKILL; the instant at which that was done."""

    def start(self, process: Process) -> None: ...

    def fault(self, name: str, on: bool) -> None:
        """Break or mend something."""

    def heat(self, celsius: float) -> None:
        """What the sensor at the outlet shows."""

    def stall(self, process: Process, seconds: float) -> float:
        """No time for it; the instant at which that began. Returns when it is over."""


class Csms(Protocol):
    """The central system."""

    version: str

    def call(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the station answered; RigError for a CALLERROR."""

    def ledger(self) -> dict[str, Any]:
        """Its transactions and everything it found wrong: {"transactions": [...], "clean": bool, ...}."""

    def frames(self, since: int = 0) -> list[dict[str, Any]]:
        """{"n", "at", "from", "text"} each, in order."""

    def link(self, up: bool) -> None: ...


class Instruments(Protocol):
    """Scope and meter, apart from everything that evsed says."""

    def mark(self) -> int:
        """The number of the last event."""

    def events(self, since: int) -> list[Event]: ...

    def look(self) -> Look: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A rig's file."""

    path: Path
    name: str
    driver: str  # "module:function", called with the plan and the OCPP version
    versions: tuple[str, ...]
    can: frozenset[str]
    options: Mapping[str, Any]  # the driver's own table


class Rig(Protocol):
    """All of it, open. The controller runs and the central system has accepted it."""

    plan: Plan
    ev: Vehicle
    reader: Reader
    mains: Mains
    controller: Controller
    csms: Csms
    instruments: Instruments

    def close(self) -> None: ...


def read_plan(path: Path) -> Plan:
    """The rig of that file; RigError with everything that is wrong with it."""
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise RigError(
            f"{path}: cannot be read ({error.strerror}). Name a rig's file, such as hil/rigs/desk.toml."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise RigError(f"{path}: not TOML ({error}).") from None
    problems = [f'"{name}" is missing' for name in ("name", "driver", "versions", "can") if name not in table]
    unknown = [word for word in table.get("can", ()) if word not in CAPABILITIES]
    problems += [f'can = "{word}" is not known; allowed are {", ".join(CAPABILITIES)}' for word in unknown]
    if ":" not in table.get("driver", ":"):
        problems.append(f'driver = "{table["driver"]}" is not of the form "module:function"')
    if problems:
        raise RigError(f"{path}: {'; '.join(problems)}.")
    options = {name: value for name, value in table.items() if name not in ("name", "driver", "versions", "can")}
    return Plan(path, table["name"], table["driver"], tuple(table["versions"]), frozenset(table["can"]), options)


def open_rig(plan: Plan, version: str) -> Rig:
    """Bring that rig up, speaking that OCPP version. Close it."""
    module, _, name = plan.driver.partition(":")
    try:
        driver: Callable[[Plan, str], Rig] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RigError(f"{plan.path}: driver {plan.driver} cannot be loaded ({error}).") from None
    return driver(plan, version)
