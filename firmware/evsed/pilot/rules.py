"""All the rules of one EVSE put together: from one look at the hardware to contactor, offer, lock, relay and faults.

Theory of operation
-------------------
`Rules.step` asks each part in turn, then judges, then allows, then steps the machine:

- the parts watch one thing each: permit and lease (supervisor), contactor, cable, lock, residual-current device
  (rcd), phase relay (phases);
- judge: everything that is wrong at this step, by the names of the catalogue (evsed.model.faults). Any fault opens
  now: in this very step. One that latches stays, whatever else happens, until a technician acknowledges, and that is
  refused as long as its cause stands;
- allow: the smallest of permit (a third of it, where three phases are on and one is permitted), cable, wiring, and
  10 A for a vehicle without S2 (it goes from A to C at once, IEC 61851-1 A.2.3); nothing while the plug is not locked,
  the residual-current device is due for its test, or the phase relay switches. What holds an offer back takes back a
  standing one with grace;
- the machine (iec61851) makes of it at most one transition.

Whatever the parts decide rests on what the machine did in the step before; whatever it does rests on what they say now.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import inf

from evse_drivers.api import Act, Permit

from evsed.model.faults import FAULTS, WEIGHT

from .cable import Cable
from .contactor import Contactor
from .iec61851 import LEAST, Machine
from .lock import Lock
from .phases import PhaseRelay
from .rcd import SelfTest
from .supervisor import Limits, Supervisor

STALL_TIME = 1.0  # s a stall stays to be seen

BITS = {name: 1 << place for name, place in WEIGHT.items()}
LATCHING = sum(BITS[name] for name, row in FAULTS.items() if row.latched)


@dataclass(slots=True)
class Look:
    """What the hardware says at this step. The caller may use one for ever, and fill it anew."""

    letter: str = "A"  # the vehicle's, see sense.py
    heard_a: bool = False  # that nothing was plugged has been heard on the line, once at least
    proven: bool = False  # the vehicle's diode was there, during this PWM
    broken: bool = False  # it was missing
    short: bool = False  # with letter E: the line is near 0 V
    ohms: float | None = None  # proximity; None: not measured
    closed: bool = False  # the contactor was last told to close, or may have been
    mirror: bool | None = None  # the mirror contact; None where there is none
    locked: bool | None = None  # the lock's feedback; None where there is none
    tripped: bool | None = False  # the residual-current device; None: it cannot be read
    emergency: bool = False
    too_hot: bool = False
    relay: bool | None = None  # the phase relay's feedback: three phases; None where there is none
    stalled: bool = False  # the loop was late, or the guard has opened
    worn: bool = False  # the contactor
    troubles: Collection[str] = ()  # names of the catalogue: drivers that fail


class Rules:
    """The rules of one EVSE. The caller steps them every 10 ms, and does what the attributes say after each step."""

    __slots__ = (  # noqa: RUF023
        "_found", "_had_plug", "_latched", "_was", "_warned",
        "amps", "cable", "contactor", "faults", "has_lock", "latched", "limits", "lock", "machine", "phases", "reason",
        "selftest", "simplified", "stalled_until", "supervisor", "warnings",
    )  # fmt: skip
    TIMERS = ("stalled_until",)  # -inf: it was not
    TOLD = ("reason",)

    def __init__(
        self, now: float, limits: Limits, machine: Machine, selftest: SelfTest, phases: PhaseRelay | None,
        latched: Collection[str] = (),
    ) -> None:  # fmt: skip
        """`selftest` of module "none" where there is no residual-current device; `latched`: from the file."""
        self.limits, self.has_lock = limits, limits.has_lock
        self.machine, self.selftest, self.phases = machine, selftest, phases
        self.supervisor, self.contactor = Supervisor(limits), Contactor(now)
        self.cable, self.lock = Cable(limits.socket), Lock()
        self.stalled_until = -inf
        self.simplified = False  # the vehicle has no S2
        self.amps = 0.0  # that may be offered
        self.reason = ""  # why nothing may be offered, or less than the station permits
        self.warnings: tuple[str, ...] = ()
        self._was, self._had_plug = "A", False
        self._found = self._latched = sum(BITS[name] for name in set(latched))
        self._warned = 0
        self.faults = self.latched = _names(self._found)  # the weightiest first

    @property
    def fault(self) -> str | None:
        """The weightiest fault that stands."""
        return self.faults[0] if self.faults else None

    @property
    def closed(self) -> bool:
        """What the contactor is to be told."""
        return self.machine.closed

    @property
    def duty(self) -> float | None:
        """What the line is to put out: PWM, 0.0 for -12 V, None for +12 V."""
        return self.machine.duty

    @property
    def relay(self) -> bool | None:
        """What the phase relay is to be told: three phases; None: nothing."""
        return self.phases.relay if self.phases is not None else None

    # --- what the station says ------------------------------------------------------------------------------------

    def take(self, permit: Permit, now: float) -> str | None:
        """A permit; returns why it is refused, or None."""
        return self.supervisor.take(permit, now)

    def act(self, act: Act, look: Look) -> str | None:
        """Do; returns why it is refused, or None. `look`: that of the last step."""
        if act == "acknowledge":
            return self._acknowledge(look)
        if act == "wake":
            return None if self.machine.wake() else "no vehicle is waiting here that could be woken"
        if act == "selftest":
            return self._want_test()
        if act == "unlock":
            if not self.has_lock:
                return "this EVSE has no plug lock"
            if not self._open():
                return "the contactor is not proven open: stop the charge first"
            self.supervisor.unlocking = True
            return None
        return f"this hardware has no {act}"

    def _acknowledge(self, look: Look) -> str | None:
        if look.emergency:
            return "the emergency stop is still pressed: release it first"
        if "safety input" in look.troubles:
            return "emergency stop, thermal switch or residual-current device cannot be read: mend that first"
        if "contactor" in look.troubles:
            return "the contactor cannot be read or told: mend that first"
        if look.mirror and not look.closed:
            return "the mirror contact says that the contactor is still closed: replace it first"
        refused = self.selftest.acknowledge(look.tripped)
        if refused is None:
            self._latched, self.latched = 0, ()
            self.contactor.forgive()
            self.lock.forgive()
        return refused

    def _want_test(self) -> str | None:
        if not self.selftest.testable:
            return "this EVSE has no residual-current device that can be tested"
        if self.selftest.failed:
            return "the residual-current device has failed: acknowledge that first, which tests it too"
        if not self._open():
            return "the contactor is not proven open, and must be for the test: stop the charge first"
        self.selftest.want()
        return None

    # --- every 10 ms ----------------------------------------------------------------------------------------------

    def step(self, now: float, look: Look) -> None:
        """One look and at most one transition."""
        letter, machine = look.letter, self.machine
        self.supervisor.step(now, letter, look.closed)
        self._meet(letter)
        self._watch(now, look)
        self._judge(now, look)
        self.amps = self._allow()
        machine.step(now, letter, self.amps, self.supervisor.at_once, self._found != 0, look.proven)

    def _open(self) -> bool:
        """The contactor is proven open, and was not told to close just now."""
        return self.contactor.proven_open and not self.machine.closed

    def _meet(self, letter: str) -> None:
        """Which vehicle is there: one without S2 (none that has been in B since it was plugged), a new one, none."""
        if letter in "AB":
            self.simplified, self._was = False, letter
        elif letter in "CD" and self._was == "A":  # also at the start: one with S2 opens it in the X1 of that time
            self.simplified = True
        plugged = self.supervisor.plugged
        if self._had_plug and not plugged:
            self.selftest.want()
        self._had_plug = plugged

    def _watch(self, now: float, look: Look) -> None:
        supervisor, machine, contactor = self.supervisor, self.machine, self.contactor
        plugged = supervisor.plugged
        if not plugged:
            contactor.failed = False
            self.lock.forgive()
        contactor.step(now, look.closed, look.mirror, "contactor" in look.troubles)
        is_open = self._open()
        self.cable.step(now, look.ohms, plugged, look.closed)
        if self.has_lock:
            self.lock.step(now, supervisor.lock_wanted(look.heard_a), look.locked, is_open)
        self.selftest.step(now, look.tripped, is_open and machine.duty is None)
        if self.phases is not None:
            self.phases.step(
                now, supervisor.phases, look.relay,
                plugged=plugged, asking=look.letter in "CD", closed=look.closed or machine.closed,
                proven_open=contactor.proven_open, x1=machine.duty is None,
            )  # fmt: skip
        if look.stalled and (look.closed or machine.closed):
            self.stalled_until = now + STALL_TIME

    def _judge(self, now: float, look: Look) -> None:
        """Everything that is wrong."""
        cable, lock, selftest, phases = self.cable, self.lock, self.selftest, self.phases
        found = self._latched
        for stands, name in (
            (look.emergency, "emergency stop"),
            (selftest.tripped_fault, "residual current"),
            (selftest.failed, "residual-current self-test"),
            (self.contactor.welded, "contactor welded"),
            (look.too_hot, "thermal switch"),
            (self.contactor.failed, "contactor failed to close"),
            (phases is not None and phases.fault, "phase relay"),
            (look.broken, "diode"),
            (look.letter == "E", "pilot short" if look.short else "pilot out of range"),
            (cable.fault is not None, cable.fault),
            (lock.failed, "plug lock"),
            (now < self.stalled_until, "loop stalled"),
        ):
            if stands and name is not None:
                found |= BITS[name]
        for name in look.troubles:
            found |= BITS[name]
        if found != self._found:
            self._found, self.faults = found, _names(found)
        latched = found & LATCHING
        if latched != self._latched:
            self._latched, self.latched = latched, _names(latched)
        warned = (BITS["plug unlock"] if lock.stuck else 0) | (BITS["contactor worn"] if look.worn else 0)
        if warned != self._warned:
            self._warned, self.warnings = warned, _names(warned)

    def _allow(self) -> float:
        """What may be offered, A; sets `reason`."""
        supervisor, selftest, phases = self.supervisor, self.selftest, self.phases
        amps, self.reason = supervisor.amps, supervisor.reason
        if amps <= 0.0:
            return 0.0
        held = ""
        if self.cable.unsure:
            held = "the cable's proximity resistor cannot be read"
        elif selftest.hold:
            held = "testing the residual-current device"
        elif phases is not None and phases.hold:
            held = phases.why
        elif self.has_lock and not self.lock.secured:
            held = "waiting for the plug lock"
        if held:
            self.reason = held
            return 0.0
        if phases is not None:
            amps *= phases.scale
        amps = min(amps, self.cable.limit(), self.limits.max_amps)
        if self.simplified:
            amps = min(amps, self.limits.simplified_amps)
        if amps < LEAST:
            self.reason = "less than 6 A are permitted, and less cannot be offered"
            return 0.0
        return amps


def _names(bits: int) -> tuple[str, ...]:
    """Of these bits, the weightiest first."""
    return tuple(name for name, bit in BITS.items() if bits & bit)
