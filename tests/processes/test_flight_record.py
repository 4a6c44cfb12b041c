"""Station and pilot as on the wall: a record says what the meter said, and the station how much the loop is on time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isnan

import pytest
from evsed.record.reading import Record, read
from wall import Wall


@pytest.fixture
def wall() -> Iterator[Wall]:
    wall = Wall("2.0.1")
    yield wall
    wall.close()


def written(wall: Wall, ending: str) -> Record:
    """The record that a fault has left, once it is there."""
    return read(str(wall.until("a record", lambda: next(iter(wall.folder.rglob(f"*{ending}.evr")), None))))


def test_a_fault_in_a_charge_is_recorded_with_what_the_meter_said(wall: Wall) -> None:
    wall.begin()
    wall.charge()
    wall.until("all that is offered", lambda: wall.show()["metering"]["1"]["reading"]["amps"][0] > 31.0)
    health = wall.show()["pilot"]
    assert (health["connected"], health["differs"]) == (True, False)
    assert sum(health["health"]["gaps"].values()) > 0
    wall.world("fault", name="cp-short", on=True)
    record = written(wall, "-evse1-pilot-short")
    assert record.damage is None
    at = next(place for place, time in enumerate(record.time) if time >= 0.0)
    assert record.row[at] in ("E", "F")
    assert record.amps[at] == pytest.approx(record.offered[at - 10], abs=1.0)  # the vehicle took what it was offered
    opened = next(time for time, mirror in zip(record.time, record.mirror, strict=True) if time >= 0.0 and not mirror)
    assert opened < 0.1
    assert all(later > earlier for earlier, later in pairwise(record.time))
    assert not isnan(record.high[-1])
    assert record.time[-1] == pytest.approx(5.0, abs=0.1)
