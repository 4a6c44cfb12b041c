"""The meters: passes on what they say, and tells when to sample it.

A reading passes on only if it can be true (plausibility.py), without the quantities that cannot (possible.py). A meter
that answers nothing, or only what cannot be true, for `STALE` seconds (three of its intervals, where that is more) is
silent: everybody hears so, and nothing is invented in its place. So is one whose current or voltage, on which the
supervision rests, was nonsense for so long.
Samples of a transaction count from its start, clock-aligned ones from midnight UTC.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import Reading

from evsed.model.inputs import ClockSet, Input, Metered, MeterSilent, Started, Tick
from evsed.model.journal import Save, Tell
from evsed.model.reports import MeterReport
from evsed.model.time import Instant
from evsed.model.topology import Topology
from evsed.model.transactions import Context, Transaction

from .block import Config
from .effects import Effect, Note
from .facts import (
    Fact,
    Measured,
    OfferChanged,
    SampleDue,
    TransactionBegan,
    TransactionOver,
    Triggered,
    VariableChanged,
)
from .plausibility import IMPORT, REPLACED, Plausibility
from .possible import Doubt, Outlet
from .samples import take

STALE = 10.0  # s without a believable reading
INTERVALS = 3.0  # of its own that a slower meter may miss
DAY = 86_400

TX_INTERVAL, TX_MEASURANDS = "SampledDataCtrlr.TxUpdatedInterval", "SampledDataCtrlr.TxUpdatedMeasurands"
ENDED_INTERVAL = "SampledDataCtrlr.TxEndedInterval"
CLOCK_INTERVAL, CLOCK_MEASURANDS = "AlignedDataCtrlr.Interval", "AlignedDataCtrlr.Measurands"
CLOCK_ENDED_INTERVAL = "AlignedDataCtrlr.TxEndedInterval"
TX_ENABLED, CLOCK_ENABLED = "SampledDataCtrlr.Enabled", "AlignedDataCtrlr.Enabled"
PLANNED_BY = (TX_INTERVAL, ENDED_INTERVAL, CLOCK_INTERVAL, CLOCK_ENDED_INTERVAL, TX_ENABLED, CLOCK_ENABLED)


@dataclass(slots=True)
class _Meter:
    """What is known of one EVSE's meter."""

    worth: Plausibility
    stale: float  # s without a believable reading, after which it is silent
    reading: Reading | None = None  # the last believable one, while it is fresh
    heard_at: float | None = None  # mono s
    silent: bool = False
    why: str = ""
    noted: bool = False  # the log has it: it is told when it is over, too
    transaction: str | None = None
    tx_started: float = 0.0  # mono s
    next_tx: float | None = None
    next_ended: float | None = None
    offer: tuple[float, float] = (0.0, 0.0)


