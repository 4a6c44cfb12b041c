"""OCPP 1.6: what comes in as commands, or is refused by the right code; how commands are answered."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from dialect_values import TOPOLOGY, TRANSACTION, context, judge
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Reply
from evsed.model.commands import (
    Answer,
    ChangeAvailability,
    ClearCache,
    ClearProfiles,
    Command,
    Composite,
    DataTransfer,
    GetCompositeSchedule,
    RequestStart,
    RequestStop,
    Reset,
    SetProfile,
    Status,
    TriggerMessage,
    Unlock,
)
from evsed.model.inputs import Called
from evsed.model.profiles import CompositeSchedule, Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.time import Instant
from evsed.model.tokens import Token
from evsed.model.topology import Evse
from evsed.ocpp.dialects import RefusedCall
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v16_keys import keys, preset
from hypothesis import given
from hypothesis import strategies as some

DIALECT = V16()
NOW = Instant(1.0, 1_795_248_300.0)
PERIOD = {"startPeriod": 0, "limit": 21.4, "numberPhases": 3}
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD], "startSchedule": "2026-11-21T08:05:00Z"}
PROFILE = {
    **{"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "transactionId": 4711},
    **{"chargingProfileKind": "Absolute", "chargingSchedule": SCHEDULE},
}
READ = Profile(
    *(1, 0, Purpose.TX, "Absolute", Schedule(RateUnit.AMPS, (Period(0, 21.4, 3),), 1_795_248_300.0)),
    transaction=TRANSACTION,
)
COMMANDS: list[tuple[str, dict[str, Any], Command]] = [
    ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, ChangeAvailability(None, False)),
    ("ChangeAvailability", {"connectorId": 2, "type": "Operative"}, ChangeAvailability(2, True)),
    ("ClearCache", {}, ClearCache()),
    ("ClearChargingProfile", {}, ClearProfiles()),
    (
        "ClearChargingProfile",
        {"id": 1, "connectorId": 0, "chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 2},
        ClearProfiles(1, 0, Purpose.STATION_MAX, 2),
    ),
    ("DataTransfer", {"vendorId": "x", "data": "{}"}, DataTransfer("x", None, "{}")),
    ("GetCompositeSchedule", {"connectorId": 0, "duration": 60}, GetCompositeSchedule(0, 60)),
    (
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"},
        GetCompositeSchedule(1, 60, RateUnit.WATTS),
    ),
    ("RemoteStartTransaction", {"idTag": "04A1"}, RequestStart(None, Token("04A1"))),
    (
        "RemoteStartTransaction",
        {"idTag": "04A1", "connectorId": 1, "chargingProfile": PROFILE},
        RequestStart(1, Token("04A1"), profile=READ),
    ),
    ("RemoteStopTransaction", {"transactionId": 4711}, RequestStop(TRANSACTION)),
    ("RemoteStopTransaction", {"transactionId": 1}, RequestStop(None)),
    ("Reset", {"type": "Hard"}, Reset(hard=True)),
    ("Reset", {"type": "Soft"}, Reset()),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}, SetProfile(1, READ)),
    ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}, TriggerMessage("MeterValues", 1)),
    ("TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": None}, TriggerMessage("Heartbeat")),
    ("UnlockConnector", {"connectorId": 1}, Unlock(1, ends_transaction=True)),
]


@pytest.mark.parametrize(("action", "payload", "command"), COMMANDS)
def test_a_call_is_read_as_its_command(action: str, payload: dict[str, Any], command: Command) -> None:
    assert DIALECT.read(action, payload, context()) == command


@pytest.mark.parametrize(
    ("action", "payload", "code", "why"),
    [
        ("Nonsense", {}, "NotImplemented", "OCPP 1.6 has no call 'Nonsense' to a station"),
        ("../../v201/schemas/ResetRequest", {}, "NotImplemented", None),
        ("ResetResponse", {}, "NotImplemented", None),
        ("BootNotification", {}, "NotImplemented", "OCPP 1.6 has no call 'BootNotification' to a station"),
        ("ReserveNow", {}, "NotSupported", "ReserveNow is not supported by this station"),
        ("GetDiagnostics", {}, "NotSupported", None),
        ("SendLocalList", {}, "NotSupported", None),
        ("UpdateFirmware", {}, "NotSupported", None),
        ("Reset", {"type": "Warm"}, "PropertyConstraintViolation", "type: 'Warm' is none of Hard, Soft"),
        ("Reset", {}, "OccurrenceConstraintViolation", "type: is missing"),
        ("Reset", {"type": None}, "OccurrenceConstraintViolation", "type: is missing"),
        ("Reset", {"type": "Hard", "x": 1}, "FormatViolation", "x: is no field of this message"),
        ("Reset", [], "TypeConstraintViolation", "expected object, found []"),
        (
            "UnlockConnector",
            {"connectorId": "1"},
            "TypeConstraintViolation",
            "connectorId: expected integer, found '1'",
        ),
        ("UnlockConnector", {"connectorId": True}, "TypeConstraintViolation", None),
        ("RemoteStartTransaction", {"idTag": "A" * 21}, "PropertyConstraintViolation", None),
        (
            *("SetChargingProfile", {"connectorId": 3, "csChargingProfiles": PROFILE}),
            *("PropertyConstraintViolation", "connectorId: there is no connector 3"),
        ),
        (
            *("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {**PROFILE, "validFrom": "tomorrow"}}),
            *("FormatViolation", "csChargingProfiles.validFrom: 'tomorrow' is no time like 2026-11-21T08:05:00Z"),
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
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(("connectorId", "key", "type")), inner)
    ),
    max_leaves=5,
)


@given(some.sampled_from([action for action, _, _ in COMMANDS] + ["ChangeConfiguration", "GetConfiguration"]), JSON)
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
    spelt = DIALECT.answer(command, Status(word, "why", {"a": 1}), context())
    judge("v16", f"{action}Response", spelt)
    DIALECT.check(action, spelt, is_answer=True)


@pytest.mark.parametrize(
    ("command", "answer", "payload"),
    [
        (Unlock(1), Status("UnknownConnector"), {"status": "NotSupported"}),
        (Unlock(1), Status("OngoingAuthorizedTransaction"), {"status": "UnlockFailed"}),
        (Reset(), Status("Scheduled"), {"status": "Accepted"}),
        (DataTransfer("x", None, None), Status("Accepted", data={"a": 1}), {"status": "Accepted", "data": '{"a": 1}'}),
        (ClearProfiles(), Status("Rejected"), {"status": "Unknown"}),
        (GetCompositeSchedule(1, 60), Composite(None, "no such EVSE"), {"status": "Rejected"}),
    ],
)
def test_words_that_1_6_lacks_become_those_it_has(command: Command, answer: Answer, payload: dict[str, Any]) -> None:
    assert DIALECT.answer(command, answer, context()) == payload


def test_a_composite_schedule_is_told_with_one_decimal() -> None:
    schedule = CompositeSchedule(1, 1_795_248_300.0, 60, RateUnit.AMPS, (Period(0, 10.66666), Period(30, 16.0, 3)))
    payload = DIALECT.answer(GetCompositeSchedule(1, 60), Composite(schedule), context())
    judge("v16", "GetCompositeScheduleResponse", payload)
    DIALECT.check("GetCompositeSchedule", payload, is_answer=True)
    periods = [{"startPeriod": 0, "limit": 10.7}, {"startPeriod": 30, "limit": 16.0, "numberPhases": 3}]
    assert payload == {
        **{"status": "Accepted", "connectorId": 1, "scheduleStart": "2026-11-21T08:05:00.000Z"},
        "chargingSchedule": {"duration": 60, "chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }


# --- configuration keys -----------------------------------------------------------------------------------------


def ask(model: DeviceModel, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The whole way: call, command, device model, answer."""
    command = DIALECT.read(action, payload, context())
    (reply,) = [effect for effect in model.handle(Called(1, command), NOW) if isinstance(effect, Reply)]
    spelt = DIALECT.answer(command, reply.answer, context())
    judge("v16", f"{action}Response", spelt)
    return spelt


