"""What one EVSE may offer at this step, and the fault that forbids it: permit and lease, cable, mirror contact, lock.

The lease: a permit that is not renewed ends at its `until`. Then the technician's setting decides: stop (no offer, 6 s
grace, open), or go on at min(last permit, failsafe): never after a permit of 0, for the same plug only, so many
minutes at most, and only while the contactor stays closed: a charge may go on, but none begins. A
permit counts for the plug that stood when it came, so that no car inherits another's.

The lock: locks while a vehicle is plugged and the permit says so; unlocks only with the contactor proven open. With the
station gone it stays as it is, until the vehicle is pulled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from evse_drivers.api import Act, Permit

from .iec61851 import LEAST

LONGEST = 5.5  # s: a lease is 5 s, and the clock is shared
MIRROR_TIME = 0.25  # s until the mirror contact must agree (contactors need some 20 to 50 ms)
LOCK_TIME = 3.0  # s until the lock must agree (motors need 0.3 to 1 s)
STALL_TIME = 1.0  # s a stall stays to be seen
CABLE_SAMPLES = 3  # of 10 ms each
CABLE_TIME = 1.0  # s that a plug may take to make all its contacts; nothing is offered meanwhile
CABLE_TIME_CLOSED = 0.02  # s, contactor closed: an unplugging shows on the pilot too by then

# The catalogue of faults. True: latched, outlives a restart, needs an acknowledgement.
FAULTS = {
    "pilot state lost": True,
    "contactor welded": True,
    "contactor failed to close": False,
    "pilot line": False,
    "contactor": False,
    "plug lock": False,
    "loop stalled": False,
    "diode": False,
    "pilot short": False,
    "pilot out of range": False,
    "cable": False,
    "cable lost": False,
}
WORDS = {
    "pilot state lost": "the pilot's latch file was unreadable: check contactor and wiring, then acknowledge",
    "contactor welded": "contactor told to open, its mirror contact says closed: replace it, then acknowledge",
    "contactor failed to close": "contactor told to close, its mirror contact says open: check coil, RCD, mirror",
    "loop stalled": "the pilot process was not on time, the guard opened the contactor",
    "diode": "vehicle's pilot diode is missing: unplug; this vehicle or cable is unsafe",
    "pilot short": "control pilot is shorted to PE",
    "pilot out of range": "control pilot stands at a level that no vehicle makes",
    "cable": "proximity resistor of the cable is outside 80 to 2460 ohm",
    "cable lost": "proximity resistor was lost while the vehicle is plugged",
    "plug lock": "plug lock did not lock",
    "pilot line": "the line's driver had trouble",
    "contactor": "the contactor's driver had trouble",
}

# Proximity resistor (ohm) to what the cable carries (A): IEC 61851-1 table B.2, windows around 100, 220, 680, 1500 ohm.
CABLES = ((80.0, None), (140.0, 63.0), (308.0, 32.0), (936.0, 20.0), (2460.0, 13.0), (inf, inf))


def cable_of(ohms: float) -> float | None:
    """What the cable carries, A; inf: no plug is there; None: no cable has such a resistor."""
    for limit, amps in CABLES:
        if ohms < limit:
            return amps
    return inf


@dataclass(frozen=True, slots=True)
class Limits:
    """The technician's word on one EVSE."""

    evse: int
    max_amps: float  # per phase: board, wiring and settings
    failsafe_amps: float
    go_on: float  # s to go on without the station; 0: stop
    has_lock: bool = False


