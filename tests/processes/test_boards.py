"""A real station and a board that drives the pilot itself: whole charges, and what becomes of one without us."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from board_yard import Yard

from tests.drivers.board_peers import EvseDinPeer, HeidelbergPeer

HEIDELBERG = """
[evse.1.board]
driver = "heidelberg"
bus = "rs485"
watchdog = 4.0

[evse.1.meter]
driver = "modbus"
map = "heidelberg-energy-control"
bus = "rs485"
"""
EVSE_DIN = """
[evse.1.board]
driver = "evse-din"
bus = "rs485"
unsupervised = true
"""


@pytest.fixture(params=["1.6", "2.0.1"])
def heidelberg(request: pytest.FixtureRequest) -> Iterator[Yard]:
    yard = Yard(request.param, HeidelbergPeer, HEIDELBERG, "gap_ms = 20\nbaudrate = 19200")  # a pty has no parity
    yield yard
    yard.close()


@pytest.fixture(params=["1.6", "2.0.1"])
def evse_din(request: pytest.FixtureRequest) -> Iterator[Yard]:
    yard = Yard(request.param, EvseDinPeer, EVSE_DIN)
    yield yard
    yard.close()


def plug(yard: Yard) -> None:
    peer = yard.peer
    assert isinstance(peer, EvseDinPeer | HeidelbergPeer)
    yard.until("a free board", lambda: yard.outlet()["state"] == "A1")
    peer.car.plugged = True
    yard.until("a plug", lambda: yard.show()["sessions"]["1"]["phase"] == "plugged")


def charge(yard: Yard, amps: float = 16.0) -> None:
    """Plug, card, current."""
    plug(yard)
    yard.card()
    yard.until("current", lambda: (its := yard.outlet())["closed"] and its["offered"] == amps)
    yard.until("a transaction", yard.transactions)


def limit(yard: Yard, amps: float) -> None:
    """A profile for everybody."""
    period = {"startPeriod": 0, "limit": amps}
    past = datetime.fromtimestamp(time.time() - 60, UTC).isoformat()
    schedule = {"startSchedule": past, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {"stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute"}
    if "1.6" in (yard.folder / "evsed.toml").read_text():
        whole = profile | {"chargingProfileId": 1, "chargingSchedule": schedule}
        answer = yard.call("SetChargingProfile", connectorId=1, csChargingProfiles=whole)
    else:
        whole = profile | {"id": 1, "chargingSchedule": [schedule | {"id": 1}]}
        answer = yard.call("SetChargingProfile", evseId=1, chargingProfile=whole)
    assert answer["status"] == "Accepted"


def walk(yard: Yard) -> None:
    """A whole charge: plug, card, current, less of it, none, the card again, unplug; then a fault."""
    peer = yard.peer
    assert isinstance(peer, EvseDinPeer | HeidelbergPeer)
    charge(yard)
    limit(yard, 10.0)
    yard.until("less", lambda: yard.outlet()["offered"] == 10.0)
    limit(yard, 0.0)
    yard.until("none", lambda: not yard.outlet()["closed"])
    limit(yard, 12.0)
    yard.until("again", lambda: (its := yard.outlet())["closed"] and its["offered"] == 12.0)
    time.sleep(1.5)  # the same card is not one that was held all the time
    yard.card()
    yard.until("the end", lambda: not yard.transactions()[0]["open"])
    assert not peer.relay
    peer.car.plugged = False
    yard.until("free", lambda: yard.show()["sessions"]["1"]["phase"] == "free")
    ledger = yard.csms("ledger")
    assert len(ledger["transactions"]) == 1
    assert ledger["transactions"][0]["problems"] == ledger["violations"] == ledger["conflicts"] == []


@pytest.mark.parametrize("heidelberg", ["1.6", "2.0.1"], indirect=True)
def test_a_whole_charge_with_a_heidelberg(heidelberg: Yard) -> None:
    walk(heidelberg)
    assert isinstance(heidelberg.peer, HeidelbergPeer)
    heidelberg.peer.error = True
    heidelberg.until("a fault", lambda: heidelberg.outlet()["fault"] == "pilot line")
    heidelberg.until("the CSMS told", lambda: heidelberg.statuses()[-1] == "Faulted")
    heidelberg.peer.error = False
    heidelberg.until("well again", lambda: heidelberg.statuses()[-1] == "Available")


@pytest.mark.parametrize("evse_din", ["1.6", "2.0.1"], indirect=True)
def test_a_whole_charge_with_an_evse_din(evse_din: Yard) -> None:
    walk(evse_din)
    assert isinstance(evse_din.peer, EvseDinPeer)
    evse_din.peer.tripped = True
    evse_din.until("a fault", lambda: evse_din.outlet()["fault"] == "residual current")
    evse_din.until("the CSMS told", lambda: evse_din.statuses()[-1] == "Faulted")
    evse_din.peer.tripped = False
    evse_din.until("well again", lambda: evse_din.statuses()[-1] == "Available")


@pytest.mark.parametrize("heidelberg", ["2.0.1"], indirect=True)
def test_when_the_station_is_killed_a_heidelberg_stops_within_its_watchdog(heidelberg: Yard) -> None:
    peer = heidelberg.peer
    assert isinstance(peer, HeidelbergPeer)
    charge(heidelberg)
    killed = heidelberg.end(signal.SIGKILL)
    heidelberg.until("an open contactor", lambda: not peer.relay, 6.0)
    assert time.monotonic() - killed < 4.0 + 1.0  # its watchdog, and the vehicle that lets go
    heidelberg.start()
    heidelberg.until("the same transaction", lambda: peer.relay)
    heidelberg.until("it is told", lambda: heidelberg.outlet()["closed"])
    assert [its["open"] for its in heidelberg.transactions()] == [True]


@pytest.mark.parametrize("evse_din", ["2.0.1"], indirect=True)
def test_when_the_station_is_killed_an_evse_din_goes_on_which_is_why_it_must_be_said(evse_din: Yard) -> None:
    peer = evse_din.peer
    assert isinstance(peer, EvseDinPeer)
    words = "when evsed dies or the line to the board breaks, this outlet charges on with its last current"
    assert f"evse.1.board: unsupervised = true: {words}" in evse_din.said()
    assert f"WARNING EVSE 1: {words}" in evse_din.screen()
    charge(evse_din)
    evse_din.end(signal.SIGKILL)
    time.sleep(15.0)
    assert peer.relay
    assert peer.told == 16.0
    evse_din.start()
    evse_din.until("it is told", lambda: evse_din.outlet()["closed"])
    time.sleep(12.0)  # longer than a charge without a permit is left alone
    assert peer.relay
    assert [its["open"] for its in evse_din.transactions()] == [True]
    evse_din.end()  # in order: it is told to stop
    evse_din.until("an open contactor", lambda: not peer.relay, 3.0)
    assert peer.told == 0.0


@pytest.mark.parametrize("heidelberg", ["2.0.1"], indirect=True)
def test_a_board_that_is_silent_for_a_while_keeps_its_transaction_for_long_it_does_not(heidelberg: Yard) -> None:
    peer = heidelberg.peer
    assert isinstance(peer, HeidelbergPeer)
    charge(heidelberg)
    peer.silent = True
    time.sleep(5.0)
    peer.silent = False
    heidelberg.until("heard again", lambda: heidelberg.outlet()["closed"])
    assert [its["open"] for its in heidelberg.transactions()] == [True]
    peer.silent = True
    heidelberg.until("a lost pilot", lambda: "pilot lost" in [row["name"] for row in heidelberg.show()["faults"]["1"]])
    assert "evse.1.board: unit 1 on " in heidelberg.screen()
    peer.silent = False
    heidelberg.until("heard again", lambda: not heidelberg.show()["faults"]["1"], 60.0)
    heidelberg.until("the end: nobody saw who was plugged", lambda: not heidelberg.transactions()[0]["open"])
    assert not peer.relay
