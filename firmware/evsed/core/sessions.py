"""The sessions of all EVSEs: brings each event to the session it means, and answers the commands about them.

A reader may serve several EVSEs. A card means the EVSE whose transaction it started; else the one where a vehicle was
plugged in last and waits; else a free one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evsed.model.commands import GetTransactionStatus, RequestStart, RequestStop, Status, TransactionStatus, Unlock
from evsed.model.faults import FAULTS
from evsed.model.inputs import Called, Delivered, Input, LinkDown, Observed, Presented, Tick
from evsed.model.reports import TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Standing, Token
from evsed.model.topology import Topology
from evsed.model.transactions import Sample, StopReason, Transaction, Trigger

from .block import Config
from .effects import Effect, Note, Reply
from .facts import (
    Attested,
    Availability,
    Fact,
    FaultsChanged,
    Measured,
    OfferChanged,
    Registered,
    SampleDue,
    StopWanted,
    TokenGiven,
    TokenJudged,
    Triggered,
    VariableChanged,
)
from .phases import Phase
from .profile_rules import start_refusal
from .session import Session

BEFORE_ACCEPTED = "TxCtrlr.TxBeforeAcceptedEnabled"
REMOTE_NEEDS_AUTHORISATION = "AuthCtrlr.AuthorizeRemoteStart"

Out = Iterator[Effect | Fact]


class Sessions:
    """`transactions`, `histories` (by transaction) and `registers` (by EVSE) are what a restart found in the store.

    `queued(transaction | None)` tells whether reports of it (or any) still wait for the central system;
    `accepted_before`: one has accepted this station once.
    """

    hears = (
        Observed,
        Measured,
        Presented,
        TokenJudged,
        Delivered,
        Registered,
        LinkDown,
        Attested,
        SampleDue,
        OfferChanged,
        StopWanted,
        Availability,
        FaultsChanged,
        Triggered,
        VariableChanged,
        RequestStart,
        RequestStop,
        GetTransactionStatus,
        Unlock,  # Requests answers it
    )

    def __init__(
        self,
        topology: Topology,
        config: Config,
        new_id: Callable[[], str],
        transactions: Mapping[str, Transaction],
        histories: Mapping[str, tuple[Sample, ...]],
        registers: Mapping[str, float],
        queued: Callable[[str | None], bool],
        accepted_before: bool,
    ) -> None:
        self._config, self._queued, self._topology = config, queued, topology
        open_ones = {transaction.evse: transaction for transaction in transactions.values()}
        self._sessions: dict[int, Session] = {}
        for evse in topology.evses:
            transaction = open_ones.get(evse.id)
            history = histories.get(transaction.id, ()) if transaction else ()
            register = registers.get(str(evse.id))
            self._sessions[evse.id] = Session(
                evse, topology.nominal_volts, config, new_id, transaction, history, register
            )
        self._remote: dict[int, RequestStart] = {}  # remote starts whose token is being judged
        self._operative = dict.fromkeys(self._sessions, True)
        self._welcome = accepted_before
        self._accepted = False  # on the connection that stands
        self._bar()

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first lines."""
        yield from self._route(event, now)
        for session in self._sessions.values():
            yield from session.settle(now)

    def next_deadline(self) -> float | None:
        """The first deadline of any session."""
        times = [session.next_deadline() for session in self._sessions.values()]
        return min((time for time in times if time is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE: phase, why no energy flows, and the transaction."""
        return {str(number): _view(session, now) for number, session in self._sessions.items()}

    def _route(self, event: Input | Fact, now: Instant) -> Out:
        match event:
            case Observed(seen) if seen.evse in self._sessions:
                yield from self._sessions[seen.evse].observe(seen, now)
            case Measured(evse, reading) if evse in self._sessions:
                yield from self._sessions[evse].measured(reading, now)
            case Attested(evse):
                its = self._sessions[evse]
                yield from its.ledger.attested(event, its.charging_state(now), now)
            case SampleDue(evse, context, ended):
                its = self._sessions[evse]
                yield from its.ledger.sample(context, ended, its.charging_state(now), now)
            case OfferChanged(evse, amps, phases):
                self._sessions[evse].offer(amps, phases)
            case Presented(token, evses, odd, usable):
                if odd:
                    yield Note(f"card {token.id}: {odd}", "warning")
                if usable:
                    yield from self._presented(token, evses, now)
            case TokenJudged():
                yield from self._judged(event, now)
            case Delivered(TransactionReport() as report, verdict) if verdict is not None:
                session = self._of(report.transaction)
                if session is not None and verdict.standing is not Standing.ACCEPTED:
                    yield from session.judged_invalid(now)
            case Registered(word):
                self._welcome = self._welcome or word == "Accepted"
                self._online(word == "Accepted")
                self._bar()
            case LinkDown():
                self._online(False)
            case StopWanted(evse, reason):
                yield from self._sessions[evse].stop(reason, now)
            case Availability(evse, operative) if evse in self._sessions:
                self._operative[evse] = operative
                self._bar()
            case FaultsChanged(evse, fault, faults=faults) if evse in self._sessions:
                session = self._sessions[evse]
                session.fault = fault
                latched = next((name for name in faults if FAULTS[name].latched), None)
                if latched is not None:
                    yield from session.give_up(latched, now)
            case VariableChanged():
                self._bar()
            case Called(_, Unlock(evse)) if evse in self._sessions:
                self._sessions[evse].kept_locked_for = None
            case Triggered("TransactionEvent", wanted):
                for number, session in self._sessions.items():
                    if wanted in (None, number):
                        yield from session.ledger.triggered(session.charging_state(now), now)
            case Called(call, RequestStart() as command):
                yield from self._request_start(call, command, now)
            case Called(call, RequestStop(transaction)):
                yield from self._request_stop(call, transaction, now)
            case Called(call, GetTransactionStatus(transaction)):
                ongoing = None if transaction is None else self._of(transaction) is not None
                yield Reply(call, TransactionStatus(ongoing, self._queued(transaction)))
            case Tick():
                pass

    def _bar(self) -> None:
        """Sessions that may not be used at all, and why."""
        unknown = not self._welcome and not self._config.boolean(BEFORE_ACCEPTED)
        for number, session in self._sessions.items():
            session.barred = "" if self._operative[number] else "taken out of service by the operator"
            if unknown and not session.barred:
                session.barred = "the central system has never accepted this station"

    def _online(self, online: bool) -> None:
        self._accepted = online
        for session in self._sessions.values():
            session.ledger.online = online

    def _of(self, transaction: str) -> Session | None:
        for session in self._sessions.values():
            if session.ledger.transaction is not None and session.ledger.transaction.id == transaction:
                return session
        return None

    # --- cards ----------------------------------------------------------------------------------------------------

    def _presented(self, token: Token, evses: tuple[int, ...], now: Instant) -> Out:
        here = [self._sessions[number] for number in evses if number in self._sessions]
        for session in here:
            if token.same(session.token) and session.phase in (Phase.ACTIVE, Phase.AUTHORISED):
                yield Note(f"card {token.id}: ends the session of EVSE {session.evse.id}")
                yield from session.withdraw(StopReason.LOCAL, now, token)
                return
            if token.same(session.kept_locked_for):
                yield Note(f"card {token.id}: unlocks the cable of EVSE {session.evse.id}")
                session.kept_locked_for = None
                return
        if here:
            yield TokenGiven(token, tuple(session.evse.id for session in here))

    def _judged(self, judged: TokenJudged, now: Instant) -> Out:
        """A verdict has come; plug and session may have changed since the card was held there."""
        token, verdict = judged.token, judged.verdict
        remote = self._remote.pop(judged.remote_start_id, None) if judged.remote_start_id is not None else None
        if verdict.standing is not Standing.ACCEPTED:
            yield Note(f"card {token.id}: {verdict.standing.value} (by {judged.by})", "warning")
            return
        here = [self._sessions[number] for number in judged.evses]
        if remote is None:
            for session in here:
                if session.phase is Phase.ACTIVE and verdict.group is not None and verdict.group == session.group:
                    yield Note(f"card {token.id}: of the same group, ends the session of EVSE {session.evse.id}")
                    yield from session.withdraw(StopReason.LOCAL, now, token)
                    return
        meant = _pick(here)
        if meant is None:
            yield Note(f"card {token.id}: accepted (by {judged.by}), but no EVSE here is free for it", "warning")
            return
        yield Note(f"card {token.id}: accepted (by {judged.by}) for EVSE {meant.evse.id}")
        yield from self._start(meant, token, verdict.group, remote, now)

    def _start(
        self, session: Session, token: Token, group: str | None, remote: RequestStart | None, now: Instant
    ) -> Out:
        if remote is not None:
            session.profile, session.remote_start_id = remote.profile, remote.remote_start_id
        trigger = Trigger.AUTHORIZED if remote is None else Trigger.REMOTE_START
        yield from session.accept(token, group, trigger, now)

    # --- commands -------------------------------------------------------------------------------------------------

    def _request_start(self, call: int, command: RequestStart, now: Instant) -> Out:
        if not self._accepted:  # B02.FR.05; 1.6 does not allow the call before
            yield Reply(call, Status("Rejected", "the station has not been accepted yet"))
            return
        if command.evse is not None and command.evse not in self._sessions:
            yield Reply(call, Status("Rejected", f"there is no EVSE {command.evse}"))
            return
        here = [session for number, session in self._sessions.items() if command.evse in (None, number)]
        meant = _pick(here)
        if meant is None:
            word = ", ".join(f"EVSE {session.evse.id}: {_busy(session)}" for session in here)
            yield Reply(call, Status("Rejected", word))
            return
        profile = command.profile
        if profile is not None and (why := start_refusal(meant.evse.id, profile, self._topology, self._config)):
            yield Reply(call, Status("Rejected", why))
            return
        running = meant.ledger.transaction
        yield Reply(call, Status("Accepted", transaction=running.id if running else None))
        if self._config.boolean(REMOTE_NEEDS_AUTHORISATION):
            ticket = call if command.remote_start_id is None else command.remote_start_id
            self._remote[ticket] = command
            yield TokenGiven(command.token, (meant.evse.id,), ticket)
        else:
            yield from self._start(meant, command.token, command.group, command, now)

    def _request_stop(self, call: int, transaction: str | None, now: Instant) -> Out:
        if not self._accepted:
            yield Reply(call, Status("Rejected", "the station has not been accepted yet"))
            return
        session = self._of(transaction) if transaction is not None else None
        if session is None or session.ledger.stopping is not None:
            yield Reply(call, Status("Rejected", "no such transaction is running"))
            return
        yield Reply(call, Status("Accepted"))
        yield from session.withdraw(StopReason.REMOTE, now)


def _pick(sessions: list[Session]) -> Session | None:
    """The EVSE that a card or a remote start without an EVSE means."""
    usable = [session for session in sessions if not _busy(session)]
    waiting = [session for session in usable if session.phase is Phase.PLUGGED]
    if waiting:
        return max(waiting, key=lambda session: session.vehicle.came_at)
    for phase in (Phase.FREE, Phase.FINISHED):
        for session in usable:
            if session.phase is phase:
                return session
    return None


def _busy(session: Session) -> str:
    """Why nothing can be started there; "" if it can."""
    seen = session.vehicle.seen
    if session.barred:
        return session.barred
    if seen is None:
        return "the pilot has not been heard yet"
    if fault := session.wrong:
        return f"fault: {fault}"
    if session.phase in (Phase.ACTIVE, Phase.AUTHORISED, Phase.STOPPING):
        return "in use"
    return ""


def _view(session: Session, now: Instant) -> dict[str, Any]:
    transaction = session.ledger.transaction
    start = transaction.meter_start_wh if transaction else None
    last = session.ledger.register_wh
    return {
        "phase": session.phase.value,
        "why": session.why(),
        "charging_state": session.charging_state(now).value if transaction else None,
        "token": session.token.id if session.token else None,
        "transaction": None
        if transaction is None
        else {
            "id": transaction.id,
            "since_s": round(now.mono - transaction.started_at.mono, 1)
            if transaction.started_at.boot == now.boot
            else None,
            "energy_wh": None if start is None or last is None else round(last - start, 1),
            "events": transaction.seq,
        },
    }
