"""One EVSE's session: from the plug or the card to the end of the transaction.

Theory of operation. A transaction is laid over the session's phases (phases.py) by four conditions (points.py): it
begins when a start point comes true, and ends when a stop point ceases to be. The end waits for the open contactor and
a reading taken after it, so that the last Wh are in the bill; not for ever, for a welded contactor or a dead meter must
not keep it open.
"""

from __future__ import annotations

from collections.abc import Callable

from evse_drivers.api import Reading, Seen

from evsed.model.profiles import Profile
from evsed.model.reports import Kind
from evsed.model.time import Instant
from evsed.model.tokens import Token, TokenKind
from evsed.model.topology import Evse
from evsed.model.transactions import ChargingState, Sample, StopReason, Transaction, Trigger

from .block import Config
from .effects import Note
from .facts import Energise, ProfileBrought, SessionChanged
from .ledger import BY_FAULT, ENDING, Ledger, Out, earlier
from .phases import TABLE, WHY, Event, Phase, restored
from .points import Point, began_by, ends, holding
from .trust import Trust
from .vehicle import Change, Vehicle

START_POINTS, STOP_POINTS = "TxCtrlr.TxStartPoint", "TxCtrlr.TxStopPoint"
CONNECTION_TIMEOUT, STOP_ON_UNPLUG = "TxCtrlr.EVConnectionTimeOut", "TxCtrlr.StopTxOnEVSideDisconnect"
UNLOCK_ON_UNPLUG = "OCPPCommCtrlr.UnlockOnEVSideDisconnect"
STOP_ON_INVALID, ENERGY_ON_INVALID = "TxCtrlr.StopTxOnInvalidId", "TxCtrlr.MaxEnergyOnInvalidId"
AUTHORISATION_NEEDED = "AuthCtrlr.Enabled"

END_WITHIN = 12.0  # s: 6 s grace (IEC 61851-1 seq. 10.2), opening, and two readings of a slow meter
PATIENCE = 15.0  # s an EV gets to ask for power before it counts as suspended: X1 3 s, PWM, and its own thinking