def get(model: DeviceModel, key: str) -> dict[str, Any]:
    (row,) = ask(model, "GetConfiguration", {"key": [key]})["configurationKey"]
    return dict(row)


SETTABLE = {  # key: a good value, a bad one
    "AllowOfflineTxForUnknownId": ("true", "maybe"),
    "AuthorizationCacheEnabled": ("false", "0"),
    "AuthorizeRemoteTxRequests": ("false", ""),
    "ClockAlignedDataInterval": ("900", "-1"),
    "ConnectionTimeOut": ("90", "soon"),
    "ConnectorPhaseRotation": ("0.RST,1.NotApplicable", "0.RST,1.RRR"),
    "HeartbeatInterval": ("86400", "1e3"),
    "LocalAuthorizeOffline": ("false", "no"),
    "LocalPreAuthorize": ("true", "yes"),
    "MaxEnergyOnInvalidId": ("500", "0.5"),
    "MessageTimeout": ("60", "0"),
    "MeterValuesAlignedData": ("Voltage", "Voltage,Colour"),
    "MeterValuesSampledData": ("Energy.Active.Import.Register,Voltage", "Voltage,Voltage"),
    "MeterValueSampleInterval": ("0", "-5"),
    "MinimumStatusDuration": ("5", "-5"),
    "RandomisedDelayMax": ("600", "1801"),
    "RandomisedDelaySkip": ("false", "x"),  # a button: what was set to true reads false
    "PublicKeyWithSignedMeterValue": ("Never", "Always"),
    "ResetRetries": ("3", "x"),
    "SampledDataSignReadings": ("false", "x"),
    "SampledDataSignStartedReadings": ("false", "x"),
    "SignedDataEnvelope": ("SignedMeterValue", "XML"),
    "StopTransactionOnEVSideDisconnect": ("false", "x"),
    "StopTransactionOnInvalidId": ("false", "x"),
    "StopTxnAlignedData": ("", "x"),
    "StopTxnSampledData": ("Energy.Active.Import.Register", "x"),
    "TransactionMessageAttempts": ("3", "0"),
    "TransactionMessageRetryInterval": ("60", "x"),
    "UnlockConnectorOnEVSideDisconnect": ("false", "x"),
    "WebSocketPingInterval": ("0", "-1"),
    "CpoName": ("ACME", "x" * 65),
    "AuthorizationKey": ("00112233445566778899AABBCCDDEEFF", "password password"),
}
WRITE_ONLY = {"AuthorizationKey"}
SIGNS = replace(TOPOLOGY, evses=tuple(Evse(n, 16.0, 1, 6.0, has_lock=True, signs=True) for n in range(1, 5)))
SIGNED_ONLY = {key for key in keys() if "Sign" in key or "PublicKey" in key}


