"""What outlasts one connection: the queue, the questions that wait, the gate, the counters."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from evsed.clock import Clock
from evsed.core.block import Config
from evsed.core.effects import Ask
from evsed.model.inputs import Input, Unanswered
from evsed.model.journal import Entry, Row
from evsed.model.questions import Beat, Boot
from evsed.model.time import Instant

from ..dialects import Context
from ..dialects.times import spell_time
from ..outbox import Outbox, Outcome, Policy

Log = Callable[[str, str], None]  # text, level: info warning error


class Put(Protocol):
    """Gives an input to the inbox. `entries` become part of the same commit as what the station makes of it; `done`
    is called in the loop after that commit, when the effects have been carried out."""

    def __call__(self, input: Input, entries: Sequence[Entry] = (), done: Callable[[], None] | None = None) -> None: ...


class Store(Protocol):
    """What the link needs of the store; see store/database.py."""

    def submit(self, entries: Sequence[Entry], done: Callable[[], None] | None = None) -> list[int]: ...
    def reports(self, after: int, limit: int, lane: int | None = None) -> list[Row]: ...
    def things(self, kind: str, type: Any = Any) -> dict[str, Any]: ...
    def aliases(self) -> dict[str, int | None]: ...
    def superseded(self) -> list[int]: ...
    def thinnable(self) -> list[int]: ...
    def count(self) -> int: ...
    def last_id(self) -> int: ...


@dataclass(slots=True)
class Asked:
    """A question of ours that waits to be sent."""

    ask: Ask
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Lasting:
    """Shared by the link and the talk on its present connection."""

    outbox: Outbox
    store: Store
    clock: Clock
    config: Config
    context: Context
    put: Put
    log: Log
    level: str = "closed"  # the gate
    asks: list[Asked] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    observers: list[Callable[[str, str], None]] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    unasked: int = 0
    calls: int = 0  # numbers given to calls of the central system

    def now(self) -> float:
        """mono s."""
        return self.clock.mono()

    def policy(self) -> Policy:
        """Attempts and interval for reports, as configured now."""
        return Policy(
            self.config.integer("OCPPCommCtrlr.MessageAttempts[TransactionEvent]"),
            self.config.decimal("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]"),
        )

    def timeout(self) -> float:
        """Seconds that an answer may take."""
        return self.config.decimal("OCPPCommCtrlr.MessageTimeout[Default]")

    def frame(self, direction: str, text: str) -> None:
        """A frame went `out` or came `in`."""
        if direction == "out":
            self.sent += 1
        else:
            self.received += 1
        for observer in self.observers:
            observer(direction, text)

    def write(self, outcome: Outcome, done: Callable[[], None] | None = None) -> None:
        """Journal and inputs of an outcome; `done` when all of it is durable."""
        for note in outcome.notes:
            self.log(note, "warning")
        if not outcome.inputs:
            self.store.submit(outcome.entries, done)
            return
        for input in outcome.inputs[:-1]:
            self.put(input)
        self.put(outcome.inputs[-1], outcome.entries, done)  # an input without entries need not wait for the disk

    # --- questions ----------------------------------------------------------------------------------------------

    def queue(self, ask: Ask) -> None:
        """Keeps `ask` until it can be sent, or its deadline has come."""
        asked = Asked(ask)
        asked.timer = asyncio.get_running_loop().call_later(max(0.0, ask.deadline - self.now()), self._expire, asked)
        self.asks.append(asked)
        self.wake.set()

    def next_ask(self) -> Ask | None:
        """The first question that the gate lets out; it is no longer queued."""
        for asked in self.asks:
            if self.level == "open" or isinstance(asked.ask.question, Boot | Beat if self.level == "pending" else Boot):
                self.asks.remove(asked)
                if asked.timer is not None:
                    asked.timer.cancel()
                return asked.ask
        return None

    def unanswered(self, why: str) -> None:
        """The connection is gone: all but a boot notification cannot be asked any more."""
        for asked in [asked for asked in self.asks if not isinstance(asked.ask.question, Boot)]:
            self.asks.remove(asked)
            if asked.timer is not None:
                asked.timer.cancel()
            self.put(Unanswered(asked.ask.id, why))

    def _expire(self, asked: Asked) -> None:
        if asked in self.asks:
            self.asks.remove(asked)
            self.put(Unanswered(asked.ask.id, "it could not be asked in time"))


def new_id() -> str:
    """A message id."""
    return str(uuid.uuid4())


def stamper(clock: Clock) -> Callable[[Instant], str]:
    """Writes instants as OCPP wants them. What was recorded in a boot whose clock was never found gets this moment:
    it is the latest that it can have been."""

    def stamp(at: Instant) -> str:
        utc = clock.utc_of(at)
        if utc is None:
            utc = clock.now().utc
        return spell_time(0.0 if utc is None else utc)

    return stamp
