"""One EVSE of the pilot process: its line, contactor and lock, with the three pure parts that judge them."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

from evse_drivers.api import Act, Permit, PilotLine, Seen, Sense, Switch

from .iec61851 import LEAST, Machine, Table
from .ring import Sample
from .sense import PWM, X1, F, PilotSense, nonsense
from .supervisor import WORDS, Limits, Supervisor

Close = Callable[[Switch], bool]

UNKNOWN = -1.0  # a duty cycle that is never driven


class Outlet:
    """The loop calls `listen` then `step` every 10 ms, and asks `news` what to tell.

    Whatever a driver raises counts as a fault of its part and opens: an outsider's driver with a bug must cost this
    EVSE its charge, not the process that holds the others' contactors.
    """

    def __init__(
        self, limits: Limits, line: PilotLine, contactor: Switch, lock: Switch | None,
        *, table: Table, boot: str, close: Close, latched: str | None, now: float,
    ) -> None:  # fmt: skip
        """Opens the contactor and drives X1 as its first act; a driver that cannot is a DriverError.

        `close` closes the contactor, or returns False when the guard does not let it.
        """
        self.line, self.contactor, self.lock = line, contactor, lock
        contactor.set(False)
        line.drive(None)
        self.limits, self.boot = limits, boot
        self.pilot = PilotSense()
        self.supervisor = Supervisor(limits, latched)
        self.machine = Machine(now, table)
        self.worst_gap = 0.0  # s, since the last Seen
        self._close = close
        self._troubles: dict[str, str] = {}  # in this step. Fault: the driver's text, as it was when it began
        self._before: dict[str, str] = {}  # in the step before
        self._sense: Sense | None = None
        self._volts = 0.0
        self._commanded, self._opened_at = False, now
        self._driven: float | None = None
        self._closed = False
        self._mirror: bool | None = None
        self._locked: bool | None = None
        self._lock_told: bool | None = None
        self._told: tuple[object, ...] = ()
        self._told_at = now - 1.0

    def take(self, permit: Permit, now: float) -> str | None:
        """A permit from the station; returns why it is refused, or None."""
        return self.supervisor.take(permit, now)

    def act(self, act: Act) -> str | None:
        """Do from the station; returns why it is refused, or None."""
        if act == "wake":
            return None if self.machine.wake() else "no vehicle is waiting here that could be woken"
        return self.supervisor.act(act, self._try("contactor", self.contactor.get))

    # --- every 10 ms ----------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Take a sample; the only call that may block."""
        if self._troubles or self._before:
            self._before, self._troubles = self._troubles, {}
        try:
            self._sense = self.line.sense()
        except Exception as error:  # see the class
            self._fail("pilot line", str(error) or type(error).__name__)
            self._sense = None

    def step(self, now: float, stalled: bool) -> None:
        """Judge the sample and act. `stalled`: the loop was late, or the guard has opened."""
        supervisor, machine = self.supervisor, self.machine
        ohms = self._hear(now)
        mirror = self._try("contactor", self.contactor.get)
        if self.lock is not None:
            locked = self._try("plug lock", self.lock.get)
            self._locked = supervisor.lock if locked is None else locked
        if stalled and (self._commanded or machine.closed):
            supervisor.stalled(now)
        letter = self.pilot.letter
        supervisor.step(now, letter, self._found(letter), ohms, self._commanded, self._opened_at, mirror, self._locked)
        ready = self.pilot.proven and supervisor.locked_enough(self._locked)
        machine.step(now, letter, supervisor.amps, supervisor.at_once, supervisor.fault is not None, ready)
        if machine.closed is not self._commanded or machine.duty != self._driven:
            self._drive(now)
        lock = supervisor.lock
        if self.lock is not None and lock is not self._lock_told and self._did("plug lock", self.lock.set, lock):
            self._lock_told = lock
        self._mirror = mirror
        self._closed = self._commanded if mirror is None else mirror

    def release(self) -> None:
        """Contactor open, X1: the last act. Never raises."""
        self._try("contactor", self.contactor.set, False)
        self._try("pilot line", self.line.drive, None)

    def trouble(self, fault: str, words: str) -> None:
        """The loop found this one ("heartbeat"), between `listen` and `step`: it counts in this step."""
        self._fail(fault, words)

    @property
    def stuck(self) -> bool:
        """The contactor was to be opened and its driver did not do it: the hardware must take its coil's supply."""
        return self._commanded and not self.machine.closed

    def sample(self) -> Sample:
        """What the flight recorder keeps of this step."""
        machine, sense, fault = self.machine, self._sense, self.supervisor.fault
        high, low = (nan, nan) if sense is None else (sense.high, sense.low)
        return (
            high, low, machine.duty, self._commanded, self._mirror, machine.row, machine.offered, self._locked,
            () if fault is None else (fault,),
        )  # fmt: skip

    # --- telling --------------------------------------------------------------------------------------------------

    def news(self, now: float, everything: bool) -> Seen | None:
        """What to tell the station now: on every change, once a second, and when it asks for `everything`."""
        supervisor, machine = self.supervisor, self.machine
        told = (
            machine.row, machine.offered, self._closed, self._locked, self.pilot.proven, supervisor.plug,
            supervisor.plugged, supervisor.fault, supervisor.reason, supervisor.cable,
        )  # fmt: skip
        if told == self._told and now < self._told_at + 1.0 and not everything:
            return None
        self._told, self._told_at = told, now
        cable = supervisor.cable
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
            cable=cable if cable is not None and cable < 1000.0 else None,
            locked=self._locked,
            fault=supervisor.fault,
            why=self.why(now),
            unplugged_at=supervisor.unplugged_at,
            opened_at=machine.opened_at,
            worst_gap_ms=round(self.worst_gap * 1000.0, 2),
        )
        self.worst_gap = 0.0
        return seen

    def why(self, now: float) -> str:
        """What it waits for, for the technician."""
        supervisor, machine = self.supervisor, self.machine
        fault = supervisor.fault
        if fault is not None:
            return f"{fault}: {self._troubles.get(fault) or self._before.get(fault) or WORDS[fault]}"
        if supervisor.amps < LEAST and machine.row not in ("C1 on", "D1 on", "F"):
            return supervisor.reason
        lacks = "" if self.pilot.proven else "testing the vehicle's diode"
        if not supervisor.locked_enough(self._locked):
            lacks = "waiting for the plug lock"
        words = machine.waits_for(now, lacks)
        return words if supervisor.lease_holds(now) else f"{words}; {supervisor.reason}"

    # --- parts ----------------------------------------------------------------------------------------------------

    def _hear(self, now: float) -> float | None:
        """Give the sample to the filter; returns the proximity resistance, if one was measured."""
        sense = self._sense
        if sense is None:
            return None
        problem = nonsense(sense, now)
        if problem is not None:
            self._fail("pilot line", problem)
            return None
        self.pilot.hear(sense.high, sense.low)
        self._volts = sense.high
        return sense.proximity

    def _found(self, letter: str) -> str | None:
        # What failed while acting at the end of the last step is tried again only at the end of this one.
        for fault in self._troubles or self._before:
            return fault
        if self.pilot.broken:
            return "diode"
        if letter == "E":
            return "pilot short" if self.pilot.short else "pilot out of range"
        return None

    def _drive(self, now: float) -> None:
        """Contactor first, then the output; what fails is tried again in the next step."""
        machine = self.machine
        if machine.closed and not self._commanded:
            # A close that failed may have closed: then it must be opened too. False is the guard's no.
            self._commanded = self._try("contactor", self._close, self.contactor) is not False
        elif self._commanded and not machine.closed and self._did("contactor", self.contactor.set, False):
            self._commanded, self._opened_at = False, now
        duty = machine.duty
        if duty != self._driven:
            self._driven = duty if self._did("pilot line", self.line.drive, duty) else UNKNOWN
            self.pilot.output(X1 if duty is None else PWM if duty > 0.0 else F)

    def _try(self, fault: str, call: Callable[..., Any], *args: object) -> Any:
        try:
            return call(*args)
        except Exception as error:  # see the class
            self._fail(fault, str(error) or type(error).__name__)
            return None

    def _did(self, fault: str, call: Callable[..., None], *args: object) -> bool:
        try:
            call(*args)
        except Exception as error:  # see the class
            self._fail(fault, str(error) or type(error).__name__)
            return False
        return True

    def _fail(self, fault: str, words: str) -> None:
        self._troubles.setdefault(fault, self._before.get(fault, words))
