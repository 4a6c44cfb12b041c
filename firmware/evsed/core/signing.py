"""Meters that sign what is charged: a session of the meter for each charge, its records, and no energy without.

Theory of operation. A meter has a signed session or has none; after a start, or a begin that failed, nobody knows
(UNSURE), and it is told to end what may run. Then it is IDLE, and OPEN from the record of a begin to that of an end.
The sessions say what they want (Attest); one conversation with each meter at a time brings it there, anew every AGAIN
where it fails. Where the config requires it, a ceiling of 0 A stands until the session is open: German calibration law
wants the first record before the first Wh. What the meter signs is kept before anything rests on it, and an open
session survives a restart with its begin. The end of a transaction waits WAIT for its record (after a power cut also
for the clock that the meter wants to be told) and is told without it after that; the meter is asked on, and the record
is kept when it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from evse_drivers.api import Signed

from evsed.model.inputs import ClockSet, HasSigned, Input, NotSigned, Started, Tick
from evsed.model.journal import Forget, Save
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import Context, SignedRecord

from .effects import Effect, Note, Sign
from .facts import Attest, Attested, Ceiling, Fact, Troubled

RECORDS, OPEN = "signed", "signing"  # kinds in the store: every record by its number; the open session by EVSE
FAULT = SOURCE = "signing"
AGAIN = 10.0  # s until a meter that failed is asked again
SOON = 2.0  # s, while the end of a transaction waits for it
WAIT = 10.0  # s that this end waits for its record
KEPT = 1000  # records; beyond that the oldest go, once their transactions have been told
NO_CLOCK = "the time is not known yet, and the meter writes it into its record"

Out = Iterator[Effect | Fact]


class State(StrEnum):
    """Of the meter's session."""

    UNSURE = "unsure"
    IDLE = "idle"
    OPEN = "open"


@dataclass(slots=True)
class _Meter:
    """What is known of one meter, and wanted of it."""

    evse: Evse
    state: State = State.UNSURE
    asked: str = ""  # begin or end, while the meter is at it
    asked_at: Instant | None = None  # which is when what it signs is of (OCA application note, 2.3.2)
    wish: Attest | None = None  # None until its session has spoken
    begun: SignedRecord | None = None  # while OPEN
    key: str = ""  # its number in the store
    closing: bool = False  # the open session is to be ended, whatever is wished next
    records: tuple[SignedRecord, ...] = ()  # of the present charge
    again_at: float = 0.0  # mono s
    give_up_at: float | None = None  # mono s at which the end of the transaction waits no longer
    refused: bool = False  # it would not begin, and the charge goes on without
    why: str = ""  # what went wrong last
    public_key: str = ""
    told: Attested | None = None
    troubled: str = ""
    capped: bool = False

    @property
    def over(self) -> bool:
        """The present charge has no more records to wait for."""
        wished = self.wish is not None and self.wish.wish == "end"
        return wished and not self.closing


