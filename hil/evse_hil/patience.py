"""Waits for what a rig shows, with a deadline and a text that says what was seen instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .rig import Event, Instruments, Look, RigError

T = TypeVar("T")
POLL = 0.02  # s; events carry their own stamps, so this is only patience


def until(what: str, ask: Callable[[], T | None], seconds: float, every: float = POLL) -> T:
    """The first thing that `ask` returns and that is true; RigError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise RigError(f"within {seconds:g} s no {what}.")
        time.sleep(every)


def event(instruments: Instruments, kind: str, since: int, seconds: float) -> Event:
    """The first event of that kind after number `since`."""

    def ask() -> Event | None:
        return next((one for one in instruments.events(since) if one.kind == kind), None)

    try:
        return until(f'event "{kind}"', ask, seconds)
    except RigError as error:
        seen = ", ".join(f"{one.kind} at {one.at:.3f}" for one in instruments.events(since)) or "nothing"
        raise RigError(f"{error} Seen since event {since}: {seen}.") from None


def look(instruments: Instruments, what: str, good: Callable[[Look], bool], seconds: float) -> Look:
    """The first look that is good."""
    last: list[Look] = []

    def ask() -> Look | None:
        last[:] = [instruments.look()]
        return last[0] if good(last[0]) else None

    try:
        return until(what, ask, seconds)
    except RigError as error:
        raise RigError(f"{error} The instruments show {last[0]}.") from None
