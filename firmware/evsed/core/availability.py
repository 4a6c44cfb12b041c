"""Whether the operator lets an EVSE, or the station, be used. Survives restarts; waits for a running transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evsed.model.commands import ChangeAvailability, Status
from evsed.model.inputs import Called, Input, Started
from evsed.model.journal import Save
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .effects import Effect, Reply
from .facts import Availability, Fact, TransactionBegan, TransactionOver

STATION = 0
Out = Iterator[Effect | Fact]


class Availabilities:
    """`saved`: operative or not by EVSE, "0" for the station (kind "availability"); `running`: EVSEs in use."""

    hears = (ChangeAvailability, TransactionBegan, TransactionOver, Started)

    def __init__(self, topology: Topology, saved: Mapping[str, bool], running: frozenset[int]) -> None:
        numbers = (STATION, *(evse.id for evse in topology.evses))
        self._operative = {number: saved.get(str(number), True) for number in numbers}
        self._told = dict.fromkeys(numbers, True)
        self._scheduled: dict[int, bool] = {}
        self._running = set(running)

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first line."""
        match event:
            case Started():
                yield from self._tell()
            case TransactionBegan(transaction):
                self._running.add(transaction.evse)
            case TransactionOver(evse):
                self._running.discard(evse)
                yield from self._apply_scheduled(evse)
            case Called(call, ChangeAvailability(evse, operative)):
                yield from self._change(call, STATION if evse is None else evse, operative)

    def next_deadline(self) -> float | None:
        """None: it waits for transactions, not for time."""
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        """What is out of service, and what will be."""
        return {
            "out_of_service": [number for number, operative in self._operative.items() if not operative],
            "scheduled": {str(number): operative for number, operative in self._scheduled.items()},
        }

    def _change(self, call: int, number: int, operative: bool) -> Out:
        if number not in self._operative:
            yield Reply(call, Status("Rejected", f"there is no EVSE {number}"))
            return
        self._scheduled.pop(number, None)
        waits = self._running if number == STATION else self._running & {number}
        if not operative and waits and self._operative[number]:
            self._scheduled[number] = operative
            yield Reply(call, Status("Scheduled"))
            if number == STATION:
                yield from self._tell()
            return
        yield Reply(call, Status("Accepted"))
        yield from self._set(number, operative)

    def _apply_scheduled(self, evse: int) -> Out:
        if evse in self._scheduled:
            yield from self._set(evse, self._scheduled.pop(evse))
        if STATION in self._scheduled:
            if not self._running:
                yield from self._set(STATION, self._scheduled.pop(STATION))
            else:
                yield from self._tell()

    def _set(self, number: int, operative: bool) -> Out:
        if self._operative[number] != operative:
            self._operative[number] = operative
            yield Save("availability", str(number), operative)
        yield from self._tell()

    def _tell(self) -> Out:
        """The station's word holds for every EVSE; while it waits for some, the idle ones go out of service."""
        closing = self._scheduled.get(STATION) is False
        for number, operative in self._operative.items():
            usable = operative and self._operative[STATION]
            if closing and number != STATION and number not in self._running:
                usable = False
            if usable != self._told[number]:
                self._told[number] = usable
                yield Availability(number, usable)
