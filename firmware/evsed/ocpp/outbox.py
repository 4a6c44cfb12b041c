"""The queue of reports: order, retry, what may be dropped (sans-I/O).

Reports lie in the store and come here in three lanes. The bound lane holds what belongs to transactions, and meter
values; its order is never changed. The free lane holds connector states and inventories, which go in recorded order too
until a bound report fails, and may overtake it from then on.

Faults are a history (N07.FR.04): none is dropped, not even offline, and none overtakes another. They have a lane of
their own because a central system that does not take one must hold back neither a bill nor a connector's state, nor
the other way round.

Delivery is at least once: frames are kept (durably) before the first sending, and go byte for byte the same again. The
caller sends a `ready` frame only after the entries that came with it are durable, and tells what became of it by
`taken` or `failed` before it asks for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evsed.model.inputs import Buried, Delivered
from evsed.model.journal import Bind, Bury, Done, Entry, Forget, Frame, KeepFrames, Progress, Save
from evsed.model.reports import ConnectorReport, FaultReport, Kind, Report, TransactionReport

from .dialects import Body, Learned
from .grants import Grants
from .lanes import BOUND, FAULTS, FREE, Item, Lane, Page
from .rpc import call_text

AT_ONCE = 50  # rows settled without sending (spelt as nothing, or buried) before the caller may do something else
CARRIER = "carrier"  # kind in the store: which version carried the start of a transaction
NEVER = ("NotImplemented", "NotSupported")  # who answers a fault so takes no other one either
ABANDONED = ""  # as a carrier: the rest of that transaction is a dead letter


class Spell(Protocol):
    """A report as checked calls of the present version; raises ValueError (BodyError) when it cannot be spelt."""

    def __call__(self, report: Report, /) -> tuple[Body, ...]: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a message that the central system does not take is sent, and the wait before each repetition: so many
    seconds times the number of transmissions so far."""

    attempts: int
    interval: float


@dataclass(slots=True)
class Outcome:
    """What is to be written, what the station hears of it, and lines for the log."""

    entries: list[Entry] = field(default_factory=list)
    inputs: list[Delivered | Buried] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ready: Frame | None = None


