"""One EVSE of the pilot process: its wiring, the ears on its line, and the rules that judge them."""

from __future__ import annotations

from math import inf, nan

from evse_drivers.api import Act, Permit, Seen

from evsed.model.faults import FAULTS

from .iec61851 import LEAST
from .ring import Sample
from .rules import Look, Rules
from .sense import PWM, X1, F, PilotSense, nonsense
from .wear import Counts, Wear
from .wiring import Wiring


class Outlet:
    """The loop calls `listen` then `step` every 10 ms, and asks `news` what to tell."""

    def __init__(self, wiring: Wiring, rules: Rules, pilot: PilotSense, wear: Wear, *, boot: str, now: float) -> None:
        self.wiring, self.rules, self.pilot, self.wear = wiring, rules, pilot, wear
        self.limits, self.boot = rules.limits, boot
        self.look = Look()
        self.worst_gap = 0.0  # s, since the last Seen
        self._volts = 0.0
        self._closed = False
        self._locked: bool | None = None
        self._output = X1
        self._told: tuple[object, ...] = ()
        self._told_at = now - 1.0

    @property
    def latched(self) -> tuple[str, ...]:
        """The faults that must outlive a restart; another object whenever they have changed."""
        return self.rules.latched

    @property
    def counts(self) -> Counts:
        """The contactor's counters, which must outlive a restart too."""
        return self.wear.counts

    def take(self, permit: Permit, now: float) -> str | None:
        """A permit from the station; returns why it is refused, or None."""
        return self.rules.take(permit, now)

    def act(self, act: Act) -> str | None:
        """Do from the station; returns why it is refused, or None."""
        if act == "new-contactor":
            if not self.rules.contactor.proven_open or self.rules.closed:
                return "the contactor is not proven open: nobody replaces it now"
            self.wear.renew()
            return None
        if act == "acknowledge" and self.look.tripped and not (self.wiring.commanded or self.rules.selftest.testing):
            self.look.tripped = self.wiring.clear()
        return self.rules.act(act, self.look)

    # --- every 10 ms ----------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Take a sample; the only call that may block."""
        self.wiring.listen()

    def trouble(self, fault: str, words: str) -> None:
        """The loop found this one ("heartbeat"), between `listen` and `step`: it counts in this step."""
        self.wiring.trouble(fault, words)

    def step(self, now: float, stalled: bool) -> None:
        """Judge the sample and act. `stalled`: the loop was late, or the guard has opened."""
        wiring, rules, pilot, look = self.wiring, self.rules, self.pilot, self.look
        look.ohms = self._hear(now)
        look.letter, look.heard_a = pilot.letter, pilot.heard_a
        look.proven, look.broken, look.short = pilot.proven, pilot.broken, pilot.short
        look.stalled, look.worn = stalled, self.wear.worn
        wiring.read(look)
        rules.step(now, look)
        moved = wiring.obey(rules)
        if moved is not None:
            pilot.moved()
            if moved:
                self.wear.closed()
            else:
                self.wear.opened(rules.machine.forced)
        duty = rules.duty
        output = X1 if duty is None else PWM if duty > 0.0 else F
        if output != self._output:
            self._output = output
            pilot.output(output)
        lock = rules.lock.command
        self._locked = (lock if look.locked is None else look.locked) if rules.has_lock else None
        self._closed = wiring.commanded if look.mirror is None else look.mirror

    def _hear(self, now: float) -> float | None:
        """Give the sample to the filter; returns the proximity resistance, if one was measured."""
        sense = self.wiring.sense
        if sense is None:
            return None
        try:
            problem = nonsense(sense, now)
        except TypeError as error:  # a driver's bug must not end the process that holds the others' contactors
            problem = str(error)
        if problem is not None:
            self.wiring.trouble("pilot line", problem)
            return None
        self.pilot.hear(sense.high, sense.low)
        self._volts = sense.high
        return sense.proximity

    def release(self) -> None:
        """Contactor open, X1: the last act. Never raises."""
        self.wiring.release()

    def close(self) -> None:
        """Give the drivers back."""
        self.wiring.close()

    # --- telling --------------------------------------------------------------------------------------------------

    @property
    def stuck(self) -> bool:
        """The contactor was to be opened and its driver did not do it: the hardware must take its coil's supply."""
        return self.wiring.commanded and not self.rules.closed

    def sample(self) -> Sample:
        """What the flight recorder keeps of this step."""
        machine, sense, look = self.rules.machine, self.wiring.sense, self.look
        high, low = (nan, nan) if sense is None else (sense.high, sense.low)
        return (
            high, low, machine.duty, self.wiring.commanded, look.mirror, machine.row, machine.offered, self._locked,
            self.rules.faults,
        )  # fmt: skip

    def news(self, now: float, everything: bool) -> Seen | None:
        """What to tell the station now: on every change, once a second, and when it asks for `everything`."""
        rules, machine, supervisor = self.rules, self.rules.machine, self.rules.supervisor
        relay, wear, testing = rules.phases, self.wear, rules.selftest.testing
        phases = relay.phases if relay is not None else None
        told = (
            machine.row, machine.offered, self._closed, self._locked, self.pilot.proven, supervisor.plug,
            supervisor.plugged, rules.faults, rules.warnings, rules.reason, rules.cable.amps, phases, rules.simplified,
            testing, rules.selftest.tested_at, wear.closings,
        )  # fmt: skip
        if told == self._told and now < self._told_at + 1.0 and not everything:
            return None
        self._told, self._told_at = told, now
        cable = rules.cable.amps
        seen = Seen(
            evse=self.limits.evse,
            at=now,
            boot=self.boot,
            state=machine.row[:2],
            plug=supervisor.plug,
            closed=self._closed,
            offered=machine.offered,
            volts=round(self._volts, 2),
            duty=machine.duty,
            cable=cable if cable is not None and cable < inf else None,
            locked=self._locked,
            fault=rules.fault,
            why=self.why(now),
            unplugged_at=supervisor.unplugged_at,
            opened_at=machine.opened_at,
            worst_gap_ms=round(self.worst_gap * 1000.0, 2),
            faults=rules.faults,
            warnings=rules.warnings,
            phases=phases,
            simplified=rules.simplified,
            glitches=self.pilot.glitches,
            toggles=self.pilot.toggles,
            closings=wear.closings,
            hot_openings=wear.hot,
            cold_openings=wear.cold,
            wear=round(wear.part, 4),
            tested_at=rules.selftest.tested_at,
            testing=testing,
        )
        self.worst_gap = 0.0
        return seen

    def why(self, now: float) -> str:
        """What it waits for, for the technician."""
        rules, machine = self.rules, self.rules.machine
        fault = rules.fault
        if fault is not None:
            row = FAULTS[fault]
            return f"{fault}: {self.wiring.troubles.get(fault) or f'{row.text} {row.check}'}"
        if rules.amps < LEAST and machine.row not in ("C1 on", "D1 on", "F"):
            return rules.reason
        words = machine.waits_for(now, "" if self.pilot.proven else "testing the vehicle's diode")
        if machine.closed and rules.simplified:
            words += "; a vehicle without S2"
        return words if rules.supervisor.live else f"{words}; {rules.reason}"
