"""The transaction of one EVSE: its events in order, its samples, its energy.

Everything told is saved in the same commit as the transaction's next sequence number, so that a restart goes on
exactly there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from evse_drivers.api import Reading

from evsed.model.journal import Forget, Save, Tell
from evsed.model.reports import Kind, TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Token
from evsed.model.topology import Evse
from evsed.model.transactions import ChargingState, Context, Sample, SignedValue, StopReason, Transaction, Trigger

from .attestation import Attestation
from .block import Config
from .effects import Effect
from .facts import Attested, Fact, TransactionBegan, TransactionOver
from .samples import take

BEGIN_MEASURANDS, END_MEASURANDS = "SampledDataCtrlr.TxStartedMeasurands", "SampledDataCtrlr.TxEndedMeasurands"
UPDATE_MEASURANDS, CLOCK_MEASURANDS = "SampledDataCtrlr.TxUpdatedMeasurands", "AlignedDataCtrlr.Measurands"
CLOCK_END_MEASURANDS = "AlignedDataCtrlr.TxEndedMeasurands"
HISTORY = 200  # samples kept for the end of a transaction; beyond that every other one in the middle goes

# What the end of a transaction is told as, by its reason (OCPP 2.0.1 part 2, E06 and E07).
ENDING: dict[StopReason, Trigger] = {
    StopReason.LOCAL: Trigger.STOP_AUTHORIZED,
    StopReason.REMOTE: Trigger.REMOTE_STOP,
    StopReason.EV_DISCONNECTED: Trigger.EV_COMMUNICATION_LOST,  # EVDeparted is for a parking bay's sensor
    StopReason.DE_AUTHORIZED: Trigger.DEAUTHORIZED,
    StopReason.ENERGY_LIMIT_REACHED: Trigger.ENERGY_LIMIT_REACHED,
    StopReason.TIMEOUT: Trigger.EV_CONNECT_TIMEOUT,
    StopReason.UNLOCK_COMMAND: Trigger.UNLOCK_COMMAND,
    StopReason.IMMEDIATE_RESET: Trigger.RESET_COMMAND,
    StopReason.SCHEDULED_RESET: Trigger.RESET_COMMAND,
    StopReason.STOPPED_BY_EV: Trigger.CHARGING_STATE_CHANGED,
}

# The reason of an end that a fault of the catalogue brings; the trigger is AbnormalCondition (E06.FR.16). Else Other.
BY_FAULT: dict[str, StopReason] = {
    "": StopReason.STOPPED_BY_EV,  # nothing is wrong
    "emergency stop": StopReason.EMERGENCY_STOP,
    "residual current": StopReason.GROUND_FAULT,
    "PEN": StopReason.GROUND_FAULT,
    "overcurrent": StopReason.OVERCURRENT_FAULT,
    "overvoltage": StopReason.POWER_QUALITY,
    "undervoltage": StopReason.POWER_QUALITY,
    "phase lost": StopReason.POWER_QUALITY,
    "frequency": StopReason.POWER_QUALITY,
}

Out = Iterator[Effect | Fact]


class Ledger:
    """The caller sets `online` and `offer`, and hands over each reading; `transaction` is None between two."""

    def __init__(
        self,
        evse: Evse,
        volts: float,
        config: Config,
        new_id: Callable[[], str],
        transaction: Transaction | None = None,
        history: tuple[Sample, ...] = (),
    ) -> None:
        self._evse, self._volts, self._config, self._new_id = evse, volts, config, new_id
        self.transaction = transaction
        self.online = False
        self.offer = (0.0, evse.phases)  # A and phases, what the limits give
        self.silent = False  # the meter is known not to answer
        self.cable: float | None = None  # A, by the pilot's proximity resistor
        self.reading: Reading | None = None  # None while the meter is silent
        self.register_wh = transaction.meter_last_wh if transaction else None  # the last one that was ever told
        self.attestation = Attestation(evse, config, transaction.id if transaction else None)
        self._history = list(history)
        self._sampled: dict[tuple[Context, bool], Reading] = {}  # what the last sample of each kind was taken from

    @property
    def stopping(self) -> StopReason | None:
        """Why the running transaction is being ended, once it is."""
        return self.transaction.stopping if self.transaction is not None else None

    @property
    def running(self) -> bool:
        """A transaction runs and nothing has stopped it yet."""
        return self.transaction is not None and self.transaction.stopping is None

    def measured(self, reading: Reading | None, now: Instant) -> None:
        """A believable reading, or None when the meter has fallen silent."""
        self.reading, self.silent = reading, reading is None
        if reading is None or reading.import_wh is None:
            return
        self.register_wh = reading.import_wh
        if self.transaction is not None:
            at = earlier(now, reading.at)
            self.transaction = replace(self.transaction, meter_last_wh=reading.import_wh, meter_last_at=at)

    def change(self, **fields: Any) -> Out:
        """Change the transaction and save it."""
        assert self.transaction is not None
        self.transaction = replace(self.transaction, **fields)
        yield Save("transaction", self.transaction.id, self.transaction)

    def begin(
        self,
        token: Token | None,
        group: str | None,
        plug: str | None,
        trigger: Trigger,
        state: ChargingState,
        remote_start_id: int | None,
        now: Instant,
    ) -> Out:
        """Open a transaction: seq 0, with the register as it stands."""
        self._history = []
        self.transaction = Transaction(
            id=self._new_id(),
            evse=self._evse.id,
            started_at=now,
            seq=0,
            token=token,
            group=group,
            authorized=token is not None,
            plug=plug,
            charging_state=state,
            meter_start_wh=self.register_wh,
            meter_last_wh=self.register_wh,
            meter_last_at=now,
            remote_start_id=remote_start_id,
        )
        yield TransactionBegan(self.transaction)
        sample, signed = self._take(Context.BEGIN, now), self.attestation.begin()
        yield from self.tell(Kind.STARTED, trigger, state, now, token=token, sample=sample, signed=signed)
        yield from self._remember(self._take(Context.BEGIN, now, END_MEASURANDS))

    def tell(
        self,
        kind: Kind,
        trigger: Trigger,
        state: ChargingState,
        now: Instant,
        *,
        token: Token | None = None,
        sample: Sample | None = None,
        history: tuple[Sample, ...] = (),
        signed: tuple[SignedValue, ...] = (),
        stop_reason: StopReason | None = None,
    ) -> Out:
        """Queue the transaction's next event."""
        transaction = self.transaction
        assert transaction is not None
        yield Tell(
            TransactionReport(
                at=now,
                transaction=transaction.id,
                evse=self._evse.id,
                seq=transaction.seq,
                kind=kind,
                trigger=trigger,
                charging_state=state,
                offline=not self.online,
                token=token,
                meter_wh=self.register_wh,
                samples=() if sample is None or not sample.values else (sample,),
                history=history,
                signed=signed,
                stop_reason=stop_reason,
                remote_start_id=transaction.remote_start_id,
                cable_amps=self.cable,
                phases=self.offer[1],
            )
        )
        yield from self.change(seq=transaction.seq + 1, charging_state=state)

    def sample(self, context: Context, ended: bool, state: ChargingState, now: Instant) -> Out:
        """The transaction's samples are due: told now, or (`ended`) kept for its end."""
        if not self.running or self.reading is None or self._sampled.get((context, ended)) is self.reading:
            return  # a meter that has said nothing since the last sample is not quoted a second time
        self._sampled[context, ended] = self.reading
        clock = context is Context.CLOCK
        if ended:
            yield from self._remember(self._take(context, now, CLOCK_END_MEASURANDS if clock else END_MEASURANDS))
            return
        sample = self._take(context, now, CLOCK_MEASURANDS if clock else UPDATE_MEASURANDS)
        if sample is not None and sample.values:
            trigger = Trigger.METER_VALUE_CLOCK if clock else Trigger.METER_VALUE_PERIODIC
            yield from self.tell(Kind.UPDATED, trigger, state, now, sample=sample)

    def triggered(self, state: ChargingState, now: Instant) -> Out:
        """2.x TriggerMessage(TransactionEvent)."""
        if self.running:
            sample = self._take(Context.TRIGGER, now, UPDATE_MEASURANDS)
            yield from self.tell(Kind.UPDATED, Trigger.TRIGGER, state, now, sample=sample)

    def attested(self, attested: Attested, state: ChargingState, now: Instant) -> Out:
        """The meter has signed, or will not: the record of the begin is told as soon as there is one."""
        self.attestation.heard(attested)
        if self.running and (signed := self.attestation.begin()):
            yield from self.tell(Kind.UPDATED, Trigger.SIGNED_DATA, state, now, signed=signed)

    def attest(self, active: bool, opened: bool, token: Token | None) -> Out:
        """What the meter must sign now: `active`, energy may flow; `opened`, the contactor is open, or should be."""
        transaction = self.transaction
        over = opened and not active and (transaction is None or transaction.stopping is not None)
        attest = self.attestation.want(
            "begin" if active else "end" if over else "keep", transaction.id if transaction else None, token
        )
        if attest is not None:
            yield attest

    def end(self, state: ChargingState, at: Instant) -> Out:
        """Tell the end, as of `at`, with what the meter says now; the transaction is gone after that."""
        transaction = self.transaction
        assert transaction is not None
        assert transaction.stopping is not None
        end = self._take(Context.END, at, END_MEASURANDS)
        history = (*self._history, end) if end is not None and end.values else tuple(self._history)
        yield from self.tell(
            Kind.ENDED,
            ENDING.get(transaction.stopping, Trigger.ABNORMAL_CONDITION),
            state,
            at,
            token=transaction.stop_token,
            history=history,
            signed=self.attestation.end(),
            stop_reason=transaction.withdrawn or transaction.stopping,  # the trigger says what ended it, this why
        )
        yield Forget("transaction", transaction.id)
        yield Forget(f"history {transaction.id}", None)
        self.transaction, self._history = None, []
        yield TransactionOver(self._evse.id, transaction.id)

    def _take(self, context: Context, at: Instant, measurands: str = BEGIN_MEASURANDS) -> Sample | None:
        names = self._config.members(measurands)
        if self.reading is None or not names:
            return None
        amps, phases = self.offer
        return take(self.reading, at, context, names, (amps, amps * phases * self._volts))

    def _remember(self, sample: Sample | None) -> Out:
        if sample is None or not sample.values or self.transaction is None:
            return
        kind = f"history {self.transaction.id}"
        self._history.append(sample)
        yield Save(kind, f"{len(self._history):06}", sample)
        if len(self._history) > HISTORY:
            self._history = [self._history[0], *self._history[1:-1:2], self._history[-1]]
            yield Forget(kind, None)
            for number, kept in enumerate(self._history, 1):
                yield Save(kind, f"{number:06}", kept)


def earlier(now: Instant, mono: float) -> Instant:
    """The instant `mono` of the same boot, at most `now`."""
    mono = min(mono, now.mono)
    return replace(now, mono=mono, utc=None if now.utc is None else now.utc - (now.mono - mono))