class Supervisor:
    """The rules around the machine of one EVSE. `step` sets `amps`, `at_once`, `fault`, `lock` and `reason`."""

    def __init__(self, limits: Limits, latched: str | None = None) -> None:
        self.limits = limits
        self.latched = latched
        self.permit: Permit | None = None
        self.plug, self.plugged = 0, False
        self.unplugged_at: float | None = None
        self.cable: float | None = None  # A; inf: no plug in the socket; None: not measured, or `cable` fault
        self.amps, self.at_once = 0.0, False
        self.fault: str | None = latched
        self.lock: bool | None = None  # what the lock was told; None: nothing yet, leave it as it is
        self.reason = "no permit"
        self.proven_open = False
        self._permit_plug = 0
        self._unlock = self._failed_close = False
        self._seen_cable = False
        self._disagreed_at: float | None = None
        self._lock_at: float | None = None
        self._stalled_until = -inf
        self._cable_next: float | None = None
        self._cable_count = 0
        self._cable_bad_at = inf

    # --- what the station says ------------------------------------------------------------------------------------

    def take(self, permit: Permit, now: float) -> str | None:
        """A permit for this EVSE; returns why it is refused, or None. A refused one changes nothing."""
        if permit.evse != self.limits.evse:
            return f"permit for EVSE {permit.evse}, which this pilot does not have"
        if not isfinite(permit.amps) or permit.amps < 0.0:
            return f"permit of {permit.amps} A: amps must be finite and at least 0"
        if permit.phases not in (1, 3):
            return f"permit for {permit.phases} phases: 1 or 3 are possible"
        if permit.how not in ("grace", "now"):
            return f'permit with how = {permit.how!r}: "grace" or "now" are possible'
        if not isfinite(permit.until) or permit.until > now + LONGEST:
            return f"permit until {permit.until - now:.1f} s from now: at most {LONGEST} s are allowed"
        if permit.until <= now:
            return f"permit has run out {now - permit.until:.1f} s ago"
        self.permit = permit
        self._permit_plug = self.plug
        if not permit.locked:
            self._unlock = False
        return None

    def act(self, act: Act, mirror: bool | None) -> str | None:
        """Do(acknowledge) or Do(unlock); returns why it is refused, or None."""
        if act == "acknowledge":
            if self.latched and mirror:
                return "the mirror contact says that the contactor is still closed: replace it first"
            self.latched, self._failed_close, self._disagreed_at = None, False, None
            return None
        if act == "unlock":
            if not self.limits.has_lock:
                return "this EVSE has no plug lock"
            if not self.proven_open:
                return "the contactor is not proven open: stop the charge first"
            self._unlock = True
            return None
        return f"this hardware has no {act}"

    # --- every 10 ms ----------------------------------------------------------------------------------------------

    def step(
        self, now: float, letter: str, trouble: str | None, ohms: float | None, commanded: bool,
        opened_at: float | None, mirror: bool | None, locked: bool | None,
    ) -> None:  # fmt: skip
        """One look. `trouble`: a name of FAULTS that the caller found (line, contactor, diode, pilot level), or None;
        `ohms`: proximity; `commanded`, `opened_at`: what the contactor was last told; `mirror`, `locked`: feedback."""
        if letter in "BCD":
            if not self.plugged:
                self.plug += 1
                self.plugged = True
        elif letter == "A" and self.plugged:
            self.plugged = self._failed_close = self._unlock = False
            self.unplugged_at = now
        if ohms is not None:
            self._measure(ohms)
        self._watch_contactor(now, commanded, opened_at, mirror)
        self.fault = (
            self.latched
            or trouble
            or ("contactor failed to close" if self._failed_close else None)
            or (self._cable_fault(now, commanded) if ohms is not None else None)
            or (self._lock_fault(now, locked) if self.limits.has_lock else None)
            or ("loop stalled" if now < self._stalled_until else None)
        )
        self._allow(now, commanded)
        if self.limits.has_lock:
            self._move_lock(now)

    def stalled(self, now: float) -> None:
        """The loop was not on time with the contactor closed."""
        self._stalled_until = now + STALL_TIME

    def lease_holds(self, now: float) -> bool:
        """Whether the last permit has not run out."""
        return self.permit is not None and now < self.permit.until

    def locked_enough(self, locked: bool | None) -> bool:
        """Whether the contactor may close as far as the lock is concerned."""
        return not self.limits.has_lock or (self.lock is True and locked is not False)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _measure(self, ohms: float) -> None:
        amps = cable_of(ohms)
        if self._seen_cable and amps == self.cable:
            self._cable_count = 0
            return
        self._cable_count = self._cable_count + 1 if amps == self._cable_next else 1
        self._cable_next = amps
        if self._cable_count >= CABLE_SAMPLES:
            self.cable, self._seen_cable, self._cable_count = amps, True, 0

    def _cable_fault(self, now: float, commanded: bool) -> str | None:
        if not self._seen_cable or not self.plugged or (self.cable is not None and self.cable < inf):
            self._cable_bad_at = inf
            return None
        if self._cable_bad_at == inf:
            self._cable_bad_at = now
        if now < self._cable_bad_at + (CABLE_TIME_CLOSED if commanded else CABLE_TIME):
            return None
        return "cable" if self.cable is None else "cable lost"

    def _watch_contactor(self, now: float, commanded: bool, opened_at: float | None, mirror: bool | None) -> None:
        if mirror is None:
            self.proven_open = not commanded and (opened_at is None or now > opened_at + MIRROR_TIME)
            return
        self.proven_open = not commanded and not mirror
        if mirror == commanded:
            self._disagreed_at = None
        elif self._disagreed_at is None:
            self._disagreed_at = now
        elif now > self._disagreed_at + MIRROR_TIME:
            if mirror:
                self.latched = "contactor welded"
            else:
                self._failed_close = True

    def _lock_fault(self, now: float, locked: bool | None) -> str | None:
        if self.lock and locked is False and self._lock_at is not None and now > self._lock_at + LOCK_TIME:
            return "plug lock"
        if self.lock and locked:
            self._lock_at = now  # it was right until now
        return None

    def _allow(self, now: float, commanded: bool) -> None:
        permit, limits = self.permit, self.limits
        self.at_once = False
        self.amps = 0.0
        if not self.plugged:
            self.reason = "no vehicle"
        elif permit is None or self._permit_plug != self.plug:
            self.reason = "no permit"
        elif now < permit.until:
            self.at_once = permit.how == "now"
            self.reason = "the station permits nothing"
            self.amps = permit.amps
        elif permit.amps < LEAST or limits.go_on <= 0.0 or not commanded:
            self.reason = "the station is gone"
        elif now >= permit.until + limits.go_on:
            self.reason = "the station is gone for too long"
        else:
            self.reason = "going on while the station is gone"
            self.amps = min(permit.amps, limits.failsafe_amps)
        if self._unlock:
            self.amps, self.reason = 0.0, "plug is unlocked"
        elif self._cable_bad_at < inf:
            self.amps, self.reason = 0.0, "the cable's proximity resistor cannot be read"
        if self.amps <= 0.0:
            return
        if self.cable is not None and self.cable < self.amps:
            self.amps = self.cable
        if limits.max_amps < self.amps:
            self.amps = limits.max_amps
        if self.amps < LEAST:
            self.reason = "less than 6 A are permitted, and less cannot be offered"
            self.amps = 0.0

    def _move_lock(self, now: float) -> None:
        permit = self.permit
        live = permit is not None and now < permit.until and not self._unlock
        if live and permit is not None and permit.locked:
            wanted = True if self.plugged else self.lock
        elif live or self._unlock or not self.plugged:
            wanted = False
        else:
            wanted = self.lock
        if wanted is False and not self.proven_open:
            return
        if wanted != self.lock:
            self.lock, self._lock_at = wanted, now
