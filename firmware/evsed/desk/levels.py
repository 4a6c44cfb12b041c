"""What the wires of one EVSE's contacts and inputs say, in the bits of evse_drivers.buses.desk."""

from __future__ import annotations

from evse_drivers.buses.desk import EMERGENCY_STOP, LOCKED, NC, NO, THERMAL_SWITCH, THREE_PHASES, TRIPPED

from .faults import WIRES
from .outlet import Outlet


def levels(outlet: Outlet) -> int:
    """Contacts that are closed and inputs that are active."""
    return (
        (NO if outlet.closed else NC)
        | (LOCKED if outlet.locked else 0)
        | (THREE_PHASES if outlet.three else 0)
        | (TRIPPED if outlet.rcd.tripped else 0)
        | (EMERGENCY_STOP if "emergency-stop" in outlet.faults else 0)
        | (THERMAL_SWITCH if "thermal" in outlet.faults else 0)
    )


def broken(outlet: Outlet) -> int:
    """Parts that their drivers cannot reach."""
    return sum(bit for fault, bit in WIRES.items() if fault in outlet.faults)
