"""Listens to a reader that speaks by itself: when a card is a new one, and how a reader that vanished is found again.

Such a reader is silent while no card is there, so its silence says nothing; a trouble of it is that it vanished, or
that what it says makes no sense.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

from ..api import DriverError
from .watch import FIRST_WAIT, LONGEST_WAIT, OUTAGE, Troubles

SETTLED = 1.0  # s; a reader that stays open so long is there
NONSENSE = 3  # messages without sense and none with it in between, and it is told


class Source(Protocol):
    """Where its bytes come from, opened."""

    async def read(self) -> bytes:
        """What has come, at least one byte. DriverError: it has vanished."""

    def close(self) -> None: ...


class Parser(Protocol):
    """Makes UIDs of bytes. `nonsense` are the messages that made no sense since the last UID, `last` the last of them
    in words."""

    nonsense: int
    last: str

    def feed(self, data: bytes) -> Iterator[str]:
        """The UIDs that are complete with `data`, upper-case hex."""

    def clear(self) -> None:
        """Forget a message that never ended."""


class Listening:
    """The life of one reader.

    `name` is where and what it is ("reader.front: the reader on /dev/ttyUSB0"). A card that is told again within
    `gone_after` s is the same, held; a message that pauses for `pause` s is over. `advice` is said of nonsense.
    """

    def __init__(
        self,
        open: Callable[[], Awaitable[Source]],
        parser: Parser,
        *,
        name: str,
        gone_after: float,
        pause: float,
        advice: str,
        on_heard: Callable[[str | None], None] | None = None,
    ) -> None:
        self._open, self._parser, self._name, self._advice = open, parser, name, advice
        self._gone_after, self._pause = gone_after, pause
        self._troubles = Troubles(on_heard)
        self._stop = asyncio.Event()
        self._wait = FIRST_WAIT
        self._held, self._seen_at = "", float("-inf")
        self._broken = False  # since the card was seen: one that is held all the while is still the same

    def stop(self) -> None:
        """`cards` ends."""
        self._stop.set()

    async def cards(self) -> AsyncIterator[str]:
        """The UID of each card that comes."""
        while not self._stop.is_set():
            source = None
            try:
                source = await self._open()
                self._parser.clear()
                async for uid in self._heard(source):
                    yield uid
            except DriverError as error:
                self._troubles.told(str(error))
                self._broken = True
            finally:
                if source is not None:
                    source.close()
            if self._stop.is_set() or await self._next(None, self._wait) is not None:
                return
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    async def _heard(self, source: Source) -> AsyncIterator[str]:
        settled = False
        last_at = time.monotonic()
        while not self._stop.is_set():
            data = await self._next(source, None if settled else SETTLED)
            if not settled:
                settled, self._wait = True, FIRST_WAIT
                self._troubles.over(f"{self._name} is listened to.")
            if data is None:
                continue
            now = time.monotonic()
            if now - last_at > self._pause:
                self._parser.clear()
            last_at = now
            for uid in self._parser.feed(data):
                if self._new(uid, now):
                    yield uid
            self._judge()

    def _new(self, uid: str, now: float) -> bool:
        patience = OUTAGE if self._broken else self._gone_after
        held = uid == self._held and now - self._seen_at <= patience
        self._held, self._seen_at, self._broken = uid, now, False
        return not held

    def _judge(self) -> None:
        parser = self._parser
        if parser.nonsense >= NONSENSE and not self._troubles.standing:
            self._troubles.told(f"{self._name} sends what makes no sense ({parser.last}). {self._advice}")
        elif parser.nonsense == 0 and self._troubles.standing:
            self._troubles.over(f"{self._name} is understood again.")

    async def _next(self, source: Source | None, within: float | None) -> bytes | None:
        """What `source` says within that time; None: nothing. b"" when it was stopped meanwhile."""
        tasks: list[asyncio.Task[object]] = [asyncio.ensure_future(self._stop.wait())]
        if source is not None:
            tasks.append(asyncio.ensure_future(source.read()))
        try:
            await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                return b""
            if source is not None and tasks[1].done():
                data = tasks[1].result()
                assert isinstance(data, bytes)
                return data
            return None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