class Session:
    """The session of `evse`. `transaction` and `history` are what a restart found in the store.

    `register_wh` is the last register known before. The caller (Sessions) keeps `barred` and `fault` true to life and
    calls `settle` after each event.
    """

    def __init__(
        self,
        evse: Evse,
        volts: float,
        config: Config,
        new_id: Callable[[], str],
        transaction: Transaction | None = None,
        history: tuple[Sample, ...] = (),
        register_wh: float | None = None,
    ) -> None:
        self.evse, self._config = evse, config
        self.ledger = Ledger(evse, volts, config, new_id, transaction, history)
        self.ledger.register_wh = self.ledger.register_wh or register_wh
        self.vehicle = Vehicle(transaction.plug, transaction.meter_last_at) if transaction else Vehicle()
        self.phase = Phase.FREE
        self.token: Token | None = None
        self.group: str | None = None
        self.fault: str | None = None  # what keeps this EVSE from charging, the station's own faults too
        self.barred = ""  # why the session may not be used at all, in words; "" if it may
        self.profile: Profile | None = None  # brought by a remote start, for the transaction to come
        self.remote_start_id: int | None = None
        self.kept_locked_for: Token | None = None  # whose cable stays locked after it was pulled at the vehicle's side
        self._since = float("-inf")  # mono s of the last change of phase
        self._charged = False  # energy has flowed since ACTIVE began
        self._impatient = False  # PATIENCE has passed since
        self._limited = False  # the limits have spoken since
        self._arrivals = 0  # of vehicles, when STOPPING began
        self._ended_at: Instant | None = None  # when what stopped the transaction happened
        self._trust = Trust(transaction is not None and transaction.invalid)
        self._energised: Energise | None = None
        self._told: SessionChanged | None = None
        if transaction is not None:
            if transaction.authorized:
                self.token, self.group = transaction.token, transaction.group
            self._charged = True  # so that its end waits for a reading of today
            self.phase = restored(transaction)
        self._conditions = self._now_true()

    # --- what happens ---------------------------------------------------------------------------------------------

    def observe(self, seen: Seen, now: Instant) -> Out:
        """The pilot's word."""
        self.ledger.cable = seen.cable
        for change in self.vehicle.observe(seen, now):
            if change is Change.CAME:
                yield from self._came(now)
            else:
                yield from self._left(change, now)
        if seen.closed and self.phase is Phase.ACTIVE:
            self._charged = True

    def measured(self, reading: Reading | None, now: Instant) -> Out:
        """A believable reading, or None when the meter has fallen silent."""
        self.ledger.measured(reading, now)
        if self._trust.spend(self.ledger.register_wh):
            yield from self._trust_is_spent(now)

    def offer(self, amps: float, phases: int) -> None:
        """What the limits give now."""
        self.ledger.offer, self._limited = (amps, phases), True

    def accept(self, token: Token, group: str | None, trigger: Trigger, now: Instant) -> Out:
        """The token may charge here."""
        if self._move(Event.ACCEPTED, now):
            self.token, self.group = token, group
            if self.ledger.running:
                remote = {} if self.remote_start_id is None else {"remote_start_id": self.remote_start_id}
                yield from self.ledger.change(
                    token=token, group=group, authorized=True, invalid=False, withdrawn=None, **remote
                )
                yield from self.ledger.tell(Kind.UPDATED, trigger, self.charging_state(now), now, token=token)
                yield from self._use_remote_start()

    def withdraw(self, reason: StopReason, now: Instant, token: Token | None = None) -> Out:
        """The authorisation ends: card, remote stop, timeout, reset ..."""
        if self.ledger.running:
            yield from self.ledger.change(authorized=False, stop_token=token, withdrawn=reason)
            if self._stops(Point.AUTHORIZED, Point.POWER_PATH_CLOSED, Point.ENERGY_TRANSFER):
                yield from self.stop(reason, now)
                return
            yield from self.ledger.tell(Kind.UPDATED, ENDING[reason], self.charging_state(now), now, token=token)
        if self.token is not None:
            self._move(Event.WITHDRAWN, now)
            self._unauthorise()

    def stop(self, reason: StopReason, at: Instant, now: Instant | None = None) -> Out:
        """End the transaction, whatever the stop points say; it is told once the contactor is open."""
        if self.ledger.running:
            self._ended_at = at
            self._move(Event.WITHDRAWN, now or at)
            self._unauthorise()
            yield from self.ledger.change(stopping=reason)

    def give_up(self, fault: str, now: Instant) -> Out:
        """A latched fault: once it is acknowledged, hours later, nothing may begin again by itself."""
        reason = BY_FAULT.get(fault, StopReason.OTHER)
        yield from self.stop(reason, now) if self.ledger.running else self.withdraw(reason, now)

    def judged_invalid(self, now: Instant) -> Out:
        """The central system refuses the token of the running transaction (1.6 StartTransaction.conf, 2.x E05)."""
        transaction = self.ledger.transaction
        if transaction is None or transaction.stopping or transaction.invalid or not transaction.authorized:
            return
        yield Note(f"EVSE {self.evse.id}: the central system refuses the token of the running transaction", "warning")
        yield from self.ledger.change(invalid=True)
        self._trust.refuse(self.ledger.register_wh, self._config.integer(ENERGY_ON_INVALID))
        if self._trust.spent:
            yield from self._trust_is_spent(now)

    def settle(self, now: Instant) -> Out:
        """After every event and at `next_deadline`: begin or end the transaction, and tell what has changed."""
        if self.vehicle.seen is not None:
            yield from self.observe(self.vehicle.seen, now)
        free = not self._config.boolean(AUTHORISATION_NEEDED) and not self.barred and not self.wrong
        if self.phase is Phase.PLUGGED and free:
            yield from self.accept(Token("", TokenKind.NONE), None, Trigger.AUTHORIZED, now)
        if self.phase is Phase.AUTHORISED and now.mono >= self._connection_deadline():
            yield from self.withdraw(StopReason.TIMEOUT, now)
        if self.phase is Phase.STOPPING and self._settled(now):
            yield from self._finish(now)
        after = self._now_true()
        gained, lost = after - self._conditions, self._conditions - after
        self._conditions = after
        if self.ledger.transaction is None and gained.intersection(self._config.members(START_POINTS)):
            yield from self._begin(gained, now)
        elif lost == {Point.ENERGY_TRANSFER} and self._stops(*lost):
            yield from self.stop(BY_FAULT.get(self.wrong, StopReason.OTHER), now)
        opened = self.vehicle.opened or now.mono >= self._since + END_WITHIN
        yield from self.ledger.attest(self.phase is Phase.ACTIVE, opened, self.token)
        yield from self._show(now)

    def next_deadline(self) -> float | None:
        """mono s at which `settle` must look again."""
        times = [self.vehicle.next_deadline()]
        if self.phase is Phase.AUTHORISED:
            times.append(self._connection_deadline())
        if self.phase is Phase.STOPPING:
            times.append(None if self.ledger.attestation.waits else self._since + END_WITHIN)
        if self.phase is Phase.ACTIVE and not self._charged and not self._impatient:
            times.append(self._since + PATIENCE)
        return min((time for time in times if time is not None), default=None)

    # --- the plug -------------------------------------------------------------------------------------------------

    def _came(self, now: Instant) -> Out:
        self._move(Event.PLUGGED, now)
        self.kept_locked_for = None
        if self.ledger.running:
            yield from self.ledger.change(plug=self.vehicle.plug)
            state = self.charging_state(now)
            yield from self.ledger.tell(Kind.UPDATED, Trigger.CABLE_PLUGGED_IN, state, now)

    def _left(self, change: Change, now: Instant) -> Out:
        at = earlier(now, self.vehicle.left_at(now))
        reason = StopReason.EV_DISCONNECTED if change is Change.LEFT else StopReason.POWER_LOSS
        may_stay = change is Change.LEFT and not self._config.boolean(STOP_ON_UNPLUG)
        stays = may_stay and not self._stops(Point.EV_CONNECTED, Point.POWER_PATH_CLOSED)  # E06.FR.02, 06
        if self.ledger.running and stays and self._move(Event.LEFT_OPEN, now):
            state = self.charging_state(now)
            yield from self.ledger.tell(Kind.UPDATED, Trigger.EV_COMMUNICATION_LOST, state, at)
        elif self._stops(Point.EV_CONNECTED, Point.AUTHORIZED, Point.POWER_PATH_CLOSED):
            if self.evse.has_lock and not self._config.boolean(UNLOCK_ON_UNPLUG):
                self.kept_locked_for = self.token
            yield from self.stop(reason, at, now)
        elif self._move(Event.UNPLUGGED, now):
            self._unauthorise()

    # --- the transaction ------------------------------------------------------------------------------------------

    def _now_true(self) -> frozenset[Point]:
        seen = self.vehicle.seen
        return holding(self.phase, self.vehicle.plugged, seen is not None and seen.closed)

    def _stops(self, *lost: Point) -> bool:
        """Whether losing these ends the transaction."""
        return self.ledger.running and ends(lost, self._config.members(STOP_POINTS), self.vehicle.plugged)

    def _begin(self, gained: frozenset[Point], now: Instant) -> Out:
        remote, state = self.remote_start_id, self.charging_state(now)
        trigger = began_by(gained) if remote is None else Trigger.REMOTE_START
        self._trust = Trust()
        yield from self.ledger.begin(self.token, self.group, self.vehicle.plug, trigger, state, remote, now)
        yield from self._use_remote_start()

    def _use_remote_start(self) -> Out:
        """The transaction has its id; its profile comes into force, and neither is for the next one."""
        profile, self.profile, self.remote_start_id = self.profile, None, None
        if profile is not None:
            yield ProfileBrought(self.evse.id, profile)

    def _unauthorise(self) -> None:
        self.token = self.group = self.profile = self.remote_start_id = None

    def _settled(self, now: Instant) -> bool:
        """The contactor is open and the meter has signed and been read since, or there is nothing to wait for."""
        seen, reading = self.vehicle.seen, self.ledger.reading
        if self.ledger.stopping is not None and not self.ledger.attestation.over:
            return False
        if now.mono >= self._since + END_WITHIN:
            return True
        if seen is None or seen.closed:
            return False
        if not self._charged or not self.evse.has_meter or seen.opened_at is None or self.ledger.transaction is None:
            return True
        return self.ledger.silent or (reading is not None and reading.at >= seen.opened_at)

    def _finish(self, now: Instant) -> Out:
        if self.ledger.stopping is not None:
            yield from self.ledger.end(self.charging_state(now), self._ended_at or now)
            self._ended_at = None
        another_came = self.vehicle.plugged and self.vehicle.arrivals != self._arrivals
        self._move(Event.SETTLED if self.vehicle.plugged and not another_came else Event.SETTLED_FREE, now)
        self._charged = False
        if another_came:
            yield from self._came(now)

    def _trust_is_spent(self, now: Instant) -> Out:
        if self._config.boolean(STOP_ON_INVALID):
            yield from self.withdraw(StopReason.DE_AUTHORIZED, now)

    def _connection_deadline(self) -> float:
        """mono s at which an authorisation without a plug is given up; not while its vehicle was there once."""
        transaction = self.ledger.transaction
        if transaction is not None and transaction.plug is not None:
            return float("inf")
        return self._since + self._config.integer(CONNECTION_TIMEOUT)

    @property
    def wrong(self) -> str:
        """The fault that keeps it from charging; "" if there is none."""
        return self.fault or (self.vehicle.seen is not None and self.vehicle.seen.fault) or ""

    # --- what is told ---------------------------------------------------------------------------------------------

    def charging_state(self, now: Instant) -> ChargingState:
        """OCPP 2.x; the station's own reasons to suspend win over the EV's."""
        seen, transaction = self.vehicle.seen, self.ledger.transaction
        if seen is None and transaction is not None:
            return transaction.charging_state  # until the pilot is heard after a restart
        if not self.vehicle.plugged or seen is None:
            return ChargingState.IDLE
        if self.phase is not Phase.ACTIVE:
            return ChargingState.EV_CONNECTED
        if seen.closed and seen.asking:
            return ChargingState.CHARGING
        nothing_offered = self._limited and self.ledger.offer[0] <= 0 and not self.ledger.attestation.begins
        if self.wrong or nothing_offered or self._trust.spent or self.barred:
            return ChargingState.SUSPENDED_EVSE
        if not self._charged and now.mono < self._since + PATIENCE:
            return ChargingState.EV_CONNECTED
        return ChargingState.SUSPENDED_EV if seen.offered > 0 else ChargingState.SUSPENDED_EVSE

    def why(self) -> str:
        """Why no energy may flow, in the technician's words; "" if it may."""
        if self.barred:
            return self.barred
        if self._trust.spent:
            return "the central system refused the card of this transaction"
        return WHY[self.phase]

    def _show(self, now: Instant) -> Out:
        """Energise, the transaction's new charging state and SessionChanged, each only when it is news."""
        self._impatient = now.mono >= self._since + PATIENCE
        allowed = self.phase is Phase.ACTIVE and not self.barred and not self._trust.spent
        locked = self.phase in (Phase.AUTHORISED, Phase.ACTIVE, Phase.STOPPING) or self.kept_locked_for is not None
        energise = Energise(self.evse.id, allowed, locked, self.why())
        if energise != self._energised:
            self._energised = energise
            yield energise
        state, transaction = self.charging_state(now), self.ledger.transaction
        if transaction is not None and not transaction.stopping and state is not transaction.charging_state:
            yield from self.ledger.tell(Kind.UPDATED, Trigger.CHARGING_STATE_CHANGED, state, now)
        if self.ledger.stopping is None:  # the end is told first, then that the connector is free
            yield from self._tell_connector(state)

    def _tell_connector(self, state: ChargingState) -> Out:
        transaction, plugged = self.ledger.transaction, self.vehicle.plugged
        told = SessionChanged(
            self.evse.id,
            plugged,
            preparing=transaction is None and self.phase in (Phase.PLUGGED, Phase.AUTHORISED, Phase.ACTIVE),
            transaction=transaction is not None,
            finished=transaction is None and self.phase in (Phase.STOPPING, Phase.FINISHED) and plugged,
            charging_state=state if transaction else None,
            info="EV side disconnected" if transaction and transaction.plug and not plugged else "",
        )
        if told != self._told:
            self._told = told
            yield told

    def _move(self, event: Event, now: Instant) -> bool:
        """Step through the table; False where the event means nothing in this phase."""
        phase = TABLE[self.phase].get(event)
        if phase is None:
            return False
        if phase is Phase.ACTIVE:
            seen = self.vehicle.seen
            self._charged, self._limited = seen is not None and seen.closed, False
        if phase is Phase.STOPPING:
            self._arrivals = self.vehicle.arrivals
        self.phase, self._since = phase, now.mono
        return True
