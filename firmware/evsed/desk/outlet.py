"""One EVSE's wiring: pilot line, contactor, lock, phase relay, residual-current device, meter, and the vehicle on them.

Physics only. Outputs come from the drivers (`drive`, `switch`), the world's script turns faults on, and `step` moves
everything on in pieces of 10 ms or less, so that a change that is due in between happens at its own instant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import circuit, mains
from .line import Line
from .residual import ResidualDevice
from .vehicle import Vehicle

PIECE = 0.01  # s
CONTACTOR_DELAY = 0.02  # s from the coil to the contacts, both ways
RELAY_DELAY = 0.05  # s, of the phase relay
LOCK_DELAY = 0.2  # s that the lock's motor runs
GATE = 0.1  # s without a heartbeat after which the hardware enable cuts the coil
PP_OHM = {"pp-open": math.inf, "pp-wrong": 50.0, "pp-high": 200_000.0}
CELSIUS = {"hot": 80.0, "warm": 62.0}
CONTACTS = ("welded", "contactor-stuck-open")
LOCKS = ("lock-stuck", "lock-stuck-locked")

# (when, kind, facts): something changed at that instant of CLOCK_MONOTONIC
Note = Callable[[float, str, dict[str, Any]], None]


class Outlet:
    """`now` is seconds of CLOCK_MONOTONIC everywhere and never goes back."""

    def __init__(
        self,
        number: int,
        vehicle: Vehicle,
        note: Note,
        now: float,
        *,
        phases: int = 3,
        register_wh: float = 0.0,
        rcd: str = "X804",
    ) -> None:
        self.number, self.vehicle, self.phases = number, vehicle, phases
        self.rcd = ResidualDevice(rcd)
        self.register_wh = register_wh
        self.cable: int | None = None  # A, of the plugged cable; None: it is fixed to the wall, no PP to measure
        self.faults: set[str] = set()
        self.mains = True
        self.powered = True  # the controller's own supply
        self.line = Line()
        self.coil = self.closed = False
        self.bolt = self.locked = False  # the lock's command, its feedback
        self.relay = self.three = True  # the phase relay's command, its position; it stays where it is by itself
        self.enabled = True  # by the gate that wants a heartbeat, once there was one
        self.temperature = 25.0  # °C at the sensor
        self.last: dict[str, float] = {}  # instant of the last change, by its kind
        self._note = note
        self._at = now
        self._level = False  # of the heartbeat
        self._due: dict[str, float] = {}  # what happens by itself, and when

    # --- the drivers' side ------------------------------------------------------------------------------------------

    def drive(self, now: float, duty: float | None) -> None:
        """The pilot output, as in PilotLine.drive. Without supply it does nothing."""
        self.step(now)
        if self.powered and duty != self.line.duty:
            self.line.duty = duty
            self._tell(now, "duty", duty=duty, amps=circuit.offered_amps(duty))
            self._trace()

    def switch(self, now: float, part: str, on: bool) -> None:
        """An output of evse_drivers.buses.desk.PARTS. Without supply it does nothing."""
        self.step(now)
        if self.powered:
            _OUTPUTS[part](self, now, on)

    def _coil(self, now: float, on: bool) -> None:
        if on != self.coil:
            self.coil = on
            self._tell(now, "coil-on" if on else "coil-off")
            self._due["contact"] = now + CONTACTOR_DELAY

    def _lock(self, now: float, on: bool) -> None:
        if on != self.bolt:
            self.bolt = on
            self._tell(now, "lock-on" if on else "lock-off")
            self._due["lock"] = now + LOCK_DELAY

    def _relay(self, now: float, on: bool) -> None:
        if on != self.relay:
            self.relay = on
            self._tell(now, "relay-on" if on else "relay-off", closed=self.closed, amps=round(self.vehicle.amps, 2))
            self._due["relay"] = now + RELAY_DELAY

    def _beat(self, now: float, on: bool) -> None:
        """A level that stands still is no heartbeat."""
        if on != self._level and "heartbeat-gate" not in self.faults:
            self._level = on
            self._due["gate"] = now + GATE
            if not self.enabled:
                self._enable(now, True)

    def _enable(self, now: float, on: bool) -> None:
        self.enabled = on
        self._tell(now, "gate-on" if on else "gate-off")
        self._due["contact"] = now + CONTACTOR_DELAY

    def _test(self, now: float, on: bool) -> None:
        if on != self.rcd.tests:
            self._tell(now, "rcd-test-on" if on else "rcd-test-off")
            self.rcd.test(now, on)
            self._await_rcd()

    def _await_rcd(self) -> None:
        self._due["rcd"] = self.rcd.due

    def sense(self, now: float) -> tuple[float, float]:
        """The line's highest and lowest volts since the last look; the next look starts from here."""
        self.step(now)
        return self.line.look(now)

    @property
    def proximity(self) -> float | None:
        """Ohms between PP and PE; infinite without a plug; None where the cable is fixed."""
        if self.cable is None:
            return None
        if not self.vehicle.plugged:
            return math.inf
        broken = [ohm for fault, ohm in PP_OHM.items() if fault in self.faults]
        return broken[0] if broken else circuit.PROXIMITY_OHM[self.cable]

    def release(self, now: float) -> None:
        """Every output as it is when nobody holds it: +12 V, coil off; lock and phase relay rest where they are."""
        self.drive(now, None)
        self.switch(now, "contactor", False)
        self.switch(now, "rcd", False)

    def supply(self, now: float, on: bool) -> None:
        """The controller's own supply: without it no pilot voltage, and the coil falls off."""
        if not on:
            self.release(now)
        self.step(now)
        self.powered = on
        if not on:  # the gate begins anew: a board without one is a board that was never beaten
            self._due.pop("gate", None)
            self.enabled = True
        self._trace()

    # --- the script's side ------------------------------------------------------------------------------------------

    def plug(self, now: float) -> None:
        """The vehicle's plug goes in."""
        self.step(now)
        if not self.vehicle.plugged:
            self.vehicle.plug()
            self._tell(now, "plugged")
            self._trace()

    def unplug(self, now: float) -> None:
        """The plug is pulled (a lock does not stop the script: it is stronger)."""
        self.step(now)
        if self.vehicle.plugged:
            s2 = self.vehicle.s2
            self.vehicle.unplug()
            if s2:
                self._tell(now, "s2-opened")
            self._tell(now, "unplugged")
            self._trace()

    def ask(self, now: float, on: bool | None) -> None:
        """Close or open S2 at once; None: the vehicle decides again."""
        self.step(now)
        self.vehicle.ask = on
        self._move(now, 0.0)

    def fault(self, now: float, name: str, on: bool) -> None:
        """Break or mend something of evsed.desk.faults."""
        self.step(now)
        (self.faults.add if on else self.faults.discard)(name)
        faults = self.faults
        self.vehicle.ignores_stop = "ev-ignores-stop" in faults
        self.vehicle.ignores_limit = "ev-ignores-limit" in faults
        if name == "contactor-stuck-open" and on:
            self._contact(now)
        elif name in CONTACTS:
            self._due["contact"] = now + CONTACTOR_DELAY
        elif name in LOCKS and not on:
            self._due["lock"] = now + LOCK_DELAY
        elif name == "phase-relay-stuck" and not on:
            self._due["relay"] = now + RELAY_DELAY
        elif name.startswith("rcd-"):
            leaking, dead, sticks = (f"rcd-{what}" in faults for what in ("trip", "dead", "sticks"))
            before = self.rcd.tripped
            self.rcd.broken(now, leaking=leaking, dead=dead, sticks=sticks)
            self._tripped(now, before)
        self._trace()

    # --- physics ----------------------------------------------------------------------------------------------------

    def step(self, now: float) -> None:
        """Move on to `now`."""
        while self._at < now:
            piece = min(now, self._at + PIECE)
            soonest = min(self._due.values(), default=math.inf)
            if self._at < soonest < piece:
                piece = soonest
            seconds, self._at = piece - self._at, piece
            if self.vehicle.plugged:
                self._charge(piece, seconds)
            if soonest <= piece:
                for name in [name for name, at in self._due.items() if at <= piece]:
                    del self._due[name]
                    _HAPPENS[name](self, piece)

    def _charge(self, at: float, seconds: float) -> None:
        wh = self.watts * seconds / 3600.0
        self.register_wh += wh
        self.vehicle.take(wh)
        self._move(at, seconds)

    def _move(self, at: float, seconds: float) -> None:
        vehicle = self.vehicle
        s2, full = vehicle.s2, vehicle.full
        vehicle.step(at, seconds, self._pilot_at_inlet, self.closed and self.volts[0] >= mains.LEAST_VOLTS)
        if vehicle.s2 != s2:
            self._tell(at, "s2-closed" if vehicle.s2 else "s2-opened", full=full)
            self._trace()

    @property
    def _pilot_at_inlet(self) -> float:
        """The amps that the vehicle reads from its end of the line."""
        blind = not self.powered or "cp-short" in self.faults or "cp-open" in self.faults
        return 0.0 if blind else circuit.offered_amps(self.line.duty)

    def _contact(self, at: float) -> None:
        """The contacts go where the coil holds them."""
        closed = self.coil and self.enabled and not self.rcd.tripped and "contactor-stuck-open" not in self.faults
        if not closed and "welded" in self.faults:
            return
        if closed != self.closed:
            amps = self.vehicle.amps
            self.closed = closed
            self._tell(at, "contact-closed" if closed else "contact-opened", amps=round(amps, 2))
            self._move(at, 0.0)

    def _bolt(self, at: float) -> None:
        stuck = "lock-stuck" in self.faults or (self.locked and "lock-stuck-locked" in self.faults)
        if not stuck and self.locked != self.bolt:
            self.locked = self.bolt
            self._tell(at, "locked" if self.locked else "unlocked")

    def _turn(self, at: float) -> None:
        if "phase-relay-stuck" not in self.faults and self.three != self.relay:
            self.three = self.relay
            self._tell(at, "three-phases" if self.three else "one-phase", closed=self.closed)

    def _residual(self, at: float) -> None:
        before = self.rcd.tripped
        self.rcd.step(at)
        self._tripped(at, before)

    def _tripped(self, at: float, before: bool) -> None:
        """Its contact lies in the coil's circuit."""
        if self.rcd.tripped != before:
            self._tell(at, "rcd-tripped" if self.rcd.tripped else "rcd-back")
            self._due["contact"] = at + CONTACTOR_DELAY
        self._await_rcd()

    def _trace(self) -> None:
        """The line's volts now, kept among the extremes since the last look."""
        self.line.trace(powered=self.powered, ohm=self.vehicle.ohm, faults=self.faults)

    def _tell(self, at: float, kind: str, **facts: Any) -> None:
        self.last[kind] = at
        self._note(at, kind, {"evse": self.number, **facts})

    # --- what instruments show --------------------------------------------------------------------------------------

    @property
    def amps(self) -> tuple[float, ...]:
        """Per phase."""
        used = min(self.vehicle.phases, self.phases, 3 if self.three else 1)
        lost = 2 if "phase-lost" in self.faults else 3
        return tuple(self.vehicle.amps if phase < used and phase != lost else 0.0 for phase in range(3))

    @property
    def volts(self) -> tuple[float, ...]:
        """Phase to neutral, before the contactor."""
        return mains.volts(self.faults, self.amps, self.phases) if self.mains else (0.0, 0.0, 0.0)

    @property
    def celsius(self) -> float | None:
        """At the temperature sensor; None: it is dead."""
        if "sensor-dead" in self.faults:
            return None
        return max([self.temperature, *(celsius for fault, celsius in CELSIUS.items() if fault in self.faults)])

    @property
    def watts(self) -> float:
        """Of all phases."""
        if not self.vehicle.amps:
            return 0.0
        return sum(volts * amps for volts, amps in zip(self.volts, self.amps, strict=True))


_OUTPUTS: dict[str, Callable[[Outlet, float, bool], None]] = {
    "contactor": Outlet._coil,
    "lock": Outlet._lock,
    "phase_relay": Outlet._relay,
    "heartbeat": Outlet._beat,
    "rcd": Outlet._test,
}
_HAPPENS: dict[str, Callable[[Outlet, float], None]] = {
    "contact": Outlet._contact,
    "lock": Outlet._bolt,
    "relay": Outlet._turn,
    "gate": lambda outlet, at: outlet._enable(at, False),
    "rcd": Outlet._residual,
}
