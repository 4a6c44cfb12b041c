"""The signed records in the database, read beside a running station."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

from evsed.model import codec
from evsed.model.transactions import SignedRecord

from .database import FILE
from .migrations import StoreError


def signed_records(folder: str | Path) -> tuple[list[SignedRecord], dict[str, int | None]]:
    """All of them, the oldest first, and the central system's numbers of their transactions. Raises StoreError.

    The database is opened for reading only, so that nothing is locked or changed.
    """
    path = Path(folder) / FILE
    if not path.exists():
        raise StoreError(f"{path}: there is no database. Is this the [station] state of the station?")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT json FROM state WHERE kind = 'signed' ORDER BY key").fetchall()
            offsets = dict(connection.execute("SELECT number, utc_offset FROM boot").fetchall())
            numbers = dict(connection.execute("SELECT transaction_id, number FROM alias").fetchall())
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be read ({error}). Ask as root or as the user that runs evsed.") from None
    try:
        records = [codec.load(SignedRecord, json.loads(text)) for (text,) in rows]
    except ValueError as error:
        raise StoreError(f"{path}: a signed record cannot be read ({error}). Use the release that wrote it.") from None
    return [_stamped(record, offsets) for record in records], numbers


def _stamped(record: SignedRecord, offsets: dict[int, float | None]) -> SignedRecord:
    """One that was kept before the clock was known."""
    offset = offsets.get(record.at.boot)
    if record.at.utc is not None or offset is None:
        return record
    return replace(record, at=replace(record.at, utc=record.at.mono + offset))
