"""What the CSMS wants done: Reset, UnlockConnector, ChangeAvailability, and one limit for several EVSEs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from both import in_both_versions
from wall import Wall

SITE = 20.0  # A, for both EVSEs together


def status(wall: Wall) -> str:
    """The connector's, as told last."""
    told = [it for it in wall.told("StatusNotification") if it.get("connectorId") == 1]
    return str(told[-1].get("status", told[-1].get("connectorStatus"))) if told else ""


@in_both_versions
def test_reset_ends_the_transaction_restarts_the_station_and_the_reason_is_told(wall: Wall) -> None:
    _, id = wall.charge()
    pid, how = wall.pid("station"), {"type": "Hard" if wall.version == "1.6" else "Immediate"}
    assert wall.call("Reset", **how)["status"] == "Accepted"
    wall.until("another station", lambda: wall.pid("station") not in (None, pid))
    wall.until("a boot notification", lambda: wall.told("BootNotification"))
    transaction = wall.ended()
    if wall.version == "1.6":
        assert transaction["reason"] == "HardReset"
    else:
        assert transaction["reason"] == "ImmediateReset"
        assert wall.told("BootNotification")[-1]["reason"] == "RemoteReset"
    assert transaction["id"] == id
    wall.unplug()
    wall.books_are_clean(resent=1)


@in_both_versions
def test_unlock_drives_the_lock(wall: Wall) -> None:
    wall.plug()
    card = wall.card()
    wall.closed()
    if wall.version == "1.6":
        assert wall.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}  # it ends the transaction
        assert wall.ended()["reason"] == "UnlockCommand"
    else:
        answer = wall.call("UnlockConnector", evseId=1, connectorId=1)
        assert answer["status"] == "OngoingAuthorizedTransaction"
        assert wall.outlet()["locked"]
        wall.card(card)
        wall.ended()
        assert wall.call("UnlockConnector", evseId=1, connectorId=1)["status"] == "Unlocked"
    assert not wall.outlet()["locked"]
    wall.unplug()
    wall.books_are_clean()


@in_both_versions
def test_unavailable_waits_for_the_charge(wall: Wall) -> None:
    key = {"connectorId": 1} if wall.version == "1.6" else {"evse": {"id": 1}}
    word, back = ("type" if wall.version == "1.6" else "operationalStatus"), dict(key)
    card, _ = wall.charge()
    assert wall.call("ChangeAvailability", **key, **{word: "Inoperative"})["status"] == "Scheduled"
    assert wall.outlet()["closed"]
    wall.finish(card)
    wall.until("Unavailable", lambda: status(wall) == "Unavailable")
    assert wall.call("ChangeAvailability", **back, **{word: "Operative"})["status"] == "Accepted"
    wall.until("Available", lambda: status(wall) == "Available")
    wall.books_are_clean()


def site_profile() -> dict[str, Any]:
    """ChargePointMaxProfile of SITE A from now on."""
    schedule = {
        "startSchedule": (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": SITE}],
    }
    kind = {"chargingProfilePurpose": "ChargePointMaxProfile", "chargingProfileKind": "Absolute"}
    return {"chargingProfileId": 1, "stackLevel": 0, **kind, "chargingSchedule": schedule}


def test_two_evses_share_what_the_site_may_have(pair: Wall) -> None:
    for evse in (1, 2):
        pair.plug(evse)
        pair.card()
        pair.until("accepted", lambda evse=evse: pair.show()["sessions"][str(evse)]["phase"] == "active")
    for evse in (1, 2):
        pair.closed(evse)
        assert pair.outlet(evse)["offered"] > 30
    answer = pair.call("SetChargingProfile", connectorId=0, csChargingProfiles=site_profile())
    assert answer == {"status": "Accepted"}
    pair.until("half for each", lambda: all(abs(pair.outlet(evse)["offered"] - SITE / 2) < 0.1 for evse in (1, 2)))
    pair.until("as much drawn", lambda: sum(max(pair.outlet(evse)["amps"]) for evse in (1, 2)) <= SITE + 0.1)
    pair.unplug(1)
    pair.until("all for the other", lambda: abs(pair.outlet(2)["offered"] - SITE) < 0.1)
    pair.ended(1)
    pair.unplug(2)
    pair.ended(2)
    assert {it["evse"] for it in pair.transactions()} == {1, 2}
    pair.books_are_clean()
