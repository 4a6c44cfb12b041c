"""A meter that signs, through real processes: what the CSMS gets verifies with the meter's key, in both versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from both import in_both_versions
from course import dismissed, mentions
from signed_wall import SignedWall, Wall, verifies

ENVELOPE = {"OCPP16Ctrlr.SignedDataEnvelope": "SignedMeterValue"}


@pytest.fixture(scope="module")
def walls() -> Iterator[Mapping[str, Wall]]:
    """One of each version."""
    with ThreadPoolExecutor(2) as pool:
        coming = {version: pool.submit(SignedWall, version) for version in ("1.6", "2.0.1")}
    found = {version: wall.result() for version, wall in coming.items()}
    yield found
    for wall in found.values():
        wall.close()


def all_verify(wall: SignedWall, records: list[str]) -> None:
    for record in records:
        assert verifies(record, wall.meter.peer.public_key), record
        altered = record.replace("kWh", "MWh", 1)
        assert altered != record
        assert not verifies(altered, wall.meter.peer.public_key)


def of_faults(wall: SignedWall) -> list[dict[str, Any]]:
    """What the central system was told of faults in this test."""
    actions = ("StatusNotification", "NotifyEvent")
    return [{"action": action, "payload": payload} for action in actions for payload in wall.told(action)]


@in_both_versions
def test_what_the_central_system_gets_and_what_is_exported_verifies_with_the_meters_key(wall: SignedWall) -> None:
    peer = wall.meter.peer
    peer.pads, before = True, len(peer.records)
    card, transaction = wall.charge()
    assert peer.state == 1
    wall.burn(4.0)
    wall.finish(card)
    begin, end = peer.records[before:]
    told = wall.signed()
    assert [(context, record.split("|")[1]) for context, record, _ in told] == [
        ("Transaction.Begin", begin),
        ("Transaction.Begin", begin),
        ("Transaction.End", end),
    ]
    all_verify(wall, [record for _, record, _ in told])
    assert [json.loads(text)["ID"] for text in (begin, end)] == [card, card]
    readings = [json.loads(text)["RD"][-1]["RV"] for text in (begin, end)]
    assert readings[1] > readings[0]
    exported = wall.evsed("signed", "export", str(transaction)).splitlines()
    assert exported == [record for _, record, _ in told[1:]]
    if wall.version == "2.0.1":
        assert [key for _, _, key in told] == ["", "", peer.public_key]
    else:
        answer = wall.call("GetConfiguration", key=["MeterPublicKey1"])
        assert answer["configurationKey"][0]["value"] != ""
    wall.books_are_clean()


@in_both_versions
def test_a_station_that_is_killed_while_charging_ends_the_same_session(wall: SignedWall) -> None:
    before = len(wall.meter.peer.records)
    card, _ = wall.charge()
    wall.kill("station")
    wall.start("station")
    wall.until("a station that charges on", lambda: wall.show()["signing"]["1"]["state"] == "open")
    wall.burn(2.0)
    wall.finish(card)
    assert len(wall.meter.peer.records) == before + 2
    all_verify(wall, [record for _, record, _ in wall.signed()])
    assert wall.signed()[-1][1].split("|")[1] == wall.meter.peer.records[-1]


@in_both_versions
def test_a_power_cut_of_the_meter_in_the_middle_costs_no_record(wall: SignedWall) -> None:
    before = len(wall.meter.peer.records)
    card, _ = wall.charge()
    wall.meter.peer.power_cut()
    wall.burn(2.0)
    wall.finish(card)
    begin, end = wall.meter.peer.records[before:]
    assert [record.split("|")[1] for _, record, _ in wall.signed()] == [begin, begin, end]
    assert json.loads(end)["ID"] == card
    all_verify(wall, [record for _, record, _ in wall.signed()])


@in_both_versions
def test_a_station_that_is_killed_while_the_meter_signs_the_end_finds_the_record(wall: SignedWall) -> None:
    peer = wall.meter.peer
    before, peer.signs_in = len(peer.records), 3.0
    try:
        wall.plug()
        card = wall.card()
        wall.closed()
        wall.card(card)
        wall.until("a meter that signs the end", lambda: len(peer.records) == before + 2)
        wall.kill("station")
        wall.start("station")
        wall.ended()
        wall.unplug()
    finally:
        peer.signs_in = 0.4
    assert [record.split("|")[1] for _, record, _ in wall.signed()][-2:] == peer.records[before:]
    all_verify(wall, [record for _, record, _ in wall.signed()])


@in_both_versions
def test_a_meter_that_does_not_sign_lets_nobody_charge_and_says_why(wall: SignedWall) -> None:
    peer = wall.meter.peer
    peer.refuses = 254
    wall.plug()
    card = wall.card()
    why = wall.until("a reason", lambda: wall.show()["signing"]["1"]["why"])
    assert "status 254, signature error" in why
    assert not wall.outlet()["closed"]
    shown = wall.show()["faults"]["1"]
    assert [(fault["name"], fault["warning"]) for fault in shown] == [("signing", True)]
    wall.until("the fault, told", lambda: mentions(of_faults(wall), 1, "signing"))
    wall.closed()  # asked again after a while, it signs
    wall.until("the fault, told gone", lambda: dismissed(of_faults(wall), 1, "signing"))
    wall.finish(card)
    all_verify(wall, [record for _, record, _ in wall.signed()])


@in_both_versions
def test_a_power_cut_of_the_whole_wallbox_costs_no_record(wall: SignedWall) -> None:
    before = len(wall.meter.peer.records)
    wall.charge()
    wall.burn(1.0)
    wall.desk("power", on=False)
    wall.meter.peer.power_cut()
    wall.world("unplug", evse=1)
    wall.desk("power", on=True)
    wall.ended()
    begin, end = wall.meter.peer.records[before:]
    assert [record.split("|")[1] for _, record, _ in wall.signed()] == [begin, begin, end]
    all_verify(wall, [record for _, record, _ in wall.signed()])
