"""What a light on the housing can show of an EVSE: a name for the config, and when it is so."""

from __future__ import annotations

# One of the first at a time, the weightiest that holds; those of BESIDES besides.
STATES: dict[str, str] = {
    "fault": "a fault keeps it from charging",
    "charging": "energy flows",
    "paused": "a charge that waits, for the vehicle or for current",
    "finished": "a charge has ended, its plug has not been pulled",
    "plugged": "a plug without a charge: it waits for a card or for the vehicle",
    "unavailable": "the operator has taken it out of service",
    "available": "free",
}
BESIDES: dict[str, str] = {
    "warning": "something is wrong that does not keep it from charging",
    "offline": "the central system is not reached; never where none is set",
}
SHOWN = (*STATES, *BESIDES)
