"""What is heard of a central system: held against the schema, and read for what it says."""

from __future__ import annotations

from typing import Any

from evsed.model.profiles import Period, RateUnit, Schedule
from evsed.model.questions import BootAnswer
from evsed.model.tokens import Standing, Verdict

from . import BodyError, Payload, RefusedCall
from .schema import Problem, Schema, problem
from .times import read_time

# What an answer to a call of ours may do wrong: nothing in it depends on these, and refusing it would only bring the
# call again.
TOLERATED = frozenset({"additionalProperties", "maxLength"})

# The rules of JSON schema as OCPP's error codes, 2.x spelling.
_CODES = {
    "type": "TypeConstraintViolation",
    "required": "OccurrenceConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "additionalProperties": "FormatViolation",
    "enum": "PropertyConstraintViolation",
    "maxLength": "PropertyConstraintViolation",
    "minimum": "PropertyConstraintViolation",
    "multipleOf": "PropertyConstraintViolation",
}


def refuse(found: Problem) -> RefusedCall:
    """The refusal of a call whose payload has this problem."""
    return RefusedCall(_CODES[found.rule], f"{found.path}: {found.what}" if found.path else found.what)


def hold_against(schema: Schema, payload: Any, tolerated: frozenset[str] = frozenset()) -> None:
    """Raises BodyError unless `payload` fits; breaking one of the `tolerated` rules is nothing to complain of."""
    found = problem(schema, payload, tolerated)
    if found is not None:
        raise BodyError(found.path, found.what)


def without_nulls(value: Any) -> Any:
    """The same without members that are null: OCPP leaves out what is absent, some serialisers write null."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def time_at(body: Payload, name: str, path: str) -> float | None:
    """The time in that field, None where there is none; RefusedCall when it cannot be read."""
    if name not in body:
        return None
    try:
        return read_time(body[name])
    except ValueError as error:
        raise RefusedCall("FormatViolation", f"{path}.{name}: {error}") from None


def boot_answer(payload: Payload) -> BootAnswer | None:
    """What the answer to a BootNotification says; None when it says nothing that could be followed."""
    word, interval = payload.get("status"), payload.get("interval")
    if word not in ("Accepted", "Pending", "Rejected"):
        return None
    return BootAnswer(word, told_time(payload, "currentTime"), interval if type(interval) is int else 0)


def schedule(body: Payload, path: str) -> Schedule:
    """A charging schedule; its `id` is 2.x's. RefusedCall when its start cannot be read."""
    periods = body["chargingSchedulePeriod"]
    return Schedule(
        unit=RateUnit(body["chargingRateUnit"]),
        periods=tuple(Period(row["startPeriod"], float(row["limit"]), row.get("numberPhases")) for row in periods),
        start=time_at(body, "startSchedule", path),
        duration=body.get("duration"),
        id=body.get("id", 0),
    )


def told_time(payload: Payload, name: str) -> float | None:
    """The time in that field; None where there is none that can be read: it decides nothing in an answer."""
    try:
        return read_time(str(payload[name]))
    except (KeyError, ValueError):
        return None


def verdict(info: object, expires: str, group: str | None) -> Verdict | None:
    """The verdict in idTagInfo or idTokenInfo; a word that OCPP does not have is no acceptance."""
    if not isinstance(info, dict) or "status" not in info:
        return None
    known = {standing.value for standing in Standing}
    standing = Standing(info["status"]) if str(info["status"]) in known else Standing.INVALID
    return Verdict(standing, told_time(info, expires), group or None)
