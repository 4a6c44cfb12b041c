"""An event loop that does not wait but jumps to its next timer: a simulated day takes about a second.

For code that asks the loop for the time. Sockets and threads still take real time: the loop jumps only when nothing
is ready, so keep real I/O out of such a test, or count on it being late.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from evsed.clock import Clock
from evsed.model.time import Instant

T = TypeVar("T")


class _Jump(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Looks for I/O without waiting, and moves the clock by what the loop wanted to wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        if not ready and timeout is None:
            raise RuntimeError("nothing is ready and no timer is set: this test would wait for ever")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time()` starts at 0 s."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


class VirtualClock(Clock):
    """evsed's clock by the loop's time; UTC is unknown until it is set."""

    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        mono = self.mono()
        return Instant(mono, None if self.offset is None else mono + self.offset, self.boot)

    def _utc(self, mono: float) -> float | None:
        return None if self.offset is None else mono + self.offset


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run it on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
