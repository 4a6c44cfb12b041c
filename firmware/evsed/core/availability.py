"""Whether the operator lets an EVSE, or the station, be used. Survives restarts; waits for a running transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evsed.model.commands import ChangeAvailability, Status
from evsed.model.inputs import Called, Input, Started
from evsed.model.journal import Forget, Save
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .effects import Effect, Reply
from .facts import Availability, Fact, TransactionBegan, TransactionOver

STATION = 0
Out = Iterator[Effect | Fact]


class Availabilities:
    """`saved`: operative or not by EVSE, "0" for the station, and "after N" for what a transaction still keeps in
    service (kind "availability"); `running`: EVSEs in use."""

    hears = (ChangeAvailability, TransactionBegan, TransactionOver, Started)

    def __init__(self, topology: Topology, saved: Mapping[str, bool], running: frozenset[int]) -> None:
        numbers = (STATION, *(evse.id for evse in topology.evses))
        self._operative = {number: saved.get(str(number), True) for number in numbers}
        self._told = dict.fromkeys(numbers, True)
        self._closing = {number for number in numbers if saved.get(_after(number))}  # once their transactions end
        self._running = set(running)

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first line."""
        match event:
            case Started():
                for evse in sorted(self._closing - {STATION} - self._running):
                    yield from self._close(evse)
                yield from self._close_station()
                yield from self._tell()
            case TransactionBegan(transaction):
                self._running.add(transaction.evse)
            case TransactionOver(evse):
                self._running.discard(evse)
                if evse in self._closing:
                    yield from self._close(evse)
                yield from self._close_station()
                yield from self._tell()
            case Called(call, ChangeAvailability(evse, operative)):
                yield from self._change(call, STATION if evse is None else evse, operative)

    def next_deadline(self) -> float | None:
        """None: it waits for transactions, not for time."""
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        """What is out of service, and what will be."""
        return {
            "out_of_service": [number for number, operative in self._operative.items() if not operative],
            "out_of_service_after_charge": sorted(self._closing),
        }

    def _change(self, call: int, number: int, operative: bool) -> Out:
        if number not in self._operative:
            yield Reply(call, Status("Rejected", f"there is no EVSE {number}"))
            return
        waits = self._running if number == STATION else self._running & {number}
        if not operative and waits and self._operative[number]:
            self._closing.add(number)
            yield Save("availability", _after(number), True)
            yield Reply(call, Status("Scheduled"))
        else:
            yield Reply(call, Status("Accepted"))
            yield from self._forget(number)
            yield from self._set(number, operative)
        yield from self._tell()

    def _close_station(self) -> Out:
        if STATION in self._closing and not self._running:
            yield from self._close(STATION)

    def _close(self, number: int) -> Out:
        yield from self._forget(number)
        yield from self._set(number, False)

    def _forget(self, number: int) -> Out:
        if number in self._closing:
            self._closing.discard(number)
            yield Forget("availability", _after(number))

    def _set(self, number: int, operative: bool) -> Out:
        if self._operative[number] != operative:
            self._operative[number] = operative
            yield Save("availability", str(number), operative)

    def _tell(self) -> Out:
        """The station's word holds for every EVSE; while it waits for some, the idle ones go out of service."""
        closing = STATION in self._closing
        for number, operative in self._operative.items():
            usable = operative and self._operative[STATION]
            if closing and number != STATION and number not in self._running:
                usable = False
            if usable != self._told[number]:
                self._told[number] = usable
                yield Availability(number, usable)


def _after(number: int) -> str:
    return f"after {number}"
