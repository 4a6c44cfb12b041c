"""OCPP 2.0.1: what comes in as commands, or is refused by the right code; how commands are answered."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from dialect_values import TOPOLOGY, TRANSACTION, context, judge
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Reply
from evsed.model.commands import (
    ChangeAvailability,
    ClearCache,
    ClearProfiles,
    Command,
    Composite,
    DataTransfer,
    GetBaseReport,
    GetCompositeSchedule,
    GetTransactionStatus,
    RequestStart,
    RequestStop,
    Reset,
    SetProfile,
    Status,
    TransactionStatus,
    TriggerMessage,
    Unlock,
)
from evsed.model.inputs import Called
from evsed.model.profiles import CompositeSchedule, Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.time import Instant
from evsed.model.tokens import Token, TokenKind
from evsed.ocpp.dialects import RefusedCall
from evsed.ocpp.dialects.v201 import V201
from hypothesis import given
from hypothesis import strategies as some

DIALECT = V201()
NOW = Instant(1.0, 1_795_248_300.0)
SCHEDULE = {"id": 3, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000}]}
PROFILE = {
    **{"id": 1, "stackLevel": 2, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute"},
    **{"chargingSchedule": [SCHEDULE], "validTo": "2026-11-21T09:05:00+01:00"},
}
READ = Profile(
    *(1, 2, Purpose.TX_DEFAULT, "Absolute", Schedule(RateUnit.WATTS, (Period(0, 11000.0),), id=3)),
    valid_to=1_795_248_300.0,
)
TOKEN = {"idToken": "04A1", "type": "eMAID"}
COMMANDS: list[tuple[str, dict[str, Any], Command]] = [
    ("ChangeAvailability", {"operationalStatus": "Inoperative"}, ChangeAvailability(None, False)),
    (
        "ChangeAvailability",
        {"operationalStatus": "Operative", "evse": {"id": 2, "connectorId": 1}},
        ChangeAvailability(2, True),
    ),
    ("ClearCache", {}, ClearCache()),
    ("ClearChargingProfile", {"chargingProfileId": 1}, ClearProfiles(1)),
    (
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 1, "chargingProfilePurpose": "TxProfile", "stackLevel": 0}},
        ClearProfiles(None, 1, Purpose.TX, 0),
    ),
    ("DataTransfer", {"vendorId": "x", "messageId": "m", "data": {"a": [1]}}, DataTransfer("x", "m", {"a": [1]})),
    ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, GetBaseReport(1, "FullInventory")),
    (
        "GetCompositeSchedule",
        {"evseId": 0, "duration": 60, "chargingRateUnit": "A"},
        GetCompositeSchedule(0, 60, RateUnit.AMPS),
    ),
    ("GetTransactionStatus", {}, GetTransactionStatus(None)),
    ("GetTransactionStatus", {"transactionId": TRANSACTION}, GetTransactionStatus(TRANSACTION)),
    (
        "RequestStartTransaction",
        {"idToken": TOKEN, "remoteStartId": 7, "evseId": 1, "groupIdToken": TOKEN, "chargingProfile": PROFILE},
        RequestStart(1, Token("04A1", TokenKind.E_MAID), 7, "04A1", READ),
    ),
    ("RequestStopTransaction", {"transactionId": TRANSACTION}, RequestStop(TRANSACTION)),
    ("Reset", {"type": "OnIdle"}, Reset(on_idle=True)),
    ("Reset", {"type": "Immediate", "evseId": 1}, Reset(hard=True, evse=1)),
    ("SetChargingProfile", {"evseId": 1, "chargingProfile": PROFILE}, SetProfile(1, READ, strict=True)),
    (
        "TriggerMessage",
        {"requestedMessage": "TransactionEvent", "evse": {"id": 1}},
        TriggerMessage("TransactionEvent", 1),
    ),
    ("UnlockConnector", {"evseId": 1, "connectorId": 1}, Unlock(1)),
    ("UnlockConnector", {"evseId": 1, "connectorId": 2}, Unlock(0)),
]


@pytest.mark.parametrize(("action", "payload", "command"), COMMANDS)
def test_a_call_is_read_as_its_command(action: str, payload: dict[str, Any], command: Command) -> None:
    assert DIALECT.read(action, payload, context()) == command


HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


@pytest.mark.parametrize(
    ("action", "payload", "code", "why"),
    [
        ("Nonsense", {}, "NotImplemented", "OCPP 2.0.1 has no call 'Nonsense' to a station"),
        ("RemoteStartTransaction", {}, "NotImplemented", None),
        ("TransactionEvent", {}, "NotImplemented", None),
        ("ReserveNow", {}, "NotSupported", "ReserveNow is not supported by this station"),
        ("GetReport", {}, "NotSupported", None),
        ("Reset", {"type": "Hard"}, "PropertyConstraintViolation", "type: 'Hard' is none of Immediate, OnIdle"),
        ("Reset", {}, "OccurrenceConstraintViolation", "type: is missing"),
        ("Reset", {"type": "OnIdle", "x": 1}, "FormatViolation", "x: is no field of this message"),
        (
            *("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 3}}),
            *("PropertyConstraintViolation", "evse.connectorId: every EVSE has one connector, number 1"),
        ),
        ("GetVariables", {"getVariableData": []}, "OccurrenceConstraintViolation", None),
        (
            *("GetVariables", {"getVariableData": [HEARTBEAT] * 51}),
            *("OccurrenceConstraintViolation", "51 items; at most 50 are allowed"),
        ),
        (
            *("SetChargingProfile", {"evseId": 1, "chargingProfile": {**PROFILE, "chargingSchedule": [SCHEDULE] * 2}}),
            *("OccurrenceConstraintViolation", "chargingProfile.chargingSchedule: this station takes one"),
        ),
        (
            *("SetChargingProfile", {"evseId": 1, "chargingProfile": {**PROFILE, "validFrom": "tomorrow"}}),
            *("FormatViolation", "chargingProfile.validFrom: 'tomorrow' is no time like 2026-11-21T08:05:00Z"),
        ),
    ],
)
def test_a_call_that_is_no_command_is_refused_by_its_code(
    action: str, payload: Any, code: str, why: str | None
) -> None:
    with pytest.raises(RefusedCall) as refused:
        DIALECT.read(action, payload, context())
    assert refused.value.code == code
    assert why is None or refused.value.why == why


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(("evse", "id", "component", "variable", "type")), inner)
    ),
    max_leaves=5,
)


@given(some.sampled_from([action for action, _, _ in COMMANDS] + ["SetVariables", "GetVariables"]), JSON)
def test_no_payload_does_worse_than_being_refused(action: str, payload: Any) -> None:
    with contextlib.suppress(RefusedCall):
        DIALECT.read(action, payload, context())


WORDS = (
    *("Accepted", "Rejected", "Scheduled", "NotImplemented", "NotSupported", "Unlocked", "UnlockFailed", "Unknown"),
    *("OngoingAuthorizedTransaction", "UnknownConnector", "UnknownVendorId", "UnknownMessageId", "Anything"),
)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(("action", "payload", "command"), COMMANDS)
def test_every_answer_fits_the_published_schema(
    action: str, payload: dict[str, Any], command: Command, word: str
) -> None:
    answer = Status(word, "because " * 100, {"a": 1}, TRANSACTION)
    if isinstance(command, GetTransactionStatus):
        spelt = DIALECT.answer(command, TransactionStatus(True, False), context())
    else:
        spelt = DIALECT.answer(command, answer, context())
    judge("v201", f"{action}Response", spelt)
    DIALECT.check(action, spelt, is_answer=True)


def test_a_composite_schedule_is_told_for_its_evse() -> None:
    schedule = CompositeSchedule(1, 1_795_248_300.0, 60, RateUnit.AMPS, (Period(0, 10.5), Period(30, 16.0, 3)))
    payload = DIALECT.answer(GetCompositeSchedule(1, 60), Composite(schedule), context())
    judge("v201", "GetCompositeScheduleResponse", payload)
    periods = [{"startPeriod": 0, "limit": 10.5}, {"startPeriod": 30, "limit": 16, "numberPhases": 3}]
    assert payload["schedule"] == {
        **{"evseId": 1, "duration": 60, "scheduleStart": "2026-11-21T08:05:00.000Z"},
        **{"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }
    refused = DIALECT.answer(GetCompositeSchedule(9, 60), Composite(None, "there is no EVSE 9"), context())
    info = {"reasonCode": "Unspecified", "additionalInfo": "there is no EVSE 9"}
    assert refused == {"status": "Rejected", "statusInfo": info}


# --- variables --------------------------------------------------------------------------------------------------


def ask(model: DeviceModel, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The whole way: call, command, device model, answer."""
    judge("v201", f"{action}Request", payload)
    command = DIALECT.read(action, payload, context())
    (reply,) = [effect for effect in model.handle(Called(1, command), NOW) if isinstance(effect, Reply)]
    spelt = DIALECT.answer(command, reply.answer, context())
    judge("v201", f"{action}Response", spelt)
    (row,) = spelt.get("getVariableResult") or spelt["setVariableResult"]
    return dict(row)


