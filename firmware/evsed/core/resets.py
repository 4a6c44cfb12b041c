"""Reset: ends the transactions (or waits for their end), then asks for the restart.

It acknowledges no fault: a latched one wants a person at the wallbox who has looked (`evsed do acknowledge`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evsed.model.commands import Reset, Status
from evsed.model.inputs import Called, Input, Tick
from evsed.model.journal import Save
from evsed.model.time import Instant
from evsed.model.topology import Topology
from evsed.model.transactions import StopReason

from .effects import Effect, Reply, Restart
from .facts import Fact, StopWanted, TransactionBegan, TransactionOver

ENDING = 20.0  # s for transactions to end properly; longer than a session waits for contactor and meter

Out = Iterator[Effect | Fact]


class Resets:
    """`running`: the EVSEs in use at the start."""

    hears = (Reset, TransactionBegan, TransactionOver)

    def __init__(self, topology: Topology, running: frozenset[int]) -> None:
        self._evses = {evse.id for evse in topology.evses}
        self._running = set(running)
        self._pending: str | None = None  # the restart's cause
        self._evses_pending: set[int] = set()  # to be reset alone, once idle
        self._by: float | None = None  # mono s at which the restart comes, whatever still runs

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first line."""
        match event:
            case TransactionBegan(transaction):
                self._running.add(transaction.evse)
            case TransactionOver(evse):
                self._running.discard(evse)
                self._evses_pending.discard(evse)
                yield from self._restart_if_quiet()
            case Called(call, Reset() as command):
                yield from self._reset(call, command, now)
            case Tick() if self._by is not None and now.mono >= self._by:
                self._running.clear()
                yield from self._restart_if_quiet()

    def next_deadline(self) -> float | None:
        """The end of patience."""
        return self._by

    def view(self, now: Instant) -> dict[str, Any]:
        """Whether a restart is pending."""
        return {"pending": self._pending is not None, "evses": sorted(self._evses_pending)}

    def _reset(self, call: int, command: Reset, now: Instant) -> Out:
        if command.evse is not None:
            yield from self._reset_evse(call, command)
            return
        reason = StopReason.IMMEDIATE_RESET if command.hard else StopReason.SCHEDULED_RESET
        waits = command.on_idle and bool(self._running)
        yield Reply(call, Status("Scheduled" if waits else "Accepted"))
        self._pending = "ScheduledReset" if waits else "RemoteReset"  # B11: what did not wait was not scheduled
        if not waits:
            self._by = now.mono + ENDING
            for evse in sorted(self._running):
                yield StopWanted(evse, reason)
        yield from self._restart_if_quiet()

    def _reset_evse(self, call: int, command: Reset) -> Out:
        """One EVSE: its transaction ends, and that is all there is to it."""
        evse = command.evse
        if evse is None or evse not in self._evses:
            yield Reply(call, Status("Rejected", f"there is no EVSE {evse}"))
        elif evse in self._running and command.on_idle:
            self._evses_pending.add(evse)
            yield Reply(call, Status("Scheduled"))
        else:
            yield Reply(call, Status("Accepted"))
            if evse in self._running:
                yield StopWanted(evse, StopReason.IMMEDIATE_RESET)

    def _restart_if_quiet(self) -> Out:
        if self._pending is not None and not self._running:
            cause, self._pending, self._by = self._pending, None, None
            yield Save("restart", "cause", cause)  # told in the next boot notification
            yield Restart(cause)
