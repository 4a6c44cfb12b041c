"""The pilot dies in mid-charge with pins that hold their level: who opens, who tells, and how it goes on."""

from __future__ import annotations

import os
import signal

from both import in_both_versions
from wall import Wall

AGAIN = 10.0  # s from the opening until a pilot that has just started may close


@in_both_versions
def test_release_opens_after_a_kill_and_the_same_transaction_goes_on(wall: Wall) -> None:
    card, id = wall.charge()
    pid = wall.pid("pilot")
    assert pid is not None
    killed = wall.world("state")["at"]
    os.kill(pid, signal.SIGKILL)  # the desk does what the service manager does: release, start again
    wall.until("a station that misses its pilot", lambda: "1" not in wall.show()["outlets"])
    opened = wall.opened(seconds=5.0)["last"]["contact-opened"]
    print(f"OCPP {wall.version}: kill to open {(opened - killed) * 1000:.0f} ms")
    assert opened - killed < 2.0
    assert wall.closed()["last"]["contact-closed"] - opened >= AGAIN - 0.5
    if wall.version == "2.0.1":
        states = [event["state"] for event in wall.transactions()[0]["events"]]
        assert states.count("Charging") >= 2
        assert {"SuspendedEVSE", "EVConnected", "SuspendedEV"} & set(states[states.index("Charging") :])
    else:
        told = [it["status"] for it in wall.told("StatusNotification") if it["connectorId"] == 1]
        assert told[-1] == "Charging"
        assert told[-2].startswith("Suspended")
    transaction = wall.finish(card)
    assert (transaction["id"], len(wall.transactions())) == (id, 1)
    wall.books_are_clean()


@in_both_versions
def test_neither_a_power_cut_nor_sigterm_of_the_pilot_ends_the_transaction(wall: Wall) -> None:
    began_wh = wall.outlet()["energy_wh"]
    card, id = wall.charge()
    wall.desk("power", on=False)
    assert not wall.opened()["coil"]
    wall.desk("power", on=True)
    wall.closed()
    pid = wall.pid("pilot")
    assert pid is not None
    at = wall.world("state")["at"]
    os.kill(pid, signal.SIGTERM)
    assert wall.opened(seconds=5.0)["last"]["contact-opened"] - at < 0.5  # its last act, not the release after it
    wall.until("an offer of the next pilot", lambda: wall.outlet()["offered"] > 20)
    transaction = wall.finish(card)
    assert (transaction["id"], len(wall.transactions())) == (id, 1)
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    wall.books_are_clean(resent=1)
