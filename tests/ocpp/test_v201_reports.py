"""OCPP 2.0.1: what goes out, against the published schemas and the standard's tables."""

from __future__ import annotations

import pytest
from dialect_values import AT, TRANSACTION, context, judge, reports, texts, tokens
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Reply
from evsed.model.commands import GetBaseReport, Status
from evsed.model.inputs import Called
from evsed.model.journal import Tell
from evsed.model.questions import Authorize, AuthorizeAnswer, Beat, BeatAnswer, Boot, BootAnswer
from evsed.model.reports import ConnectorReport, Kind, MeterReport, Report, TransactionReport
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState, Sample, StopReason, Trigger, Value
from evsed.model.transactions import Context as Reading
from evsed.ocpp.dialects import BodyError
from evsed.ocpp.dialects.v2 import status
from evsed.ocpp.dialects.v201 import V201
from hypothesis import given
from hypothesis import strategies as some

DIALECT = V201()
TIME = "2026-11-21T08:05:00.123Z"
BEGIN = Sample(AT, Reading.BEGIN, (Value("Energy.Active.Import.Register", 1000.0, "Wh"),))
END = Sample(AT, Reading.END, (Value("Energy.Active.Import.Register", 2000.5, "Wh"),))


def event(kind: Kind, **fields: object) -> TransactionReport:
    facts: dict[str, object] = {"trigger": Trigger.AUTHORIZED, "charging_state": None, "offline": False, **fields}
    return TransactionReport(AT, TRANSACTION, 1, 0, kind, **facts)  # type: ignore[arg-type]


@given(reports)
def test_every_body_fits_the_published_schema(report: Report) -> None:
    for body in DIALECT.spell(report, context()):
        judge("v201", f"{body.action}Request", body.payload)
        DIALECT.check(body.action, body.payload, is_answer=False)


@given(texts, texts, texts, texts, tokens)
def test_every_question_fits_the_published_schema(
    reason: str, vendor: str, model: str, serial: str, token: Token
) -> None:
    station = context(Topology(vendor, model, serial, "1" * 60, (Evse(1, 16.0, 3, 6.0),), 16.0))
    for question in (Boot(reason), Beat(), Authorize(token)):
        body = DIALECT.ask(question, station)
        judge("v201", f"{body.action}Request", body.payload)


def test_a_started_event_says_who_where_and_why() -> None:
    report = event(
        Kind.STARTED,
        **{"token": Token("04A1B2C3"), "samples": (BEGIN,), "remote_start_id": 5, "offline": True, "phases": 3},
        charging_state=ChargingState.EV_CONNECTED,
    )
    (body,) = DIALECT.spell(report, context())
    energy = {"value": 1000, "context": "Transaction.Begin", "measurand": "Energy.Active.Import.Register"}
    sampled = [{**energy, "location": "Outlet", "unitOfMeasure": {"unit": "Wh"}}]
    info = {"transactionId": TRANSACTION, "chargingState": "EVConnected", "remoteStartId": 5}
    assert body.payload == {
        **{"eventType": "Started", "timestamp": TIME, "triggerReason": "Authorized", "seqNo": 0, "offline": True},
        **{"transactionInfo": info, "evse": {"id": 1, "connectorId": 1}, "numberOfPhasesUsed": 3},
        "idToken": {"idToken": "04A1B2C3", "type": "ISO14443"},
        "meterValue": [{"timestamp": TIME, "sampledValue": sampled}],
    }


def test_an_ended_event_has_each_sample_once() -> None:
    report = event(Kind.ENDED, history=(BEGIN, END), samples=(END,), stop_reason=StopReason.EV_DISCONNECTED)
    (body,) = DIALECT.spell(report, context())
    contexts = [row["sampledValue"][0]["context"] for row in body.payload["meterValue"]]
    assert contexts == ["Transaction.Begin", "Transaction.End"]
    assert body.payload["transactionInfo"] == {"transactionId": TRANSACTION, "stoppedReason": "EVDisconnected"}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.SCHEDULED_RESET, "ImmediateReset"),
        (StopReason.UNLOCK_COMMAND, "Other"),
        (StopReason.TIMEOUT, "Timeout"),
    ],
)
def test_stop_reasons_that_2_0_1_lacks_become_those_it_has(reason: StopReason, word: str) -> None:
    (body,) = DIALECT.spell(event(Kind.ENDED, stop_reason=reason), context())
    judge("v201", "TransactionEventRequest", body.payload)
    assert body.payload["transactionInfo"]["stoppedReason"] == word


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (ConnectorReport(AT, 1, True), "Available"),
        (ConnectorReport(AT, 1, True, preparing=True), "Available"),  # E03: authorised first, nothing plugged yet
        (ConnectorReport(AT, 1, True, plugged=True, preparing=True), "Occupied"),
        (ConnectorReport(AT, 1, True, plugged=True, transaction=True), "Occupied"),
        (ConnectorReport(AT, 1, False, plugged=True, transaction=True), "Occupied"),
        (ConnectorReport(AT, 1, True, plugged=True, finished=True), "Occupied"),
        (ConnectorReport(AT, 1, True, reserved=True), "Reserved"),
        (ConnectorReport(AT, 1, False), "Unavailable"),
        (ConnectorReport(AT, 1, False, plugged=True), "Unavailable"),
        (ConnectorReport(AT, 1, True, fault="diode", plugged=True), "Faulted"),
    ],
)
def test_the_five_statuses_are_read_off_one_snapshot(report: ConnectorReport, word: str) -> None:
    assert status(report) == word


