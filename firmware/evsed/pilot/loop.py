"""The clockwork of the pilot process: every 10 ms sense, step, drive, record, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import cast, get_args

from evse_drivers.api import Act, Permit

from .gaps import TOO_LONG, Gaps
from .guard import Guard
from .heartbeat import Heartbeat
from .latches import Latches
from .outlet import Outlet
from .realtime import Notify
from .recorder import Recorder
from .server import Server
from .wire import Do, Health, Hello, Measured, Taken, encode

PERIOD = 0.010  # s
HEALTH_EVERY = 10.0  # s
STOPPED = "stopped at once by the station"  # as a record names it
ACTS: tuple[str, ...] = get_args(Act)


class Loop:
    """Steps every EVSE in turn, all in the calling thread, until `stop` is called (from a signal handler too).

    `realtime`: what Linux did not permit, in words, or "".
    """

    def __init__(
        self, outlets: Sequence[Outlet], guard: Guard, server: Server, latches: Latches, recorder: Recorder,
        notify: Notify, *, heartbeat: Heartbeat | None = None, realtime: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._outlets = tuple(outlets)
        self._by_evse = {outlet.limits.evse: outlet for outlet in outlets}
        self._guard, self._server, self._latches, self._notify = guard, server, latches, notify
        self._recorder, self._heartbeat, self._realtime = recorder, heartbeat, realtime
        self._clock = clock
        self._latched = [outlet.latched for outlet in outlets]
        self._counts = [outlet.wear.counts for outlet in outlets]
        self.gaps = Gaps()
        self._last = clock()
        self._health_at = self._last + HEALTH_EVERY
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
        outlets, server, recorder = self._outlets, self._server, self._recorder
        now = self._clock()
        gap, self._last = now - self._last, now
        late = self.gaps.hear(gap)
        self._guard.beat(now)
        for outlet in outlets:
            outlet.listen()
        then = self._clock()
        stalled = self._guard.tripped() or late or then - now > TOO_LONG
        if self._heartbeat is not None:
            self._beat(self._heartbeat, stalled)
        everything, server.arrived = server.arrived, False
        for number, outlet in enumerate(outlets):
            outlet.step(then, stalled)
            recorder.hear(outlet.limits.evse, then, outlet.sample())
            if gap > outlet.worst_gap:
                outlet.worst_gap = gap
            seen = outlet.news(then, everything)
            if seen is not None and server.connected:
                server.send(encode(seen))
            if outlet.latched != self._latched[number]:
                self._latched[number] = outlet.latched
                self._latches.write({o.limits.evse: o.latched for o in outlets if o.latched})
            if outlet.wear.counts != self._counts[number]:
                self._counts[number] = outlet.wear.counts
                self._latches.count({o.limits.evse: o.wear.counts for o in outlets})
        if everything or then >= self._health_at:
            self._tell_health(then)
        self._notify.alive(then)

    def serve(self) -> None:
        """Take what the station says; what cannot be taken is refused with the reason."""
        for message in self._server.receive():
            now = self._clock()
            if isinstance(message, Hello):
                continue
            if isinstance(message, Measured):
                self._recorder.measured(message.evse, message.amps, now)
            elif isinstance(message, Permit):
                self._take(message, now)
            elif isinstance(message, Do):
                self._do(message)
            else:
                self._server.refuse(type(message).__name__.lower(), "only the pilot says that")

    def _take(self, permit: Permit, now: float) -> None:
        outlet = self._by_evse.get(permit.evse)
        if outlet is None:
            self._refuse("permit", self._nobody(permit.evse), permit.evse)
            return
        why = outlet.take(permit, now)
        self._refuse("permit", why, permit.evse)
        if why is None and permit.how == "now" and permit.amps <= 0.0 and outlet.rules.closed:
            self._recorder.ask(permit.evse, STOPPED, now)  # overcurrent and the like, which only the station knows

    def _do(self, do: Do) -> None:
        outlet, server = self._by_evse.get(do.evse), self._server
        if outlet is None:
            why: str | None = self._nobody(do.evse)
        elif do.act in ACTS:
            why = outlet.act(cast(Act, do.act))
        else:
            why = f"unknown; there are {', '.join(ACTS)}"
        self._refuse(do.act, why, do.evse)
        if why is None and server.version > 1:
            server.send(encode(Taken(do.evse, do.act)))

    def _refuse(self, what: str, why: str | None, evse: int) -> None:
        if why is not None:
            self._server.refuse(what, why, evse)

    def _nobody(self, evse: int) -> str:
        return f"EVSE {evse} is not driven by this pilot; it drives {', '.join(map(str, self._by_evse))}"

    def _beat(self, heartbeat: Heartbeat, stalled: bool) -> None:
        """The heartbeat has no beat in a tick that is late, and stops where a contactor does not open."""
        words = None
        for outlet in self._outlets:
            if outlet.stuck:
                words = (
                    f"stopped, because the contactor of EVSE {outlet.limits.evse} was told to open and was not opened"
                )
                break
        else:
            if not stalled:
                words = heartbeat.beat()
        if words is not None:
            for outlet in self._outlets:
                outlet.trouble("heartbeat", words)

    def _tell_health(self, now: float) -> None:
        server, gaps = self._server, self.gaps
        self._health_at = now + HEALTH_EVERY
        if server.connected and server.version > 1:
            worst = round(gaps.worst * 1000.0, 2)
            server.send(encode(Health(now, self._realtime, gaps.told(), worst, gaps.missed)))
