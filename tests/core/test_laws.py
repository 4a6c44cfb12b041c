"""What holds whatever happens to a station: two EVSEs, random vehicles, cards, central system, kills and restarts."""

from __future__ import annotations

import hypothesis.strategies as st
from evsed.core.effects import Effect, Reply
from evsed.model.commands import ChangeAvailability, RequestStart, RequestStop, Reset, SetProfile, Status, Unlock
from evsed.model.inputs import Called, Input, PilotLost
from evsed.model.profiles import Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.reports import Kind, TransactionReport
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.transactions import Transaction
from house import START, House
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

EVSES = st.sampled_from([1, 2])
CARDS = st.sampled_from(["AA", "BB", "CC"])
POINTS = st.lists(
    st.sampled_from(["EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"]), min_size=1, unique=True
).map(",".join)
SITE = 32.0


class Watched(House):
    """A house that notes every call given and every reply, and says which are owed."""

    owed: set[int] = set()

    def give(self, event: Input) -> None:
        if isinstance(event, Called):
            self.owed = self.owed | {event.call}
        super().give(event)

    def _world(self, effect: Effect) -> list[Input]:
        if isinstance(effect, Reply):
            assert effect.call in self.owed, "an answer to nothing"
            self.owed = self.owed - {effect.call}
        return super()._world(effect)


