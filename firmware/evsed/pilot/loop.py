"""The clockwork of the pilot process: every 10 ms sense, step, drive, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import cast

from evse_drivers.api import Act, Permit

from .guard import LATEST, Guard
from .latches import Latches
from .outlet import Outlet
from .realtime import Notify
from .server import Server
from .wire import Do, Hello, encode

PERIOD = 0.010  # s


class Loop:
    """Steps every EVSE in turn, all in the calling thread, until `stop` is called (from a signal handler too)."""

    def __init__(
        self, outlets: Sequence[Outlet], guard: Guard, server: Server, latches: Latches, notify: Notify,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._outlets = tuple(outlets)
        self._by_evse = {outlet.limits.evse: outlet for outlet in outlets}
        self._guard, self._server, self._latches, self._notify = guard, server, latches, notify
        self._clock = clock
        self._latched = [outlet.supervisor.latched for outlet in outlets]
        self._last = clock()
        self._going = True

    def stop(self) -> None:
        """End after this tick."""
        self._going = False

    def run(self) -> None:
        """Until `stop`. Contactors are opened and X1 driven before it returns, whatever happened."""
        clock, server = self._clock, self._server
        try:
            self._last = due = clock()
            while self._going:
                self.tick()
                due += PERIOD
                rest = due - clock()
                if rest <= 0.0:  # late: no burst of ticks to make up for it
                    due, rest = due - rest, 0.0
                if server.wait(rest):
                    self.serve()
                    rest = due - clock()
                    if rest > 0.0:  # one message batch a tick, however fast a client writes
                        time.sleep(rest)
        finally:
            for outlet in self._outlets:
                outlet.release()

    def tick(self) -> None:
        """One look at everything, and one step of each machine."""
        outlets, server = self._outlets, self._server
        now = self._clock()
        gap, self._last = now - self._last, now
        self._guard.beat(now)
        for outlet in outlets:
            outlet.listen()
        then = self._clock()
        stalled = self._guard.tripped() or gap > LATEST or then - now > LATEST
        everything, server.arrived = server.arrived, False
        for number, outlet in enumerate(outlets):
            outlet.step(then, stalled)
            if gap > outlet.worst_gap:
                outlet.worst_gap = gap
            seen = outlet.news(then, everything)
            if seen is not None and server.connected:
                server.send(encode(seen))
            if outlet.supervisor.latched != self._latched[number]:
                self._latched[number] = outlet.supervisor.latched
                self._latches.write({o.limits.evse: o.supervisor.latched for o in outlets if o.supervisor.latched})
        self._notify.alive(then)

    def serve(self) -> None:
        """Take what the station says; what cannot be taken is refused with the reason."""
        server = self._server
        for message in server.receive():
            now = self._clock()
            if isinstance(message, Hello):
                continue
            if not isinstance(message, (Permit, Do)):
                server.refuse(type(message).__name__.lower(), "only the pilot says that")
                continue
            outlet = self._by_evse.get(message.evse)
            name = "permit" if isinstance(message, Permit) else message.act
            if outlet is None:
                there = ", ".join(map(str, self._by_evse))
                why: str | None = f"EVSE {message.evse} is not driven by this pilot; it drives {there}"
            elif isinstance(message, Permit):
                why = outlet.take(message, now)
            elif message.act in ("acknowledge", "selftest", "wake", "unlock"):
                why = outlet.act(cast(Act, message.act))
            else:
                why = "unknown; there are acknowledge, selftest, wake, unlock"
            if why is not None:
                server.refuse(name, why)