class Signing:
    """`records` (by number) and `running` (by EVSE) are what the store has of the kinds RECORDS and OPEN;
    `queued(transaction)`: its reports still wait for the central system."""

    hears = (Started, ClockSet, Attest, HasSigned, NotSigned)

    def __init__(
        self,
        topology: Topology,
        records: Mapping[str, SignedRecord],
        running: Mapping[str, SignedRecord],
        queued: Callable[[str | None], bool],
    ) -> None:
        self._queued = queued
        self._meters = {evse.id: _Meter(evse) for evse in topology.evses if evse.signs}
        self._kept = {key: record.transaction for key, record in sorted(records.items())}
        self._number = max((int(key) for key in records), default=0)
        for record in records.values():
            if record.evse in self._meters:
                self._meters[record.evse].public_key = record.record.public_key
        for number, begun in running.items():
            if int(number) in self._meters:
                meter = self._meters[int(number)]
                meter.state, meter.begun, meter.records = State.OPEN, begun, (begun,)

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first lines."""
        match event:
            case Attest(evse) if evse in self._meters:
                yield from self._wished(self._meters[evse], event, now)
            case HasSigned(evse, signed, key) if evse in self._meters:
                meter = self._meters[evse]
                meter.public_key = key or meter.public_key
                yield from self._signed(meter, signed, now)
            case NotSigned(evse, why) if evse in self._meters:
                self._failed(self._meters[evse], why, now)
            case ClockSet():
                for meter in self._meters.values():
                    meter.again_at = now.mono
                    meter.give_up_at = None if meter.give_up_at is None else now.mono + WAIT
            case Started() | Tick():
                pass
        for meter in self._meters.values():
            yield from self._step(meter, now)

    def next_deadline(self) -> float | None:
        """The next attempt, or the end of a wait."""
        times = [meter.again_at for meter in self._meters.values() if not meter.asked and _next(meter)]
        times += [meter.give_up_at for meter in self._meters.values() if meter.give_up_at is not None]
        return min(times, default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE whose meter signs: its session, what was signed of the present charge, and what is wrong."""
        return {
            str(number): {
                "state": meter.state.value,
                "records": [record.context.value for record in meter.records],
                "why": meter.troubled,
                "required": meter.evse.signing_required,
            }
            for number, meter in self._meters.items()
        }

    def public_key(self, evse: int) -> str:
        """Of that EVSE's meter, hex; "" where none is known."""
        meter = self._meters.get(evse)
        return "" if meter is None else meter.public_key

    # --- what happens ---------------------------------------------------------------------------------------------

    def _wished(self, meter: _Meter, attest: Attest, now: Instant) -> Out:
        before, meter.wish = meter.wish, attest
        if before is None and meter.begun is not None:  # the first word after a restart
            meter.closing = meter.begun.transaction is None or meter.begun.transaction != attest.transaction
        if attest.wish == "end":
            if meter.refused:
                meter.refused, meter.why = False, ""
            meter.closing = meter.closing or meter.state is State.OPEN or meter.asked == "begin"
            if meter.closing and meter.give_up_at is None and (before is None or before.wish != "end"):
                meter.give_up_at, meter.again_at = now.mono + WAIT, now.mono
        elif before is not None and before.wish == "end":
            meter.records, meter.give_up_at = (), None
        if meter.begun is not None and meter.begun.transaction is None and attest.transaction and not meter.closing:
            record = replace(meter.begun, transaction=attest.transaction)  # its transaction has begun after it
            meter.begun, meter.records, self._kept[meter.key] = record, (record,), attest.transaction
            yield Save(RECORDS, meter.key, record)
            yield Save(OPEN, str(meter.evse.id), record)

    def _signed(self, meter: _Meter, signed: Signed | None, now: Instant) -> Out:
        asked, meter.asked = meter.asked, ""
        if asked == "begin" or not meter.refused:
            meter.why = ""
        transaction = None if meter.wish is None else meter.wish.transaction
        at = now if meter.asked_at is None or meter.asked_at.utc is None else meter.asked_at
        if asked == "begin" and signed is not None:
            record = SignedRecord(at, meter.evse.id, transaction, Context.BEGIN, signed)
            meter.state, meter.begun, meter.records = State.OPEN, record, (record,)
            yield Save(OPEN, str(meter.evse.id), record)
            yield from self._keep(record)
            meter.key = f"{self._number:09}"
            return
        begun, was = meter.begun, meter.state
        meter.state, meter.begun, meter.closing = State.IDLE, None, False
        if begun is not None:
            transaction = begun.transaction
            yield Forget(OPEN, str(meter.evse.id))
        if signed is not None:
            record = SignedRecord(at, meter.evse.id, transaction, Context.END, signed)
            yield from self._keep(record)
            if begun is not None and meter.give_up_at is not None:
                meter.records = (*meter.records, record)
            else:
                word = "that had been given up" if begun is not None else "that nobody knew of"
                yield Note(f"EVSE {meter.evse.id}: the meter has ended a signed session {word}; its record is kept")
        elif was is State.OPEN:
            meter.why = "the meter has no signed session any more: this charge has no record of its end"
        meter.give_up_at = None

    def _failed(self, meter: _Meter, why: str, now: Instant) -> None:
        asked, meter.asked, meter.why = meter.asked, "", why
        meter.again_at = now.mono + (AGAIN if meter.give_up_at is None else SOON)
        if asked == "begin":
            meter.state, meter.refused = State.UNSURE, not meter.evse.signing_required
            if meter.closing:
                meter.closing, meter.give_up_at = False, None

    def _keep(self, record: SignedRecord) -> Out:
        self._number += 1
        key = f"{self._number:09}"
        self._kept[key] = record.transaction
        yield Save(RECORDS, key, record)
        for old, transaction in list(self._kept.items())[: max(len(self._kept) - KEPT, 0)]:
            if transaction is not None and self._queued(transaction):
                break  # what comes after it has not been told either
            del self._kept[old]
            yield Forget(RECORDS, old)

    # --- what comes of it -----------------------------------------------------------------------------------------

    def _step(self, meter: _Meter, now: Instant) -> Out:
        if meter.give_up_at is not None and now.mono >= meter.give_up_at:
            waits = now.utc is None and meter.evse.signing_required  # without a clock nobody can charge in any case
            meter.give_up_at = now.mono + SOON if waits else None
            if meter.closing and not waits:
                meter.why = meter.why or f"no signed record of the end within {WAIT:g} s"
                yield Note(f"EVSE {meter.evse.id}: the end goes out without its signed record: {meter.why}", "error")
        what = _next(meter)
        if what and not meter.asked and now.mono >= meter.again_at:
            if what == "begin" and now.utc is None:
                meter.why, meter.again_at = NO_CLOCK, now.mono + SOON
            else:
                meter.asked, meter.asked_at = what, now
                yield _sign(meter, what, now)
        yield from self._say(meter)

    def _say(self, meter: _Meter) -> Out:
        """What others must know, each when it is news."""
        number = meter.evse.id
        if meter.troubled != meter.why:
            if meter.why:
                yield Note(f"EVSE {number}: signed meter values: {meter.why}", "warning")
            if bool(meter.troubled) != bool(meter.why):
                yield Troubled(number, FAULT, bool(meter.why), meter.why)
            meter.troubled = meter.why
        capped = meter.evse.signing_required and (meter.state is not State.OPEN or meter.closing)
        if capped != meter.capped:
            meter.capped = capped
            yield Ceiling(number, SOURCE, 0.0 if capped else None)
        given_up = meter.closing and meter.give_up_at is None
        attested = Attested(number, meter.records, meter.over or given_up)
        if meter.wish is not None and attested != meter.told:
            meter.told = attested
            yield attested


def _next(meter: _Meter) -> str:
    """What the meter must be told next; "" nothing."""
    wish = None if meter.wish is None else meter.wish.wish
    if meter.state is State.UNSURE or (meter.state is State.OPEN and meter.closing):
        return "end"
    return "begin" if meter.state is State.IDLE and wish == "begin" and not meter.refused else ""


def _sign(meter: _Meter, what: str, now: Instant) -> Sign:
    if what == "begin":
        assert meter.wish is not None
        return Sign(meter.evse.id, "begin", now.utc, who=meter.wish.who)
    return Sign(meter.evse.id, "end", now.utc, begun=meter.begun.record if meter.begun is not None else None)
