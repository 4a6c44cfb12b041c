"""A real station with an OpenEVSE: a whole charge, and its heartbeat when the station is killed."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from board_yard import Yard

from tests.drivers.openevse_peer import OpenEvse

T = TypeVar("T")

OPENEVSE = """
[evse.1.board]
driver = "openevse"
bus = "rs485"
heartbeat = 4

[evse.1.meter]
driver = "openevse"
bus = "rs485"
"""


class Threaded:
    """An OpenEVSE whose loop turns in a thread of its own."""

    def __init__(self, port: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def build() -> OpenEvse:
            return OpenEvse(port)

        self.board = asyncio.run_coroutine_threadsafe(build(), self._loop).result()

    def do(self, what: Callable[[OpenEvse], T]) -> T:
        """Something that happens to it."""

        async def it() -> T:
            return what(self.board)

        return asyncio.run_coroutine_threadsafe(it(), self._loop).result()

    def close(self) -> None:
        self.do(OpenEvse.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(params=["1.6", "2.0.1"])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    yard = Yard(request.param, Threaded, OPENEVSE, "", "rapi")
    yield yard
    yard.close()


def peer_of(yard: Yard) -> Threaded:
    assert isinstance(yard.peer, Threaded)
    return yard.peer


def charge(yard: Yard) -> OpenEvse:
    """Plug, card, current."""
    peer = peer_of(yard)
    yard.until("a free board", lambda: yard.outlet()["state"] == "A1")
    peer.do(lambda board: board.plug("C"))
    yard.until("a plug", lambda: yard.show()["sessions"]["1"]["phase"] == "plugged")
    assert not peer.board.closed
    yard.card()
    yard.until("current", lambda: (its := yard.outlet())["closed"] and its["offered"] == 16)
    yard.until("a transaction", yard.transactions)
    return peer.board


def test_a_whole_charge_with_its_own_meter(yard: Yard) -> None:
    board, peer = charge(yard), peer_of(yard)
    board.milliamps, board.session_ws = 15_900, 3_600_000
    time.sleep(1.5)  # the same card is not one that was held all the time
    yard.card()
    yard.until("the end", lambda: not yard.transactions()[0]["open"])
    assert not board.closed
    peer.do(lambda board: board.plug("A"))
    yard.until("free", lambda: yard.show()["sessions"]["1"]["phase"] == "free")
    ledger = yard.csms("ledger")
    assert ledger["transactions"][0]["problems"] == ledger["violations"] == ledger["conflicts"] == []
    peer.do(lambda board: board.fault("gfci"))
    yard.until("a fault", lambda: yard.outlet()["fault"] == "residual current")
    yard.until("the CSMS told", lambda: yard.statuses()[-1] == "Faulted")
    peer.do(lambda board: setattr(board, "state", "A"))
    yard.until("well again", lambda: yard.statuses()[-1] == "Available")


@pytest.mark.parametrize("yard", ["2.0.1"], indirect=True)
def test_when_the_station_is_killed_its_heartbeat_lowers_the_charge_and_a_new_station_goes_on_with_it(
    yard: Yard,
) -> None:
    board = charge(yard)
    killed = yard.end(signal.SIGKILL)
    yard.until("the failsafe current", lambda: board.amps == 6, 6.0)
    assert 3.0 < time.monotonic() - killed < 4.0 + 1.0
    assert board.closed  # it cannot stop by itself
    yard.start()
    yard.until("the current as before", lambda: yard.outlet()["offered"] == 16)
    assert board.trigger == 0
    assert "SY 165" not in board.commands
    assert [its["open"] for its in yard.transactions()] == [True]


@pytest.mark.parametrize("yard", ["2.0.1"], indirect=True)
def test_a_station_that_is_killed_while_nobody_may_charge_leaves_the_board_asleep(yard: Yard) -> None:
    peer = peer_of(yard)
    yard.until("a free board", lambda: yard.outlet()["state"] == "A1")
    yard.until("sleep", lambda: peer.board.state == "sleeping")
    yard.end(signal.SIGKILL)
    peer.do(lambda board: board.plug("C"))
    time.sleep(6.0)
    assert not peer.board.closed
