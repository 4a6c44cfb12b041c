"""The station's memory: one SQLite file that survives power cuts, read here and written by one thread."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from evsed.model import codec
from evsed.model.journal import Bury, Done, Entry, Frame, Row, Tell
from evsed.model.reports import Report

from .migrations import ALIASES_KEPT, StoreError, damaged, prepare
from .statements import frames_of, statements
from .writer import Batch, Statement, Writer, connect, now

FILE = "evsed.db"
STALL_S = 1.0  # a commit that takes longer is trouble worth telling
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A report that was given up."""

    id: int
    report: Report | None  # None: not readable any more, see `text`
    text: str
    version: str | None
    frames: tuple[Frame, ...]
    why: str


class Store:
    """Made by `Store.open`. Reads show what is committed; `submit` is the only way to write."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._reader = connect(path, read_only=True)
        self._next = 1 + max(
            self._one("SELECT max(id) FROM report") or 0, self._one("SELECT max(id) FROM dead_letter") or 0
        )
        self._count: int = self._one("SELECT count(*) FROM report")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._listener: Callable[[str | None], None] = lambda why: None
        self._trouble: str | None = None
        self._closed = False
        self.complaints: list[str] = []  # what could not be read, for the log
        self._writer = Writer(path, self._failed, self._committed)

    # --- opening ------------------------------------------------------------------------------------------------

    @staticmethod
    def open(folder: str | Path) -> Store:
        """The database in `folder`, made or migrated as needed. Raises StoreError. One process at a time."""
        path = Path(folder) / FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError(
                f"{path.parent}: the folder for evsed's database cannot be written ({error.strerror}). "
                f"Make it belong to the user that runs evsed, or name another one in [station] state."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            prepare(path)
            return Store(path, lock)
        except BlockingIOError:
            os.close(lock)
            raise StoreError(
                f"{path}: another evsed is using this database. Stop it first (systemctl stop evsed), "
                f"or name another folder in [station] state."
            ) from None
        except sqlite3.OperationalError as error:
            os.close(lock)
            raise StoreError(
                f"{path}: the database cannot be opened ({error}). Check that the user that runs evsed may write "
                f"the file and the folder, and that the disk is not full."
            ) from None
        except (StoreError, sqlite3.DatabaseError) as error:
            os.close(lock)
            raise error if isinstance(error, StoreError) else StoreError(damaged(path, str(error))) from None

    def last_boot(self) -> int | None:
        """The number that `new_boot` gave last; None before the first."""
        return cast("int | None", self._one("SELECT max(number) FROM boot"))

    def new_boot(self) -> int:
        """The number of this boot of the machine: CLOCK_MONOTONIC counts from its beginning. A restart of evsed
        without a reboot gets the number it had. Call it once, before the first `submit`."""
        machine = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        number, last = self._reader.execute("SELECT max(number), machine FROM boot").fetchone()
        if number is not None and last == machine:
            return cast(int, number)
        with connect(self.path) as connection:
            connection.execute("INSERT INTO boot (number, machine) VALUES (?, ?)", ((number or 0) + 1, machine))
        connection.close()
        return (number or 0) + 1

    # --- reading ------------------------------------------------------------------------------------------------

    def offsets(self) -> dict[int, float]:
        """utc - mono (s) of each boot where it is known."""
        return dict(self._reader.execute("SELECT number, utc_offset FROM boot WHERE utc_offset IS NOT NULL").fetchall())

    def things(self, kind: str, type: type[T] | Any = Any) -> dict[str, T]:
        """What was saved under `kind`, by key. What cannot be read stays on the disk and is told in `complaints`."""
        found: dict[str, T] = {}
        for key, text in self._reader.execute("SELECT key, json FROM state WHERE kind = ? ORDER BY key", (kind,)):
            try:
                found[key] = codec.load(type, json.loads(text))
            except ValueError as error:
                self.complaints.append(f"{self.path}: {kind} {key} cannot be read and is left out ({error})")
        return found

    def reports(self, after: int, limit: int, lane: int | None = None) -> list[Row]:
        """Queued reports with an id above `after`, in order, of one lane (statements.lane_of) or of all. One that
        cannot be read becomes a dead letter."""
        only = "" if lane is None else f"AND free = {lane} "
        sql = f"SELECT id, json, version, frames, answered, attempts FROM report WHERE id > ? {only}ORDER BY id LIMIT ?"
        while raw := self._reader.execute(sql, (after, limit)).fetchall():
            if rows := [row for row in map(self._row, raw) if row is not None]:
                return rows
            after = raw[-1][0]
        return []

    def _row(self, raw: tuple[Any, ...]) -> Row | None:
        id, text, version, frames, answered, attempts = raw
        try:
            return Row(id, codec.load(Report, json.loads(text)), version, frames_of(frames), answered, attempts)
        except ValueError as error:
            self.complaints.append(f"{self.path}: report {id} cannot be read and is now a dead letter ({error})")
            self.submit([Bury(id, f"cannot be read: {error}")])
            return None

    def superseded(self) -> list[int]:
        """Ids of connector reports that are not the last of their EVSE."""
        sql = """SELECT id FROM report AS old WHERE status IS NOT NULL AND EXISTS
                 (SELECT 1 FROM report AS new WHERE new.status = old.status AND new.id > old.id) ORDER BY id"""
        return [id for (id,) in self._reader.execute(sql)]

    def thinnable(self) -> list[int]:
        """Ids of reports that are meter values and nothing else, and were never sent, oldest first."""
        sql = "SELECT id FROM report WHERE thin = 1 AND frames IS NULL ORDER BY id"
        return [id for (id,) in self._reader.execute(sql)]

    def count(self) -> int:
        """How many reports are queued, those not yet committed included."""
        return self._count

    def pending(self, transaction: str | None) -> bool:
        """Whether reports of that transaction (None: of any) are queued and committed."""
        sql = "SELECT EXISTS (SELECT 1 FROM report WHERE json_extract(json, '$.transaction') IS ? OR ? IS NULL)"
        return bool(self._reader.execute(sql, (transaction, transaction)).fetchone()[0])

    def last_id(self) -> int:
        """The id given to the latest report."""
        return self._next - 1

    def aliases(self) -> dict[str, int | None]:
        """1.6: the central system's number of our transactions, the latest ones."""
        sql = "SELECT transaction_id, number FROM (SELECT * FROM alias ORDER BY id DESC LIMIT ?) ORDER BY id"
        return dict(self._reader.execute(sql, (ALIASES_KEPT,)).fetchall())

    def given_up(self) -> int:
        """How many reports are dead letters."""
        return cast(int, self._one("SELECT count(*) FROM dead_letter"))

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """What was given up, latest first."""
        sql = "SELECT id, json, version, frames, why FROM dead_letter ORDER BY id DESC LIMIT ?"
        letters = []
        for id, text, version, frames, why in self._reader.execute(sql, (limit,)):
            try:
                report = codec.load(Report, json.loads(text))
            except ValueError:
                report = None
            letters.append(DeadLetter(id, report, text, version, frames_of(frames), why))
        return letters

    # --- writing ------------------------------------------------------------------------------------------------

    def submit(self, entries: Sequence[Entry], done: Callable[[], None] | None = None) -> list[int]:
        """Queues `entries` as one transaction and returns the ids given to their Tells, in order.

        Never waits for the disk. `done` is called in the loop this is called from (in the writer's thread where
        there is none) after the commit, in the order of submitting. Raises TypeError for a thing that is no JSON.
        """
        ids: list[int] = []
        written: list[Statement] = []
        for entry in entries:
            row = None
            if isinstance(entry, Tell):
                row = self._next + len(ids)
                ids.append(row)
            written.extend(statements(entry, row))
        self._next += len(ids)
        self._count += len(ids) - sum(isinstance(entry, (Done, Bury)) for entry in entries)
        self._writer.submit(Batch(written, done, now()))
        self._arm()
        return ids

    def durable(self, done: Callable[[], None]) -> None:
        """Calls `done` when all that was submitted so far is durable."""
        self.submit((), done)

    def on_trouble(self, listener: Callable[[str | None], None]) -> None:
        """`listener` hears in words when commits fail or take over 1 s, and None when they work again. Nothing is
        lost meanwhile: they are repeated every second."""
        self._listener = listener

    @property
    def bytes_written(self) -> int | None:
        """By this process since it opened the file; None where the kernel does not count."""
        return self._writer.bytes_written

    @property
    def commits(self) -> int:
        """Since this process opened the file."""
        return self._writer.commits

    def close(self, patience: float = 5.0) -> bool:
        """Writes what is left, for at most `patience` s, and lets go of the file; returns whether all is durable.
        No `done` is called any more."""
        whole = self._writer.close(patience)
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        self._reader.close()
        os.close(self._lock)
        return whole

    # --- between the threads ------------------------------------------------------------------------------------

    def _arm(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._watch is None:
            self._watch = self._loop.call_later(STALL_S, self._look)

    def _look(self) -> None:
        self._watch = None
        since = self._writer.oldest()
        if since is None:
            return
        waited = now() - since
        if waited >= STALL_S and self._trouble is None:
            self._tell(f"{self.path}: the disk has not finished a write for {waited:.1f} s; nothing is lost so far.")
        assert self._loop is not None
        self._watch = self._loop.call_later(max(0.05, STALL_S - waited) if waited < STALL_S else STALL_S, self._look)

    def _failed(self, why: str) -> None:  # in the writer's thread
        text = f"{self.path}: writing fails ({why}). evsed keeps trying; free some space, or replace the card."
        self._in_loop(lambda: self._tell(text))

    def _committed(self, batches: list[Batch]) -> None:  # in the writer's thread
        calls = [batch.done for batch in batches if batch.done is not None]

        def carry_on() -> None:
            if self._closed:
                return  # what `done` does next would need the file
            self._tell(None)
            for call in calls:
                call()

        self._in_loop(carry_on)

    def _in_loop(self, call: Callable[[], None]) -> None:
        if self._loop is None or self._loop.is_closed():
            call()
        else:
            self._loop.call_soon_threadsafe(call)

    def _tell(self, why: str | None) -> None:
        if why != self._trouble:
            self._trouble = why
            self._listener(why)

    def _one(self, sql: str) -> Any:
        return self._reader.execute(sql).fetchone()[0]
