"""The grid at one EVSE: volts of its phases, frequency and the order in which the phases turn, by what is broken."""

from __future__ import annotations

from collections.abc import Collection, Sequence

NOMINAL_VOLTS = 230.0
NOMINAL_HERTZ = 50.0
WIRE_OHM = 0.1  # of the house's wiring, per phase: volts fall a little with the current
LEAST_VOLTS = 100.0  # a vehicle draws nothing below them

# fault: volts of L1, L2, L3 without load. In the order of their strength.
VOLTS = {
    "pen": (180.0, 265.0, 250.0),
    "overvoltage": (270.0, 270.0, 270.0),
    "undervoltage": (170.0, 170.0, 170.0),
}
HERTZ = {"frequency-high": 52.0, "frequency-low": 47.0, "frequency-droop": 49.5}


def volts(faults: Collection[str], amps: Sequence[float], phases: int) -> tuple[float, ...]:
    """Phase to neutral under that load; 0 for phases that are not wired."""
    broken = [fault for fault in VOLTS if fault in faults]
    none = VOLTS[broken[0]] if broken else (NOMINAL_VOLTS,) * 3
    lost = 2 if "phase-lost" in faults else 3
    return tuple(none[k] - WIRE_OHM * amps[k] if k < phases and k != lost else 0.0 for k in range(3))


def hertz(faults: Collection[str]) -> float:
    """The grid's frequency."""
    return next((value for fault, value in HERTZ.items() if fault in faults), NOMINAL_HERTZ)


def sequence(faults: Collection[str]) -> str:
    """The order in which the phases turn."""
    return "L1-L3-L2" if "wrong-rotation" in faults else "L1-L2-L3"
