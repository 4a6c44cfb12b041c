"""OCPP 1.6: reports and questions as calls, and what their answers tell. EVSE n is connector n."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evsed.model.faults import FAULTS, MREC_VENDOR
from evsed.model.questions import Authorize, Beat, Boot, Question
from evsed.model.reports import (
    ConnectorReport,
    FaultReport,
    InventoryReport,
    Kind,
    MeterReport,
    Report,
    TransactionReport,
)
from evsed.model.tokens import Token, Verdict
from evsed.model.transactions import ChargingState, Sample, SignedValue, StopReason

from . import Body, Context, Learned, Payload, v16_commands
from .checked import Checked
from .heard import verdict
from .signed import about, signed_meter_value
from .values import plain, sampled_value

# A transaction without a token needs an idTag all the same: OCPP 2.x's word for it.
NO_TOKEN = "NoAuthorization"
LARGEST = 1 << 63  # what a transactionId must stay below to be kept
LONGEST_INFO = 50  # characters of info and vendorErrorCode
ENVELOPE = "OCPP16Ctrlr.SignedDataEnvelope"  # Plain or SignedMeterValue
GIVEN_UP = -1  # the transactionId of a transaction whose start was never acknowledged (errata 4.0)

# The words of a stop that OCPP 1.6 lacks. HardReset and SoftReset: by the report's own reason.
STOP_REASONS: Mapping[StopReason, str] = {
    StopReason.DE_AUTHORIZED: "DeAuthorized",
    StopReason.EMERGENCY_STOP: "EmergencyStop",
    StopReason.ENERGY_LIMIT_REACHED: "Other",
    StopReason.EV_DISCONNECTED: "EVDisconnected",
    StopReason.GROUND_FAULT: "Other",
    StopReason.IMMEDIATE_RESET: "HardReset",
    StopReason.LOCAL: "Local",
    StopReason.OTHER: "Other",
    StopReason.OVERCURRENT_FAULT: "Other",
    StopReason.POWER_LOSS: "PowerLoss",
    StopReason.POWER_QUALITY: "Other",
    StopReason.REBOOT: "Reboot",
    StopReason.REMOTE: "Remote",
    StopReason.SCHEDULED_RESET: "SoftReset",
    StopReason.STOPPED_BY_EV: "Other",
    StopReason.TIMEOUT: "Other",
    StopReason.UNLOCK_COMMAND: "UnlockCommand",
}

_CHARGING: Mapping[ChargingState | None, str] = {
    ChargingState.CHARGING: "Charging",
    ChargingState.SUSPENDED_EVSE: "SuspendedEVSE",
    ChargingState.SUSPENDED_EV: "SuspendedEV",
    ChargingState.EV_CONNECTED: "SuspendedEVSE",  # no energy is offered yet
    ChargingState.IDLE: "SuspendedEV",  # unplugged at the vehicle's side, the transaction goes on
    None: "SuspendedEVSE",
}


def status(report: ConnectorReport) -> str:
    """One of the nine statuses; of the station itself (evse 0) one of three."""
    match report:
        case ConnectorReport(fault=str()):
            return "Faulted"
        case ConnectorReport(evse=0):
            return "Available" if report.operative else "Unavailable"
        case ConnectorReport(transaction=True):
            return _CHARGING[report.charging_state]
        case ConnectorReport(operative=False):
            return "Unavailable"
        case ConnectorReport(finished=True):
            return "Finishing"
        case ConnectorReport(preparing=True):
            return "Preparing"
        case ConnectorReport(reserved=True):
            return "Reserved"
        case ConnectorReport(plugged=True):
            return "Preparing"
        case _:
            return "Available"


def error(wrong: str | None, info: str, vendor: str) -> Payload:
    """errorCode and the fields beside it, of a fault or a warning of the catalogue; `info`: measured values."""
    if wrong is None:
        return {"errorCode": "NoError"} | ({"info": info} if info else {})
    row = FAULTS.get(wrong)  # a report may have waited since an older release
    told = info or (row.text if row is not None else "")
    code = None if row is None else row.code
    return {
        "errorCode": "OtherError" if row is None else row.code_16,
        "info": f"{wrong}: {told}"[:LONGEST_INFO] if told else wrong[:LONGEST_INFO],
        "vendorId": MREC_VENDOR if code else vendor,
        "vendorErrorCode": code or wrong[:LONGEST_INFO],
    }


def id_tag(token: Token | None) -> str:
    """The idTag of a token."""
    return token.id if token is not None and token.id else NO_TOKEN


def meter_value(sample: Sample, context: Context) -> Payload:
    """One meterValue: the values of one instant."""
    values = []
    for value in sample.values:
        body: dict[str, Any] = {"value": plain(value.value), **sampled_value(value, sample)}
        if value.unit:
            body["unit"] = value.unit
        values.append(body)
    return {"timestamp": context.stamp(sample.at), "sampledValue": values}


def signed_values(signed: tuple[SignedValue, ...], context: Context) -> list[Payload]:
    """A meterValue for each signed record."""
    values = []
    signs = any(evse.signs for evse in context.topology.evses)  # a report may have waited since another meter's time
    wraps = signs and context.config.text(ENVELOPE) == "SignedMeterValue"
    for one in signed:
        wrapped = signed_meter_value(one) if wraps else None
        value = one.record.record.data if wrapped is None else json.dumps(wrapped, separators=(",", ":"))
        body = {"value": value, **about(one.record), "format": "SignedData", "unit": "Wh"}
        values.append({"timestamp": context.stamp(one.record.at), "sampledValue": [body]})
    return values


def _verdict(payload: Payload) -> Verdict | None:
    info = payload.get("idTagInfo")
    return verdict(info, "expiryDate", info.get("parentIdTag") if isinstance(info, dict) else None)


class V16(Checked):
    """See Dialect."""

    version = "1.6"
    subprotocol = "ocpp1.6"
    while_rejected: str | None = None  # 4.2: a rejected charge point does not answer
    folder, request = "v16", ""
    ours, readers, spell_answer = v16_commands.OURS, v16_commands.READERS, v16_commands.answer
    judged, verdict_in = (
        frozenset(
            (
                "StartTransaction",
                "StopTransaction",
            )
        ),
        _verdict,
    )
    # 1.6 leaves no choice: a transaction begins when energy may flow, and ends with the authorisation, which the plug
    # takes with it unless StopTransactionOnEVSideDisconnect is false.
    overlay: Mapping[str, str] = {
        "TxCtrlr.TxStartPoint": "PowerPathClosed",
        "TxCtrlr.TxStopPoint": "Authorized",
        "AlignedDataCtrlr.TxEndedInterval": "=AlignedDataCtrlr.Interval",  # ClockAlignedDataInterval is for both
    }

    def spell(self, report: Report, context: Context) -> tuple[Body, ...]:
        """See Dialect."""
        match report:
            case TransactionReport(kind=Kind.STARTED):
                return (self._start(report, context),)
            case TransactionReport(kind=Kind.ENDED):
                return (self._stop(report, context),)
            case TransactionReport():
                number = context.number(report.transaction)
                transaction = {"transactionId": GIVEN_UP if number is None else number}
                return self._meter_values(report.evse, report.samples, transaction, context, report.signed)
            case MeterReport():
                number = None if report.transaction is None else context.number(report.transaction)
                transaction = {} if number is None else {"transactionId": number}
                return self._meter_values(report.evse, report.samples, transaction, context)
            case ConnectorReport(
                transaction=True,
                fault=None,
                warning=None,
                charging_state=ChargingState.EV_CONNECTED,
                always=False,
            ):
                return ()  # on its way from Preparing to Charging: the vehicle has some seconds for the offer
            case ConnectorReport():
                return (self._status(report, context),)
            case InventoryReport():
                return ()  # asked for in 2.x only
            case FaultReport():
                return ()  # StatusNotification has told it

    def ask(self, question: Question, context: Context) -> Body:
        """See Dialect."""
        station = context.topology
        match question:
            case Boot():
                payload = {"chargePointVendor": station.vendor, "chargePointModel": station.model}
                payload |= {"chargePointSerialNumber": station.serial} if station.serial else {}
                return self.body("BootNotification", {**payload, "firmwareVersion": station.firmware})
            case Beat():
                return self.body("Heartbeat", {})
            case Authorize(token):
                return self.body("Authorize", {"idTag": id_tag(token)})

    def learn(self, asked: Question | Report, action: str, payload: Payload) -> Learned:
        """See Dialect. Any answer to a start may bring its number, a refusal too."""
        learned = super().learn(asked, action, payload)
        return replace(learned, number=_number(payload)) if action == "StartTransaction" else learned

    def code_spelling(self, code: str) -> str:
        """See Dialect. The mistakes are those of OCPP-J 1.6."""
        return {
            "FormatViolation": "FormationViolation",
            "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
            "RpcFrameworkError": "ProtocolError",
            "MessageTypeNotSupported": "ProtocolError",
        }.get(code, code)

    # --- reports ----------------------------------------------------------------------------------------------

    def _start(self, report: TransactionReport, context: Context) -> Body:
        payload: Payload = {
            "connectorId": report.evse,
            "idTag": id_tag(report.token),
            "meterStart": round(report.meter_wh or 0),
            "timestamp": context.stamp(report.at),
        }
        if report.reservation is not None:
            payload["reservationId"] = report.reservation
        notes = () if report.meter_wh is not None else ("no meter reading: meterStart 0 stands for it",)
        return self.body("StartTransaction", payload, notes)

    def _stop(self, report: TransactionReport, context: Context) -> Body:
        number = context.number(report.transaction)
        payload: Payload = {
            "transactionId": GIVEN_UP if number is None else number,
            "meterStop": round(report.meter_wh or 0),
            "timestamp": context.stamp(report.at),
            "reason": STOP_REASONS[report.stop_reason or StopReason.LOCAL],
        }
        if report.token is not None and report.token.id:
            payload["idTag"] = report.token.id
        data = [meter_value(sample, context) for sample in report.history if sample.values]
        data += signed_values(report.signed, context)
        if data:
            payload["transactionData"] = data
        notes = () if report.meter_wh is not None else ("no meter reading: meterStop 0 stands for it",)
        return self.body("StopTransaction", payload, notes)

    def _meter_values(
        self,
        evse: int,
        samples: tuple[Sample, ...],
        transaction: Payload,
        context: Context,
        signed: tuple[SignedValue, ...] = (),
    ) -> tuple[Body, ...]:
        values = [meter_value(sample, context) for sample in samples if sample.values]
        values += signed_values(signed, context)
        if not values:
            return ()
        return (self.body("MeterValues", {"connectorId": evse, **transaction, "meterValue": values}),)

    def _status(self, report: ConnectorReport, context: Context) -> Body:
        payload = {
            "connectorId": report.evse,
            "status": status(report),
            "timestamp": context.stamp(report.at),
            **error(report.fault or report.warning, report.info, context.topology.vendor),
        }
        return self.body("StatusNotification", payload)


def _number(payload: Payload) -> int | None:
    try:
        number = int(payload["transactionId"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < LARGEST else None
