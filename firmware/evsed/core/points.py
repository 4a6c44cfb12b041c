"""The conditions that begin and end a transaction: OCPP 2.x TxStartPoint and TxStopPoint.

1.6 leaves no choice: it begins at PowerPathClosed and ends with Authorized (the overlay of v16.py).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from evsed.model.transactions import Trigger

from .phases import Phase


class Point(StrEnum):
    """OCPP 2.x TxStartStopPointEnumType, without the two that need a bay's sensor or a signed meter."""

    EV_CONNECTED = "EVConnected"
    AUTHORIZED = "Authorized"
    POWER_PATH_CLOSED = "PowerPathClosed"
    ENERGY_TRANSFER = "EnergyTransfer"


def holding(phase: Phase, plugged: bool, closed: bool) -> frozenset[Point]:
    """Those that hold in that phase; `closed` is the contactor."""
    holds = {
        Point.EV_CONNECTED: plugged,
        Point.AUTHORIZED: phase in (Phase.AUTHORISED, Phase.ACTIVE),
        Point.POWER_PATH_CLOSED: phase is Phase.ACTIVE,
        Point.ENERGY_TRANSFER: phase is Phase.ACTIVE and closed,
    }
    return frozenset(point for point, true in holds.items() if true)


def began_by(gained: Collection[Point]) -> Trigger:
    """What a transaction's start is told as, by the points that came true with it."""
    if Point.AUTHORIZED in gained:
        return Trigger.AUTHORIZED
    return Trigger.CHARGING_STATE_CHANGED if set(gained) == {Point.ENERGY_TRANSFER} else Trigger.CABLE_PLUGGED_IN


def ends(lost: Collection[Point], stop_points: Collection[str], plugged: bool) -> bool:
    """Whether losing these ends a transaction; with neither plug nor authorisation nothing is left of it."""
    nothing_left = not plugged and Point.AUTHORIZED in lost
    return nothing_left or any(point in stop_points for point in lost)
