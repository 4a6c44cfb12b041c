"""One EVSE's wiring: pilot line, contactor, lock, meter register, and the vehicle that hangs on them.

Physics only. Outputs come from the drivers (`drive`, `switch`), the world's script turns faults on, and `step` moves
everything on in pieces of 10 ms or less, so that a change that is due in between happens at its own instant.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from . import circuit
from .vehicle import Vehicle

PIECE = 0.01  # s
CONTACTOR_DELAY = 0.02  # s from the coil to the contacts, both ways
LOCK_DELAY = 0.2  # s that the lock's motor runs
WIRE_OHM = 0.1  # of the house's wiring, per phase: volts fall a little with the current
NOMINAL_VOLTS = 230.0
HERTZ = 50.0
JUMP_BACK_WH = 1000.0

# What can be wrong with an EVSE, and what it does
FAULTS = {
    "welded": "the contacts do not open any more",
    "contactor-stuck-open": "the contacts do not close, or fall open",
    "diode": "the vehicle's diode is shorted: the low side mirrors the high side",
    "cp-short": "CP touches PE: 0 V",
    "cp-open": "CP is broken: the EVSE sees no vehicle, the vehicle sees no pilot",
    "pp-open": "PP is broken: the cable cannot be told",
    "ev-ignores-stop": "the vehicle neither opens S2 nor lowers its current when the offer is withdrawn",
    "lock-stuck": "the lock stays where it is",
    "sense-blocks": "every look at the pilot line is answered 1 s late",
    "meter-dead": "the meter does not answer",
    "meter-zero": "the meter answers 0 for everything",
    "meter-back": "the meter's register shows 1000 Wh less (0 at least)",
}

# (when, kind, facts): something changed at that instant of CLOCK_MONOTONIC
Note = Callable[[float, str, dict[str, Any]], None]


class Outlet:
    """`now` is seconds of CLOCK_MONOTONIC everywhere and never goes back."""

    def __init__(
        self, number: int, vehicle: Vehicle, note: Note, now: float, *, phases: int = 3, register_wh: float = 0.0
    ) -> None:
        self.number, self.vehicle, self.phases = number, vehicle, phases
        self.register_wh = register_wh
        self.cable: int | None = None  # A, of the plugged cable; None: it is fixed to the wall, no PP to measure
        self.faults: set[str] = set()
        self.mains = True
        self.powered = True  # the controller's own supply
        self.duty: float | None = None
        self.coil = self.closed = False
        self.bolt = self.locked = False  # the lock's command, its feedback
        self.last: dict[str, float] = {}  # instant of the last change, by its kind
        self.gaps: Counter[int] = Counter()  # between two looks of the driver, in 0.1 ms
        self._looked_at: float | None = None
        self._note = note
        self._at = now
        self._contact_due = self._lock_due = math.inf
        self._volts = (circuit.SUPPLY, circuit.SUPPLY)
        self._highest = self._lowest = circuit.SUPPLY

    # --- the drivers' side ------------------------------------------------------------------------------------------

    def drive(self, now: float, duty: float | None) -> None:
        """The pilot output, as in PilotLine.drive. Without supply it does nothing."""
        self.step(now)
        if self.powered and duty != self.duty:
            self.duty = duty
            self._tell(now, "duty", duty=duty, amps=circuit.offered_amps(duty))
            self._trace()

    def switch(self, now: float, part: str, on: bool) -> None:
        """The coil of the contactor, or the motor of the lock. Without supply it does nothing."""
        self.step(now)
        if not self.powered:
            return
        if part == "contactor" and on != self.coil:
            self.coil = on
            self._tell(now, "coil-on" if on else "coil-off")
            self._contact_due = now + CONTACTOR_DELAY
        elif part == "lock" and on != self.bolt:
            self.bolt = on
            self._tell(now, "lock-on" if on else "lock-off")
            self._lock_due = now + LOCK_DELAY

    def sense(self, now: float) -> tuple[float, float]:
        """The line's highest and lowest volts since the last look; the next look starts from here."""
        self.step(now)
        if self._looked_at is not None:
            self.gaps[round((now - self._looked_at) * 10_000)] += 1
        self._looked_at = now
        seen = self._highest, self._lowest
        self._highest, self._lowest = self._volts
        return seen

    @property
    def proximity(self) -> float | None:
        """Ohms between PP and PE; infinite without a plug; None where the cable is fixed."""
        if self.cable is None:
            return None
        if not self.vehicle.plugged or "pp-open" in self.faults:
            return math.inf
        return circuit.PROXIMITY_OHM[self.cable]

    def release(self, now: float) -> None:
        """Every output as it is when nobody holds it: +12 V, coil off, and the lock's motor at rest where it is."""
        self.drive(now, None)
        self.switch(now, "contactor", False)

    def supply(self, now: float, on: bool) -> None:
        """The controller's own supply: without it no pilot voltage, and the coil falls off."""
        if not on:
            self.release(now)
        self.step(now)
        self.powered = on
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
        """Break or mend something of FAULTS."""
        self.step(now)
        (self.faults.add if on else self.faults.discard)(name)
        self.vehicle.ignores_stop = "ev-ignores-stop" in self.faults
        if name == "contactor-stuck-open" and on:
            self._contact(now, False)
        elif name in ("welded", "contactor-stuck-open"):
            self._contact_due = now + CONTACTOR_DELAY
        elif name == "lock-stuck" and not on:
            self._lock_due = now + LOCK_DELAY
        self._trace()

    # --- physics ----------------------------------------------------------------------------------------------------

    def step(self, now: float) -> None:
        """Move on to `now`."""
        while self._at < now:
            piece = min(now, self._at + PIECE)
            if self._at < min(self._contact_due, self._lock_due) < piece:
                piece = min(self._contact_due, self._lock_due)
            seconds, self._at = piece - self._at, piece
            if self.vehicle.plugged:
                self._charge(piece, seconds)
            if piece >= self._contact_due:
                self._contact_due = math.inf
                self._contact(piece, self.coil)
            if piece >= self._lock_due:
                self._lock_due = math.inf
                self._bolt(piece)

    def _charge(self, at: float, seconds: float) -> None:
        wh = self.watts * seconds / 3600.0
        self.register_wh += wh
        self.vehicle.take(wh)
        self._move(at, seconds)

    def _move(self, at: float, seconds: float) -> None:
        vehicle = self.vehicle
        s2, full = vehicle.s2, vehicle.full
        vehicle.step(at, seconds, self._pilot_at_inlet, self.closed and self.mains)
        if vehicle.s2 != s2:
            self._tell(at, "s2-closed" if vehicle.s2 else "s2-opened", full=full)
            self._trace()

    @property
    def _pilot_at_inlet(self) -> float:
        """The amps that the vehicle reads from its end of the line."""
        blind = not self.powered or "cp-short" in self.faults or "cp-open" in self.faults
        return 0.0 if blind else circuit.offered_amps(self.duty)

    def _contact(self, at: float, closed: bool) -> None:
        if (closed and "contactor-stuck-open" in self.faults) or (not closed and "welded" in self.faults):
            return
        if closed != self.closed:
            amps = self.vehicle.amps
            self.closed = closed
            self._tell(at, "contact-closed" if closed else "contact-opened", amps=round(amps, 2))
            self._move(at, 0.0)

    def _bolt(self, at: float) -> None:
        if "lock-stuck" not in self.faults and self.locked != self.bolt:
            self.locked = self.bolt
            self._tell(at, "locked" if self.locked else "unlocked")

    def _trace(self) -> None:
        """The line's volts now, kept among the extremes since the last look."""
        ohm = None if "cp-open" in self.faults else self.vehicle.ohm
        if not self.powered or "cp-short" in self.faults:
            self._volts = (0.0, 0.0)
        else:
            self._volts = circuit.line_volts(self.duty, ohm, diode="diode" not in self.faults)
        self._highest = max(self._highest, self._volts[0])
        self._lowest = min(self._lowest, self._volts[1])

    def _tell(self, at: float, kind: str, **facts: Any) -> None:
        self.last[kind] = at
        self._note(at, kind, {"evse": self.number, **facts})

    # --- what instruments show --------------------------------------------------------------------------------------

    @property
    def amps(self) -> tuple[float, ...]:
        """Per phase."""
        used = min(self.vehicle.phases, self.phases)
        return tuple(self.vehicle.amps if phase < used else 0.0 for phase in range(3))

    @property
    def volts(self) -> tuple[float, ...]:
        """Phase to neutral, before the contactor."""
        if not self.mains:
            return (0.0, 0.0, 0.0)
        return tuple(
            NOMINAL_VOLTS - WIRE_OHM * amps if phase < self.phases else 0.0 for phase, amps in enumerate(self.amps)
        )

    @property
    def watts(self) -> float:
        """Of all phases."""
        if not self.vehicle.amps:
            return 0.0
        return sum(volts * amps for volts, amps in zip(self.volts, self.amps, strict=True))

    def snapshot(self) -> dict[str, Any]:
        """Everything an observer may want to know, as JSON values."""
        vehicle = self.vehicle
        return {
            "evse": self.number,
            "high": round(self._volts[0], 3),
            "low": round(self._volts[1], 3),
            "duty": self.duty,
            "offered": round(circuit.offered_amps(self.duty), 3),
            "coil": self.coil,
            "closed": self.closed,
            "locked": self.locked,
            "plugged": vehicle.plugged,
            "s2": vehicle.s2,
            "ask": vehicle.ask,
            "mode": vehicle.mode,
            "full": vehicle.full,
            "amps": [round(amps, 3) for amps in self.amps],
            "volts": [round(volts, 2) for volts in self.volts],
            "watts": round(self.watts, 1),
            "energy_wh": round(self.register_wh, 4),
            "taken_wh": round(vehicle.taken_wh, 4),
            "faults": sorted(self.faults),
            "last": self.last,
        }

    def meter(self) -> dict[str, Any]:
        """What the meter's terminals and its faults make of it; `answers` False: it stays silent."""
        register = max(0.0, self.register_wh - JUMP_BACK_WH) if "meter-back" in self.faults else self.register_wh
        part = 0.0 if "meter-zero" in self.faults else 1.0
        return {
            "answers": self.mains and "meter-dead" not in self.faults,
            "volts": [volts * part for volts in self.volts],
            "amps": [amps * part for amps in self.amps],
            "watts": [v * a * part for v, a in zip(self.volts, self.amps, strict=True)],
            "hertz": HERTZ * part,
            "import_wh": register * part,
        }
