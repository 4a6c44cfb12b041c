"""A disk that stalls or is full: a lowered permit does not wait for it, and nothing that was measured is lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable

import pytest
from evsed.desk.charge import LIMIT_AMPS, profile
from wall import Wall

STALL = 10.0  # s
ARRIVES = 0.1  # s from the CSMS's call to the duty cycle


def lower(wall: Wall, id: int | str, answers: list[object]) -> float:
    """A charging profile from the CSMS; the seconds until the world saw the duty cycle follow."""
    mark, frame = wall.world("state")["events"], wall.csms("state")["frames"]

    def call() -> None:
        answer = wall.csms("call", action="SetChargingProfile", payload=profile("2.0.1", id), timeout=35)
        answers.append(answer["answer"]["status"])

    threading.Thread(target=call, daemon=True).start()
    wall.until("the limit on the line", lambda: wall.outlet()["offered"] <= LIMIT_AMPS + 0.1)
    duty = next(it for it in wall.world("events", since=mark)["events"] if it["kind"] == "duty")
    called = next(it for it in wall.csms("frames", since=frame)["frames"] if it["action"] == "SetChargingProfile")
    took: float = duty["at"] - called["at"]
    return took


def stalled(wall: Wall) -> Callable[[], None]:
    """Somebody holds the database, as a disk that hangs would."""
    connection = sqlite3.connect(wall.folder / "state" / "evsed.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection.close


def full(wall: Wall) -> Callable[[], None]:
    """No file of the station may grow any more."""
    pid = wall.pid("station")
    assert pid is not None
    log = os.path.getsize(wall.folder / "state" / "evsed.db-wal")
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (log, resource.RLIM_INFINITY))
    return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before) and None


@pytest.mark.parametrize("trouble", [stalled, full])
def test_a_lowered_permit_does_not_wait_for_the_disk(wall: Wall, trouble: Callable[[Wall], Callable[[], None]]) -> None:
    began_wh = wall.outlet()["energy_wh"]
    card, id = wall.charge()
    mend = trouble(wall)
    try:
        answers: list[object] = []
        took = lower(wall, id, answers)
        print(f"{trouble.__name__}: {took * 1000:.1f} ms")
        assert took < ARRIVES
        since = time.monotonic()
        wall.until("trouble that is told", lambda: wall.show()["disk"])
        wall.until("the end of the stall", lambda: time.monotonic() > since + STALL * (trouble is stalled))
        outlet = wall.outlet()
        assert outlet["closed"]
        assert 9.9 <= outlet["offered"] <= LIMIT_AMPS  # the lease was renewed all the while
    finally:
        mend()
    wall.until("a disk that is well", lambda: not wall.show()["disk"])
    wall.until("an answer", lambda: answers == ["Accepted"])
    transaction = wall.finish(card)
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    wall.books_are_clean()
