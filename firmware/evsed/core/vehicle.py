"""Which vehicle is plugged in: the pilot's (boot, plug) compared with the one that the session knows.

After a restart of the pilot process its plug counter starts anew, and in the states E and F the pilot cannot see
whether there is a vehicle. It then counts as the same one if that was so short that nobody can have swapped it. A board
counts anew with each start of the station: its vehicle is the same if the station was away for a short time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from evse_drivers.api import Seen

from evsed.model.time import Instant

SWAP = 10.0  # s; nobody unplugs one car and plugs another in less
AWAY = 120.0  # s between what a station has saved last and its next process, within one boot of the machine
RESUME = 900.0  # s of power cut after which a car found plugged is no longer taken for the one that was
WAKING = 2.0  # s that a restarted pilot gets to see the car that is there
BLIND = "EF"  # states at 0 V and -12 V


class Change(Enum):
    """What the pilot's word means for the session."""

    CAME = auto()
    LEFT = auto()
    UNKNOWN = auto()  # there is a vehicle, but nobody can say whether it is the one that was there


class Vehicle:
    """The vehicle at one EVSE. `plug` is what a restored transaction knows of it, `alive` when that was saved."""

    def __init__(self, plug: str | None = None, alive: Instant | None = None) -> None:
        self.seen: Seen | None = None
        self.plug = plug  # "boot/plug"; None while nothing is plugged
        self.came_at = float("-inf")  # mono s
        self.arrivals = 0  # how many have come
        self._alive = alive
        self._boot, self._boot_at = "", 0.0  # of the pilot, and mono s when it was first heard
        self._clear: Seen | None = None  # the last in which a vehicle can be seen
        self._blind_at: float | None = None  # mono s of the first in which it cannot, since then

    @property
    def opened(self) -> bool:
        """Its contactor is known to be open."""
        return self.seen is not None and not self.seen.closed

    @property
    def plugged(self) -> bool:
        """As the session knows it."""
        return self.plug is not None

    def observe(self, seen: Seen, now: Instant) -> Iterator[Change]:
        """Takes the pilot's word; what changed, in order and each when it is so."""
        self.seen = seen
        if seen.state in BLIND:
            self._blind_at = seen.at if self._blind_at is None else self._blind_at
            return
        hidden = self._blind_at is not None and seen.at - self._blind_at > SWAP
        before, self._clear, self._blind_at = self._clear, seen, None
        if seen.boot != self._boot:
            self._boot, self._boot_at = seen.boot, now.mono
        plug = f"{seen.boot}/{seen.plug}"
        if self.plug is not None and (not seen.plugged or self.plug != plug or hidden):
            rebooted = not self.plug.startswith(f"{seen.boot}/")
            if rebooted and not seen.plugged and now.mono < self._boot_at + WAKING:
                return
            if rebooted and seen.plugged and self._nobody_could_swap(before, now):
                self.plug = plug
            else:
                unknown = seen.plugged and (rebooted or self.plug == plug)
                self.plug = None
                yield Change.UNKNOWN if unknown else Change.LEFT
        if self.plug is None and seen.plugged:
            self.plug, self.came_at = plug, now.mono
            self.arrivals += 1
            yield Change.CAME

    def left_at(self, now: Instant) -> float:
        """mono s of the unplugging that `observe` has just found."""
        seen = self.seen
        if seen is None or seen.unplugged_at is None or seen.unplugged_at < self.came_at:
            return now.mono
        return min(seen.unplugged_at, now.mono)

    def next_deadline(self) -> float | None:
        """mono s at which a restarted pilot that sees no vehicle is believed."""
        seen = self.seen
        waiting = self.plug is not None and seen is not None and not seen.plugged and seen.state not in BLIND
        return self._boot_at + WAKING if waiting else None

    def _nobody_could_swap(self, before: Seen | None, now: Instant) -> bool:
        if before is not None:
            return now.mono - before.at <= SWAP
        alive = self._alive
        if alive is None:
            return False
        if alive.boot == now.boot:  # no power cut: life went on around it
            return now.mono - alive.mono <= AWAY
        return alive.utc is not None and now.utc is not None and 0 <= now.utc - alive.utc <= RESUME
