"""Rows of the fault catalogue that no desk can bring about: the real core and both real dialects, on virtual time.

tests/processes/catalogue.py lists them with their reasons (BELOW), and shows all the others with real processes.
"""

from __future__ import annotations

from typing import Any

from evsed.core.devicemodel import DeviceModel
from evsed.model.faults import FAULTS
from evsed.model.reports import ConnectorReport, FaultReport
from evsed.ocpp.dialects import Context
from evsed.ocpp.dialects.times import spell_time
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201
from evsed.settings import SupervisionSettings
from house import START, House


def told(house: House, dialect: V16 | V201, kind: type) -> list[dict[str, Any]]:
    """The payloads that this dialect makes of the reports of that kind about EVSE 1."""
    context = Context(
        house.topology,
        DeviceModel(house.topology),
        lambda at: spell_time(at.utc or START),
        lambda _: None,
        lambda _: None,
    )
    reports = [report for report in house.reports if isinstance(report, kind) and report.evse == 1]
    return [body.payload for report in reports for body in dialect.spell(report, context)]


def test_a_wrong_rotation_is_told_and_dismissed_in_both_versions_and_charges_on() -> None:
    row = FAULTS["phase rotation"]
    house = House(supervision=SupervisionSettings(phase_rotation="L1-L2-L3"))
    house.measures["sequence"] = "L1-L2-L3"
    house.online()
    house.plug()
    house.card()
    house.ask()
    house.wait(20.0)
    assert house.pilots[1].closed

    house.measures["sequence"] = "L1-L3-L2"
    house.wait(10.0)
    (shown,) = house.station.view(house.now())["faults"]["1"]
    assert (shown["name"], shown["warning"], shown["check"]) == (row.name, True, row.check)
    assert house.pilots[1].closed
    assert house.amps() > 6.0

    house.measures["sequence"] = "L1-L2-L3"
    house.wait(10.0)
    assert house.station.view(house.now())["faults"]["1"] == []
    assert house.pilots[1].closed

    came, gone = (payload["eventData"][0] for payload in told(house, V201(), FaultReport))
    assert (came["component"]["name"], came["variable"]["name"]) == (row.component, row.variable)
    assert came["techCode"] == row.name
    assert came["techInfo"] == f"{row.name}: {row.text} L1-L3-L2 instead of L1-L2-L3"
    assert (gone["cleared"], gone["cause"]) == (True, came["eventId"])
    statuses = [status for status in told(house, V16(), ConnectorReport) if status["status"] == "Charging"]
    codes = [(status["errorCode"], status.get("vendorErrorCode"), status.get("info")) for status in statuses]
    assert codes[-2] == (row.code_16, row.name, "phase rotation: L1-L3-L2 instead of L1-L2-L3")
    assert codes[-1][:2] == ("NoError", None)
