"""Whether the vehicle that the pilot sees is the one that the session knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evse_drivers.api import Seen
from evsed.core.vehicle import SWAP, WAKING, Change, Vehicle
from evsed.model.time import Instant

PLUGGED = Seen(1, 100.0, "one", "C2", 1, True, 16.0, 6.0, 0.27, None, None, None, "", None, None, 10.0)


class Watch:
    """A vehicle, and the pilot's words to it, each stamped when it is said."""

    def __init__(self) -> None:
        self.vehicle = Vehicle()
        assert self.says(100.0) == [Change.CAME]

    def says(self, at: float, **changes: Any) -> list[Change]:
        return list(self.vehicle.observe(replace(PLUGGED, at=at, **changes), Instant(at, None, 1)))


def test_a_pilot_that_cannot_see_the_vehicle_has_not_lost_it() -> None:
    watch = Watch()
    for state in ("F", "E"):
        assert watch.says(101.0, state=state, closed=False) == []
        assert watch.vehicle.plugged
        assert watch.vehicle.next_deadline() is None
    assert watch.says(102.0, state="C1") == []


def test_a_vehicle_that_nobody_saw_for_long_may_be_another() -> None:
    watch = Watch()
    watch.says(101.0, state="F")
    watch.says(105.0, state="F")
    assert watch.says(101.0 + SWAP + 0.1, state="B1") == [Change.UNKNOWN, Change.CAME]


def test_a_vehicle_that_has_gone_meanwhile_has_left() -> None:
    watch = Watch()
    watch.says(101.0, state="F")
    assert watch.says(102.0, state="A1", unplugged_at=102.0) == [Change.LEFT]


def test_a_pilot_that_says_nothing_for_long_is_no_reason_to_think_of_another_vehicle() -> None:
    watch = Watch()
    assert list(watch.vehicle.observe(PLUGGED, Instant(100.0 + 10 * SWAP, None, 1))) == []


def test_an_unplugging_before_this_vehicle_came_is_not_its_own() -> None:
    watch = Watch()
    watch.says(105.0, state="A1", plug=2, unplugged_at=90.0)
    assert watch.vehicle.left_at(Instant(105.0, None, 1)) == 105.0


def test_a_restarted_pilot_that_wakes_blind_gets_its_time_to_look() -> None:
    watch = Watch()
    assert watch.says(101.0, boot="two", plug=0, state="F") == []
    assert watch.says(104.0, boot="two", plug=0, state="A1") == []
    assert watch.vehicle.next_deadline() == 104.0 + WAKING
    assert watch.says(104.1, boot="two", plug=1, state="B1") == []
    assert watch.vehicle.plug == "two/1"
