"""What somebody at the station wants done (`evsed do`): into the inbox, and back with what the pilot made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from evsed.clock import Clock
from evsed.core.effects import Do
from evsed.core.orders import ACTS
from evsed.core.random_delay import RandomDelay
from evsed.core.station import Station
from evsed.model.inputs import Input, Ordered
from evsed.model.journal import Entry

SKIP_DELAY = "skip-delay"
ORDERS = (*ACTS, SKIP_DELAY)


class Put(Protocol):
    """The inbox's."""

    def __call__(self, input: Input, entries: Sequence[Entry], done: Callable[[], None], /) -> None: ...


class Errands:
    """`evses`: those there are."""

    def __init__(self, station: Station, clock: Clock, evses: Sequence[int], put: Put) -> None:
        self._delay, self._clock, self._evses, self._put = station.block(RandomDelay), clock, evses, put
        self._acts: dict[tuple[int, str], asyncio.Future[str | None]] = {}  # what a pilot was last asked for

    def sent(self, do: Do, answer: asyncio.Future[str | None]) -> None:
        """That act, whoever wanted it, is on its way; `answer` will be why the pilot does not do it, or None."""
        self._acts[do.evse, do.act] = answer

    async def order(self, evse: int, what: str) -> str | None:
        """Have it done at that EVSE: why it is not done, in words, or None."""
        if evse not in self._evses:
            return f"there is no EVSE {evse}, there are {', '.join(map(str, self._evses))}"
        if what not in ORDERS:
            return f"unknown; there are {', '.join(ORDERS)}"
        if what == SKIP_DELAY and not self._delay.remaining(evse, self._clock.now()):
            return "no random delay runs there"
        self._acts.pop((evse, what), None)
        handed_on = asyncio.get_running_loop().create_future()
        self._put(Ordered(evse, what), (), lambda: handed_on.set_result(None))
        await handed_on
        answer = self._acts.pop((evse, what), None)
        return None if answer is None else await answer
