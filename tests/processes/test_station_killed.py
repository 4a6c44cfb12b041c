"""The station dies in mid-charge: the contactor stays as the lease policy says, and the CSMS loses nothing."""

from __future__ import annotations

import os
import signal
from typing import Any

from both import in_both_versions
from wall import Wall


def matches(transaction: dict[str, Any], from_wh: float, to_wh: float) -> bool:
    """The energy in the ledger is the meter's."""
    return abs(transaction["energy_wh"] - (to_wh - from_wh)) <= 2.0


def still_closed(wall: Wall) -> bool:
    """It has not opened since it closed."""
    last = wall.outlet()["last"]
    return last.get("contact-opened", 0.0) < last["contact-closed"]


@in_both_versions
def test_the_same_transaction_goes_on_after_the_station_was_killed(wall: Wall) -> None:
    began_wh = wall.outlet()["energy_wh"]
    card, id = wall.charge()
    wall.kill("station")
    offered = wall.until("no more than the failsafe", lambda: (it := wall.outlet())["offered"] <= 6.0 and it)["offered"]
    assert 5.9 <= offered <= 6.0
    assert still_closed(wall)
    wall.start("station")
    wall.until("as much as before", lambda: wall.outlet()["offered"] > 20)
    assert still_closed(wall)
    transaction = wall.finish(card)
    assert (transaction["id"], len(wall.transactions())) == (id, 1)
    assert matches(transaction, began_wh, wall.outlet()["energy_wh"])
    wall.books_are_clean(resent=1)


@in_both_versions
def test_a_frame_in_flight_at_the_kill_comes_again_byte_for_byte(wall: Wall) -> None:
    report = "MeterValues" if wall.version == "1.6" else "TransactionEvent"
    began_wh = wall.outlet()["energy_wh"]
    card, _ = wall.charge()
    told = len(wall.told(report))
    wall.csms("behave", how="lost", action=report)
    wall.until("a frame without an answer", lambda: len(wall.told(report)) > told)
    wall.kill("station")
    wall.start("station")
    transaction = wall.finish(card)
    assert matches(transaction, began_wh, wall.outlet()["energy_wh"])
    wall.books_are_clean(resent=1)
    assert wall.ledger()["resent"] == wall.before["resent"] + 1


@in_both_versions
def test_a_car_swapped_while_the_station_is_down_is_another_transaction(wall: Wall) -> None:
    first_wh = wall.outlet()["energy_wh"]
    wall.charge()
    wall.kill("station")
    wall.world("ask", on=False)  # the driver ends it in the car
    wall.opened()
    wall.unplug()
    second_wh = wall.outlet()["energy_wh"]
    left = wall.last("unplugged")
    wall.until("a driver's pause", lambda: wall.world("state")["at"] > left + 0.5)
    wall.world("ask", on=None)
    wall.world("plug")
    wall.start("station")
    first = wall.ended()
    card = wall.card()
    wall.closed()
    wall.burn(4.0)
    second = wall.finish(card, number=2)
    assert matches(first, first_wh, second_wh)
    assert matches(second, second_wh, wall.outlet()["energy_wh"])
    assert second["energy_wh"] >= 2.0
    assert first["reason"] == "EVDisconnected"
    wall.books_are_clean(resent=1)


@in_both_versions
def test_sigterm_of_the_station_is_a_restart_that_the_car_does_not_notice(wall: Wall) -> None:
    card, id = wall.charge()
    pid = wall.pid("station")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    wall.until("another station", lambda: wall.pid("station") not in (None, pid) and wall.show()["link"]["connected"])
    wall.until("a renewed permit", lambda: wall.show()["outlets"]["1"]["offered"] > 20)
    assert still_closed(wall)
    transaction = wall.finish(card)
    assert (transaction["id"], len(wall.transactions())) == (id, 1)
    wall.books_are_clean()
