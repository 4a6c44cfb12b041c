"""Numbers and meter values, as all versions spell them alike."""

from __future__ import annotations

from typing import Any

from evsed.model.reports import TransactionReport
from evsed.model.transactions import Sample, Value


def plain(number: float) -> str:
    """A number without padding or exponent: 12345678.9, 230, 0.001."""
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def numeric(number: float) -> float | int:
    """The same for JSON numbers: an int where there is nothing behind the point."""
    rounded = round(number, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def sampled_value(value: Value, sample: Sample) -> dict[str, Any]:
    """The part of a sampledValue that all versions spell alike."""
    body: dict[str, Any] = {"context": sample.context.value, "measurand": value.measurand, "location": "Outlet"}
    if value.phase is not None:
        body["phase"] = value.phase
    return body


def last_samples(report: TransactionReport) -> tuple[Sample, ...]:
    """All samples of an ENDED report: those collected on the way and those of the end, each once."""
    return report.history + tuple(sample for sample in report.samples if sample not in report.history)
