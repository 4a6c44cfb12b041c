"""What the meter and the temperature say against the limits.

Each rule stands in a file of its own and says what is the case (conditions.py); this block gives it what it may rest
on, compares what it says with what was told before, and tells the difference: Troubled for a fault of the catalogue,
Ceiling for a lower current. What follows from a fault, block Faults decides (faults.py).

No rule sees a reading that is older than twice the meter's interval (3 s at least); one that the meter cannot tell is
said so once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from evse_drivers.api import Phases, Reading

from evsed.model.inputs import Input, Observed, Started, Tick, Warmed
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology

from . import voltage
from .conditions import NAMES, Rule
from .effects import Effect, Note
from .facts import Ceiling, Fact, Measured, OfferChanged, Troubled
from .frequency import Frequency
from .overcurrent import Overcurrent
from .temperature import Temperature
from .unbalance import Unbalance
from .unmetered import Unmetered
from .voltage import Voltage

FRESH = 3.0  # s; a reading younger than that is never old
INTERVALS = 2.0  # of the meter, after which a reading is old

Out = Iterator[Effect | Fact]


class Options(voltage.Options, Protocol):
    """What the technician wants: [supervision] of the config. 0 or false switches a rule off."""

    @property
    def overcurrent(self) -> bool: ...

    @property
    def meter_silent(self) -> str: ...

    @property
    def derate_at(self) -> tuple[float, ...]: ...

    @property
    def stop_at(self) -> float: ...

    @property
    def max_unbalance(self) -> float: ...

    @property
    def droop(self) -> bool: ...

    @property
    def lowest_frequency(self) -> float: ...

    @property
    def highest_frequency(self) -> float: ...


@dataclass(slots=True)
class _Outlet:
    """The rules of one EVSE, and what was told of them."""

    phases: int  # wired
    gap: float  # s: an older reading is not used
    temperature: Temperature
    unmetered: Unmetered
    rules: tuple[Rule, ...]
    watched: bool = False  # a reading has come
    troubled: set[str] = field(default_factory=set)
    ceilings: dict[str, float] = field(default_factory=dict)


class Supervision:
    """`sensors`: of each temperature sensor the EVSEs that it stands for; `now`: the start."""

    hears = (Started, Observed, Measured, OfferChanged, Warmed)

    def __init__(
        self, topology: Topology, options: Options, sensors: Mapping[str, tuple[int, ...]], now: Instant
    ) -> None:
        self._options = options
        self._outlets = {evse.id: self._outlet(evse, topology, sensors, now) for evse in topology.evses}

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first lines."""
        concerned: tuple[int, ...] = tuple(self._outlets)
        match event:
            case Observed(seen):
                concerned = (seen.evse,)
                for rule in self._rules(seen.evse):
                    rule.seen(seen)
            case Measured(evse, None):
                concerned = (evse,)
                for rule in self._rules(evse):
                    rule.silent()
            case Measured(evse, reading) if reading is not None:
                concerned = (evse,)
                yield from self._read(evse, reading, now)
            case OfferChanged(evse, amps):
                concerned = (evse,)
                if amps > 0:
                    self._outlets[evse].unmetered.offer(True)
            case Warmed(sensor, evses, celsius, why):
                concerned = evses
                for evse in evses:
                    self._outlets[evse].temperature.warmed(sensor, celsius, why, now.mono)
            case Tick():
                for outlet in self._outlets.values():
                    outlet.temperature.pass_time(now.mono)
        for evse in concerned:
            yield from self._told(evse, self._outlets[evse])

    def next_deadline(self) -> float | None:
        """When a temperature sensor has been silent for too long."""
        times = (outlet.temperature.next_deadline() for outlet in self._outlets.values())
        return min((time for time in times if time is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE: what stands with its values, what is limited, and the temperatures."""
        return {
            str(evse): {
                "standing": {name: info for rule in outlet.rules for name, info in rule.standing.items()},
                "ceilings": outlet.ceilings,
                "celsius": outlet.temperature.view(),
            }
            for evse, outlet in self._outlets.items()
        }

    def _outlet(self, evse: Evse, topology: Topology, sensors: Mapping[str, tuple[int, ...]], now: Instant) -> _Outlet:
        options, gap = self._options, max(FRESH, INTERVALS * evse.meter_every)
        mine = tuple(name for name, evses in sensors.items() if evse.id in evses)
        temperature = Temperature(options.derate_at, options.stop_at, evse.max_amps, mine, now.mono)
        unmetered = Unmetered(options.meter_silent)
        frequency = Frequency(options.lowest_frequency, options.highest_frequency, options.droop, evse.max_amps, gap)
        rules: list[Rule] = [
            temperature,
            unmetered,
            Voltage(options, topology.nominal_volts, evse.phases, gap),
            frequency,
            Unbalance(options.max_unbalance, evse.max_amps, evse.phases, gap),
        ]
        if options.overcurrent:
            rules.append(Overcurrent(evse.phases, gap))
        return _Outlet(evse.phases, gap, temperature, unmetered, tuple(rules))

    def _rules(self, evse: int) -> tuple[Rule, ...]:
        return self._outlets[evse].rules

    def _read(self, evse: int, reading: Reading, now: Instant) -> Out:
        outlet = self._outlets[evse]
        if now.mono - reading.at > outlet.gap:
            return
        if not outlet.watched:
            outlet.watched = True
            yield from self._blind(evse, outlet, reading)
        for rule in outlet.rules:
            rule.read(reading)

    def _blind(self, evse: int, outlet: _Outlet, reading: Reading) -> Out:
        """The rules that the options ask for and this meter cannot serve."""
        options = self._options
        voltages = options.undervoltage or options.overvoltage or options.phase_loss or options.pen_fault
        amps = _lacking("current", reading.amps, outlet.phases)
        volts = _lacking("voltage", reading.volts, outlet.phases)
        lacks = {
            f"{amps}: overcurrent and unbalance are": (options.overcurrent or options.max_unbalance) and amps,
            f"{volts}: under- and overvoltage, lost phases and PEN faults are": voltages and volts,
            "no frequency: its bounds and the droop are": options.droop and reading.hertz is None,
            "not how the phases turn: phase_rotation is": options.phase_rotation != "any" and reading.sequence is None,
        }
        for what, lack in lacks.items():
            if lack:
                yield Note(f"meter of EVSE {evse}: tells {what} not watched", "warning")

    def _told(self, evse: int, outlet: _Outlet) -> Out:
        standing = {name: info for rule in outlet.rules for name, info in rule.standing.items()}
        for gone in sorted(outlet.troubled - standing.keys()):
            yield Troubled(evse, gone, False)
        for name, info in standing.items():
            if name not in outlet.troubled:
                yield Troubled(evse, name, True, info)
        outlet.troubled = set(standing)
        ceilings = {source: amps for rule in outlet.rules for source, amps in rule.ceilings.items()}
        for source in sorted(outlet.ceilings.keys() | ceilings.keys()):
            if outlet.ceilings.get(source) != ceilings.get(source):
                yield Ceiling(evse, source, ceilings.get(source))
        outlet.ceilings = ceilings


def _lacking(what: str, values: Phases, phases: int) -> str:
    """What the meter does not tell of the wired phases; "" if it tells all."""
    missing = [name for name, value in zip(NAMES[:phases], values, strict=False) if value is None]
    if len(missing) == phases:
        return f"no {what}s"
    return f"no {what} of {' and '.join(missing)}" if missing else ""