def test_the_stations_own_state_is_no_status_notification() -> None:
    assert DIALECT.spell(ConnectorReport(AT, 0, True), context()) == ()
    assert DIALECT.spell(MeterReport(AT, 1, ()), context()) == ()


@pytest.mark.parametrize("base", ["FullInventory", "ConfigurationInventory", "SummaryInventory"])
def test_an_inventory_is_told_in_numbered_parts(base: str) -> None:
    station = context()
    model = station.config
    assert isinstance(model, DeviceModel)
    reply, tell = model.handle(Called(1, GetBaseReport(9, base)), AT)
    assert reply == Reply(1, Status("Accepted"))
    assert isinstance(tell, Tell)
    bodies = DIALECT.spell(tell.report, station)
    for number, body in enumerate(bodies):
        judge("v201", "NotifyReportRequest", body.payload)
        assert body.notes == ()
        assert (body.payload["requestId"], body.payload["seqNo"]) == (9, number)
        assert body.payload["tbc"] is (number < len(bodies) - 1)
        assert len(body.payload["reportData"]) <= 20


@pytest.mark.parametrize(
    ("action", "payload", "reply", "verdict"),
    [
        (
            "BootNotification",
            {"status": "Accepted", "currentTime": "2026-11-21T08:05:00Z", "interval": 60, "statusInfo": None},
            *(BootAnswer("Accepted", 1_795_248_300.0, 60), None),
        ),
        ("Heartbeat", {"currentTime": "2026-11-21T08:05:00Z"}, BeatAnswer(1_795_248_300.0), None),
        (
            "Authorize",
            {"idTokenInfo": {"status": "NoCredit", "groupIdToken": {"idToken": "FAM", "type": "Central"}}},
            *(AuthorizeAnswer(Verdict(Standing.NO_CREDIT, None, "FAM")), None),
        ),
        ("TransactionEvent", {}, None, None),
        (
            "TransactionEvent",
            {"totalCost": 1.5, "idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "2026-11-21T08:05:00Z"}},
            *(None, Verdict(Standing.ACCEPTED, 1_795_248_300.0)),
        ),
    ],
)
def test_answers_tell_what_they_say(action: str, payload: dict[str, object], reply: object, verdict: object) -> None:
    DIALECT.check(action, payload, is_answer=True)
    learned = DIALECT.learn(Beat(), action, payload)
    assert (learned.reply, learned.verdict, learned.number) == (reply, verdict, None)


ACTIONS = ("BootNotification", "Heartbeat", "Authorize", "TransactionEvent", "NotifyReport")
FIELDS = ("status", "interval", "currentTime", "idTokenInfo", "groupIdToken", "idToken", "cacheExpiryDateTime")

ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.sampled_from(FIELDS), inner),
    max_leaves=6,
)


@given(some.sampled_from(ACTIONS), some.dictionaries(some.sampled_from(FIELDS), ANYTHING))
def test_no_answer_is_so_wrong_that_learning_fails(action: str, payload: dict[str, object]) -> None:
    learned = DIALECT.learn(Beat(), action, payload)
    assert learned.verdict is None or learned.verdict.standing in Standing


def test_a_body_that_does_not_fit_is_named_by_field() -> None:
    with pytest.raises(BodyError) as refused:
        DIALECT.check("StatusNotification", {"timestamp": TIME, "connectorStatus": "Charging"}, is_answer=False)
    assert str(refused.value) == "evseId: is missing"
    with pytest.raises(BodyError) as unknown:
        DIALECT.check("StartTransaction", {}, is_answer=False)
    assert str(unknown.value) == "OCPP 2.0.1 has no message 'StartTransaction'"


@given(some.sampled_from(("FormatViolation", "OccurrenceConstraintViolation", "NotSupported")))
def test_error_codes_are_spelt_as_they_are(code: str) -> None:
    assert DIALECT.code_spelling(code) == code