class Outbox:
    """`aliases` and `carriers` are what the store has of them; see the module's first lines for the rest."""

    def __init__(self, page: Page, aliases: Mapping[str, int | None], carriers: Mapping[str, str]) -> None:
        self._bound, self._free, self._faults = self._lanes = tuple(Lane(page, n) for n in (BOUND, FREE, FAULTS))
        self._aliases = dict(aliases)
        self._carriers = dict(carriers)
        self._gone: set[int] = set()  # dropped, and perhaps not yet out of the store
        self._grants = Grants()
        self._flight: Item | None = None
        self._said: dict[int, str] = {}  # by EVSE: what its last connector state says, apart from when
        self._version: str | None = None
        self._spell: Spell = lambda report: ()

    # --- the link's state ---------------------------------------------------------------------------------------

    def versions(self, configured: Sequence[str]) -> tuple[str, ...]:
        """Which versions may be offered now: that of the transactions that are open or queued, else all."""
        pinned = {version for version in self._carriers.values() if version != ABANDONED}
        return tuple(sorted(pinned, reverse=True)) or tuple(configured)

    def pinned(self) -> bool:
        """Whether a transaction binds us to the version that carried its start."""
        return any(version != ABANDONED for version in self._carriers.values())

    def abandon(self) -> Outcome:
        """Gives up the transactions that bind us to a version: what is left of them becomes dead letters."""
        outcome = Outcome()
        for transaction, version in self._carriers.items():
            if version != ABANDONED:
                self._carriers[transaction] = ABANDONED
                outcome.entries.append(Save(CARRIER, transaction, ABANDONED))
                outcome.notes.append(f"transaction {transaction}: given up, nobody takes it in OCPP {version}")
        return outcome

    def online(self, version: str, spell: Spell) -> None:
        """A connection of that version stands."""
        self._version, self._spell = version, spell

    def offline(self) -> None:
        """It is gone; the frame in flight, if any, is neither taken nor failed and goes again as it was."""
        self._version = self._flight = None
        self._grants.clear()
        self._said.clear()

    def more(self) -> None:
        """New rows are committed."""
        for lane in self._lanes:
            lane.more = True

    def grant(self, what: str, evse: int | None, after: int) -> None:
        """While pending: reports that were triggered (2.x words) may go; they have ids above `after`."""
        self._grants.add(what, evse, after)

    # --- 1.6's numbers ------------------------------------------------------------------------------------------

    def number(self, transaction: str) -> int | None:
        """The central system's number of our transaction; None: none came, or it was given up."""
        return self._aliases.get(transaction)

    def transaction(self, number: int) -> str | None:
        """Our transaction of that number, the latest if the central system used it twice."""
        return next((ours for ours, known in reversed(self._aliases.items()) if known == number), None)

    # --- what is dropped ----------------------------------------------------------------------------------------

    def drop(self, ids: Iterable[int]) -> Outcome:
        """Lets go of connector states that later ones have made worthless, except for one in flight."""
        return self._drop(self._free, ids)

    def thin(self, ids: Sequence[int]) -> Outcome:
        """The queue is too long: lets go of every second of these meter values, so that the rest is spread evenly."""
        sent = {item.id for item in self._bound.items if item.frames}
        outcome = self._drop(self._bound, (id for id in ids[1::2] if id not in sent))
        if outcome.entries:
            outcome.notes.append(f"queue too long: {len(outcome.entries)} meter values dropped, every second one")
        return outcome

    def settled(self, outcome: Outcome) -> None:
        """What `drop` or `thin` gave is committed."""
        self._gone.difference_update(entry.row for entry in outcome.entries if isinstance(entry, Done))

    def _drop(self, lane: Lane, ids: Iterable[int]) -> Outcome:
        dropped = [id for id in ids if id not in self._gone and lane.holds(id) and not self._flies(id)]
        self._gone.update(dropped)
        lane.remove(self._gone)
        if lane is self._free and dropped:
            self._said.clear()
        return Outcome([Done(id) for id in dropped])

    def _flies(self, id: int) -> bool:
        return self._flight is not None and self._flight.id == id

    # --- sending ------------------------------------------------------------------------------------------------

    def prepare(self, now: float, level: str, new_id: Callable[[], str]) -> Outcome:
        """The next frame that may go out, once the entries beside it are durable. `level` is the gate's."""
        outcome = Outcome()
        for _ in range(AT_ONCE if self._version is not None else 0):
            for lane in self._lanes:
                lane.fill(self._gone)
            self._supersede(outcome)
            item = self._next(now, level)
            if item is None:
                break
            if not self._spelt(item, new_id, outcome):
                continue
            self._flight = item
            outcome.ready = item.frame
            break
        return outcome

    def next_deadline(self, now: float) -> float | None:
        """When (mono s) a report that failed is due again; a report that is due now is not told."""
        waits = [item.not_before for lane in self._lanes for item in lane.items if item.not_before > now]
        return min(waits, default=None)

    def late(self, message_id: str) -> Frame | None:
        """The frame that an answer belongs to which came after its time was over, if it still waits to go again; it
        is then in flight."""
        if self._flight is None:
            for item in (*list(self._bound.items)[:1], *self._free.items, *self._faults.items):
                if item.attempts and item.frames and item.frame.message_id == message_id:
                    self._flight = item
                    return item.frame
        return None

    def flying(self) -> Report:
        """The report in flight."""
        assert self._flight is not None
        return self._flight.report

    def taken(self, learned: Learned) -> Outcome:
        """The frame in flight was answered."""
        item, self._flight = self._flight, None
        assert item is not None
        outcome = Outcome()
        item.answered, item.attempts = item.answered + 1, 0
        item.verdict = learned.verdict or item.verdict
        if item.transaction is not None and learned.number is not None:
            self._bind(item.transaction, learned.number, outcome)
        if item.answered < len(item.frames):
            outcome.entries.append(Progress(item.id, item.answered, 0))
        else:
            self._finish(item, outcome)
        return outcome

    def failed(self, why: str, refused: bool, now: float, policy: Policy) -> Outcome:
        """The frame in flight was answered with an error (`refused`) or not in time. Being cut off is no failure."""
        item, self._flight = self._flight, None
        assert item is not None
        outcome = Outcome()
        item.attempts += 1
        if isinstance(item.report, ConnectorReport):
            self._said.pop(item.report.evse, None)
        if item.attempts < policy.attempts and not (refused and self._hopeless(item, why)):
            item.not_before = now + policy.interval * item.attempts
            outcome.entries.append(Progress(item.id, item.answered, item.attempts))
            return outcome
        item.given_up = f"{item.frame.action} sent {item.attempts} times: {why}"
        outcome.notes.append(f"report {item.id}: given up, {item.given_up}")
        item.answered, item.attempts, item.not_before = item.answered + 1, 0, 0.0
        if item.answered < len(item.frames):  # a Stop must go even if the meter values before it were refused
            outcome.entries.append(Progress(item.id, item.answered, 0))
        else:
            self._bury(item, item.given_up, outcome)
        return outcome

    # --- inside -------------------------------------------------------------------------------------------------

    def _next(self, now: float, level: str) -> Item | None:
        if level == "pending":
            return self._grants.first((*self._free.items, *self._bound.items), now)
        if level != "open":
            return None
        bound = self._bound.items[0] if self._bound.items else None
        free = self._next_free(now)
        if bound is None:
            return free
        if free is not None and (free.id < bound.id or bound.attempts > 0):
            return free
        return bound if bound.not_before <= now else None

    def _next_free(self, now: float) -> Item | None:
        due = [item for item in self._free.items if item.not_before <= now][:1]
        due += [item for item in list(self._faults.items)[:1] if item.not_before <= now]
        return min(due, key=lambda item: item.id, default=None)

    def _hopeless(self, item: Item, why: str) -> bool:
        """Whether what was refused is refused again. A connector state: yes, and the next one tells more."""
        if isinstance(item.report, FaultReport):
            return why.startswith(NEVER)
        return item in self._free.items

    def _supersede(self, outcome: Outcome) -> None:
        """A connector state that waits to be repeated must not come after a later one of the same connector."""
        latest = {item.report.evse: item.id for item in self._free.items if isinstance(item.report, ConnectorReport)}
        for item in list(self._free.items):
            if item.attempts and isinstance(item.report, ConnectorReport) and item.id < latest[item.report.evse]:
                self._free.items.remove(item)
                outcome.entries.append(Done(item.id))

    def _spelt(self, item: Item, new_id: Callable[[], str], outcome: Outcome) -> bool:
        """Whether `item` has a frame to send; else it has been settled."""
        assert self._version is not None
        if item.transaction is not None and self._carriers.get(item.transaction) == ABANDONED:
            self._bury(item, "nobody takes its transaction in the version that carried the start", outcome)
            return False
        if item.frames and item.version == self._version:
            if item.answered < len(item.frames):
                return True
            self._finish(item, outcome)  # killed between the last answer and its commit
            return False
        try:
            bodies = self._spell(item.report)
            ids = [new_id() for _ in bodies]
            frames = tuple(
                Frame(id, body.action, call_text(id, body.action, body.payload))
                for id, body in zip(ids, bodies, strict=True)
            )
        except ValueError as error:  # BodyError, or a number that is no JSON
            self._bury(item, f"cannot be spelt in OCPP {self._version}: {error}", outcome)
            outcome.notes.append(f"report {item.id}: not sent, it cannot be spelt in OCPP {self._version}: {error}")
            return False
        outcome.notes.extend(f"report {item.id}: {note}" for body in bodies for note in body.notes)
        if not frames or self._says_nothing_new(item.report, bodies):
            self._finish(item, outcome)
            return False
        item.version, item.frames, item.answered = self._version, frames, 0
        outcome.entries.append(KeepFrames(item.id, self._version, frames))
        if item.transaction is not None and item.transaction not in self._carriers:
            self._carriers[item.transaction] = self._version
            outcome.entries.append(Save(CARRIER, item.transaction, self._version))
        return True

    def _says_nothing_new(self, report: Report, bodies: tuple[Body, ...]) -> bool:
        """Whether a connector state reads in this version as the one before: 1.6 and 2.x tell fewer things apart."""
        if not isinstance(report, ConnectorReport):
            return False
        says = str([{**body.payload, "timestamp": ""} for body in bodies])
        if not report.always and self._said.get(report.evse) == says:
            return True
        self._said[report.evse] = says
        return False

    def _finish(self, item: Item, outcome: Outcome) -> None:
        self._remove(item, outcome)
        outcome.entries.append(Bury(item.id, item.given_up) if item.given_up else Done(item.id))
        outcome.inputs.append(Delivered(item.report, item.verdict))

    def _bury(self, item: Item, why: str, outcome: Outcome) -> None:
        if item.transaction is not None and _starts(item.report):
            self._bind(item.transaction, None, outcome)
        self._remove(item, outcome)
        outcome.entries.append(Bury(item.id, why))
        outcome.inputs.append(Buried(item.report, why))

    def _remove(self, item: Item, outcome: Outcome) -> None:
        next(lane for lane in self._lanes if item in lane.items).items.remove(item)
        if isinstance(item.report, TransactionReport) and item.report.kind is Kind.ENDED:
            self._aliases.pop(item.report.transaction, None)
            if self._carriers.pop(item.report.transaction, None) is not None:
                outcome.entries.append(Forget(CARRIER, item.report.transaction))

    def _bind(self, transaction: str, number: int | None, outcome: Outcome) -> None:
        if transaction not in self._aliases:
            self._aliases[transaction] = number
            outcome.entries.append(Bind(transaction, number))


def _starts(report: Report) -> bool:
    return isinstance(report, TransactionReport) and report.kind is Kind.STARTED
