"""How each row of the fault catalogue is brought about on a desk, and what happens to the charge there.

One outlet a row, so that the lock-outs of all of them are waited for side by side. The last rows are of the whole
board, and come after the others, one after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evsed.model.faults import FAULTS, Fault
from wall import Wall

Step = Callable[[Wall, int], object]

# Rules that a desk does not have switched on by itself
OPTIONS = {"supervision.pen_fault": "true", "supervision.droop": "true", "supervision.max_unbalance": "10"}


def breaks(name: str) -> Step:
    return lambda wall, evse: wall.world("fault", evse=evse, name=name, on=True)


def mends(name: str) -> Step:
    return lambda wall, evse: wall.world("fault", evse=evse, name=name, on=False)


def order(what: str) -> Step:
    def give(wall: Wall, evse: int) -> None:
        assert not (why := wall.ordered(what, evse)), why

    return give


def asks(on: bool | None) -> Step:
    return lambda wall, evse: wall.world("ask", evse=evse, on=on)


def draws(phases: int) -> Step:
    return lambda wall, evse: wall.world("ev", evse=evse, phases=phases)


def plug(wall: Wall, evse: int) -> None:
    wall.world("plug", evse=evse)


def unplug(wall: Wall, evse: int) -> None:
    wall.world("unplug", evse=evse)


def one_phase(wall: Wall, evse: int) -> None:
    """The central system wants one phase, so that the phase relay must move."""
    period = {"startPeriod": 0, "limit": 16.0, "numberPhases": 1}
    schedule: dict[str, Any] = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile: dict[str, Any] = {
        "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
    }  # fmt: skip
    schedule["startSchedule"] = "2026-01-01T00:00:00Z"
    if wall.version == "1.6":
        profile |= {"chargingProfileId": evse, "chargingSchedule": schedule}
        answer = wall.call("SetChargingProfile", connectorId=evse, csChargingProfiles=profile)
    else:
        profile |= {"id": evse, "chargingSchedule": [{"id": evse, **schedule}]}
        answer = wall.call("SetChargingProfile", evseId=evse, chargingProfile=profile)
    assert answer["status"] == "Accepted", answer


def any_phases(wall: Wall, evse: int) -> None:
    key = {"1.6": "id", "2.0.1": "chargingProfileId"}[wall.version]
    wall.call("ClearChargingProfile", **{key: evse})


def stalled(wall: Wall) -> Callable[[], None]:
    """Somebody holds the database, as a disk that hangs would; the call lets go."""
    connection = sqlite3.connect(wall.folder / "state" / "evsed.db", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection.close


@dataclass(frozen=True, slots=True)
class Case:
    """One row on one outlet. `opens`: what becomes of a contactor that was closed, where that is not the row's word."""

    fault: str
    begin: tuple[Step, ...]
    mend: tuple[Step, ...]
    charging: bool = True  # it does when this begins; else nothing is plugged in
    opens: str = ""  # "late": only once it is mended; "before": it had to be open already

    @property
    def row(self) -> Fault:
        """Of the catalogue."""
        return FAULTS[self.fault]


def broken(fault: str, name: str, *then: Step, **facts: Any) -> Case:
    """A fault of the desk is all it takes, or almost."""
    return Case(fault, (breaks(name), *then), (mends(name),), **facts)


CASES = (
    broken("emergency stop", "emergency-stop"),
    broken("residual current", "rcd-trip"),
    broken("residual-current self-test", "rcd-dead", order("selftest"), charging=False),
    Case("contactor welded", (breaks("welded"), asks(False)), (mends("welded"), asks(None)), opens="late"),
    broken("thermal switch", "thermal"),
    broken("safety input", "wire-thermal-switch"),
    broken("contactor failed to close", "contactor-stuck-open"),
    Case("phase relay", (breaks("phase-relay-stuck"), one_phase), (mends("phase-relay-stuck"), any_phases)),
    broken("diode", "diode"),
    broken("pilot short", "cp-short"),
    broken("pilot out of range", "cp-out-of-range"),
    broken("pilot line", "wire-pilot"),
    broken("cable", "pp-wrong"),
    broken("cable lost", "pp-open"),
    broken("plug lock", "lock-stuck", plug, charging=False),
    broken("PEN", "pen"),
    broken("overcurrent", "ev-ignores-limit"),
    broken("overvoltage", "overvoltage"),
    broken("undervoltage", "undervoltage"),
    broken("phase lost", "phase-lost"),
    broken("frequency", "frequency-high"),
    broken("overheated", "hot"),
    broken("unmetered", "meter-dead"),
    broken("meter silent", "meter-dead", charging=False),
    broken("temperature derating", "warm"),
    broken("temperature sensor", "sensor-dead"),
    broken("frequency droop", "frequency-droop"),
    Case("unbalance", (draws(1),), (draws(3),)),
    broken("plug unlock", "lock-stuck-locked", unplug, opens="before"),
)
# Whose cause the pilot does not see before the next test, so that it cannot refuse to be acknowledged
UNSEEN = {"residual-current self-test"}
# Of the whole board, and whether it charges when this begins. A contactor's driver that fails stops the heartbeat of
# the hardware enable, which opens every contactor.
BOARD = {
    "contactor": True,
    "contactor worn": False,
    "heartbeat": True,
    "pilot state lost": False,
    "reader silent": False,
    "disk": False,
    "loop stalled": True,
    "pilot lost": True,
}
# Not on the desk, and why; shown elsewhere.
BELOW = {
    "phase rotation": "the desk's meter, an SDM630, has no register for it: tests/core/test_catalogue_below.py",
    "signing": "the desk's meters do not sign: tests/processes/test_signed_meter.py",
}
