"""What the station permits one EVSE at this step: its permit, the lease on it, and the plug that it counts for.

The lease: a permit that is not renewed ends at its `until`. Then the technician's setting decides: stop (no offer, 6 s
grace, open), or go on at min(last permit, failsafe): never after a permit of 0, for the same plug only, so many
minutes at most, and only while the contactor stays closed: a charge may go on, but none begins. A
permit counts for the plug that stood when it came, so that no car inherits another's.

The lock follows the permit: locked while a vehicle is plugged and the station says so, or permits a current. With the
station gone it stays as it is, until the vehicle is pulled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from evse_drivers.api import Permit

from .iec61851 import LEAST

LONGEST = 5.5  # s: a lease is 5 s, and the clock is shared


@dataclass(frozen=True, slots=True)
class Limits:
    """The technician's word on one EVSE."""

    evse: int
    max_amps: float  # per phase: board, wiring and settings
    failsafe_amps: float
    go_on: float  # s to go on without the station; 0: stop
    has_lock: bool = False
    unlock_idle: bool = True  # at the start, before the lock was used
    simplified_amps: float = 10.0  # for a vehicle without S2
    socket: bool = False  # any cable may be plugged into it


class Supervisor:
    """Permit, lease and plug. `step` sets `amps`, `at_once`, `reason` and what else it is asked for."""

    __slots__ = (
        "_locked", "_now", "_permitted", "_used",
        "amps", "at_once", "gone_until", "lease_until", "limits", "live", "mine", "phases", "plug", "plugged", "reason",
        "unlocking", "unplugged_at",
    )  # fmt: skip
    TIMERS = ("gone_until", "lease_until")  # -inf: there never was a permit
    TOLD = ("plug", "unplugged_at")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.plug, self.plugged = 0, False
        self.unplugged_at: float | None = None
        self.amps, self.at_once = 0.0, False
        self.reason = "no permit"  # why there is nothing, or not what was permitted
        self.phases: int | None = None  # that the last permit was for
        self.live = False  # the permit has not run out
        self.mine = False  # it came for the plug that is there
        self.unlocking = False  # somebody wants the plug out
        self.lease_until = self.gone_until = -inf
        self._permitted = 0.0
        self._locked = self._now = self._used = False

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
        self._permitted, self.phases = permit.amps, permit.phases
        self._now, self._locked = permit.how == "now", permit.locked
        self.mine = True
        self.lease_until, self.gone_until = permit.until, permit.until + self.limits.go_on
        if not permit.locked:
            self.unlocking = False
        return None

    def step(self, now: float, letter: str, closed: bool) -> None:
        """One look. `letter`: the vehicle's; `closed`: the contactor was told to."""
        if letter in "BCD":
            if not self.plugged:
                self.plug += 1
                self.plugged, self._used = True, True
                self.mine = self.unlocking = False  # neither was meant for this plug
        elif letter == "A" and self.plugged:
            self.plugged = self.unlocking = False
            self.unplugged_at = now
        self.live = now < self.lease_until
        self.amps, self.at_once = 0.0, False
        if not self.plugged:
            self.reason = "no vehicle"
        elif not self.mine:
            self.reason = "no permit"
        elif self.live:
            self.amps, self.reason = self._permitted, "the station permits nothing"
            self.at_once = self._now and self._permitted < LEAST
        elif self._permitted < LEAST or self.limits.go_on <= 0.0 or not closed:
            self.reason = "the station is gone"
        elif now >= self.gone_until:
            self.reason = "the station is gone for too long"
        else:
            self.reason = "going on while the station is gone"
            self.amps = min(self._permitted, self.limits.failsafe_amps)
        if self.unlocking:
            self.amps, self.reason = 0.0, "plug is unlocked"

    def lock_wanted(self, heard_a: bool) -> bool | None:
        """What the lock should do: None, stay as it is. `heard_a`: that nothing is plugged was heard on the line."""
        if self.unlocking:
            return False
        if self.live and (self._locked or self._permitted >= LEAST):
            return True if self.plugged else None
        if self.live and self.plugged:
            return False
        if self.plugged or not heard_a or not (self._used or self.limits.unlock_idle):
            return None
        return False