class Metering:
    """The meters of all EVSEs.

    `registers`: the highest import register ever told, by EVSE (kind "register"); `running`: the transactions that
    go on after a restart.
    """

    hears = (
        Started,
        ClockSet,
        Metered,
        MeterSilent,
        TransactionBegan,
        TransactionOver,
        OfferChanged,
        VariableChanged,
        Triggered,
    )

    def __init__(
        self, topology: Topology, config: Config, registers: Mapping[str, float], running: Iterable[Transaction]
    ) -> None:
        self._config, self._topology = config, topology
        self._meters = {
            evse.id: _Meter(
                Plausibility(Outlet(evse.max_amps, evse.phases, topology.nominal_volts), registers.get(str(evse.id))),
                max(STALE, INTERVALS * evse.meter_every),
            )
            for evse in topology.evses
            if evse.has_meter
        }
        for transaction in running:
            if transaction.evse in self._meters:
                meter = self._meters[transaction.evse]
                meter.transaction, meter.tx_started = transaction.id, transaction.started_at.mono
                known = (meter.worth.highest_wh, transaction.meter_last_wh)
                meter.worth.highest_wh = max(filter(None, known), default=None)
        self._next_clock: float | None = None  # mono s
        self._next_clock_ended: float | None = None

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first lines."""
        match event:
            case Metered(evse, reading) if evse in self._meters:
                yield from self._metered(evse, self._meters[evse], reading)
            case MeterSilent(evse, why) if evse in self._meters:
                yield from self._silent(evse, self._meters[evse], why, now)
            case TransactionBegan(transaction) if transaction.evse in self._meters:
                self._began(self._meters[transaction.evse], transaction.id, now)
            case TransactionOver(evse) if evse in self._meters:
                yield from self._over(evse, self._meters[evse])
            case OfferChanged(evse, amps, phases) if evse in self._meters:
                self._meters[evse].offer = (amps, amps * phases * self._topology.nominal_volts)
            case Triggered("MeterValues", wanted):
                yield from self._triggered(wanted, now)
            case VariableChanged(name) if name in PLANNED_BY:
                self._replan(now)
            case ClockSet():
                self._replan(now)
            case Started():
                for meter in self._meters.values():
                    meter.heard_at = now.mono
                self._replan(now)
            case Tick():
                yield from self._tick(now)

    def next_deadline(self) -> float | None:
        """The next sample, or the instant at which a meter counts as silent."""
        times = [self._next_clock, self._next_clock_ended]
        for meter in self._meters.values():
            times += [meter.next_tx, meter.next_ended]
            if not meter.silent and meter.heard_at is not None:
                times.append(meter.heard_at + meter.stale)
        return min((time for time in times if time is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE: the reading, its age, and what is wrong with the meter."""
        return {
            str(evse): {
                "reading": None if meter.reading is None else dataclasses.asdict(meter.reading),
                "age_s": None if meter.reading is None else round(now.mono - meter.reading.at, 1),
                "register_wh": meter.worth.highest_wh,
                "silent": meter.silent,
                "why": meter.why,
                "doubted": {name: {"times": its.times, "why": its.why} for name, its in meter.worth.doubted.items()},
            }
            for evse, meter in self._meters.items()
        }

    # --- readings -------------------------------------------------------------------------------------------------

    def _metered(self, evse: int, meter: _Meter, reading: Reading) -> Iterator[Effect | Fact]:
        worth = meter.worth
        doubt = worth.doubt(reading)
        if doubt and meter.transaction is None and worth.replaced(reading):
            yield Note(f"meter of EVSE {evse}: {doubt}, for {REPLACED:g} s: taken for a new meter", "warning")
            yield Save("register", str(evse), worth.highest_wh)
        elif doubt:
            if worth.count(IMPORT, doubt, reading.at):
                yield Note(f"meter of EVSE {evse}: {doubt}; the reading is not used", "warning")
                meter.noted = True
            meter.why = doubt
            if meter.transaction is not None:
                worth.interrupted()
            return
        sifted, found = worth.sift(reading)
        yield from self._doubted(evse, meter, found, reading.at)
        worth.believe(sifted)
        blind = [doubt for doubt in found if doubt.blinds(worth.outlet)]
        if blind:
            meter.why = f"its {blind[0].name} cannot be true ({blind[0].why})"
            if not meter.silent:
                meter.reading = sifted
                yield Measured(evse, sifted)
            return
        if meter.noted:
            yield Note(f"meter of EVSE {evse}: answers again")
        meter.reading, meter.heard_at, meter.silent, meter.why, meter.noted = sifted, reading.at, False, "", False
        yield Measured(evse, sifted)

    def _doubted(self, evse: int, meter: _Meter, found: Iterable[Doubt], at: float) -> Iterator[Effect]:
        for doubt in found:
            if meter.worth.count(doubt.name, doubt.why, at):
                meter.noted = meter.noted or doubt.blinds(meter.worth.outlet)
                yield Note(f"meter of EVSE {evse}: its {doubt.name} cannot be true: {doubt.why}; not used", "warning")

    def _silent(self, evse: int, meter: _Meter, why: str, now: Instant) -> Iterator[Effect | Fact]:
        if not meter.noted:
            yield Note(f"meter of EVSE {evse}: {why}", "warning")
            meter.noted = True
        meter.why = why
        meter.worth.interrupted()
        if meter.heard_at is None:
            meter.heard_at = now.mono

    def _stale(self, evse: int, meter: _Meter) -> Iterator[Effect | Fact]:
        meter.silent, meter.reading, meter.noted = True, None, True
        meter.why = meter.why or "has not answered"
        yield Note(f"meter of EVSE {evse}: no believable reading for {meter.stale:g} s: {meter.why}", "error")
        yield Measured(evse, None, meter.why)

    # --- samples --------------------------------------------------------------------------------------------------

    def _began(self, meter: _Meter, transaction: str, now: Instant) -> None:
        meter.transaction, meter.tx_started = transaction, now.mono
        self._plan_tx(meter, now)

    def _over(self, evse: int, meter: _Meter) -> Iterator[Effect | Fact]:
        meter.transaction = meter.next_tx = meter.next_ended = None
        if meter.worth.highest_wh is not None:
            yield Save("register", str(evse), meter.worth.highest_wh)

    def _plan_tx(self, meter: _Meter, now: Instant) -> None:
        running = meter.transaction is not None and self._config.boolean(TX_ENABLED)
        meter.next_tx = self._after(TX_INTERVAL, meter.tx_started, now) if running else None
        meter.next_ended = self._after(ENDED_INTERVAL, meter.tx_started, now) if running else None

    def _after(self, name: str, start: float, now: Instant) -> float | None:
        """The next multiple of that interval after `start`; None where it is 0 (never)."""
        every = self._config.integer(name)
        return None if every <= 0 else start + every * (math.floor((now.mono - start) / every) + 1)

    def _aligned(self, name: str, now: Instant) -> float | None:
        """mono s of the next multiple of that interval since midnight UTC; while UTC is unknown, of the next look."""
        every = self._config.integer(name)
        if every <= 0 or not self._config.boolean(CLOCK_ENABLED):
            return None
        return now.mono + every - (0 if now.utc is None else (now.utc % DAY) % every)

    def _replan(self, now: Instant) -> None:
        for meter in self._meters.values():
            self._plan_tx(meter, now)
        self._next_clock = self._aligned(CLOCK_INTERVAL, now)
        self._next_clock_ended = self._aligned(CLOCK_ENDED_INTERVAL, now)

    def _tick(self, now: Instant) -> Iterator[Effect | Fact]:
        for evse, meter in self._meters.items():
            if not meter.silent and meter.heard_at is not None and now.mono >= meter.heard_at + meter.stale:
                yield from self._stale(evse, meter)
            if meter.next_tx is not None and now.mono >= meter.next_tx:
                yield SampleDue(evse, Context.PERIODIC)
                meter.next_tx = self._after(TX_INTERVAL, meter.tx_started, now)
            if meter.next_ended is not None and now.mono >= meter.next_ended:
                yield SampleDue(evse, Context.PERIODIC, ended=True)
                meter.next_ended = self._after(ENDED_INTERVAL, meter.tx_started, now)
        if self._next_clock is not None and now.mono >= self._next_clock:
            self._next_clock = self._aligned(CLOCK_INTERVAL, now)
            if now.utc is not None:
                yield from self._clock(now)
        if self._next_clock_ended is not None and now.mono >= self._next_clock_ended:
            self._next_clock_ended = self._aligned(CLOCK_ENDED_INTERVAL, now)
            for evse, meter in self._meters.items():
                if meter.transaction is not None and now.utc is not None:
                    yield SampleDue(evse, Context.CLOCK, ended=True)

    def _clock(self, now: Instant) -> Iterator[Effect | Fact]:
        for evse, meter in self._meters.items():
            if meter.transaction is None:
                yield from self._loose(evse, meter, Context.CLOCK, self._config.members(CLOCK_MEASURANDS), now)
            else:
                yield SampleDue(evse, Context.CLOCK)

    def _triggered(self, wanted: int | None, now: Instant) -> Iterator[Effect | Fact]:
        for evse, meter in self._meters.items():
            if wanted in (None, 0, evse):
                yield from self._loose(evse, meter, Context.TRIGGER, self._config.members(TX_MEASURANDS), now)

    def _loose(
        self, evse: int, meter: _Meter, context: Context, measurands: tuple[str, ...], now: Instant
    ) -> Iterator[Effect]:
        """Meter values that belong to no transaction's story."""
        if meter.reading is not None:
            sample = take(meter.reading, now, context, measurands, meter.offer)
            if sample.values:
                yield Tell(MeterReport(now, evse, (sample,), meter.transaction))
