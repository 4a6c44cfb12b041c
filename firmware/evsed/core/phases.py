"""The phases of a session, and what an event makes of each.

    FREE        nothing plugged, nobody authorised
    PLUGGED     a vehicle waits for an authorisation
    AUTHORISED  an authorisation waits for a vehicle (EVConnectionTimeOut)
    ACTIVE      both: energy may flow, as far as the limits let it
    STOPPING    the authorisation is gone; the contactor opens and the meter is read once more
    FINISHED    all done but the plug is still in

An event that a phase does not list means nothing there.
"""

from __future__ import annotations

from enum import StrEnum

from evsed.model.transactions import Transaction


class Phase(StrEnum):
    """See the module's first lines."""

    FREE = "free"
    PLUGGED = "plugged"
    AUTHORISED = "authorised"
    ACTIVE = "active"
    STOPPING = "stopping"
    FINISHED = "finished"


class Event(StrEnum):
    """What moves a session."""

    PLUGGED = "plugged"
    UNPLUGGED = "unplugged"
    LEFT_OPEN = "unplugged, but the authorisation stays"  # StopTxOnEVSideDisconnect false
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled, plugged"  # contactor open and meter read
    SETTLED_FREE = "settled, unplugged"


P, E = Phase, Event
TABLE: dict[Phase, dict[Event, Phase]] = {
    P.FREE: {E.PLUGGED: P.PLUGGED, E.ACCEPTED: P.AUTHORISED},
    P.PLUGGED: {E.UNPLUGGED: P.FREE, E.ACCEPTED: P.ACTIVE, E.WITHDRAWN: P.STOPPING},
    P.AUTHORISED: {E.PLUGGED: P.ACTIVE, E.WITHDRAWN: P.STOPPING},
    P.ACTIVE: {E.UNPLUGGED: P.STOPPING, E.LEFT_OPEN: P.AUTHORISED, E.WITHDRAWN: P.STOPPING},
    P.STOPPING: {E.SETTLED: P.FINISHED, E.SETTLED_FREE: P.FREE},
    P.FINISHED: {E.UNPLUGGED: P.FREE, E.ACCEPTED: P.ACTIVE, E.WITHDRAWN: P.STOPPING},
}

WHY: dict[Phase, str] = {
    P.FREE: "no vehicle is plugged in",
    P.PLUGGED: "waiting for a card or a remote start",
    P.AUTHORISED: "authorised; waiting for the plug",
    P.ACTIVE: "",
    P.STOPPING: "stopping",
    P.FINISHED: "the transaction is over; unplug, or present a card to start another",
}


def restored(transaction: Transaction) -> Phase:
    """The phase in which a restart found that transaction."""
    if transaction.stopping:
        return Phase.STOPPING
    if transaction.plug is None:
        return Phase.AUTHORISED
    return Phase.ACTIVE if transaction.authorized else Phase.PLUGGED
