"""The guard thread: opens every contactor when the loop's last tick is older than 60 ms.

It touches nothing but Switch.set(False), which no driver may let block, so that a bus that hangs in the loop's thread
does not hang here. It cannot help where a driver keeps the interpreter's lock, or where the whole process stands still:
that is what the hardware's own heartbeat or pull-down is for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from evse_drivers.api import Switch

LATEST = 0.060  # s


class Guard:
    """The loop calls `beat` at the start of each tick, `tripped` to learn what happened, and closes through `close`."""

    def __init__(self) -> None:
        self._contactors: tuple[Switch, ...] = ()
        self._lock = threading.Lock()  # held for a Switch.set only
        self._beat_at = time.monotonic()
        self._tripped = False
        self._going = True
        self._thread: threading.Thread | None = None

    def start(self, contactors: Sequence[Switch], prepare: Callable[[], object] = lambda: None) -> None:
        """From now on the loop must beat. `prepare` runs first in the thread (its scheduling class)."""
        self._contactors = tuple(contactors)
        self._beat_at = time.monotonic()
        self._thread = threading.Thread(target=self._watch, args=(prepare,), name="guard", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The loop has ended, its contactors are open."""
        self._going = False
        if self._thread is not None:
            self._thread.join(1.0)

    def beat(self, now: float) -> None:
        """The loop is alive at `now`."""
        self._beat_at = now

    def tripped(self) -> bool:
        """Whether it has opened the contactors since the last call."""
        if not self._tripped:
            return False
        with self._lock:
            self._tripped = False
        return True

    def close(self, contactor: Switch) -> bool:
        """Close, unless the guard has just opened: then False, and the next tick will hear of it."""
        with self._lock:
            if self._tripped or self._rest() <= 0.0:
                return False
            contactor.set(True)
            return True

    def _watch(self, prepare: Callable[[], object]) -> None:
        prepare()
        while self._going:
            rest = self._rest()
            if rest <= 0.0:
                with self._lock:
                    if self._rest() <= 0.0:  # the loop may have come back, and closed, while this thread waited
                        self._tripped = True
                        self._open()
            time.sleep(rest + 0.0005 if rest > 0.0 else 0.02)  # an Event would cost three times as much CPU

    def _rest(self) -> float:
        return self._beat_at + LATEST - time.monotonic()

    def _open(self) -> None:
        for contactor in self._contactors:
            try:
                contactor.set(False)
            except Exception:  # whatever a driver raises: the loop will find out; the others must be opened now
                continue
