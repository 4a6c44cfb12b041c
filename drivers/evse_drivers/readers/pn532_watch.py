"""Watches a PN532 for cards: when a card is a new one, and how a reader that failed is brought back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

from ..api import DriverError
from .pn532_uart import Uart

LOG = logging.getLogger(__name__)

MISSES = 3  # looks without it, and a card is gone: in a moving hand it is missed now and then
OUTAGE = 5.0  # s; a card that was held before a shorter outage of the reader is still the same
LOOKS = 3  # that may fail in a row before the reader is set up again
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # s between attempts to set it up


class Hold:
    """Tells a card that is held from one that comes (again)."""

    def __init__(self) -> None:
        self._uid = ""
        self._seen_at = float("-inf")
        self._misses = 0

    def new(self, uid: str | None, now: float) -> bool:
        """A look at `now` (s) found `uid`, or no card: whether a card has just come."""
        if uid is None:
            self._misses += 1
            return False
        # ISO/IEC 14443-3, 6.5.4: 08 begins a random UID, which a phone may change while it is held.
        same = uid == self._uid or (_random(uid) and _random(self._uid))
        held = same and self._misses < MISSES and now - self._seen_at <= OUTAGE
        self._uid, self._seen_at, self._misses = uid, now, 0
        return not held


def _random(uid: str) -> bool:
    return len(uid) == 8 and uid.startswith("08")


class Watch:
    """The life of one reader: set up, looked at, and set up again for ever.

    `on_heard` is told each new trouble in words, and None when it answers (again).
    """

    def __init__(
        self, port: str, baudrate: int, every: float, where: str, on_heard: Callable[[str | None], None] | None = None
    ) -> None:
        self._port, self._baudrate, self._every, self._where = port, baudrate, every, where
        self._heard = on_heard or (lambda why: None)
        self._stop = asyncio.Event()
        self._hold = Hold()
        self._trouble = ""  # as logged last
        self._wait = FIRST_WAIT

    def stop(self) -> None:
        """`cards` ends within a look."""
        self._stop.set()

    async def cards(self) -> AsyncIterator[str]:
        """The UID of each card that comes."""
        while not self._stop.is_set():
            uart = None
            try:
                uart = Uart(self._port, self._baudrate, self._where)
                version = await uart.start()
                async for uid in self._looks(uart, version):
                    yield uid
            except DriverError as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    LOG.error("%s Cards are not read until it answers; evsed goes on trying.", error)
                    self._heard(str(error))
            finally:
                if uart is not None:
                    uart.close()
            if await self._stopped_within(self._wait):
                return
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    async def _looks(self, uart: Uart, version: str) -> AsyncIterator[str]:
        failed = 0
        works = False
        while not await self._stopped_within(self._every):
            try:
                uid = await uart.look()
            except DriverError:
                failed += 1
                if failed == LOOKS:
                    raise
                continue
            failed = 0
            if not works:  # not before: one that only answers the set-up would be logged for ever
                works, self._trouble, self._wait = True, "", FIRST_WAIT
                self._heard(None)
                LOG.info("%s: PN532 on %s looks for cards, firmware %s.", self._where, self._port, version)
            if self._hold.new(uid, time.monotonic()) and uid is not None:
                yield uid

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True
