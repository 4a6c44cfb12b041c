"""The world's event loop: sockets that are ready, deadlines that are due, and a tick of 10 ms, all in one thread.

One thread, because a second one would hold the interpreter while the wires have to answer.
"""

from __future__ import annotations

import heapq
import itertools
import select
import time
from collections.abc import Callable
from typing import Protocol

TICK = 0.01  # s

Act = Callable[[], None]


class HasFileno(Protocol):
    """Something that epoll can watch."""

    def fileno(self) -> int: ...


class EventLoop:
    """`tick(now)` is called every 10 ms; `stop()` ends `run`, also from a signal handler."""

    def __init__(self, tick: Callable[[float], None]) -> None:
        self._tick = tick
        self._poll = select.epoll()
        self._ready: dict[int, Act] = {}
        self._due: list[tuple[float, int, Act]] = []
        self._count = itertools.count()
        self._running = True

    def watch(self, source: HasFileno, act: Act) -> None:
        """Call `act` whenever there is something to read, or the other side has gone."""
        self._ready[source.fileno()] = act
        self._poll.register(source.fileno(), select.EPOLLIN)

    def forget(self, source: HasFileno) -> None:
        """Stop watching; call it before `source` is closed."""
        del self._ready[source.fileno()]
        self._poll.unregister(source.fileno())

    def later(self, at: float, act: Act) -> None:
        """Call `act` once, at the first tick from `at` on."""
        heapq.heappush(self._due, (at, next(self._count), act))

    def stop(self) -> None:
        """Return from `run` within a tick."""
        self._running = False

    def run(self) -> None:
        """Until `stop`."""
        next_tick = time.monotonic()
        while self._running:
            now = time.monotonic()
            if now >= next_tick:
                next_tick = max(next_tick + TICK, now)
                self._tick(now)
                while self._due and self._due[0][0] <= now:
                    heapq.heappop(self._due)[2]()
            for fd, _ in self._poll.poll(max(0.0, next_tick - time.monotonic())):
                if act := self._ready.get(fd):  # an earlier act of this round may have forgotten it
                    act()
