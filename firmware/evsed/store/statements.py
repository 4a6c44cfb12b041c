"""Journal entries as SQL: one function from an entry to its statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from evsed.model import codec
from evsed.model.journal import (
    Bind,
    Booted,
    Bury,
    Done,
    Entry,
    Forget,
    Frame,
    KeepFrames,
    Progress,
    Save,
    Tell,
)
from evsed.model.reports import (
    ConnectorReport,
    FaultReport,
    InventoryReport,
    Kind,
    MeterReport,
    Report,
    TransactionReport,
)
from evsed.model.transactions import Trigger

from .writer import Statement

BURY = "INSERT OR REPLACE INTO dead_letter SELECT id, json, version, frames, ? FROM report WHERE id = ?"


def text_of(thing: object) -> str:
    """JSON as short as it gets: it is written to an SD card. ASCII: a password's bytes are not always UTF-8."""
    return json.dumps(codec.dump(thing), separators=(",", ":"))


def frames_text(frames: tuple[Frame, ...]) -> str:
    """The column `frames`."""
    return json.dumps([[f.message_id, f.action, f.text] for f in frames], separators=(",", ":"), ensure_ascii=False)


def frames_of(text: str | None) -> tuple[Frame, ...]:
    """And back."""
    return tuple(Frame(*parts) for parts in json.loads(text)) if text else ()


def lane_of(report: Report) -> int:
    """0: in the order of transactions; 1: may overtake those; 2: faults, in their own order."""
    if isinstance(report, FaultReport):
        return 2
    return int(isinstance(report, (ConnectorReport, InventoryReport)))


def is_thin(report: Report) -> bool:
    """Meter values and nothing else: the only thing a queue that is too long may lose."""
    if isinstance(report, TransactionReport):
        return report.kind is Kind.UPDATED and report.trigger in (
            Trigger.METER_VALUE_PERIODIC,
            Trigger.METER_VALUE_CLOCK,
        )
    return isinstance(report, MeterReport)


def statements(entry: Entry, row: int | None) -> Iterator[Statement]:
    """What `entry` does to the database; `row` is the id given to a Tell. Raises TypeError for what is no JSON."""
    match entry:
        case Save(kind, key, thing):
            yield Statement("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (kind, key, text_of(thing)))
        case Forget(kind, None):
            yield Statement("DELETE FROM state WHERE kind = ?", (kind,))
        case Forget(kind, key):
            yield Statement("DELETE FROM state WHERE kind = ? AND key = ?", (kind, key))
        case Tell(report):
            status = report.evse if isinstance(report, ConnectorReport) else None
            values: tuple[Any, ...] = (row, text_of(report), lane_of(report), status, is_thin(report))
            yield Statement("INSERT INTO report (id, json, free, status, thin) VALUES (?, ?, ?, ?, ?)", values)
        case KeepFrames(id, version, frames):
            sql = "UPDATE report SET version = ?, frames = ?, answered = 0 WHERE id = ?"
            yield Statement(sql, (version, frames_text(frames), id))
        case Progress(id, answered, attempts):
            yield Statement("UPDATE report SET answered = ?, attempts = ? WHERE id = ?", (answered, attempts, id))
        case Done(id):
            yield Statement("DELETE FROM report WHERE id = ?", (id,))
        case Bury(id, why):
            yield Statement(BURY, (why, id))
            yield Statement("DELETE FROM report WHERE id = ?", (id,))
        case Bind(transaction, number):
            sql = "INSERT OR REPLACE INTO alias (transaction_id, number) VALUES (?, ?)"
            yield Statement(sql, (transaction, number))
        case Booted(boot, offset):
            yield Statement("UPDATE boot SET utc_offset = ? WHERE number = ?", (offset, boot))
