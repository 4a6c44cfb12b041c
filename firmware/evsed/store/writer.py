"""The one thread that writes: batches of entries into SQLite commits, in order, again and again until they are in."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its values."""

    sql: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that become durable together, and what to call then."""

    statements: Sequence[Statement]
    done: Callable[[], None] | None
    since: float  # mono s


class Writer:
    """Owns the writing connection. `trouble(text)` is called in this thread when a commit fails, `committed` after
    each that went well; both must not block and must not raise."""

    def __init__(self, path: Path, trouble: Callable[[str], None], committed: Callable[[list[Batch]], None]) -> None:
        self._path = path
        self._trouble = trouble
        self._committed = committed
        self._waiting: list[Batch] = []
        self._writing: list[Batch] = []
        self._more = threading.Condition()
        self._closing = False
        self._give_up = False
        self.bytes_written: int | None = None  # since this process opened the file; None: the kernel does not count
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> None:
        """Queues; never blocks on the disk."""
        with self._more:
            if self._closing:
                raise RuntimeError("the store is closed")
            self._waiting.append(batch)
            self._more.notify()

    def oldest(self) -> float | None:
        """Since when (mono s) the oldest batch has been waiting to become durable."""
        with self._more:
            first = self._writing or self._waiting
            return first[0].since if first else None

    def close(self, patience: float) -> bool:
        """Writes what is left, for at most `patience` s; returns whether all of it is durable."""
        with self._more:
            self._closing = True
            self._more.notify()
        self._thread.join(patience)
        with self._more:
            self._give_up = True
            self._more.notify()
        return not self._thread.is_alive()

    def _run(self) -> None:
        connection = connect(self._path)
        try:
            while batches := self._take():
                while not self._commit(connection, batches):
                    with self._more:
                        self._more.wait_for(lambda: self._give_up, RETRY_S)
                        if self._give_up:
                            return
                self._count()
                with self._more:
                    self._writing = []
                self._committed(batches)
        finally:
            connection.close()

    def _take(self) -> list[Batch]:
        with self._more:
            self._more.wait_for(lambda: self._waiting or self._closing)
            self._writing, self._waiting = self._waiting, []
            return self._writing

    def _commit(self, connection: sqlite3.Connection, batches: list[Batch]) -> bool:
        try:
            statements = [statement for batch in batches for statement in batch.statements]
            if not statements:
                return True  # a barrier: everything before it is durable already
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement.sql, statement.values)
            connection.execute("COMMIT")
            self.commits += 1
            return True
        except (sqlite3.Error, ValueError, OverflowError) as error:  # the latter: a value that SQLite cannot hold
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error:
                pass  # SQLite has rolled back by itself, as it does when the disk is full
            self._trouble(str(error))
            return False

    def _count(self) -> None:
        try:
            text = Path("/proc/thread-self/io").read_text()
        except OSError:
            return
        self.bytes_written = int(text.split("wchar: ")[1].split("\n")[0])


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our pragmas; autocommit, so that BEGIN and COMMIT are where one reads them."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # NORMAL lost acknowledged rows in power cuts (testbed.md)
        connection.execute("PRAGMA journal_size_limit = 4194304")
    return connection


def now() -> float:
    """mono s, of the machine and never of a virtual clock: it measures the disk."""
    return time.monotonic()
