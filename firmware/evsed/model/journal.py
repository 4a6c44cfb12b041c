"""What is written to the disk, as values: the core, the outbox and the store meet here.

All entries of one `Station.handle` become one SQLite transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from .reports import Report


@dataclass(frozen=True, slots=True)
class Save:
    """Keep `thing` (a frozen dataclass of the model, or JSON values) under (kind, key), replacing what was there."""

    kind: str  # transaction profile variable token availability ...
    key: str
    thing: object


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove (kind, key); with key None the whole kind."""

    kind: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Tell:
    """Queue this report for the central system."""

    report: Report


@dataclass(frozen=True, slots=True)
class Frame:
    """A call as it was first spelt; a resend repeats it byte for byte."""

    message_id: str
    action: str
    text: str  # the whole OCPP-J frame


@dataclass(frozen=True, slots=True)
class Row:
    """A queued report as the store has it."""

    id: int
    report: Report
    version: str | None  # of `frames`; None before the first sending
    frames: tuple[Frame, ...]
    answered: int
    attempts: int


@dataclass(frozen=True, slots=True)
class KeepFrames:
    """Remember how report `row` was spelt in `version`, before its first frame goes out."""

    row: int
    version: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Report `row`: so many of its frames are answered; the present one has failed so often."""

    row: int
    answered: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Done:
    """Report `row` has been taken by the central system: the row goes."""

    row: int


@dataclass(frozen=True, slots=True)
class Bury:
    """Report `row` is a dead letter: kept apart with the reason, never sent again."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Bind:
    """1.6: the central system's number for our transaction. None: given up, -1 goes out."""

    transaction: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Booted:
    """For boot number `boot`, utc - mono (s), once the clock is known: stamps what was recorded before."""

    boot: int
    offset: float


Entry = Save | Forget | Tell | KeepFrames | Progress | Done | Bury | Bind | Booted
