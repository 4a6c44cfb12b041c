"""Registration as a compliance tool looks at it: what goes out while the CSMS answers Pending, and what does not."""

from __future__ import annotations

from both import in_both_versions
from wall import Wall


@in_both_versions
def test_while_pending_only_what_was_asked_for_is_said(wall: Wall) -> None:
    wall.csms("behave", how="boot", status="Pending", interval=8)
    old = wall.version == "1.6"
    assert wall.call("Reset", type="Hard" if old else "Immediate")["status"] == "Accepted"
    wall.until("a boot notification", lambda: wall.told("BootNotification"))
    wall.until("pending", lambda: wall.show()["registration"]["answer"] == "Pending")
    before = len(wall.told("StatusNotification"))
    if old:
        start = wall.call("RemoteStartTransaction", connectorId=1, idTag="AA")
        asked = wall.call("TriggerMessage", requestedMessage="StatusNotification", connectorId=1)
    else:
        token = {"idToken": "AA", "type": "Central"}
        start = wall.call("RequestStartTransaction", evseId=1, remoteStartId=1, idToken=token)
        one = {"id": 1, "connectorId": 1}
        asked = wall.call("TriggerMessage", requestedMessage="StatusNotification", evse=one)
    assert (start["status"], asked["status"]) == ("Rejected", "Accepted")
    wall.until("one status", lambda: len(wall.told("StatusNotification")) == before + 1)
    assert len(wall.told("BootNotification")) == 1
    wall.until("accepted", lambda: wall.show()["registration"]["answer"] == "Accepted")
    assert len(wall.told("BootNotification")) == 2
    wall.until("all of them", lambda: len(wall.told("StatusNotification")) >= before + 2)
    wall.books_are_clean()