def test_a_variable_is_set_and_read_back() -> None:
    model = DeviceModel(TOPOLOGY)
    put = ask(model, "SetVariables", {"setVariableData": [{**HEARTBEAT, "attributeValue": "60"}]})
    assert put == {"attributeType": "Actual", "attributeStatus": "Accepted", **HEARTBEAT}
    got = ask(model, "GetVariables", {"getVariableData": [{**HEARTBEAT, "attributeType": "Actual"}]})
    assert got == {"attributeType": "Actual", "attributeStatus": "Accepted", "attributeValue": "60", **HEARTBEAT}


@pytest.mark.parametrize(
    ("component", "variable", "attribute", "status"),
    [
        ({"name": "ocppcommctrlr"}, {"name": "heartbeatINTERVAL"}, "Actual", "Accepted"),
        ({"name": "EVSE", "evse": {"id": 2}}, {"name": "Power"}, "Actual", "Accepted"),
        ({"name": "Connector", "evse": {"id": 2, "connectorId": 1}}, {"name": "ConnectorType"}, "Actual", "Accepted"),
        ({"name": "OCPPCommCtrlr"}, {"name": "MessageTimeout", "instance": "Default"}, "Actual", "Accepted"),
        ({"name": "OCPPCommCtrlr"}, {"name": "MessageTimeout"}, "Actual", "UnknownVariable"),  # B06.FR.15
        ({"name": "OCPPCommCtrlr"}, {"name": "Colour"}, "Actual", "UnknownVariable"),
        ({"name": "OCPPCommCtrlr", "instance": "x"}, {"name": "HeartbeatInterval"}, "Actual", "UnknownComponent"),
        ({"name": "EVSE", "evse": {"id": 3}}, {"name": "Power"}, "Actual", "UnknownComponent"),
        ({"name": "EVSE"}, {"name": "Power"}, "Actual", "UnknownComponent"),
        ({"name": "Colour"}, {"name": "Red"}, "Actual", "UnknownComponent"),
        ({"name": "OCPPCommCtrlr"}, {"name": "HeartbeatInterval"}, "Target", "NotSupportedAttributeType"),
        ({"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"}, "Actual", "Rejected"),
    ],
)
def test_a_variable_is_found_by_its_whole_name(
    component: dict[str, Any], variable: dict[str, Any], attribute: str, status: str
) -> None:
    asked = {"component": component, "variable": variable, "attributeType": attribute}
    got = ask(DeviceModel(TOPOLOGY), "GetVariables", {"getVariableData": [asked]})
    assert got["attributeStatus"] == status
    assert ("attributeValue" in got) is (status == "Accepted")
    assert {name: got[name] for name in asked} == asked


