"""What a well-behaved central system answers to each call of a station, in OCPP 1.6 and 2.0.1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .ledger import Transaction

Payload = dict[str, Any]


@dataclass
class Tokens:
    """Whom the central system lets charge: everyone, but for those on the list."""

    blocked: set[str] = field(default_factory=set)
    groups: dict[str, str] = field(default_factory=dict)  # token -> its group

    def status(self, token: str) -> str:
        """Accepted or Blocked."""
        return "Blocked" if token in self.blocked else "Accepted"


@dataclass
class Context:
    """What an answer is made of besides the call: `now` as an OCPP dateTime, `interval` of heartbeats in s."""

    now: str
    interval: int
    tokens: Tokens
    transaction: Transaction | None


def answer(version: str, action: str, payload: Payload, context: Context) -> Payload | None:
    """The answer's payload; None: this central system does not know the action."""
    table = _V16 if version == "1.6" else _V2
    make = table.get(action)
    if make is None:
        return None
    return dict(make) if isinstance(make, dict) else make(payload, context)


def _boot(payload: Payload, context: Context) -> Payload:
    return {"currentTime": context.now, "interval": context.interval, "status": "Accepted"}


def _heartbeat(payload: Payload, context: Context) -> Payload:
    return {"currentTime": context.now}


def _tag(token: str, context: Context) -> Payload:
    info: Payload = {"status": context.tokens.status(token)}
    if token in context.tokens.groups:
        info["parentIdTag"] = context.tokens.groups[token]
    return info


def _token(token: str, context: Context) -> Payload:
    info: Payload = {"status": context.tokens.status(token)}
    if token in context.tokens.groups:
        info["groupIdToken"] = {"idToken": context.tokens.groups[token], "type": "Central"}
    return info


def _authorize16(payload: Payload, context: Context) -> Payload:
    return {"idTagInfo": _tag(payload["idTag"], context)}


def _start16(payload: Payload, context: Context) -> Payload:
    assert context.transaction is not None  # the ledger enters every start
    return {"transactionId": context.transaction.id, "idTagInfo": _tag(payload["idTag"], context)}


def _stop16(payload: Payload, context: Context) -> Payload:
    return {"idTagInfo": _tag(payload["idTag"], context)} if "idTag" in payload else {}


def _authorize2(payload: Payload, context: Context) -> Payload:
    return {"idTokenInfo": _token(payload["idToken"]["idToken"], context)}


def _event2(payload: Payload, context: Context) -> Payload:
    return {"idTokenInfo": _token(payload["idToken"]["idToken"], context)} if "idToken" in payload else {}


_COMMON: dict[str, Any] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "DataTransfer": {"status": "UnknownVendorId"},
    "FirmwareStatusNotification": {},
    "LogStatusNotification": {},
    "MeterValues": {},
    "SecurityEventNotification": {},
    "SignCertificate": {"status": "Rejected"},
    "StatusNotification": {},
}
_V16: dict[str, Any] = _COMMON | {
    "Authorize": _authorize16,
    "DiagnosticsStatusNotification": {},
    "SignedFirmwareStatusNotification": {},
    "StartTransaction": _start16,
    "StopTransaction": _stop16,
}
_V2: dict[str, Any] = _COMMON | {
    "Authorize": _authorize2,
    "ClearedChargingLimit": {},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDisplayMessages": {},
    "NotifyEvent": {},
    "NotifyMonitoringReport": {},
    "NotifyReport": {},
    "PublishFirmwareStatusNotification": {},
    "ReportChargingProfiles": {},
    "ReservationStatusUpdate": {},
    "TransactionEvent": _event2,
}