@pytest.mark.parametrize("key", SETTABLE)
def test_a_key_keeps_a_good_value_and_refuses_a_bad_one(key: str) -> None:
    model = DeviceModel(SIGNS)
    good, bad = SETTABLE[key]
    assert ask(model, "ChangeConfiguration", {"key": key.upper(), "value": good}) == {"status": "Accepted"}
    assert ask(model, "ChangeConfiguration", {"key": key, "value": bad}) == {"status": "Rejected"}
    value = {} if key in WRITE_ONLY else {"value": good}
    assert get(model, key.lower()) == {"key": key, "readonly": False, **value}


@pytest.mark.parametrize("key", [key for key in keys() if key not in SETTABLE])
def test_every_other_key_is_read_only_and_has_a_value(key: str) -> None:
    model = DeviceModel(SIGNS)
    row = get(model, key)
    assert row["readonly"] is True
    assert row["value"] != "" or key.startswith("MeterPublicKey")  # until the meter has been asked
    assert ask(model, "ChangeConfiguration", {"key": key, "value": row["value"]}) == {"status": "Rejected"}


def test_all_keys_come_when_none_is_named_but_for_the_password() -> None:
    for payload in ({}, {"key": []}):
        rows = ask(DeviceModel(SIGNS), "GetConfiguration", payload)["configurationKey"]
        assert [row["key"] for row in rows] == [key for key in keys() if key not in WRITE_ONLY]


def test_keys_of_signed_values_are_there_only_where_a_meter_signs() -> None:
    rows = ask(DeviceModel(TOPOLOGY), "GetConfiguration", {})["configurationKey"]
    assert [row["key"] for row in rows] == [key for key in keys() if key not in WRITE_ONLY | SIGNED_ONLY]
    told = ask(DeviceModel(TOPOLOGY), "GetConfiguration", {"key": ["SampledDataSignReadings", "MeterPublicKey1"]})
    assert told["unknownKey"] == ["SampledDataSignReadings", "MeterPublicKey1"]
    one = replace(TOPOLOGY, evses=(TOPOLOGY.evses[0], replace(TOPOLOGY.evses[1], signs=True)))
    rows = ask(DeviceModel(one), "GetConfiguration", {})["configurationKey"]
    assert [row["key"] for row in rows if "MeterPublicKey" in row["key"]] == ["MeterPublicKey2"]


def test_an_unknown_key_is_told_as_unknown() -> None:
    model = DeviceModel(TOPOLOGY)
    told = ask(model, "GetConfiguration", {"key": ["Colour", "heartbeatinterval"]})
    assert told["unknownKey"] == ["Colour"]
    assert told["configurationKey"] == [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    assert ask(model, "ChangeConfiguration", {"key": "Colour", "value": "red"}) == {"status": "NotSupported"}


def test_some_keys_have_values_of_their_own_kind() -> None:
    model = DeviceModel(TOPOLOGY)
    assert get(model, "NumberOfConnectors")["value"] == "2"
    assert get(model, "MeterValuesSampledDataMaxLength")["value"] == "6"
    assert get(model, "MaxChargingProfilesInstalled")["value"] == "100"
    assert get(model, "ChargingScheduleAllowedChargingRateUnit")["value"] == "Current,Power"
    assert get(model, "SupportedFeatureProfiles")["value"] == "Core,RemoteTrigger,SmartCharging"


def test_the_authorization_key_is_the_bytes_that_its_digits_stand_for() -> None:
    model = DeviceModel(TOPOLOGY)
    ask(model, "ChangeConfiguration", {"key": "AuthorizationKey", "value": "00FF" * 8})
    assert model.text("SecurityCtrlr.BasicAuthPassword").encode("utf-8", "surrogateescape") == b"\x00\xff" * 8


def test_presets_of_keys_mean_variables_or_say_what_is_wrong() -> None:
    assert preset("heartbeatinterval", "60") == ("OCPPCommCtrlr.HeartbeatInterval", "60")
    with pytest.raises(ValueError) as unknown:
        preset("HeartBeatIntervall", "60")
    assert str(unknown.value) == (
        'HeartBeatIntervall is no OCPP 1.6 key of this station. Did you mean "HeartbeatInterval"?'
    )
    with pytest.raises(ValueError) as limit:
        preset("StopTxnSampledDataMaxLength", "1")
    assert str(limit.value) == (
        "StopTxnSampledDataMaxLength is a fixed limit of this station and cannot be preset: remove it."
    )