class Laws(RuleBasedStateMachine):
    """`self.before` are the reports of the runs that have ended."""

    @initialize(start=POINTS, stop=POINTS, sticky=st.booleans(), free=st.booleans(), refused=st.booleans())
    def begin(self, start: str, stop: str, sticky: bool, free: bool, refused: bool) -> None:
        self.presets = {
            "TxCtrlr.TxStartPoint": start,
            "TxCtrlr.TxStopPoint": stop,
            "TxCtrlr.StopTxOnEVSideDisconnect": str(not sticky).lower(),
            "TxCtrlr.StopTxOnInvalidId": str(refused).lower(),
            "AuthCtrlr.Enabled": str(not free).lower(),
            "SampledDataCtrlr.TxUpdatedInterval": "7",
            "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true",
        }
        self.before: list[TransactionReport] = []
        self.pilot_boots = 0
        self.house = Watched(2, presets=self.presets, has_lock=True)
        self.house.verdicts["CC"] = Verdict(Standing.BLOCKED)
        self.house.online()

    # --- what may happen ------------------------------------------------------------------------------------------

    @rule(evse=EVSES)
    def plug_or_pull(self, evse: int) -> None:
        if self.house.pilots[evse].plugged:
            self.house.unplug(evse)
        else:
            self.house.plug(evse)

    @rule(evse=EVSES, on=st.booleans())
    def the_vehicle_asks(self, evse: int, on: bool) -> None:
        if self.house.pilots[evse].plugged:
            self.house.ask(evse, on)

    @rule(card=CARDS, evses=st.sampled_from([(1,), (2,), (1, 2)]))
    def card(self, card: str, evses: tuple[int, ...]) -> None:
        self.house.card(card, evses)

    @rule(evse=st.sampled_from([None, 1, 2]), card=CARDS)
    def remote_start(self, evse: int | None, card: str) -> None:
        self._call(RequestStart(evse, Token(card), remote_start_id=5))

    @rule(evse=EVSES)
    def remote_stop(self, evse: int) -> None:
        for transaction in self._open():
            if transaction.evse == evse:
                self._call(RequestStop(transaction.id))

    @rule(evse=EVSES, ends=st.booleans())
    def unlock(self, evse: int, ends: bool) -> None:
        self._call(Unlock(evse, ends))

    @rule(evse=st.sampled_from([None, 1, 2]), operative=st.booleans())
    def availability(self, evse: int | None, operative: bool) -> None:
        self._call(ChangeAvailability(evse, operative))

    @rule(evse=st.sampled_from([0, 1, 2]), amps=st.sampled_from([0.0, 5.0, 10.0, 13.0, 40.0]))
    def limit(self, evse: int, amps: float) -> None:
        schedule = Schedule(RateUnit.AMPS, (Period(0, amps),), START - 60)
        purpose = Purpose.TX_DEFAULT if evse else Purpose.STATION_MAX
        self._call(SetProfile(evse, Profile(evse + 1, 0, purpose, "Absolute", schedule)))

    @rule(evse=EVSES)
    def reset_one(self, evse: int) -> None:
        self._call(Reset(hard=True, evse=evse))

    @rule(up=st.booleans())
    def link(self, up: bool) -> None:
        if up:
            self.house.online()
        else:
            self.house.offline()

    @rule()
    def the_token_is_refused_afterwards(self) -> None:
        starts = [report for report in self.house.transactions() if report.kind is Kind.STARTED]
        if starts:
            self.house.deliver(starts[-1], Verdict(Standing.BLOCKED))

    @rule(evse=EVSES, wh=st.sampled_from([1.0, 400.0]))
    def energy(self, evse: int, wh: float) -> None:
        if self.house.pilots[evse].closed:
            self.house.meter(evse, wh)

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 16.0, 61.0]), meters=st.booleans())
    def time(self, seconds: float, meters: bool) -> None:
        self.house.wait(seconds, meters)

    @rule(after=st.sampled_from([1.0, 30.0]))
    def the_station_restarts(self, after: float) -> None:
        old = self.house
        self.before += old.transactions()
        self.house = Watched(
            2, presets=self.presets, kept=old.saved, mono=old.mono + after, has_lock=True, boot=1, before=old
        )
        self.house.verdicts = old.verdicts
        for evse in (1, 2):
            self.house.pilot(evse)
        self.house.online()

    @rule(plugged=st.booleans(), heard=st.booleans())
    def the_pilot_restarts(self, plugged: bool, heard: bool) -> None:
        self.pilot_boots += 1
        if heard:
            self.house.give(PilotLost((1, 2), "the pilot process has closed the connection"))
        for evse in (1, 2):
            there = self.house.pilots[evse].plugged and plugged
            self.house.permits.pop(evse, None)
            self.house.pilot(
                evse,
                boot=f"boot-{self.pilot_boots}",
                state="B1" if there else "A1",
                plug=int(there),
                closed=False,
                offered=0.0,
                unplugged_at=None,
                opened_at=None,
            )

    # --- what holds -----------------------------------------------------------------------------------------------

    def _call(self, command: object) -> None:
        self.house.give(Called(next(self.house.calls), command))  # type: ignore[arg-type]

    def _open(self) -> list[Transaction]:
        return [thing for thing in self.house.saved.get("transaction", {}).values() if isinstance(thing, Transaction)]

    def _told(self) -> dict[str, list[TransactionReport]]:
        stories: dict[str, list[TransactionReport]] = {}
        for report in self.before + self.house.transactions():
            stories.setdefault(report.transaction, []).append(report)
        return stories

    @invariant()
    def every_story_is_in_order_and_ends_once(self) -> None:
        for story in self._told().values():
            assert [report.seq for report in story] == list(range(len(story)))
            kinds = [report.kind for report in story]
            assert kinds[0] is Kind.STARTED
            assert kinds.count(Kind.STARTED) == 1
            assert Kind.ENDED not in kinds[:-1]

    @invariant()
    def energy_never_runs_backwards(self) -> None:
        for story in self._told().values():
            registers = [report.meter_wh for report in story if report.meter_wh is not None]
            assert registers == sorted(registers)

    @invariant()
    def an_evse_has_one_transaction_at_most_and_it_is_saved(self) -> None:
        evses = [transaction.evse for transaction in self._open()]
        assert len(evses) == len(set(evses))
        unended = {id for id, story in self._told().items() if story[-1].kind is not Kind.ENDED}
        assert unended == {transaction.id for transaction in self._open()}

    @invariant()
    def amps_flow_only_in_an_active_session_and_within_the_site(self) -> None:
        sessions = self.house.station.view(self.house.now())["sessions"]
        for evse, permit in self.house.permits.items():
            if permit.amps > 0:
                assert sessions[str(evse)]["phase"] == "active"
                assert sessions[str(evse)]["why"] == ""
                assert sessions[str(evse)]["token"] is not None
                assert permit.until - self.house.mono <= 5.0
        assert sum(permit.amps for permit in self.house.permits.values()) <= SITE + 1e-6

    @invariant()
    def the_rules_come_to_rest(self) -> None:
        assert not [effect for effect in self.house.effects if "do not come to rest" in getattr(effect, "text", "")]

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.wait(40)
            assert not self.house.owed, "a call without an answer"
            for effect in self.house.effects:
                assert not (isinstance(effect, Reply) and isinstance(effect.answer, Status) and not effect.answer.word)


Laws.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLaws = Laws.TestCase
