"""Meter values, statuses and refusals: what the dialects spell alike."""

from __future__ import annotations

from typing import Any

from evsed.model.reports import ConnectorReport, TransactionReport
from evsed.model.transactions import Sample, Value

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


def plain(number: float) -> str:
    """A number without padding or exponent: 12345678.9, 230, 0.001."""
    return f"{number:.3f}".rstrip("0").rstrip(".") if number else "0"


def numeric(number: float) -> float | int:
    """The same for JSON numbers: an int where there is nothing behind the point."""
    rounded = round(number, 3)
    return int(rounded) if rounded == int(rounded) else rounded


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


def sampled_value(value: Value, sample: Sample) -> dict[str, Any]:
    """The part of a sampledValue that all versions spell alike."""
    body: dict[str, Any] = {"context": sample.context.value, "measurand": value.measurand, "location": "Outlet"}
    if value.phase is not None:
        body["phase"] = value.phase
    return body


def last_samples(report: TransactionReport) -> tuple[Sample, ...]:
    """All samples of an ENDED report: those collected on the way and those of the end, each once."""
    return report.history + tuple(sample for sample in report.samples if sample not in report.history)


def occupied(report: ConnectorReport) -> bool:
    """2.x: a vehicle is connected, or has not left yet."""
    return report.plugged or report.finished
