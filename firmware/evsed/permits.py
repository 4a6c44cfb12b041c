"""What the pilot is permitted while the disk is still writing what that rests on.

A lowered or merely renewed permit goes out at once; a raised one after the commit. Until then the pilot is renewed at
what it has. So a disk that stalls neither keeps a limit from falling nor lets the lease of a running charge run out.
The first one after our start is like a raised one: until it may go the pilot is told nothing, for it may be charging
on the lease that the last run has left, and 0 A in between would open the contactor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evse_drivers.api import Permit


class Permits:
    """`send` hands a permit to whoever holds that EVSE's pilot."""

    def __init__(self, send: Callable[[Permit], None]) -> None:
        self._send = send
        self._granted: dict[int, float] = {}  # A, what the last commits allow
        self._wanted: dict[int, Permit] = {}
        self._rise: dict[int, Permit] = {}  # the first since nothing was wanted: older ones are void

    def want(self, permit: Permit) -> bool:
        """Sends what may go out now; True when the rest waits for `durable`."""
        self._wanted[permit.evse] = permit
        if permit.amps <= 0 or permit.evse not in self._rise:
            self._rise[permit.evse] = permit
        if permit.evse not in self._granted and permit.amps > 0:
            return True
        granted = min(self._granted.get(permit.evse, 0.0), permit.amps)
        self._granted[permit.evse] = granted
        self._send(replace(permit, amps=granted))
        return permit.amps > granted

    def durable(self, permit: Permit) -> None:
        """What `permit` rests on is on the disk: as much as the newest one still wants of it goes out.

        Not if nothing was wanted in between: what rose again after that, perhaps for another car, has its own commit.
        """
        if permit.until < self._rise[permit.evse].until:
            return
        wanted = self._wanted[permit.evse]
        amps = min(permit.amps, wanted.amps)
        if amps > self._granted.get(permit.evse, 0.0):
            self._granted[permit.evse] = amps
            self._send(replace(wanted, amps=amps))
