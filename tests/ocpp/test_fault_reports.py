"""Each row of the fault catalogue in the words of both versions, held against the published schemas."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_values import AT, TRANSACTION, context, judge
from evsed.model.faults import FAULTS, MREC_VENDOR, Fault
from evsed.model.reports import ConnectorReport, FaultReport
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201

ROWS = pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
COMING = FaultReport(AT, 2, "overcurrent", True, 7, info="L2 31.2 A for 7 s, offered 16.0 A.", transaction=TRANSACTION)


def status(report: ConnectorReport) -> dict[str, Any]:
    (body,) = V16().spell(report, context())
    judge("v16", body.action, body.payload)
    return body.payload


def event(report: FaultReport) -> dict[str, Any]:
    (body,) = V201().spell(report, context())
    judge("v201", f"{body.action}Request", body.payload)
    assert body.action == "NotifyEvent"
    assert (body.payload["seqNo"], body.payload["generatedAt"]) == (0, "2026-11-21T08:05:00.123Z")
    (told,) = body.payload["eventData"]
    assert isinstance(told, dict)
    return told


# --- OCPP 1.6 -----------------------------------------------------------------------------------------------------


@ROWS
def test_in_1_6_a_fault_is_the_status_and_a_warning_is_beside_it(row: Fault) -> None:
    wrong = {"warning": row.name} if row.warning else {"fault": row.name}
    told = status(ConnectorReport(AT, 0 if row.station_wide else 1, True, info="some 3.1 values", **wrong))  # type: ignore[arg-type]
    assert told["status"] == ("Available" if row.warning else "Faulted")
    assert told["errorCode"] == row.code_16
    assert told["vendorErrorCode"] == (row.code or row.name)
    assert told["vendorId"] == (MREC_VENDOR if row.code else "evsed")
    assert told["info"] == f"{row.name}: some 3.1 values"[:50]


def test_in_1_6_a_fault_without_measured_values_is_told_by_its_sentence() -> None:
    told = status(ConnectorReport(AT, 1, True, fault="contactor welded"))
    assert told == {
        "connectorId": 1,
        "status": "Faulted",
        "timestamp": "2026-11-21T08:05:00.123Z",
        "errorCode": "PowerSwitchFailure",
        "info": "contactor welded: The contactor was told to open a",
        "vendorId": "https://chargex.inl.gov",
        "vendorErrorCode": "CX017",
    }


def test_in_1_6_all_is_well_again_with_no_error() -> None:
    told = status(ConnectorReport(AT, 1, True))
    assert (told["status"], told["errorCode"]) == ("Available", "NoError")
    assert "vendorErrorCode" not in told


def test_in_1_6_the_fault_goes_before_the_warning() -> None:
    told = status(ConnectorReport(AT, 1, True, fault="diode", warning="meter silent"))
    assert (told["errorCode"], told["vendorErrorCode"]) == ("OtherError", "CX014")


def test_in_1_6_the_connectors_status_has_told_it_all() -> None:
    assert V16().spell(COMING, context()) == ()


# --- OCPP 2.0.1 ---------------------------------------------------------------------------------------------------


@ROWS
def test_in_2_0_1_the_coming_and_the_going_of_a_fault_are_events(row: Fault) -> None:
    came = event(FaultReport(AT, 0 if row.station_wide else 2, row.name, True, 7))
    went = event(FaultReport(AT, 0 if row.station_wide else 2, row.name, False, 8, 7))
    for told in (came, went):
        assert told["component"]["name"] == row.component
        assert told["component"].get("evse", {}).get("id") == (None if row.station_wide else 2)
        assert told["variable"]["name"] == row.variable
        assert told["techCode"] == (row.code or row.name)
        assert told["techInfo"] == f"{row.name}: {row.text}"
    assert (came["eventId"], came["actualValue"], came.get("cleared"), came.get("cause")) == (7, "true", None, None)
    assert (went["eventId"], went["actualValue"], went.get("cleared"), went.get("cause")) == (8, "false", True, 7)


def test_in_2_0_1_no_two_faults_are_the_same_variable_so_that_none_goes_with_another() -> None:
    told = [event(FaultReport(AT, 2, name, True, 7)) for name in FAULTS]
    variables = [(its["component"]["name"], tuple(its["variable"].values())) for its in told]
    assert len(set(variables)) == len(FAULTS)
    assert ("RCD", ("Tripped",)) in variables
    assert ("PowerContactor", ("Problem", "contactor welded")) in variables


def test_in_2_0_1_an_event_has_its_values_and_its_transaction() -> None:
    assert event(COMING) == {
        "eventId": 7,
        "timestamp": "2026-11-21T08:05:00.123Z",
        "trigger": "Alerting",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "OverCurrentProtection", "evse": {"id": 2}},
        "variable": {"name": "Tripped"},
        "techCode": "CX004",
        "techInfo": "overcurrent: The vehicle drew more than it was offered. L2 31.2 A for 7 s, offered 16.0 A.",
        "transactionId": TRANSACTION,
    }


def test_in_2_0_1_what_belongs_to_a_connector_names_it() -> None:
    assert event(FaultReport(AT, 1, "plug lock", True, 1))["component"] == {
        "name": "ConnectorPlugRetentionLock",
        "evse": {"id": 1, "connectorId": 1},
    }


def test_a_fault_of_an_older_release_is_told_as_far_as_it_is_known() -> None:
    told = event(FaultReport(AT, 1, "RcdTripped", True, 1))
    assert (told["component"]["name"], told["variable"]["name"]) == ("Controller", "Problem")
    assert (told["techCode"], told["techInfo"]) == ("RcdTripped", "RcdTripped")
    old = status(ConnectorReport(AT, 1, True, fault="RcdTripped"))
    assert (old["errorCode"], old["vendorErrorCode"], old["info"]) == ("OtherError", "RcdTripped", "RcdTripped")
