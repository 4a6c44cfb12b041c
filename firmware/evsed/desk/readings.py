"""What an observer and the meter's terminals show of one EVSE, as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import circuit, mains

if TYPE_CHECKING:
    from .outlet import Outlet

JUMP_BACK_WH = 1000.0


def snapshot(outlet: Outlet) -> dict[str, Any]:
    """Everything that somebody may want to know."""
    vehicle = outlet.vehicle
    high, low = outlet.line.volts
    return {
        "evse": outlet.number,
        "high": round(high, 3),
        "low": round(low, 3),
        "duty": outlet.line.duty,
        "offered": round(circuit.offered_amps(outlet.line.duty), 3),
        "coil": outlet.coil,
        "closed": outlet.closed,
        "locked": outlet.locked,
        "phases": 3 if outlet.three else 1,
        "enabled": outlet.enabled,
        "tripped": outlet.rcd.tripped,
        "rcd_test": outlet.rcd.tests,
        "plugged": vehicle.plugged,
        "s2": vehicle.s2,
        "ask": vehicle.ask,
        "mode": vehicle.mode,
        "full": vehicle.full,
        "amps": [round(amps, 3) for amps in outlet.amps],
        "volts": [round(volts, 2) for volts in outlet.volts],
        "hertz": mains.hertz(outlet.faults) if outlet.mains else 0.0,
        "celsius": outlet.celsius,
        "watts": round(outlet.watts, 1),
        "energy_wh": round(outlet.register_wh, 4),
        "taken_wh": round(vehicle.taken_wh, 4),
        "faults": sorted(outlet.faults),
        "last": outlet.last,
    }


def meter(outlet: Outlet) -> dict[str, Any]:
    """What the meter's terminals and its faults make of it; `answers` False: it stays silent."""
    faults, register = outlet.faults, outlet.register_wh
    if "meter-back" in faults:
        register = max(0.0, register - JUMP_BACK_WH)
    part = 0.0 if "meter-zero" in faults else 1.0
    return {
        "answers": outlet.mains and "meter-dead" not in faults,
        "volts": [volts * part for volts in outlet.volts],
        "amps": [amps * part for amps in outlet.amps],
        "watts": [v * a * part for v, a in zip(outlet.volts, outlet.amps, strict=True)],
        "hertz": mains.hertz(faults) * part,
        "sequence": mains.sequence(faults),
        "import_wh": register * part,
    }
