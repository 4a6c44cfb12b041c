"""OCPP 1.6: what goes out, against the published schemas and the standard's tables."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from dialect_values import AT, NUMBER, TRANSACTION, context, judge, reports, texts, tokens
from evsed.model.questions import Authorize, AuthorizeAnswer, Beat, BeatAnswer, Boot, BootAnswer
from evsed.model.reports import ConnectorReport, Kind, MeterReport, Report, TransactionReport
from evsed.model.tokens import Standing, Token, TokenKind, Verdict
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState, Sample, StopReason, Trigger, Value
from evsed.model.transactions import Context as Reading
from evsed.ocpp.dialects import BodyError
from evsed.ocpp.dialects.v16 import STOP_REASONS, V16, status
from hypothesis import given
from hypothesis import strategies as some

DIALECT = V16()
BEGIN = Sample(AT, Reading.BEGIN, (Value("Energy.Active.Import.Register", 1000.0, "Wh"),))
PERIODIC = Sample(
    AT, Reading.PERIODIC, (Value("Voltage", 230.25, "V", "L1-N"), Value("Current.Import", 16.0, "A", "L1"))
)


def event(kind: Kind, **fields: object) -> TransactionReport:
    facts: dict[str, object] = {"trigger": Trigger.AUTHORIZED, "charging_state": None, "offline": False, **fields}
    return TransactionReport(AT, TRANSACTION, 1, 0, kind, **facts)  # type: ignore[arg-type]


@given(reports, some.booleans())
def test_every_body_fits_the_published_schema(report: Report, bound: bool) -> None:
    for body in DIALECT.spell(report, context(bound=bound)):
        judge("v16", body.action, body.payload)
        DIALECT.check(body.action, body.payload, is_answer=False)


@given(texts, texts, texts, tokens)
def test_every_question_fits_the_published_schema(vendor: str, model: str, serial: str, token: Token) -> None:
    station = context(Topology(vendor, model, serial, "1" * 60, (Evse(1, 16.0, 3, 6.0),), 16.0))
    for question in (Boot("PowerUp"), Beat(), Authorize(token)):
        body = DIALECT.ask(question, station)
        judge("v16", body.action, body.payload)


def test_a_transaction_is_spelt_as_start_meter_values_and_stop() -> None:
    token = Token("04A1B2C3")
    (start,) = DIALECT.spell(event(Kind.STARTED, token=token, meter_wh=1000.4, reservation=7), context())
    (values,) = DIALECT.spell(event(Kind.UPDATED, samples=(PERIODIC,)), context())
    ended = event(Kind.ENDED, token=token, meter_wh=2000.6, history=(BEGIN,), stop_reason=StopReason.LOCAL)
    (stop,) = DIALECT.spell(ended, context())
    time = "2026-11-21T08:05:00.123Z"
    assert (start.action, start.payload) == (
        "StartTransaction",
        {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1000, "timestamp": time, "reservationId": 7},
    )
    voltage = {"value": "230.25", "context": "Sample.Periodic", "measurand": "Voltage", "phase": "L1-N"}
    current = {"value": "16", "context": "Sample.Periodic", "measurand": "Current.Import", "phase": "L1"}
    sampled = [{**voltage, "location": "Outlet", "unit": "V"}, {**current, "location": "Outlet", "unit": "A"}]
    assert (values.action, values.payload) == (
        "MeterValues",
        {"connectorId": 1, "transactionId": NUMBER, "meterValue": [{"timestamp": time, "sampledValue": sampled}]},
    )
    energy = {"value": "1000", "context": "Transaction.Begin", "measurand": "Energy.Active.Import.Register"}
    data = [{"timestamp": time, "sampledValue": [{**energy, "location": "Outlet", "unit": "Wh"}]}]
    assert (stop.action, stop.payload) == (
        "StopTransaction",
        {
            **{"transactionId": NUMBER, "idTag": "04A1B2C3", "meterStop": 2001, "timestamp": time, "reason": "Local"},
            "transactionData": data,
        },
    )


def test_a_transaction_whose_start_was_given_up_goes_on_with_minus_one() -> None:
    (values,) = DIALECT.spell(event(Kind.UPDATED, samples=(PERIODIC,)), context(bound=False))
    (stop,) = DIALECT.spell(event(Kind.ENDED), context(bound=False))
    assert (values.payload["transactionId"], stop.payload["transactionId"]) == (-1, -1)


def test_an_event_without_samples_and_an_inventory_need_no_call() -> None:
    assert DIALECT.spell(event(Kind.UPDATED), context()) == ()
    assert DIALECT.spell(MeterReport(AT, 1, ()), context()) == ()


def test_a_vehicle_that_is_about_to_charge_is_not_suspended_for_that_moment() -> None:
    """TC_003_CS: Preparing, StartTransaction, Charging."""
    moment = ConnectorReport(AT, 1, True, plugged=True, transaction=True, charging_state=ChargingState.EV_CONNECTED)
    assert DIALECT.spell(moment, context()) == ()
    (asked,) = DIALECT.spell(replace(moment, always=True), context())
    (broken,) = DIALECT.spell(replace(moment, fault="contactor welded"), context())
    assert (asked.payload["status"], broken.payload["status"]) == ("SuspendedEVSE", "Faulted")
    (warned,) = DIALECT.spell(replace(moment, warning="signing"), context())
    assert (warned.payload["status"], warned.payload["errorCode"]) == ("SuspendedEVSE", "PowerMeterFailure")


def test_triggered_values_name_the_transaction_that_runs_if_it_has_its_number() -> None:
    (during,) = DIALECT.spell(MeterReport(AT, 1, (PERIODIC,), TRANSACTION), context())
    (unbound,) = DIALECT.spell(MeterReport(AT, 1, (PERIODIC,), TRANSACTION), context(bound=False))
    (outside,) = DIALECT.spell(MeterReport(AT, 1, (PERIODIC,)), context())
    assert during.payload["transactionId"] == NUMBER
    assert "transactionId" not in {**unbound.payload, **outside.payload}


def test_a_missing_meter_reading_is_said_in_a_note() -> None:
    (start,) = DIALECT.spell(event(Kind.STARTED), context())
    assert start.payload["meterStart"] == 0
    assert start.notes == ("no meter reading: meterStart 0 stands for it",)


def test_a_transaction_without_a_token_has_an_id_tag_all_the_same() -> None:
    (start,) = DIALECT.spell(event(Kind.STARTED, token=Token("", TokenKind.NONE)), context())
    (stop,) = DIALECT.spell(event(Kind.ENDED), context())
    assert start.payload["idTag"] == "NoAuthorization"
    assert "idTag" not in stop.payload


def test_what_is_too_long_is_cut_and_told() -> None:
    (start,) = DIALECT.spell(event(Kind.STARTED, token=Token("A" * 36), meter_wh=1.0), context())
    assert start.payload["idTag"] == "A" * 20
    assert start.notes == ("idTag was cut from 36 to 20 characters",)


@pytest.mark.parametrize("reason", StopReason)
def test_every_stop_reason_has_a_word(reason: StopReason) -> None:
    (stop,) = DIALECT.spell(event(Kind.ENDED, stop_reason=reason, meter_wh=1.0), context())
    judge("v16", "StopTransaction", stop.payload)
    assert stop.payload["reason"] == STOP_REASONS[reason]


CHARGING = {
    state: ConnectorReport(AT, 1, True, plugged=True, transaction=True, charging_state=state) for state in ChargingState
}


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (ConnectorReport(AT, 1, True), "Available"),
        (ConnectorReport(AT, 1, True, plugged=True), "Preparing"),
        (ConnectorReport(AT, 1, True, preparing=True), "Preparing"),
        (ConnectorReport(AT, 1, True, reserved=True, preparing=True), "Preparing"),
        (CHARGING[ChargingState.CHARGING], "Charging"),
        (CHARGING[ChargingState.SUSPENDED_EV], "SuspendedEV"),
        (CHARGING[ChargingState.SUSPENDED_EVSE], "SuspendedEVSE"),
        (CHARGING[ChargingState.EV_CONNECTED], "SuspendedEVSE"),
        (CHARGING[ChargingState.IDLE], "SuspendedEV"),
        (ConnectorReport(AT, 1, True, plugged=True, finished=True), "Finishing"),
        (ConnectorReport(AT, 1, True, reserved=True), "Reserved"),
        (ConnectorReport(AT, 1, False), "Unavailable"),
        (ConnectorReport(AT, 1, False, plugged=True, finished=True), "Unavailable"),
        (ConnectorReport(AT, 1, True, fault="diode", transaction=True), "Faulted"),
        (ConnectorReport(AT, 0, True, plugged=True, preparing=True), "Available"),
        (ConnectorReport(AT, 0, False), "Unavailable"),
        (ConnectorReport(AT, 0, True, fault="reader"), "Faulted"),
    ],
)
def test_the_nine_statuses_are_read_off_one_snapshot(report: ConnectorReport, word: str) -> None:
    assert status(report) == word


@pytest.mark.parametrize(
    ("action", "payload", "reply", "verdict", "number"),
    [
        (
            "BootNotification",
            {"status": "Pending", "currentTime": "2026-11-21T09:05:00.123+01:00", "interval": 30},
            *(BootAnswer("Pending", 1_795_248_300.123, 30), None, None),
        ),
        (
            "BootNotification",
            {"status": "Accepted", "currentTime": "soon", "interval": 0},
            *(BootAnswer("Accepted", None, 0), None, None),
        ),
        ("Heartbeat", {"currentTime": "2026-11-21T08:05:00"}, BeatAnswer(1_795_248_300.0), None, None),
        ("Authorize", {"idTagInfo": {"status": "Blocked"}}, AuthorizeAnswer(Verdict(Standing.BLOCKED)), None, None),
        (
            "StartTransaction",
            {"transactionId": -5, "idTagInfo": {"status": "Invalid", "parentIdTag": "FAM", "expiryDate": None}},
            *(None, Verdict(Standing.INVALID, None, "FAM"), -5),
        ),
        (
            "Authorize",
            {"idTagInfo": {"status": "Accepted", "parentIdTag": "G" * 30, "extra": 1}},
            *(AuthorizeAnswer(Verdict(Standing.ACCEPTED, None, "G" * 30)), None, None),
        ),
        (
            "StartTransaction",
            {"transactionId": 10**30, "idTagInfo": {"status": "Accepted"}},
            *(None, Verdict(Standing.ACCEPTED), None),
        ),
        ("StopTransaction", {}, None, None, None),
        ("StopTransaction", {"idTagInfo": {"status": "Expired"}}, None, Verdict(Standing.EXPIRED), None),
        ("MeterValues", {"vendor": "extra"}, None, None, None),
    ],
)
def test_answers_tell_what_they_say(
    action: str, payload: dict[str, object], reply: object, verdict: object, number: object
) -> None:
    DIALECT.check(action, json.loads(json.dumps(payload)), is_answer=True)
    learned = DIALECT.learn(Beat(), action, payload)
    assert (learned.reply, learned.verdict, learned.number) == (reply, verdict, number)


ACTIONS = ("BootNotification", "Heartbeat", "Authorize", "StartTransaction", "StopTransaction", "MeterValues")
FIELDS = ("status", "interval", "currentTime", "idTagInfo", "transactionId", "expiryDate", "parentIdTag")

ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.sampled_from(FIELDS), inner),
    max_leaves=6,
)


@given(some.sampled_from(ACTIONS), some.dictionaries(some.sampled_from(FIELDS), ANYTHING))
def test_no_answer_is_so_wrong_that_learning_fails(action: str, payload: dict[str, object]) -> None:
    learned = DIALECT.learn(Beat(), action, payload)
    assert learned.verdict is None or learned.verdict.standing in Standing


@pytest.mark.parametrize(
    ("info", "standing"),
    [({"status": "Accepted"}, Standing.ACCEPTED), ({"status": "Whatever"}, Standing.INVALID), ("no object", None)],
)
def test_a_start_is_bound_whatever_else_its_answer_says(info: object, standing: Standing | None) -> None:
    learned = DIALECT.learn(Beat(), "StartTransaction", {"transactionId": 12, "idTagInfo": info})
    assert learned.number == 12
    assert learned.verdict == (None if standing is None else Verdict(standing))


def test_a_body_that_does_not_fit_is_named_by_field() -> None:
    values: dict[str, object] = {"connectorId": 1, "meterValue": [{"timestamp": "", "sampledValue": [{"value": 5}]}]}
    for action, body, is_answer, text in (
        ("MeterValues", values, False, "meterValue[0].sampledValue[0].value: expected string, found 5"),
        ("Authorize", {}, True, "idTagInfo: is missing"),
        ("Nonsense", {}, False, "OCPP 1.6 has no message 'Nonsense'"),
    ):
        with pytest.raises(BodyError) as refused:
            DIALECT.check(action, body, is_answer)
        assert str(refused.value) == text


def test_error_codes_keep_the_mistakes_of_the_standard() -> None:
    assert DIALECT.code_spelling("FormatViolation") == "FormationViolation"
    assert DIALECT.code_spelling("OccurrenceConstraintViolation") == "OccurenceConstraintViolation"
    assert DIALECT.code_spelling("NotSupported") == "NotSupported"
