"""Watches a reader for cards by looking: when a card is a new one, and how a reader that failed is brought back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from ..api import DriverError

LOG = logging.getLogger(__name__)

MISSES = 3  # looks without it, and a card is gone: in a moving hand it is missed now and then
OUTAGE = 5.0  # s; a card that was held before a shorter outage of the reader is still the same
LOOKS = 3  # that may fail in a row before the reader is set up again
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # s between attempts to set it up


class Hold:
    """Tells a card that is held from one that comes (again). Of two cards in a purse a reader may find either."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, float]] = {}  # looks without it since, and when it was seen (s)

    def new(self, uid: str | None, now: float) -> bool:
        """A look at `now` (s) found `uid`, or no card: whether a card has just come."""
        # ISO/IEC 14443-3, 6.5.4: 08 begins a random UID, which a phone may change while it is held.
        card = "random" if uid is not None and _random(uid) else uid
        here = {its: (misses, at) for its, (misses, at) in self._held.items() if misses < MISSES and now - at <= OUTAGE}
        self._held = {its: (misses + 1, at) for its, (misses, at) in here.items()}
        if card is None:
            return False
        self._held[card] = (0, now)
        return card not in here


def _random(uid: str) -> bool:
    return len(uid) == 8 and uid.startswith("08")


class Troubles:
    """Says each new trouble once, to the log and to `on_heard`; and once that the reader answers (again)."""

    def __init__(self, on_heard: Callable[[str | None], None] | None) -> None:
        self._heard = on_heard or (lambda why: None)
        self._told = ""

    @property
    def standing(self) -> bool:
        """One was told and is not over."""
        return bool(self._told)

    def told(self, why: str) -> None:
        """It does not answer, for this reason."""
        if why != self._told:
            self._told = why
            LOG.error("%s Cards are not read until it answers; evsed goes on trying.", why)
            self._heard(why)

    def over(self, words: str) -> None:
        """It answers; `words` go to the log."""
        self._told = ""
        self._heard(None)
        LOG.info("%s", words)


class Device(Protocol):
    """An open reader that is asked whether a card is there. Both calls raise DriverError; it is closed then."""

    async def start(self) -> str:
        """Set it up; what it is, for the log."""

    async def look(self) -> str | None:
        """The UID of the card that is held there now."""

    def close(self) -> None: ...


class Watch:
    """The life of one reader: opened, looked at every `every` s, and opened again for ever.

    `on_heard` is told each new trouble in words, and None when it answers (again). A device that is asked for
    `renewed` s without a card is opened anew: some fall deaf without a sign. 0: never.
    """

    def __init__(
        self,
        open: Callable[[], Awaitable[Device]],
        every: float,
        on_heard: Callable[[str | None], None] | None = None,
        renewed: float = 0.0,
    ) -> None:
        self._open, self._every, self._renewed = open, every, renewed
        self._troubles = Troubles(on_heard)
        self._stop = asyncio.Event()
        self._hold = Hold()
        self._works = False
        self._wait = FIRST_WAIT

    def stop(self) -> None:
        """`cards` ends within a look."""
        self._stop.set()

    async def cards(self) -> AsyncIterator[str]:
        """The UID of each card that comes."""
        while not self._stop.is_set():
            device = None
            try:
                device = await self._open()
                what = await device.start()
                async for uid in self._looks(device, what):
                    yield uid
                continue  # it was asked long enough, and is opened anew
            except DriverError as error:
                self._works = False
                self._troubles.told(str(error))
            finally:
                if device is not None:
                    device.close()
            if await self._stopped_within(self._wait):
                return
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    async def _looks(self, device: Device, what: str) -> AsyncIterator[str]:
        failed = 0
        renewed_at = time.monotonic() + (self._renewed or float("inf"))
        while not await self._stopped_within(self._every):
            try:
                uid = await device.look()
            except DriverError:
                failed += 1
                if failed == LOOKS:
                    raise
                continue
            failed = 0
            now = time.monotonic()
            if not self._works:  # not before: one that only answers the set-up would be logged for ever
                self._works, self._wait = True, FIRST_WAIT
                self._troubles.over(f"{what} looks for cards.")
            if self._hold.new(uid, now) and uid is not None:
                yield uid
            if uid is None and now >= renewed_at:
                return

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True
