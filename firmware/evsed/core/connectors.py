"""What the central system hears of each connector and of the station: one snapshot, told when it changes.

A snapshot that does not last MinimumStatusDuration is not told (1.6 key; faults are told at once). What is wrong OFTEN
times within WITHIN is told as gone only after CALM: a contact that chatters must wear neither the disk nor the link.
Which status a snapshot is in OCPP's words the dialects know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from evsed.model.inputs import Input, LinkDown, Observed, Tick
from evsed.model.journal import Tell
from evsed.model.reports import ConnectorReport
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .block import Config
from .effects import Effect
from .facts import Availability, Fact, FaultsChanged, Registered, SessionChanged, Triggered
from .faults import PILOT_LOST

MINIMUM = "OCPP16Ctrlr.MinimumStatusDuration"
OFFLINE_THRESHOLD = "OCPPCommCtrlr.OfflineThreshold"
OFTEN, WITHIN, CALM = 5, 60.0, 30.0  # times; s; s


@dataclass(slots=True)
class _Connector:
    """One connector; EVSE 0 is the station."""

    snapshot: ConnectorReport
    told: ConnectorReport | None = None
    due: float | None = None  # mono s at which a pending snapshot is told
    heard: bool = False  # since the start; before that nobody knows whether a vehicle is plugged in
    owed: bool = False  # to be told whatever it is, once its pilot has been heard
    info: str = ""  # the session's words; a fault's go before them
    comings: deque[float] = field(default_factory=lambda: deque(maxlen=OFTEN))  # mono s, of what was wrong

    @property
    def wrong(self) -> bool:
        """A fault or a warning stands; its words are told."""
        return self.snapshot.fault is not None or self.snapshot.warning is not None

    def chatters(self, was_wrong: bool, now: float) -> bool:
        """All is well again, but it may not be for long."""
        if self.wrong and not was_wrong:
            self.comings.append(now)
        often = len(self.comings) == OFTEN and now - self.comings[0] < WITHIN
        return often and was_wrong and not self.wrong


class Connectors:
    """Composes ConnectorReport from what the other blocks say."""

    hears = (Observed, SessionChanged, Availability, FaultsChanged, Registered, LinkDown, Triggered)

    def __init__(self, topology: Topology, config: Config, now: Instant) -> None:
        self._config = config
        numbers = (0, *(evse.id for evse in topology.evses))
        self._all = {number: _Connector(ConnectorReport(now, number, operative=True)) for number in numbers}
        self._all[0].heard = True
        self._registered = False
        self._offline_since: float | None = None  # mono s

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first lines."""
        match event:
            case Observed(seen):
                connector = self._all[seen.evse]
                if not connector.heard:
                    connector.heard, connector.due = True, now.mono  # once the session has said what it makes of it
            case SessionChanged():
                yield from self._session(event, now)
            case FaultsChanged():
                yield from self._faults(event, now)
            case Availability(evse, operative):
                yield from self._update(evse, now, operative=operative)
            case Registered("Accepted"):
                yield from self._tell_all(now)
            case LinkDown() if self._offline_since is None:
                self._offline_since = now.mono
            case Triggered("StatusNotification", wanted):
                for number, connector in self._all.items():
                    if wanted in (None, number):
                        yield from self._tell(connector, now, always=True)
            case Tick():
                yield from self._tick(now)

    def next_deadline(self) -> float | None:
        """A snapshot that has lasted long enough."""
        return min((its.due for its in self._all.values() if its.due is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE: whether the operator lets it be used, and what is wrong with it."""
        return {
            str(number): {"operative": connector.snapshot.operative, "fault": connector.snapshot.fault}
            for number, connector in self._all.items()
        }

    def snapshot(self, number: int) -> ConnectorReport:
        """Of that EVSE (0: the station), as it is now."""
        return self._all[number].snapshot

    def _session(self, told: SessionChanged, now: Instant) -> Iterator[Effect]:
        connector = self._all[told.evse]
        connector.info = told.info
        yield from self._update(
            told.evse,
            now,
            plugged=told.plugged,
            preparing=told.preparing,
            transaction=told.transaction,
            finished=told.finished,
            charging_state=told.charging_state,
            info=connector.info if not connector.wrong else connector.snapshot.info,
        )

    def _faults(self, told: FaultsChanged, now: Instant) -> Iterator[Effect]:
        connector = self._all[told.evse]
        warning = told.warnings[0] if told.warnings else None
        wrong = told.fault or warning
        if told.fault == PILOT_LOST:
            connector.heard = True  # nobody waits for it any longer
        yield from self._update(
            told.evse, now, fault=told.fault, warning=warning, info=told.info if wrong else connector.info
        )

    def _update(self, number: int, now: Instant, **changes: Any) -> Iterator[Effect]:
        connector = self._all[number]
        before, was_wrong = connector.snapshot, connector.wrong
        connector.snapshot = replace(before, **changes)
        if connector.snapshot == before:
            return
        connector.snapshot = replace(connector.snapshot, at=now)
        wait = self._config.integer(MINIMUM)
        if connector.chatters(was_wrong, now.mono):
            connector.due = now.mono + max(wait, CALM)
        elif wait <= 0 or connector.snapshot.fault != before.fault:
            yield from self._tell(connector, now)
        else:
            connector.due = now.mono + wait

    def _tell(self, connector: _Connector, now: Instant, always: bool = False) -> Iterator[Effect]:
        connector.due = None
        if not connector.heard:
            connector.owed = connector.owed or always
            return
        always, connector.owed = always or connector.owed, False
        at = now if always else connector.snapshot.at
        report = replace(connector.snapshot, at=at, always=always)
        news = self._registered and (connector.told is None or not _same(report, connector.told))
        if always or news:  # what was triggered is told while Pending too (B02.FR.02)
            connector.told = report
            yield Tell(report)

    def _tell_all(self, now: Instant) -> Iterator[Effect]:
        """After boot, or long offline, all with the present time; after a mere reconnect only what has changed."""
        away = 0.0 if self._offline_since is None else now.mono - self._offline_since
        always = not self._registered or away > self._config.integer(OFFLINE_THRESHOLD)
        self._registered, self._offline_since = True, None
        for connector in self._all.values():
            yield from self._tell(connector, now, always)

    def _tick(self, now: Instant) -> Iterator[Effect]:
        for connector in self._all.values():
            if connector.due is not None and now.mono >= connector.due:
                yield from self._tell(connector, now)


def _same(one: ConnectorReport, other: ConnectorReport) -> bool:
    return replace(one, at=other.at, always=other.always) == other
