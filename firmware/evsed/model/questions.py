"""What the station asks the central system and waits for; nothing here is queued."""

from __future__ import annotations

from dataclasses import dataclass

from .tokens import Token, Verdict


@dataclass(frozen=True, slots=True)
class Boot:
    """BootNotification; `reason` in 2.x words (PowerUp, RemoteReset, Watchdog, Triggered ...)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Beat:
    """Heartbeat."""


@dataclass(frozen=True, slots=True)
class Authorize:
    """May this token charge?"""

    token: Token


Question = Boot | Beat | Authorize


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """`word` is Accepted, Pending or Rejected; `interval` in s."""

    word: str
    utc: float | None
    interval: int


@dataclass(frozen=True, slots=True)
class BeatAnswer:
    """The central system's time."""

    utc: float | None


@dataclass(frozen=True, slots=True)
class AuthorizeAnswer:
    """Its verdict."""

    verdict: Verdict


Reply = BootAnswer | BeatAnswer | AuthorizeAnswer
