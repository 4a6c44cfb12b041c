"""The history of a fault over a restart of the station, a power cut and a cut link: told once, whole, never as news."""

from __future__ import annotations

from typing import Any

from both import in_both_versions
from wall import Wall

STOP = "emergency stop"


def history(wall: Wall) -> list[tuple[bool, bool]]:
    """Of the emergency stop: whether it stands, and whether a going names its coming (2.0.1)."""
    events: list[dict[str, Any]] = [
        event
        for call in wall.told("NotifyEvent")
        for event in call["eventData"]
        if event["component"]["name"] == "EmergencyStopSensor"
    ]
    comings = [event["eventId"] for event in events if not event.get("cleared")]
    return [(not event.get("cleared", False), event.get("cause") in comings) for event in events]


def faulted(wall: Wall) -> bool:
    """The last that the central system heard of the connector."""
    last = wall.told("StatusNotification")[-1:]
    return bool(last) and "Faulted" in (last[0].get("status"), last[0].get("connectorStatus"))


def standing(wall: Wall) -> list[str]:
    return [row["name"] for row in wall.show()["faults"]["1"]]


def mended(wall: Wall) -> None:
    """The button is released and somebody has looked."""
    wall.world("fault", evse=1, name="emergency-stop", on=False)
    wall.until("an acknowledgement that is taken", lambda: not wall.ordered("acknowledge"))
    wall.until("nothing that stands", lambda: not standing(wall))
    wall.until("a connector that is well", lambda: not faulted(wall) and wall.show()["queue"] == 0)


@in_both_versions
def test_a_latched_fault_is_no_news_after_a_restart_of_the_station_or_a_power_cut(wall: Wall) -> None:
    wall.world("fault", evse=1, name="emergency-stop", on=True)
    wall.until("a fault that is told", lambda: faulted(wall) and wall.show()["queue"] == 0)
    wall.kill("station")
    wall.start("station")
    wall.until("the station again", lambda: wall.show()["registration"]["answer"] == "Accepted")
    wall.until("the fault on its screen", lambda: standing(wall) == [STOP])
    wall.desk("power", on=False)
    wall.desk("power", on=True)
    wall.until("the station again", lambda: wall.show()["registration"]["answer"] == "Accepted")
    wall.until("the fault on its screen", lambda: standing(wall) == [STOP])
    assert wall.ordered("acknowledge") == "the emergency stop is still pressed: release it first"
    mended(wall)
    assert history(wall) == ([] if wall.version == "1.6" else [(True, False), (False, True)])
    wall.books_are_clean(resent=2)


@in_both_versions
def test_what_came_and_went_while_the_link_was_cut_is_told_afterwards(wall: Wall) -> None:
    wall.link(up=False)
    wall.world("fault", evse=1, name="emergency-stop", on=True)
    wall.until("the fault on its screen", lambda: standing(wall) == [STOP])
    wall.world("fault", evse=1, name="emergency-stop", on=False)
    wall.until("an acknowledgement that is taken", lambda: not wall.ordered("acknowledge"))
    wall.until("nothing that stands", lambda: not standing(wall))
    wall.link(up=True)
    wall.until("an empty queue", lambda: wall.show()["queue"] == 0)
    assert history(wall) == ([] if wall.version == "1.6" else [(True, False), (False, True)])
    wall.books_are_clean()
