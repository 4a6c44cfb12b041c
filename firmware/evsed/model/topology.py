"""What the station is made of: EVSEs in order, each with one connector.

OCPP 1.6 calls the n-th EVSE connector n; OCPP 2.x calls it EVSE n with connector 1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evse:
    """One outlet. `id` counts from 1 without gaps."""

    id: int
    max_amps: float  # per phase, what its wiring carries
    phases: int  # 1 or 3
    failsafe_amps: float  # what it may go on with when the station process is gone
    has_lock: bool = False
    has_meter: bool = True
    meter_every: float = 1.0  # s between two readings of it
    signs: bool = False  # its meter signs what is charged
    signing_required: bool = False  # and nothing may be charged before it has begun to
    has_phase_relay: bool = False  # it can switch between one and three phases
    connector_type: str = "cType2"  # OCPP 2.x ConnectorEnumType; cType2 is a tethered cable, sType2 a socket


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole station as its nameplate tells it."""

    vendor: str
    model: str
    serial: str
    firmware: str
    evses: tuple[Evse, ...]
    site_amps: float  # per phase, for all EVSEs together
    nominal_volts: float = 230.0

    def evse(self, number: int) -> Evse | None:
        """The EVSE of that number, or None."""
        return self.evses[number - 1] if 1 <= number <= len(self.evses) else None
