"""What OCPP 2.0.1 and 2.1 share: reports and questions as calls, and what their answers tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evsed.model.faults import FAULTS, instance
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
from evsed.model.transactions import Sample, SignedValue, StopReason
from evsed.model.variables import VariableReport

from . import Body, Context, Payload, v2_commands
from .checked import Checked
from .heard import verdict
from .signed import about, signed_meter_value
from .values import last_samples, numeric, sampled_value

VARIABLES_PER_REPORT = 20  # some 6 kB a NotifyReport

BOOT_REASONS = frozenset(
    (
        *("ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset", "ScheduledReset"),
        *("Triggered", "Unknown", "Watchdog"),
    )
)

# ReasonEnumType lacks these of ours.
STOP_REASONS: Mapping[StopReason, str] = {
    StopReason.SCHEDULED_RESET: "ImmediateReset",
    StopReason.UNLOCK_COMMAND: "Other",
}


def status(report: ConnectorReport) -> str:
    """One of the five statuses."""
    match report:
        case ConnectorReport(fault=str()):
            return "Faulted"
        case ConnectorReport(operative=False, transaction=False):
            return "Unavailable"
        case ConnectorReport(plugged=True) | ConnectorReport(finished=True):
            return "Occupied"
        case ConnectorReport(reserved=True):
            return "Reserved"
        case ConnectorReport(operative=False):
            return "Unavailable"
        case _:
            return "Available"


def id_token(token: Token) -> Payload:
    """The idToken of a token."""
    return {"idToken": token.id, "type": token.kind.value}


def meter_value(sample: Sample, context: Context) -> Payload:
    """One meterValue: the values of one instant."""
    values = []
    for value in sample.values:
        body: dict[str, Any] = {"value": numeric(value.value), **sampled_value(value, sample)}
        if value.unit:
            body["unitOfMeasure"] = {"unit": value.unit}
        values.append(body)
    return {"timestamp": context.stamp(sample.at), "sampledValue": values}


def _verdict(payload: Payload) -> Verdict | None:
    info = payload.get("idTokenInfo")
    group = info.get("groupIdToken") if isinstance(info, dict) else None
    return verdict(info, "cacheExpiryDateTime", group.get("idToken") if isinstance(group, dict) else None)


class V2(Checked):
    """See Dialect. A version names itself and its folder."""

    subprotocol: str
    while_rejected: str | None = "SecurityError"  # B03.FR.08
    request = "Request"
    ours, readers, spell_answer = v2_commands.OURS, v2_commands.READERS, v2_commands.answer
    judged, verdict_in = frozenset(("TransactionEvent",)), _verdict
    overlay: Mapping[str, str] = {}

    def spell(self, report: Report, context: Context) -> tuple[Body, ...]:
        """See Dialect."""
        match report:
            case TransactionReport():
                notes = _too_long(report.signed)
                return (self.body("TransactionEvent", _transaction_event(report, context), notes),)
            case MeterReport(evse=evse, samples=samples):
                values = [meter_value(sample, context) for sample in samples if sample.values]
                return (self.body("MeterValues", {"evseId": evse, "meterValue": values}),) if values else ()
            case ConnectorReport(evse=0):
                return ()  # the station's own state is no connector's: 2.x has no word for it here
            case ConnectorReport():
                payload: Payload = {"timestamp": context.stamp(report.at), "connectorStatus": status(report)}
                return (self.body("StatusNotification", {**payload, "evseId": report.evse, "connectorId": 1}),)
            case InventoryReport():
                return tuple(self._notify_report(report, context))
            case FaultReport():
                payload = {"generatedAt": context.stamp(report.at), "seqNo": 0, "eventData": [_event(report, context)]}
                return (self.body("NotifyEvent", payload),)

    def ask(self, question: Question, context: Context) -> Body:
        """See Dialect."""
        match question:
            case Boot(reason):
                station = context.topology
                about = {"vendorName": station.vendor, "model": station.model, "firmwareVersion": station.firmware}
                about |= {"serialNumber": station.serial} if station.serial else {}
                known = reason if reason in BOOT_REASONS else "Unknown"
                return self.body("BootNotification", {"reason": known, "chargingStation": about})
            case Beat():
                return self.body("Heartbeat", {})
            case Authorize(token):
                return self.body("Authorize", {"idToken": id_token(token)})

    def code_spelling(self, code: str) -> str:
        """See Dialect."""
        return code

    def _notify_report(self, report: InventoryReport, context: Context) -> list[Body]:
        rows, size = report.variables, VARIABLES_PER_REPORT
        parts = [rows[start : start + size] for start in range(0, len(rows), size)] or [()]
        bodies = []
        for seq, part in enumerate(parts):
            payload: Payload = {"requestId": report.request_id, "generatedAt": context.stamp(report.at), "seqNo": seq}
            payload["tbc"] = seq < len(parts) - 1
            if part:
                payload["reportData"] = [_report_data(row) for row in part]
            bodies.append(self.body("NotifyReport", payload))
        return bodies


def _event(report: FaultReport, context: Context) -> Payload:
    row = FAULTS.get(report.fault)  # a report may have waited since an older release
    component: Payload = {"name": "Controller" if row is None else row.component}
    if report.evse:
        component["evse"] = {"id": report.evse}
        if component["name"].startswith("Connector"):
            component["evse"]["connectorId"] = 1
    variable: Payload = {"name": "Problem" if row is None else row.variable}
    if (named := report.fault if row is None else instance(row)) is not None:
        variable["instance"] = named[:50]
    event: Payload = {
        "eventId": report.event,
        "timestamp": context.stamp(report.at),
        "trigger": "Alerting",
        "actualValue": "true" if report.standing else "false",
        "eventNotificationType": "HardWiredNotification",  # no monitor of the central system's
        "component": component,
        "variable": variable,
        "techCode": (row and row.code) or report.fault,
        "techInfo": ": ".join(filter(None, (report.fault, f"{'' if row is None else row.text} {report.info}".strip()))),
    }
    if not report.standing:
        event["cleared"] = True  # N07.FR.02, N07.FR.14
    if report.cause is not None:
        event["cause"] = report.cause
    if report.transaction is not None:
        event["transactionId"] = report.transaction
    return event


def _transaction_event(report: TransactionReport, context: Context) -> Payload:
    payload: Payload = {
        "eventType": report.kind.value,
        "timestamp": context.stamp(report.at),
        "triggerReason": report.trigger.value,
        "seqNo": report.seq,
        "transactionInfo": _transaction_info(report),
        "evse": {"id": report.evse, "connectorId": 1},
    }
    if report.offline:
        payload["offline"] = True
    if report.token is not None:
        payload["idToken"] = id_token(report.token)
    if report.reservation is not None:
        payload["reservationId"] = report.reservation
    if report.cable_amps is not None:
        payload["cableMaxCurrent"] = int(report.cable_amps)
    if report.phases is not None:
        payload["numberOfPhasesUsed"] = report.phases
    samples = last_samples(report) if report.kind is Kind.ENDED else report.samples
    values = [meter_value(sample, context) for sample in samples if sample.values]
    values += [_signed(one, context) for one in report.signed]
    if values:
        payload["meterValue"] = values
    return payload


def _signed(one: SignedValue, context: Context) -> Payload:
    """A meterValue of one signed record; `value` is what the record states."""
    body = {"value": numeric(one.record.record.wh or 0), **about(one.record), "unitOfMeasure": {"unit": "Wh"}}
    if (signed := signed_meter_value(one)) is not None:
        body["signedMeterValue"] = signed
    return {"timestamp": context.stamp(one.record.at), "sampledValue": [body]}


def _too_long(signed: tuple[SignedValue, ...]) -> tuple[str, ...]:
    """What no signedMeterValue can hold is left out whole: a cut record proves nothing."""
    long = [one.record for one in signed if signed_meter_value(one) is None]
    return tuple(f"the signed record {its.context.value} is too long to be told; evsed signed has it" for its in long)


def _transaction_info(report: TransactionReport) -> Payload:
    info: Payload = {"transactionId": report.transaction}
    if report.charging_state is not None:
        info["chargingState"] = report.charging_state.value
    if report.remote_start_id is not None:
        info["remoteStartId"] = report.remote_start_id
    if report.kind is Kind.ENDED:
        reason = report.stop_reason or StopReason.LOCAL
        info["stoppedReason"] = STOP_REASONS.get(reason, reason.value)
    return info


def _report_data(row: VariableReport) -> Payload:
    attribute: Payload = {"type": "Actual", "mutability": row.mutability, "persistent": row.persistent}
    if row.value is not None:
        attribute["value"] = row.value
    about: Payload = {"dataType": row.data_type, "supportsMonitoring": False}
    for name, value in (("unit", row.unit), ("minLimit", row.minimum), ("maxLimit", row.maximum)):
        if value is not None:
            about[name] = value
    if row.members:
        about["valuesList"] = ",".join(row.members)
    named = v2_commands.spell_ref(row.ref)
    return {**named, "variableAttribute": [attribute], "variableCharacteristics": about}
