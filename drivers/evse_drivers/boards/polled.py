"""The common part of boards that drive the pilot themselves and are asked how they are.

Theory of operation. `permit` keeps the newest permit and wakes the task that runs `seen`. That one holds the whole
conversation, so that the board is asked one thing at a time: first `begin` (settings, watchdog), then each round what
it is to offer, where that is news or must be renewed, and how it is. A board that does not answer gets PATIENCE; then
the DriverError leaves `seen`, and the station iterates anew, with a new `boot`: nobody saw who was plugged meanwhile.

A charge that runs when the station starts is not touched before the first permit (see status.START); a board that does
not charge is told at once to offer nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from math import inf
from typing import ClassVar

from ..api import Act, DriverError, Permit, Seen
from .status import LEAST, NOTHING, Offer, Status, Watch, Wish

PATIENCE = 3.0  # s of silence until the board counts as lost
SHOW = 1.0  # s after which Seen is told again though nothing has changed
AGAIN = 2.0  # s until a board that says it was told something else is told again

CANNOT: dict[Act, str] = {
    "acknowledge": "this board keeps no fault that could be acknowledged: its faults go with their cause",
    "selftest": "this board tests its residual-current device by itself, or has none",
    "wake": "nothing is offered to this vehicle, or it charges already",
    "unlock": "this board has no plug lock that can be told to open",
    "new-contactor": "this board counts no openings",
}


class PolledBoard:
    """A `PilotBoard` of one EVSE. A subclass fulfils `begin`, `look` and `offer`; each raises DriverError."""

    step: float = 1.0  # A in which it can be told; `begin` may set a finer one by `self.step = ...`
    most: float = inf  # A that it can be told at most; `begin` may set it
    renew: float | None = None  # s after which an offer is told again; None: the board keeps it
    locks: ClassVar[bool] = False  # it has a plug lock that `Offer.locked` is for
    # `begin` has seen what device it is: one that it then refuses for its settings is told to stop.
    identified = False
    # Its last current goes on when nobody asks it any more: the config must say what switches it off then.
    keeps_current: ClassVar[bool] = False

    def __init__(self, where: str, every: float) -> None:
        """`every`: s between two looks; `where`: "evse.N.board"."""
        import asyncio

        self.where = where
        self.evse = evse_of(where)
        self._every = every
        self._wish = Wish(self.step, self.locks, self.most)
        self._news = asyncio.Event()
        self._begun = self._known = False  # in this conversation; once at least
        self._written: Offer | None = None  # what the board has confirmed
        self._forgets = False  # and says now that it was told something else
        self._written_at = float("-inf")
        self._seen: Seen | None = None

    # --- what a subclass does -------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """See that the right board is there, and set it up; again after each silence. Writes only what differs."""
        raise NotImplementedError

    async def look(self) -> Status:
        """How it is now."""
        raise NotImplementedError

    async def offer(self, offer: Offer) -> None:
        """Tell it what to offer; when this returns it has confirmed that."""
        raise NotImplementedError

    # --- PilotBoard -----------------------------------------------------------------------------------------------

    async def permit(self, permit: Permit) -> None:
        """Keep it; what it changes is told to the board at once."""
        now = self._now()
        before = self._wish.at(now)
        self._wish.take(permit, now)
        if self._wish.at(now) != before:
            self.wake()

    async def act(self, evse: int, act: Act) -> str | None:
        """Wakes a vehicle by taking the offer away for 4 s; the rest a subclass may know how to do."""
        seen, wish = self._seen, self._wish.at(self._now())
        if act != "wake" or seen is None or seen.closed or wish is None or wish.amps < LEAST:
            return CANNOT[act]
        self._wish.pause(self._now())
        self.wake()
        return None

    async def seen(self) -> AsyncIterator[Seen]:
        """What the board says, on each change and once a second. DriverError: it has been silent for PATIENCE."""
        watch = self._watch()
        self._begun, heard, told = False, self._now(), None
        while True:
            self._news.clear()
            started = self._now()
            try:
                status = await self._round()
            except DriverError:
                self._begun = False
                if self._now() - heard > PATIENCE:
                    self._seen = None
                    await self._stop_unfit()
                    raise
            else:
                heard = self._now()
                if status.restarted:
                    watch, self._begun = self._watch(), False
                self._seen = seen = watch.see(status, self._written, heard)
                if told is None or heard - told.at >= SHOW or _differ(seen, told):
                    told = seen
                    yield seen
            await self._pause(started + self._every)

    async def close(self) -> None:
        """The station ends in order: a board that would keep its current is told to stop."""
        if self.keeps_current and self._known:
            await self.offer(replace(NOTHING, locked=self._written is not None and self._written.locked))

    def wake(self) -> None:
        """Begin the next round now: there is something to tell, or the board has spoken by itself."""
        self._news.set()

    # --- the conversation -----------------------------------------------------------------------------------------

    async def _round(self) -> Status:
        if not self._begun:
            self._written, self._forgets, self.identified = None, False, False
            await self.begin()
            self._begun = self._known = True
            self._wish.step, self._wish.most = self.step, self.most
            self._wish.start(self._now(), (await self.look()).closed)
        wish = self._wish.at(self._now())
        late = self.renew is not None and self._now() >= self._written_at + self.renew
        if wish is not None and (wish != self._written or late or self._forgets):
            await self.offer(wish)
            self._written, self._written_at = wish, self._now()
        status = await self.look()
        self._forgets = self._forgot(status)
        return status

    async def _stop_unfit(self) -> None:
        """It is the right board, and `begin` refuses it: it would charge without anybody's permission."""
        import asyncio

        if not self.identified:  # a stranger, or silent
            return
        self.identified = False
        with contextlib.suppress(DriverError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.offer(NOTHING)

    def _forgot(self, status: Status) -> bool:
        """It says that it was told something else than it was."""
        if status.told is None or self._written is None or self._now() < self._written_at + AGAIN:
            return False
        return abs(status.told - self._written.amps) > self.step / 2

    async def _pause(self, until: float) -> None:
        import asyncio

        try:
            async with asyncio.timeout(max(until - self._now(), 0.0)):
                await self._news.wait()
        except TimeoutError:
            pass

    def _watch(self) -> Watch:
        return Watch(self.evse, os.urandom(4).hex())

    @staticmethod
    def _now() -> float:
        import asyncio

        return asyncio.get_running_loop().time()  # CLOCK_MONOTONIC, and virtual in tests


def evse_of(where: str) -> int:
    """N of "evse.N.board". DriverError: a board stands elsewhere."""
    names = where.split(".")
    if len(names) < 3 or names[0] != "evse" or not names[1].isdigit():
        raise DriverError(f"{where}: a board belongs to an outlet. Put it into [evse.N.board].")
    return int(names[1])


def _differ(one: Seen, other: Seen) -> bool:
    """Apart from the time."""
    names = (name for name in Seen.__slots__ if name != "at")
    return any(getattr(one, name) != getattr(other, name) for name in names)
