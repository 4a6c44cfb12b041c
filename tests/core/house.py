"""A whole core on virtual time, with words for what happens to it: plug, card, meter, central system."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from evse_drivers.api import Permit, Reading, Seen
from evsed.core.assembly import Kept, assemble
from evsed.core.authorisation import Cached
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Ask, Effect, Gate, Reply, Sign
from evsed.core.fault_log import Stood
from evsed.core.faults import Trips
from evsed.model.commands import Answer, Command
from evsed.model.inputs import (
    Answered,
    Called,
    Delivered,
    Input,
    LinkDown,
    LinkUp,
    Metered,
    Observed,
    Presented,
    Started,
    Tick,
    Unanswered,
)
from evsed.model.journal import Forget, Save, Tell
from evsed.model.profiles import Installed
from evsed.model.questions import Authorize, AuthorizeAnswer, Beat, BeatAnswer, Boot, BootAnswer
from evsed.model.reports import ConnectorReport, Report, TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import Sample, SignedRecord, Transaction
from evsed.settings import SupervisionSettings
from signer import Signer

START = 1_800_000_000.0  # utc s, an arbitrary day in 2027
OVERLAY_16 = {"TxCtrlr.TxStartPoint": "PowerPathClosed", "TxCtrlr.TxStopPoint": "Authorized"}


class House:
    """One station of `evses` EVSEs with its pilots and meters, as far as the core can tell.

    The pilot here is an obedient one: it closes as soon as it is permitted and the vehicle asks.
    """

    def __init__(
        self,
        evses: int = 1,
        presets: Mapping[str, str] | None = None,
        kept: Mapping[str, dict[str, object]] | None = None,
        mono: float = 1000.0,
        has_lock: bool = False,
        boot: int = 1,
        register_wh: float = 0.0,
        before: House | None = None,
        supervision: SupervisionSettings | None = None,
        sensors: Mapping[str, tuple[int, ...]] | None = None,
        relay: bool = False,
        meter_every: float = 1.0,
        signer: Signer | None = None,
        signing_required: bool = True,
    ) -> None:
        """`before`: the house whose pilots and meters go on, as the station alone restarts."""
        self.signer = signer
        evse = Evse(
            *(1, 32.0, 3, 6.0),  # number, A, phases, A when the station is gone
            has_lock=has_lock,
            meter_every=meter_every,
            signs=signer is not None,
            signing_required=signer is not None and signing_required,
            has_phase_relay=relay,
        )
        each = tuple(replace(evse, id=n) for n in range(1, evses + 1))
        self.topology = Topology("evsed", "test", "T1", "0", each, 32.0)
        self.saved: dict[str, dict[str, object]] = {kind: dict(things) for kind, things in (kept or {}).items()}
        self.mono, self.offset, self.boot = mono, START - mono, boot
        self.reports: list[Report] = []
        self.replies: dict[int, Answer] = {}
        self.permits: dict[int, Permit] = {}
        self.gates: list[str] = []
        self.effects: list[Effect] = []
        self.asked: list[Ask] = []
        self.verdicts: dict[str, Verdict] = {}
        self.silent_csms = False
        self.chance = 0.5
        self.meters_answer = True
        self.measures: dict[str, object] = {}  # what the meters say otherwise than usual
        self.register = dict.fromkeys(range(1, evses + 1), register_wh)
        self.config = DeviceModel(self.topology, presets, overlays={"1.6": OVERLAY_16})
        asks, self.calls = itertools.count(1), itertools.count(1)
        self.ids: Iterator[int] = itertools.count(1) if before is None else before.ids
        self.station = assemble(
            self.topology,
            self.config,
            self._kept(),
            lambda: next(asks),
            lambda: f"tx-{boot}-{next(self.ids)}",
            lambda transaction: False,
            self.now(),
            supervision or SupervisionSettings(),
            sensors or {},
            lambda: self.chance,
        )
        self._power_up(evses, before)

    def _power_up(self, evses: int, before: House | None) -> None:
        self.pilots = {
            n: Seen(n, self.mono, "boot-a", "A1", 0, False, 0.0, 12.0, None, None, None, None, "", None, None, 10.0)
            for n in range(1, evses + 1)
        }
        self.give(Started("PowerUp"))
        if before is not None:
            self.offset, self.register, self.pilots = before.offset, before.register, before.pilots
            return
        for n in range(1, evses + 1):
            self.meter(n)
            self.pilot(n)

    def _kept(self) -> Kept:
        """What the store has of the life before."""
        transactions = self._things("transaction", Transaction)
        return Kept(
            transactions,
            {id: tuple(self._things(f"history {id}", Sample).values()) for id in transactions},
            self._things("register", float),
            self._things("availability", bool),
            self._things("token", Cached),
            self._things("profile", Installed),
            self._things("fault", Stood),
            self._things("trips", Trips),
            next(iter(self._things("fault event", int).values()), 0),
            "registration" in self.saved,
            self._things("signed", SignedRecord),
            self._things("signing", SignedRecord),
        )

    def _things(self, kind: str, of: type) -> dict:  # type: ignore[type-arg]
        return {key: thing for key, thing in self.saved.get(kind, {}).items() if isinstance(thing, of)}

    def now(self) -> Instant:
        return Instant(self.mono, self.mono + self.offset, self.boot)

    # --- the world ------------------------------------------------------------------------------------------------

    def give(self, event: Input) -> None:
        """One input, and what the world answers to its effects."""
        pending = [event]
        while pending:
            for effect in self.station.handle(pending.pop(0), self.now()):
                self.effects.append(effect)
                pending.extend(self._world(effect))

    def _world(self, effect: Effect) -> list[Input]:
        match effect:
            case Permit():
                self.permits[effect.evse] = effect
                return self._pilot_obeys(effect.evse)
            case Tell(report):
                self.reports.append(report)
            case Save(kind, key, thing):
                self.saved.setdefault(kind, {})[key] = thing
            case Forget(kind, None):
                self.saved.pop(kind, None)
            case Forget(kind, key) if key is not None:
                self.saved.get(kind, {}).pop(key, None)
            case Reply(call, answer):
                assert call not in self.replies, "answered twice"
                self.replies[call] = answer
            case Gate(level):
                self.gates.append(level)
            case Sign():
                assert self.signer is not None
                return self.signer.obey(effect, self.register[effect.evse])
            case Ask():
                self.asked.append(effect)
                return self._csms(effect)
        return []

    def _csms(self, ask: Ask) -> list[Input]:
        if self.silent_csms:
            return [Unanswered(ask.id, "no answer in 30 s")]
        match ask.question:
            case Boot():
                return [Answered(ask.id, BootAnswer("Accepted", self.now().utc, 300))]
            case Beat():
                return [Answered(ask.id, BeatAnswer(self.now().utc))]
            case Authorize(token):
                verdict = self.verdicts.get(token.id, Verdict(Standing.ACCEPTED))
                return [Answered(ask.id, AuthorizeAnswer(verdict))]

    def _pilot_obeys(self, evse: int) -> list[Input]:
        seen, permit = self.pilots[evse], self.permits[evse]
        offered = permit.amps if seen.plugged and permit.amps >= 6 and not seen.fault else 0.0
        closed = offered > 0 and seen.asking
        opened = self.mono if seen.closed and not closed else seen.opened_at
        if (offered, closed) == (seen.offered, seen.closed):
            return []
        state = seen.state[0] + ("2" if offered else "1") if seen.state != "A1" else "A1"
        self.pilots[evse] = replace(
            seen, at=self.mono, offered=offered, closed=closed, opened_at=opened, state=state, locked=seen.locked
        )
        answers: list[Input] = [Observed(self.pilots[evse])]
        if opened != seen.opened_at and self.meters_answer:
            answers.append(Metered(evse, self.reading(evse)))
        return answers

    def pilot(self, evse: int = 1, **changes: object) -> None:
        """The pilot says something new."""
        self.pilots[evse] = replace(self.pilots[evse], at=self.mono, **changes)  # type: ignore[arg-type]
        self.give(Observed(self.pilots[evse]))
        for answer in self._pilot_obeys(evse) if evse in self.permits else ():
            self.give(answer)

    def plug(self, evse: int = 1) -> None:
        seen = self.pilots[evse]
        state = "B2" if seen.offered else "B1"
        self.pilot(evse, state=state, volts=9.0, plug=seen.plug + 1)

    def unplug(self, evse: int = 1) -> None:
        self.unplug_without_meter(evse)
        self.meter(evse)

    def unplug_without_meter(self, evse: int = 1) -> None:
        seen = self.pilots[evse]
        opened = self.mono if seen.closed else seen.opened_at
        self.pilot(evse, state="A1", volts=12.0, closed=False, offered=0.0, unplugged_at=self.mono, opened_at=opened)

    def ask(self, evse: int = 1, on: bool = True) -> None:
        seen = self.pilots[evse]
        opened = self.mono if seen.closed and not on else seen.opened_at
        closed = seen.closed and on
        self.pilot(evse, state=("C" if on else "B") + ("2" if seen.offered else "1"), closed=closed, opened_at=opened)

    def reading(self, evse: int) -> Reading:
        amps = min(self.pilots[evse].offered or 16.0, 16.0)  # the vehicle obeys
        told = Reading(self.mono, import_wh=self.register[evse], watts=11_000.0, amps=(amps,) * 3, volts=(230.0,) * 3)
        return replace(told, **self.measures)  # type: ignore[arg-type]

    def meter(self, evse: int = 1, add_wh: float = 0.0) -> None:
        self.register[evse] += add_wh
        self.give(Metered(evse, self.reading(evse)))

    def card(self, uid: str = "04A1B2C3", evses: tuple[int, ...] = (1,)) -> None:
        self.give(Presented(Token(uid), evses))

    def online(self, version: str = "2.0.1") -> None:
        self.give(LinkUp(version))

    def offline(self) -> None:
        self.give(LinkDown("the cable was pulled"))

    def deliver(self, report: Report, verdict: Verdict | None = None) -> None:
        self.give(Delivered(report, verdict))

    def call(self, command: Command) -> Answer:
        """The central system asks; its answer, which must have come by now."""
        number = next(self.calls)
        self.give(Called(number, command))
        return self.replies[number]

    def wait(self, seconds: float, meters: bool = True) -> None:
        """Let time pass: ticks at their deadlines, a reading of every meter each second."""
        end = self.mono + seconds
        while True:
            deadline = self.station.next_deadline()
            step = min(
                end, int(self.mono + 1.0) if meters else end, end if deadline is None else max(deadline, self.mono)
            )
            if meters and step == int(self.mono + 1.0):
                self.mono = step
                for evse in self.register:
                    self.meter(evse)
            self.mono = step
            deadline = self.station.next_deadline()
            if deadline is not None and deadline <= self.mono:
                self.give(Tick())
            elif self.mono >= end:
                return

    # --- what came of it ------------------------------------------------------------------------------------------

    def transactions(self) -> list[TransactionReport]:
        return [report for report in self.reports if isinstance(report, TransactionReport)]

    def story(self) -> list[str]:
        """The transaction events so far, as `Started Authorized` and the like."""
        return [f"{report.kind.value} {report.trigger.value}" for report in self.transactions()]

    def connectors(self, evse: int = 1) -> list[ConnectorReport]:
        return [report for report in self.reports if isinstance(report, ConnectorReport) and report.evse == evse]

    def amps(self, evse: int = 1) -> float:
        return self.permits[evse].amps
