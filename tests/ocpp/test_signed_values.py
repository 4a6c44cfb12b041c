"""Signed records in both dialects: untouched, against the published schemas."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from dialect_values import AT, TOPOLOGY, TRANSACTION, context, judge
from evse_drivers.api import Signed
from evsed.core.devicemodel import DeviceModel
from evsed.model.reports import Kind, TransactionReport
from evsed.model.topology import Evse
from evsed.model.transactions import ChargingState, Context, SignedRecord, SignedValue, Trigger
from evsed.ocpp.dialects import Context as Surroundings
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201

KEY = "3059301306072A8648CE3D020106082A8648CE3D03010703420004" + "AB" * 64
DATA = 'OCMF|{"ID":"Ä \\u00fc\\"","RD":[{"RV":1234.560,"RU":"kWh"}]} |{"SD":"3045"}'
OCA_KEY = base64.b64encode(f"oca:base16:asn1:{KEY}".encode()).decode()


def signed(where: Context, data: str = DATA, with_key: bool = True) -> SignedValue:
    record = Signed(data, "OCMF", "ECDSA-secp256r1-SHA256", KEY, 1_234_560.0)
    return SignedValue(SignedRecord(AT, 1, TRANSACTION, where, record), with_key)


def report(kind: Kind, trigger: Trigger, *values: SignedValue) -> TransactionReport:
    return TransactionReport(AT, TRANSACTION, 1, 3, kind, trigger, ChargingState.EV_CONNECTED, False, signed=values)


UPDATED = report(Kind.UPDATED, Trigger.SIGNED_DATA, signed(Context.BEGIN, with_key=False))
ENDED = report(Kind.ENDED, Trigger.STOP_AUTHORIZED, signed(Context.BEGIN, with_key=False), signed(Context.END))


def surroundings(envelope: str = "Plain") -> Surroundings:
    topology = replace(TOPOLOGY, evses=(Evse(1, 32.0, 3, 6.0, signs=True), TOPOLOGY.evses[1]))
    config = DeviceModel(topology, {"OCPP16Ctrlr.SignedDataEnvelope": envelope})
    return replace(context(topology), config=config)


@pytest.mark.parametrize(
    ("told", "action", "field"), [(UPDATED, "MeterValues", "meterValue"), (ENDED, "StopTransaction", "transactionData")]
)
def test_in_1_6_the_value_is_the_record_itself(told: TransactionReport, action: str, field: str) -> None:
    (body,) = V16().spell(told, surroundings())
    judge("v16", action, body.payload)
    assert body.action == action
    values = [(row["timestamp"], *row["sampledValue"]) for row in body.payload[field]]
    assert values == [
        (
            "2026-11-21T08:05:00.123Z",
            {
                "value": DATA,
                "context": one.record.context.value,
                "measurand": "Energy.Active.Import.Register",
                "location": "Outlet",
                "format": "SignedData",
                "unit": "Wh",
            },
        )
        for one in told.signed
    ]


def test_in_1_6_it_may_be_wrapped_as_in_2_x() -> None:
    (body,) = V16().spell(ENDED, surroundings("SignedMeterValue"))
    judge("v16", "StopTransaction", body.payload)
    first, last = (json.loads(row["sampledValue"][0]["value"]) for row in body.payload["transactionData"])
    assert first == {
        "signedMeterData": base64.b64encode(DATA.encode()).decode(),
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "",
    }
    assert last == {**first, "publicKey": OCA_KEY}


def test_a_report_that_has_waited_is_told_where_no_meter_signs_any_more() -> None:
    for dialect in (V16(), V201()):
        (body,) = dialect.spell(ENDED, context())
        assert KEY not in json.dumps(body.payload)
        assert "Transaction.End" in json.dumps(body.payload)


@pytest.mark.parametrize("told", [UPDATED, ENDED])
def test_in_2_0_1_it_is_the_signed_meter_value_beside_the_number_that_it_states(told: TransactionReport) -> None:
    (body,) = V201().spell(told, surroundings())
    judge("v201", "TransactionEventRequest", body.payload)
    rows: list[dict[str, Any]] = [row["sampledValue"][0] for row in body.payload["meterValue"]]
    for row, one in zip(rows, told.signed, strict=True):
        assert (row["value"], row["unitOfMeasure"]) == (1_234_560, {"unit": "Wh"})
        assert row["context"] == one.record.context.value
        assert base64.b64decode(row["signedMeterValue"]["signedMeterData"]).decode() == DATA
        assert row["signedMeterValue"]["publicKey"] == (OCA_KEY if one.with_key else "")
    assert body.payload["triggerReason"] in ("SignedDataReceived", "StopAuthorized")
    assert body.notes == ()


@pytest.mark.parametrize(("size", "fits"), [(1875, True), (1876, False)])
def test_in_2_0_1_a_record_that_does_not_fit_is_left_out_whole(size: int, fits: bool) -> None:
    told = report(Kind.ENDED, Trigger.STOP_AUTHORIZED, signed(Context.END, "x" * size))
    (body,) = V201().spell(told, surroundings())
    judge("v201", "TransactionEventRequest", body.payload)
    (row,) = body.payload["meterValue"][0]["sampledValue"]
    assert ("signedMeterValue" in row) is fits
    assert body.notes == (
        () if fits else ("the signed record Transaction.End is too long to be told; evsed signed has it",)
    )
