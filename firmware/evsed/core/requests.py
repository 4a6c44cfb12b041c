"""The small requests: unlock a connector, send a message now, vendor-specific data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evsed.model.commands import DataTransfer, Status, TriggerMessage, Unlock
from evsed.model.inputs import Called, Input, Observed, Tick
from evsed.model.time import Instant
from evsed.model.topology import Topology
from evsed.model.transactions import StopReason

from .effects import Do, Effect, Reply
from .facts import Fact, Registered, StopWanted, TransactionBegan, TransactionOver, Triggered

UNLOCKING = 5.0  # s for the plug lock to open, once the contactor may
TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification", "TransactionEvent")
OF_AN_EVSE = TRIGGERS[2:]  # for the others an EVSE means nothing (F06.FR.03)

Out = Iterator[Effect | Fact]


class Requests:
    """`running`: the EVSEs in use at the start."""

    hears = (Unlock, TriggerMessage, DataTransfer, Observed, Registered, TransactionBegan, TransactionOver)

    def __init__(self, topology: Topology, running: frozenset[int]) -> None:
        self._topology, self._running = topology, set(running)
        self._locked: dict[int, bool | None] = {}
        self._unlocking: dict[int, tuple[int, float | None]] = {}  # EVSE: call and deadline; None: not driven yet
        self._accepted = False

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first line."""
        match event:
            case Observed(seen):
                self._locked[seen.evse] = seen.locked
                if seen.locked is False and seen.evse in self._unlocking:
                    yield from self._answer(seen.evse, "Unlocked")
            case TransactionBegan(transaction):
                self._running.add(transaction.evse)
            case TransactionOver(evse):
                self._running.discard(evse)
                if evse in self._unlocking:
                    yield from self._drive(evse, now)
            case Registered(word):
                self._accepted = word == "Accepted"
            case Called(call, Unlock() as command):
                yield from self._unlock(call, command, now)
            case Called(call, TriggerMessage() as command):
                yield from self._trigger(call, command)
            case Called(call, DataTransfer(vendor)):
                yield Reply(call, Status("UnknownVendorId", f"nothing is agreed with {vendor!r}"))
            case Tick():
                late = [evse for evse, (_, by) in self._unlocking.items() if by is not None and now.mono >= by]
                for evse in late:
                    yield from self._answer(evse, "UnlockFailed")

    def next_deadline(self) -> float | None:
        """A lock that does not open."""
        return min((by for _, by in self._unlocking.values() if by is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """Locks being opened."""
        return {"unlocking": sorted(self._unlocking)}

    def _unlock(self, call: int, command: Unlock, now: Instant) -> Out:
        evse = self._topology.evse(command.evse)
        if evse is None:
            yield Reply(call, Status("UnknownConnector", f"there is no EVSE {command.evse}"))
        elif not evse.has_lock:
            yield Reply(call, Status("NotSupported", f"EVSE {evse.id} has no plug lock"))
        elif evse.id in self._unlocking:
            yield Reply(call, Status("UnlockFailed", "the lock is being opened already"))
        elif evse.id in self._running and not command.ends_transaction:
            yield Reply(call, Status("OngoingAuthorizedTransaction", f"a transaction runs on EVSE {evse.id}"))
        elif evse.id in self._running:
            self._unlocking[evse.id] = (call, None)
            yield StopWanted(evse.id, StopReason.UNLOCK_COMMAND)
        else:
            self._unlocking[evse.id] = (call, None)
            yield from self._drive(evse.id, now)

    def _drive(self, evse: int, now: Instant) -> Out:
        call, _ = self._unlocking[evse]
        self._unlocking[evse] = (call, now.mono + UNLOCKING)
        yield Do(evse, "unlock")
        if self._locked.get(evse) is False:
            yield from self._answer(evse, "Unlocked")

    def _answer(self, evse: int, word: str) -> Out:
        if word == "Unlocked" and self._unlocking[evse][1] is None:
            return  # open since before; the transaction has not ended yet
        call, _ = self._unlocking.pop(evse)
        yield Reply(call, Status(word))

    def _trigger(self, call: int, command: TriggerMessage) -> Out:
        if command.what not in TRIGGERS:
            yield Reply(call, Status("NotImplemented", f"{command.what} is none of {', '.join(TRIGGERS)}"))
        elif command.what in OF_AN_EVSE and command.evse and self._topology.evse(command.evse) is None:
            yield Reply(call, Status("Rejected", f"there is no EVSE {command.evse}"))
        elif command.what == "BootNotification" and self._accepted:
            yield Reply(call, Status("Rejected", "the boot notification has been accepted already"))
        else:
            yield Reply(call, Status("Accepted"))
            yield Triggered(command.what, command.evse)