@pytest.mark.parametrize(
    ("component", "variable", "value", "status", "why"),
    [
        ("TxCtrlr", "EVConnectionTimeOut", "soon", "Rejected", "'soon' is not a whole number; 1 to 86400 s is allowed"),
        ("TxCtrlr", "EVConnectionTimeOut", "0", "Rejected", "0 is out of bounds; 1 to 86400 s is allowed"),
        ("ChargingStation", "Model", "x", "Rejected", "is read-only"),
        ("TxCtrlr", "Colour", "x", "UnknownVariable", None),
        ("Colour", "Red", "x", "UnknownComponent", None),
        ("SecurityCtrlr", "BasicAuthPassword", "short", "Rejected", "a text of 5 bytes; 16 to 40 are allowed"),
        ("SecurityCtrlr", "BasicAuthPassword", "long enough a password", "Accepted", None),
    ],
)
def test_setting_a_variable_says_why_it_failed(
    component: str, variable: str, value: str, status: str, why: str | None
) -> None:
    asked = {"component": {"name": component}, "variable": {"name": variable}, "attributeValue": value}
    put = ask(DeviceModel(TOPOLOGY), "SetVariables", {"setVariableData": [asked]})
    assert put["attributeStatus"] == status
    assert put.get("attributeStatusInfo", {}).get("additionalInfo") == why
