"""The station's loop: every input goes through one queue into the core, and its effects are carried out in order.

All journal entries of one input are one commit; the other effects follow it. What carries effects out is the Hands
protocol, so that neither the store nor the link is known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, get_args

from evse_drivers.api import Permit

from evsed.clock import Clock
from evsed.core.effects import Ask, Do, Effect, Gate, Note, Reconnect, Reply, Restart, SetClock, Sign
from evsed.core.station import Station
from evsed.model.inputs import ClockSet, Input, Tick
from evsed.model.journal import Booted, Entry, Tell
from evsed.permits import Permits

ENTRIES = get_args(Entry)
Done = Callable[[], None]


class Hands(Protocol):
    """Carries out what the core wants; called in the loop, never blocks."""

    def submit(self, entries: Sequence[Entry], done: Done) -> object:
        """Write them as one transaction; `done` after it is durable."""

    def permit(self, permit: Permit) -> None: ...

    def act(self, do: Do) -> None: ...

    def sign(self, sign: Sign) -> None: ...

    def ask(self, ask: Ask) -> None: ...

    def reply(self, reply: Reply) -> None: ...

    def gate(self, level: str) -> None: ...

    def queued(self) -> None:
        """Reports have been committed."""

    def reconnect(self) -> None: ...

    def restart(self, restart: Restart) -> None: ...

    def note(self, text: str, level: str) -> None: ...

    def broken(self, error: Exception) -> None:
        """The rules or an effect have failed, and what memory holds is not what the disk holds: end this process."""


class Inbox:
    """`put` may be called from anywhere in the loop, also while an effect is being carried out."""

    def __init__(self, station: Station, clock: Clock, hands: Hands) -> None:
        self._station, self._clock, self._hands = station, clock, hands
        self._permits = Permits(hands.permit)
        self._waiting: deque[tuple[Input, Sequence[Entry], Done | None]] = deque()
        self._busy = False
        self._broken = False
        self._timer: asyncio.TimerHandle | None = None

    def put(self, input: Input, entries: Sequence[Entry] = (), done: Done | None = None) -> None:
        """Give an input. `entries` join the commit of what it causes; `done` is called after its effects."""
        if self._broken:
            return  # nothing more is built on what may be wrong; the next process goes on from the disk
        self._waiting.append((input, entries, done))
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                self._take(*self._waiting.popleft())
        except Exception as error:  # whoever gave the input may survive it, as the link does; the station must not
            self._break(error)
            raise
        finally:
            self._busy = False
        self._set_timer()

    def close(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()

    def _break(self, error: Exception) -> None:
        self._broken = True
        self._waiting.clear()
        self.close()
        self._hands.broken(error)

    def _take(self, input: Input, more: Sequence[Entry], done: Done | None) -> None:
        entries: list[Entry] = list(more)
        after: list[Effect] = []
        permits: dict[int, Permit] = {}  # the last one counts: on the way to it the blocks may not all have spoken
        for effect in self._station.handle(input, self._clock.now()):
            if isinstance(effect, ENTRIES):
                entries.append(effect)
            elif isinstance(effect, Permit):
                permits[effect.evse] = effect
            else:
                after.append(effect)
        raised = [permit for permit in permits.values() if self._permits.want(permit)]
        if not entries and not raised:
            self._carry_out(after, done)
            return

        def committed() -> None:
            try:
                for permit in raised:
                    self._permits.durable(permit)
                self._carry_out(after, done)
                if any(isinstance(entry, Tell) for entry in entries):
                    self._hands.queued()
            except Exception as error:  # as in put: the loop that calls this would only log it
                self._break(error)
                raise

        self._hands.submit(entries, committed)

    def _carry_out(self, effects: list[Effect], done: Done | None) -> None:
        hands = self._hands
        for effect in effects:
            match effect:
                case Ask():
                    hands.ask(effect)
                case Reply():
                    hands.reply(effect)
                case Do():
                    hands.act(effect)
                case Sign():
                    hands.sign(effect)
                case Gate(level):
                    hands.gate(level)
                case SetClock(utc):
                    self._set_clock(utc)
                case Reconnect():
                    hands.reconnect()
                case Restart():
                    hands.restart(effect)
                case Note(text, level):
                    hands.note(text, level)
        if done is not None:
            done()

    def _set_clock(self, utc: float) -> None:
        if self._clock.set(utc):
            now = self._clock.now()
            self.put(ClockSet(), (Booted(now.boot, utc - now.mono),))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._station.next_deadline()
        if deadline is not None:
            wait = max(deadline - self._clock.mono(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(wait, self.put, Tick())
