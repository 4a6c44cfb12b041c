"""Brings a database to the schema of this release, by numbered SQL files, each in one transaction."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from .writer import connect

ALIASES_KEPT = 500  # far more than transactions can be open or queued after their start was answered


class StoreError(Exception):
    """The database cannot be used; the text says where, what was found and what to do."""


def migrations() -> list[tuple[int, str]]:
    """(number, SQL) of every file in schema/, in order."""
    files = (resources.files(__package__) / "schema").iterdir()
    return sorted((int(f.name.split(".")[0]), f.read_text()) for f in files if f.name.endswith(".sql"))


def prepare(path: Path) -> None:
    """Makes or migrates the database at `path`; raises StoreError or sqlite3.Error."""
    known = migrations()
    newest = known[-1][0]
    connection = connect(path)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > newest:
            raise StoreError(
                f"{path}: was written by a newer evsed (schema {version}; this one knows up to {newest}). "
                f"Install that release or a later one."
            )
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise StoreError(damaged(path, problem))
        for number, script in known:
            if number > version:
                connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        connection.execute("DELETE FROM alias WHERE id <= (SELECT max(id) FROM alias) - ?", (ALIASES_KEPT,))
    finally:
        connection.close()


def damaged(path: Path, problem: str) -> str:
    """The text for a file that SQLite cannot read."""
    return (
        f"{path}: is damaged ({problem}). It may hold charges that were not yet reported, so evsed keeps it as it is. "
        f"Move it away for rescue, mv {path} {path}.damaged and the same for {path.name}-wal, then start evsed "
        f"again: it begins with an empty database."
    )
