"""OCPP 1.6: the calls of the central system as commands, and the answers to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from evsed.model.commands import (
    Answer,
    ChangeAvailability,
    ClearCache,
    ClearProfiles,
    Command,
    Composite,
    DataTransfer,
    GetCompositeSchedule,
    GetVariables,
    RequestStart,
    RequestStop,
    Reset,
    SetProfile,
    SetVariables,
    Status,
    TriggerMessage,
    Unlock,
    VariablesGot,
    VariablesSet,
)
from evsed.model.profiles import CompositeSchedule, Profile, Purpose, RateUnit
from evsed.model.tokens import Token
from evsed.model.variables import Attribute, GetStatus, Got, SetStatus

from . import Context, Payload, RefusedCall
from .heard import schedule, time_at
from .times import spell_time
from .v16_keys import CONVERTERS, ONLY_HERE, Key, find, keys, unknown

# Calls that only a charge point makes.
OURS = frozenset(
    (
        *("Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat"),
        *("LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate"),
        *("SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction"),
    )
)
_PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION_MAX,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}
_TRIGGERS = {"DiagnosticsStatusNotification": "LogStatusNotification"}  # 2.x names of the same


# --- reading ----------------------------------------------------------------------------------------------------


def _change_availability(payload: Payload, context: Context) -> Command:
    return ChangeAvailability(payload["connectorId"] or None, payload["type"] == "Operative")


def _change_configuration(payload: Payload, context: Context) -> Command:
    key = find(payload["key"])
    if key is None:
        return SetVariables(((unknown(payload["key"]), Attribute.ACTUAL, payload["value"]),))
    return SetVariables(((*key.asked, CONVERTERS[key.converter].to_variable(payload["value"])),))


def _get_configuration(payload: Payload, context: Context) -> Command:
    asked = []
    for name in payload.get("key", ()):
        key = find(name)
        asked.append((unknown(name), Attribute.ACTUAL) if key is None else key.asked)
    return GetVariables(tuple(asked))


def _clear_cache(payload: Payload, context: Context) -> Command:
    return ClearCache()


def _clear_profile(payload: Payload, context: Context) -> Command:
    purpose = payload.get("chargingProfilePurpose")
    return ClearProfiles(
        payload.get("id"),
        payload.get("connectorId"),
        _PURPOSES[purpose] if purpose else None,
        payload.get("stackLevel"),
    )


def _composite(payload: Payload, context: Context) -> Command:
    unit = payload.get("chargingRateUnit")
    return GetCompositeSchedule(payload["connectorId"], payload["duration"], RateUnit(unit) if unit else None)


def _data_transfer(payload: Payload, context: Context) -> Command:
    return DataTransfer(payload["vendorId"], payload.get("messageId"), payload.get("data"))


def _remote_start(payload: Payload, context: Context) -> Command:
    profile = payload.get("chargingProfile")
    return RequestStart(
        payload.get("connectorId"),
        Token(payload["idTag"]),
        profile=None if profile is None else _profile(profile, "chargingProfile", context),
    )


def _remote_stop(payload: Payload, context: Context) -> Command:
    return RequestStop(context.transaction(int(payload["transactionId"])))


def _reset(payload: Payload, context: Context) -> Command:
    return Reset(hard=payload["type"] == "Hard")


def _set_profile(payload: Payload, context: Context) -> Command:
    evse = payload["connectorId"]
    if evse != 0 and context.topology.evse(evse) is None:
        raise RefusedCall("PropertyConstraintViolation", f"connectorId: there is no connector {evse}")
    return SetProfile(evse, _profile(payload["csChargingProfiles"], "csChargingProfiles", context))


def _trigger(payload: Payload, context: Context) -> Command:
    what: str = payload["requestedMessage"]
    return TriggerMessage(_TRIGGERS.get(what, what), payload.get("connectorId"))


def _unlock(payload: Payload, context: Context) -> Command:
    return Unlock(payload["connectorId"], ends_transaction=True)


READERS: Mapping[str, Callable[[Payload, Context], Command]] = {
    "ChangeAvailability": _change_availability,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "ClearChargingProfile": _clear_profile,
    "DataTransfer": _data_transfer,
    "GetCompositeSchedule": _composite,
    "GetConfiguration": _get_configuration,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "SetChargingProfile": _set_profile,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
}


def _profile(body: Payload, path: str, context: Context) -> Profile:
    transaction = None
    if "transactionId" in body:
        number = int(body["transactionId"])
        transaction = context.transaction(number) or f"1.6 transaction {number}"  # matches no transaction of ours
    return Profile(
        id=body["chargingProfileId"],
        stack_level=body["stackLevel"],
        purpose=_PURPOSES[body["chargingProfilePurpose"]],
        kind=body["chargingProfileKind"],
        schedule=schedule(body["chargingSchedule"], f"{path}.chargingSchedule"),
        transaction=transaction,
        valid_from=time_at(body, "validFrom", path),
        valid_to=time_at(body, "validTo", path),
    )


# --- answering --------------------------------------------------------------------------------------------------

_ACTIONS: Mapping[type, tuple[str, tuple[str, ...]]] = {  # the action, the words it knows; the last is for any other
    ChangeAvailability: ("ChangeAvailability", ("Accepted", "Scheduled", "Rejected")),
    SetVariables: ("ChangeConfiguration", ()),
    GetVariables: ("GetConfiguration", ()),
    ClearCache: ("ClearCache", ("Accepted", "Rejected")),
    ClearProfiles: ("ClearChargingProfile", ("Accepted", "Unknown")),
    DataTransfer: ("DataTransfer", ("Accepted", "UnknownMessageId", "UnknownVendorId", "Rejected")),
    GetCompositeSchedule: ("GetCompositeSchedule", ("Accepted", "Rejected")),
    RequestStart: ("RemoteStartTransaction", ("Accepted", "Rejected")),
    RequestStop: ("RemoteStopTransaction", ("Accepted", "Rejected")),
    Reset: ("Reset", ("Accepted", "Rejected")),
    SetProfile: ("SetChargingProfile", ("Accepted", "NotSupported", "Rejected")),
    TriggerMessage: ("TriggerMessage", ("Accepted", "NotImplemented", "Rejected")),
    Unlock: ("UnlockConnector", ("Unlocked", "NotSupported", "UnlockFailed")),
}
_WORDS = {
    (Unlock, "UnknownConnector"): "NotSupported",  # errata: so answers an unknown connector
    (Reset, "Scheduled"): "Accepted",
}
_SET = {
    SetStatus.ACCEPTED: "Accepted",
    SetStatus.REBOOT_REQUIRED: "RebootRequired",
    SetStatus.REJECTED: "Rejected",
    SetStatus.NOT_SUPPORTED: "Rejected",  # a limit: known, and read-only
    SetStatus.UNKNOWN_COMPONENT: "NotSupported",
    SetStatus.UNKNOWN_VARIABLE: "NotSupported",
}


def answer(command: Command, answer: Answer) -> tuple[str, Payload]:
    """The action and the payload that answers it."""
    action, words = _ACTIONS[type(command)]
    match command, answer:
        case _, VariablesSet(results):
            return action, {"status": _SET[results[0].status]}
        case GetVariables(refs), VariablesGot(results):
            return action, _configuration(results, everything=not refs)
        case _, Composite(None):
            return action, {"status": "Rejected"}
        case _, Composite(CompositeSchedule() as schedule):
            return action, _composite_answer(schedule)
        case _, Status(word, _, data):
            word = _WORDS.get((type(command), word), word)
            payload: Payload = {"status": word if word in words else words[-1]}
            if data is not None and isinstance(command, DataTransfer):
                payload["data"] = data if isinstance(data, str) else json.dumps(data)
            return action, payload
    raise TypeError(f"{answer!r} is no answer to {command!r}")


def _configuration(results: tuple[Got, ...], everything: bool) -> Payload:
    if everything:
        by_variable = {str(got.ref): got for got in results}
        rows = [_configuration_key(key, got) for key in keys().values() if (got := by_variable.get(key.variable))]
        return {"configurationKey": rows}
    by_asked = {key.asked: key for key in keys().values()}
    known, missing = [], []
    for got in results:
        key = by_asked.get((got.ref, got.attribute))
        if key is None:
            missing.append(got.ref.variable if got.ref.component == ONLY_HERE else str(got.ref))
        elif got.status in (GetStatus.UNKNOWN_COMPONENT, GetStatus.UNKNOWN_VARIABLE):
            missing.append(key.name)  # of hardware that is not here
        else:
            known.append(_configuration_key(key, got))
    payload: Payload = {"configurationKey": known}
    return {**payload, "unknownKey": missing} if missing else payload


def _configuration_key(key: Key, got: Got) -> Payload:
    if key.limit:
        limit = {} if got.limit is None else {"value": got.limit}
        return {"key": key.name, "readonly": True, **limit}
    row: Payload = {"key": key.name, "readonly": got.read_only}
    if got.status is GetStatus.ACCEPTED and got.value is not None:
        row["value"] = CONVERTERS[key.converter].to_key(got.value)
    return row


def _composite_answer(schedule: CompositeSchedule) -> Payload:
    periods = []
    for period in schedule.periods:
        row: Payload = {"startPeriod": period.start, "limit": round(period.limit, 1)}
        if period.phases is not None:
            row["numberPhases"] = period.phases
        periods.append(row)
    return {
        "status": "Accepted",
        "connectorId": schedule.evse,
        "scheduleStart": spell_time(schedule.start),
        "chargingSchedule": {
            "duration": schedule.duration,
            "chargingRateUnit": schedule.unit.value,
            "chargingSchedulePeriod": periods,
        },
    }
