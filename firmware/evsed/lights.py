"""What a light on the housing shows: the states of its EVSEs, and whether it is lit at this instant (pure)."""

from __future__ import annotations

from collections.abc import Collection

from evsed.model.reports import ConnectorReport
from evsed.model.transactions import ChargingState

PAUSED = (ChargingState.SUSPENDED_EV, ChargingState.SUSPENDED_EVSE)


def states(connector: ConnectorReport, station: ConnectorReport, heard: bool, online: bool) -> frozenset[str]:
    """Those of model/shown.py that hold for an EVSE: one of STATES at most, and what is besides.

    `station` is the report of EVSE 0, whose faults are all EVSEs' faults. `heard`: its pilot tells what it sees; while
    it does not, nothing but a fault is known. `online`: the central system is reached, or there is none.
    """
    found = {_state(connector, station, heard)}
    if connector.warning is not None or station.warning is not None:
        found.add("warning")
    if not online:
        found.add("offline")
    return frozenset(state for state in found if state is not None)


def lit(shows: Collection[str], blinks: Collection[str], per_second: float, found: Collection[str], now: float) -> bool:
    """Whether the light is on at `now` (s). `found`: the states of all its EVSEs together."""
    if any(state in shows for state in found):
        return True
    return any(state in blinks for state in found) and now * per_second % 1.0 < 0.5


def _state(connector: ConnectorReport, station: ConnectorReport, heard: bool) -> str | None:
    if connector.fault is not None or station.fault is not None:
        return "fault"
    if not heard:
        return None
    if connector.transaction and connector.charging_state is ChargingState.CHARGING:
        return "charging"
    if connector.transaction and connector.charging_state in PAUSED:
        return "paused"
    if connector.finished:
        return "finished"
    if connector.plugged or connector.transaction or connector.preparing:
        return "plugged"
    if not (connector.operative and station.operative):
        return "unavailable"
    return "available"
