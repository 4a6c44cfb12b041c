"""OCPP 2.x: the calls of the CSMS as commands, and the answers to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evsed.model.commands import (
    Answer,
    ChangeAvailability,
    ClearCache,
    ClearProfiles,
    Command,
    Composite,
    DataTransfer,
    GetBaseReport,
    GetCompositeSchedule,
    GetTransactionStatus,
    GetVariables,
    RequestStart,
    RequestStop,
    Reset,
    SetProfile,
    SetVariables,
    Status,
    TransactionStatus,
    TriggerMessage,
    Unlock,
    VariablesGot,
    VariablesSet,
)
from evsed.model.profiles import CompositeSchedule, Profile, Purpose, RateUnit
from evsed.model.tokens import Token, TokenKind
from evsed.model.variables import Attribute, GetStatus, VariableRef

from . import Context, Payload, RefusedCall
from .heard import schedule, time_at
from .times import spell_time
from .values import numeric

# Calls that only a station makes.
OURS = frozenset(
    (
        *(
            "Authorize",
            "BootNotification",
            "ClearedChargingLimit",
            "FirmwareStatusNotification",
            "Get15118EVCertificate",
        ),
        *("GetCertificateStatus", "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyChargingLimit"),
        *("NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule"),
        *("NotifyEvent", "NotifyMonitoringReport", "NotifyReport", "PublishFirmwareStatusNotification"),
        *("ReportChargingProfiles", "ReservationStatusUpdate", "SecurityEventNotification", "SignCertificate"),
        *("StatusNotification", "TransactionEvent"),
    )
)


# --- reading ----------------------------------------------------------------------------------------------------


def _change_availability(payload: Payload, context: Context) -> Command:
    return ChangeAvailability(_evse(payload), payload["operationalStatus"] == "Operative")


def _clear_cache(payload: Payload, context: Context) -> Command:
    return ClearCache()


def _clear_profile(payload: Payload, context: Context) -> Command:
    criteria = payload.get("chargingProfileCriteria", {})
    purpose = criteria.get("chargingProfilePurpose")
    known = None if purpose is None else Purpose(purpose)
    return ClearProfiles(payload.get("chargingProfileId"), criteria.get("evseId"), known, criteria.get("stackLevel"))


def _composite(payload: Payload, context: Context) -> Command:
    unit = payload.get("chargingRateUnit")
    return GetCompositeSchedule(payload["evseId"], payload["duration"], RateUnit(unit) if unit else None)


def _data_transfer(payload: Payload, context: Context) -> Command:
    return DataTransfer(payload["vendorId"], payload.get("messageId"), payload.get("data"))


def _base_report(payload: Payload, context: Context) -> Command:
    return GetBaseReport(payload["requestId"], payload["reportBase"])


def _transaction_status(payload: Payload, context: Context) -> Command:
    return GetTransactionStatus(payload.get("transactionId"))


def _get_variables(payload: Payload, context: Context) -> Command:
    rows = _bounded(payload["getVariableData"], "GetVariables", context)
    return GetVariables(tuple((_ref(row), Attribute(row.get("attributeType", "Actual"))) for row in rows))


def _set_variables(payload: Payload, context: Context) -> Command:
    rows = _bounded(payload["setVariableData"], "SetVariables", context)
    settings = ((_ref(row), Attribute(row.get("attributeType", "Actual")), row["attributeValue"]) for row in rows)
    return SetVariables(tuple(settings))


def _request_start(payload: Payload, context: Context) -> Command:
    token, group, profile = payload["idToken"], payload.get("groupIdToken"), payload.get("chargingProfile")
    return RequestStart(
        payload.get("evseId"),
        Token(token["idToken"], TokenKind(token["type"])),
        payload["remoteStartId"],
        None if group is None else group["idToken"],
        None if profile is None else _profile(profile),
    )


def _request_stop(payload: Payload, context: Context) -> Command:
    return RequestStop(payload["transactionId"])


def _reset(payload: Payload, context: Context) -> Command:
    return Reset(payload["type"] == "OnIdle", hard=payload["type"] == "Immediate", evse=payload.get("evseId"))


def _set_profile(payload: Payload, context: Context) -> Command:
    return SetProfile(payload["evseId"], _profile(payload["chargingProfile"]), strict=True)


def _trigger(payload: Payload, context: Context) -> Command:
    return TriggerMessage(payload["requestedMessage"], _evse(payload))


def _unlock(payload: Payload, context: Context) -> Command:
    # Every EVSE has one connector: EVSE 0, which no station has, stands for any other.
    return Unlock(payload["evseId"] if payload["connectorId"] == 1 else 0)


READERS: Mapping[str, Callable[[Payload, Context], Command]] = {
    "ChangeAvailability": _change_availability,
    "ClearCache": _clear_cache,
    "ClearChargingProfile": _clear_profile,
    "DataTransfer": _data_transfer,
    "GetBaseReport": _base_report,
    "GetCompositeSchedule": _composite,
    "GetTransactionStatus": _transaction_status,
    "GetVariables": _get_variables,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "Reset": _reset,
    "SetChargingProfile": _set_profile,
    "SetVariables": _set_variables,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
}


def _evse(payload: Payload) -> int | None:
    found = payload.get("evse")
    if found is not None and found.get("connectorId", 1) != 1:
        raise RefusedCall("PropertyConstraintViolation", "evse.connectorId: every EVSE has one connector, number 1")
    return None if found is None else int(found["id"])


def _bounded(rows: list[Payload], action: str, context: Context) -> list[Payload]:
    most = context.config.integer(f"DeviceDataCtrlr.ItemsPerMessage[{action}]")
    if len(rows) > most:  # B06.FR.16, B05.FR.11
        raise RefusedCall("OccurrenceConstraintViolation", f"{len(rows)} items; at most {most} are allowed")
    return rows


def _ref(row: Payload) -> VariableRef:
    component, variable = row["component"], row["variable"]
    evse = component.get("evse", {})
    return VariableRef(
        component["name"],
        variable["name"],
        component.get("instance"),
        variable.get("instance"),
        evse.get("id"),
        evse.get("connectorId"),
    )


def _profile(body: Payload) -> Profile:
    path = "chargingProfile"
    if len(body["chargingSchedule"]) > 1:  # more than one is for ISO 15118
        raise RefusedCall("OccurrenceConstraintViolation", f"{path}.chargingSchedule: this station takes one")
    return Profile(
        id=body["id"],
        stack_level=body["stackLevel"],
        purpose=Purpose(body["chargingProfilePurpose"]),
        kind=body["chargingProfileKind"],
        schedule=schedule(body["chargingSchedule"][0], f"{path}.chargingSchedule[0]"),
        transaction=body.get("transactionId"),
        valid_from=time_at(body, "validFrom", path),
        valid_to=time_at(body, "validTo", path),
    )


# --- answering --------------------------------------------------------------------------------------------------

_ACTIONS: Mapping[type, tuple[str, tuple[str, ...]]] = {  # the action, the words it knows; the last is for any other
    ChangeAvailability: ("ChangeAvailability", ("Accepted", "Scheduled", "Rejected")),
    ClearCache: ("ClearCache", ("Accepted", "Rejected")),
    ClearProfiles: ("ClearChargingProfile", ("Accepted", "Unknown")),
    DataTransfer: ("DataTransfer", ("Accepted", "UnknownMessageId", "UnknownVendorId", "Rejected")),
    GetBaseReport: ("GetBaseReport", ("Accepted", "NotSupported", "EmptyResultSet", "Rejected")),
    GetCompositeSchedule: ("GetCompositeSchedule", ("Accepted", "Rejected")),
    GetTransactionStatus: ("GetTransactionStatus", ()),
    GetVariables: ("GetVariables", ()),
    RequestStart: ("RequestStartTransaction", ("Accepted", "Rejected")),
    RequestStop: ("RequestStopTransaction", ("Accepted", "Rejected")),
    Reset: ("Reset", ("Accepted", "Scheduled", "Rejected")),
    SetProfile: ("SetChargingProfile", ("Accepted", "Rejected")),
    SetVariables: ("SetVariables", ()),
    TriggerMessage: ("TriggerMessage", ("Accepted", "NotImplemented", "Rejected")),
    Unlock: ("UnlockConnector", ("Unlocked", "OngoingAuthorizedTransaction", "UnknownConnector", "UnlockFailed")),
}


def answer(command: Command, answer: Answer) -> tuple[str, Payload]:
    """The action and the payload that answers it."""
    action, words = _ACTIONS[type(command)]
    match answer:
        case VariablesSet(results):
            rows = []
            for put in results:
                row = {"attributeType": put.attribute.value, "attributeStatus": put.status.value, **spell_ref(put.ref)}
                rows.append(row | ({"attributeStatusInfo": _info(put.why)} if put.why else {}))
            return action, {"setVariableResult": rows}
        case VariablesGot(got_results):
            rows = []
            for got in got_results:
                row = {"attributeType": got.attribute.value, "attributeStatus": got.status.value, **spell_ref(got.ref)}
                rows.append(row | ({"attributeValue": got.value or ""} if got.status is GetStatus.ACCEPTED else {}))
            return action, {"getVariableResult": rows}
        case Composite(None, why):
            return action, _status("Rejected", why)
        case Composite(CompositeSchedule() as schedule):
            return action, {"status": "Accepted", "schedule": _composite_answer(schedule)}
        case TransactionStatus(ongoing, queued):
            indicator = {} if ongoing is None else {"ongoingIndicator": ongoing}
            return action, {"messagesInQueue": queued, **indicator}
        case Status(word, why, data, transaction) if words:
            payload = _status(word if word in words else words[-1], why)
            if data is not None and isinstance(command, DataTransfer):
                payload["data"] = data
            if transaction is not None and isinstance(command, RequestStart):
                payload["transactionId"] = transaction
            return action, payload
    raise TypeError(f"{answer!r} is no answer to {command!r}")


def spell_ref(ref: VariableRef) -> Payload:
    """The component and variable fields."""
    component: Payload = {"name": ref.component}
    if ref.component_instance is not None:
        component["instance"] = ref.component_instance
    if ref.evse is not None:
        component["evse"] = {"id": ref.evse} | ({} if ref.connector is None else {"connectorId": ref.connector})
    variable: Payload = {"name": ref.variable}
    if ref.variable_instance is not None:
        variable["instance"] = ref.variable_instance
    return {"component": component, "variable": variable}


def _status(word: str, why: str) -> Payload:
    return {"status": word} | ({"statusInfo": _info(why)} if why else {})


def _info(why: str) -> Payload:
    return {"reasonCode": "Unspecified", "additionalInfo": why}


def _composite_answer(schedule: CompositeSchedule) -> Payload:
    periods = []
    for period in schedule.periods:
        row: Payload = {"startPeriod": period.start, "limit": numeric(period.limit)}
        if period.phases is not None:
            row["numberPhases"] = period.phases
        periods.append(row)
    return {
        "evseId": schedule.evse,
        "duration": schedule.duration,
        "scheduleStart": spell_time(schedule.start),
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": periods,
    }
