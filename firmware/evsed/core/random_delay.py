"""Delays the start of a charge, and every return of its current, by chance.

So that not all wallboxes of a region switch on in the same second, when a tariff changes or after a power cut (in Great
Britain SI 2021/1467, regulation 11: up to 600 s, remotely up to 1800 s, and the owner may cancel it).

Theory of operation. While nothing is offered for any other reason a ceiling of 0 A lies ready ("armed"). The limits
name it as their reason only when nothing else is in the way: then the delay runs, and after it the ceiling is lifted
("passed") until the offer is withdrawn again. A charge that the pilot carries on over a restart of the station is not
delayed: when that pilot is first heard, the other blocks have not all spoken yet, and 0 A on the way is no withdrawal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from evsed.model.inputs import Input, Observed, Ordered, Tick
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .block import Config
from .effects import Effect, Note
from .facts import Ceiling, Fact, OfferChanged, VariableChanged

SOURCE = "random delay"
LONGEST = "RandomisedDelayCtrlr.MaxDelay"
SKIP_ALL = "RandomisedDelayCtrlr.SkipAll"
Out = Iterator[Effect | Fact]


@dataclass(slots=True)
class _Delay:
    """Of one EVSE."""

    heard: bool = False  # its pilot, since the start
    carried_on: float | None = None  # mono s at which it was first heard, if it was offering then
    offered: bool = False  # by the limits
    armed: bool = False  # the ceiling lies
    until: float | None = None  # mono s; None: it does not run


class RandomDelay:
    """`chance` gives a number from 0 up to, but not including, 1, another one each time."""

    hears = (Observed, OfferChanged, Ordered, VariableChanged)

    def __init__(self, topology: Topology, config: Config, chance: Callable[[], float]) -> None:
        self._config, self._chance = config, chance
        self._delays = {evse.id: _Delay() for evse in topology.evses}

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first lines."""
        match event:
            case Observed(seen) if seen.evse in self._delays:
                yield from self._observed(seen.evse, seen.offered > 0, now)
            case OfferChanged(evse, amps, _, source):
                yield from self._offer(evse, self._delays[evse], amps > 0, source, now)
            case Ordered(evse, "skip-delay") if evse in self._delays:
                yield from self._skip(evse, "at the station")
            case VariableChanged(name):
                yield from self._changed(name, now)
            case Tick():
                for evse, delay in self._delays.items():
                    if delay.until is not None and now.mono >= delay.until:
                        yield from self._lift(evse)

    def next_deadline(self) -> float | None:
        """The end of the first delay that runs."""
        return min((delay.until for delay in self._delays.values() if delay.until is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE the rest of the delay that runs, in whole seconds."""
        return {str(evse): {"remaining_s": self.remaining(evse, now)} for evse in self._delays}

    def remaining(self, evse: int, now: Instant) -> int:
        """Whole seconds until that EVSE may charge; 0 while no delay runs."""
        until = self._delays[evse].until
        return 0 if until is None else max(round(until - now.mono), 0)

    def _observed(self, evse: int, offered: bool, now: Instant) -> Out:
        """What the pilot does when it is first heard tells whether a charge goes on."""
        delay = self._delays[evse]
        if not delay.heard:
            delay.heard, delay.carried_on = True, now.mono if offered else None
        if not offered and not delay.offered:
            yield from self._arm(evse)

    def _offer(self, evse: int, delay: _Delay, offered: bool, source: str, now: Instant) -> Out:
        delay.offered = offered
        if source == SOURCE:
            yield from self._runs(evse, now)
        elif not offered and delay.heard and delay.carried_on != now.mono:
            delay.until = None
            yield from self._arm(evse)

    def _arm(self, evse: int) -> Out:
        delay = self._delays[evse]
        if not delay.armed and self._config.integer(LONGEST) > 0:
            delay.armed = True
            yield Ceiling(evse, SOURCE, 0.0)

    def _runs(self, evse: int, now: Instant) -> Out:
        delay = self._delays[evse]
        if delay.until is None:
            delay.until = now.mono + self._chance() * self._config.integer(LONGEST)
            yield Note(f"EVSE {evse}: charges after a random delay of {self.remaining(evse, now)} s")

    def _skip(self, evse: int, by: str) -> Out:
        if self._delays[evse].until is not None:
            yield Note(f"EVSE {evse}: the random delay was cancelled {by}")
            yield from self._lift(evse)

    def _lift(self, evse: int) -> Out:
        delay = self._delays[evse]
        delay.armed, delay.until = False, None
        yield Ceiling(evse, SOURCE, None)

    def _changed(self, name: str, now: Instant) -> Out:
        if name == LONGEST:
            longest = self._config.integer(LONGEST)
            for evse, delay in self._delays.items():
                if longest == 0 and delay.armed:
                    yield from self._lift(evse)
                elif delay.until is not None:
                    delay.until = min(delay.until, now.mono + longest)
                elif delay.heard and not delay.offered:
                    yield from self._arm(evse)
        for evse in self._delays:
            if name in (SKIP_ALL, skip(evse)):
                yield from self._skip(evse, "by the central system")


def skip(evse: int) -> str:
    """The variable that ends the delay which runs on that EVSE."""
    return f"RandomisedDelayCtrlr({evse}).Skip"


def remaining(evse: int) -> str:
    """The variable that tells the rest of it."""
    return f"RandomisedDelayCtrlr({evse}).Remaining"
