"""What the central system is told of each fault's coming and going, and what the store keeps of that.

Every event has a number of its own, over restarts too; that of a going names the coming as its cause. A fault that
comes OFTEN times within WITHIN is told as gone only after it has been away for CALM: a contact that chatters must not
fill the disk with events of the same matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evsed.model.faults import FAULTS
from evsed.model.journal import Forget, Save, Tell
from evsed.model.reports import FaultReport
from evsed.model.time import Instant

from .effects import Effect, Note

OFTEN, WITHIN, CALM = 5, 3600.0, 600.0  # times; s; s
KIND, COUNTER = "fault", "fault event"  # in the store: what was told as standing; the last event's number
Key = tuple[int, str]  # EVSE (0: the station) and name


@dataclass(frozen=True, slots=True)
class Stood:
    """A fault that the central system has been told of as standing, as the store keeps it."""

    evse: int
    fault: str
    event: int


@dataclass(slots=True)
class _Told:
    """Of one fault on one EVSE."""

    stood: Stood | None = None
    comings: deque[float] = field(default_factory=lambda: deque(maxlen=OFTEN))  # mono s
    quiet_at: float | None = None  # mono s, when one that comes often is told as gone


class FaultLog:
    """`kept`: what an earlier run has told as standing (kind KIND); `last`: the number of its last event."""

    def __init__(self, kept: Iterable[Stood], last: int) -> None:
        self._told: dict[Key, _Told] = {(stood.evse, stood.fault): _Told(stood) for stood in kept}
        self._last = last

    def standing(self) -> set[Key]:
        """What was told as standing."""
        return {key for key, told in self._told.items() if told.stood is not None}

    def update(self, now: Instant, infos: Mapping[Key, str], running: Mapping[int, str]) -> Iterator[Effect]:
        """`infos`: what stands now, with its measured values in words; `running`: transactions by EVSE."""
        for key, info in infos.items():
            told = self._told.setdefault(key, _Told())
            told.quiet_at = None
            if told.stood is None:
                yield from self._came(key, told, now, info, running.get(key[0]))
        for key, told in self._told.items():
            if told.stood is not None and key not in infos:
                yield from self._left(key, told, now, running.get(key[0]))

    def next_deadline(self) -> float | None:
        """When one that comes often is told as gone."""
        return min((told.quiet_at for told in self._told.values() if told.quiet_at is not None), default=None)

    def _came(self, key: Key, told: _Told, now: Instant, info: str, transaction: str | None) -> Iterator[Effect]:
        evse, fault = key
        row = FAULTS[fault]
        told.comings.append(now.mono)
        told.stood = Stood(evse, fault, self._number())
        yield Save(KIND, f"{evse} {fault}", told.stood)
        yield Save(COUNTER, "last", self._last)
        yield Tell(FaultReport(now, evse, fault, True, told.stood.event, info=info, transaction=transaction))
        words = f"{_place(evse)}: {fault}: {row.text}" + (f" {info}" if info else "")
        yield Note(words, "warning" if row.warning else "error")

    def _left(self, key: Key, told: _Told, now: Instant, transaction: str | None) -> Iterator[Effect]:
        if len(told.comings) == OFTEN and now.mono - told.comings[0] < WITHIN:
            if told.quiet_at is None:
                told.quiet_at = now.mono + CALM
            if now.mono < told.quiet_at:
                return
        assert told.stood is not None
        evse, fault = key
        cause, told.stood, told.quiet_at = told.stood.event, None, None
        yield Forget(KIND, f"{evse} {fault}")
        event = self._number()
        yield Save(COUNTER, "last", self._last)
        yield Tell(FaultReport(now, evse, fault, False, event, cause, transaction=transaction))
        yield Note(f"{_place(evse)}: {fault}: gone")

    def _number(self) -> int:
        self._last += 1
        return self._last


def _place(evse: int) -> str:
    return f"EVSE {evse}" if evse else "station"
