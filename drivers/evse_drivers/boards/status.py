"""What a board with its own pilot says and is to be told: pure, `now` is an argument.

Theory of operation. `Wish` keeps the newest permit and makes an offer of it that the board can be told: whole steps,
never rounded up, nothing below 6 A, nothing after the permit's expiry. `Watch` makes `Seen` of one `Status` after the
other: it counts the plugs, stamps unplugging and opening, and says when the board does not do what it was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf, isfinite

from ..api import How, Permit, Seen

LEAST = 6.0  # A, IEC 61851-1 table A.7: the smallest current that a duty cycle can offer
LEASE = 5.0  # s that a permit holds at most
START = 10.0  # s after the start in which a charge that runs is left alone until the first permit comes
OBEYS = 12.0  # s for a board to do as told: 3 s for the EV, 6 s until it is forced (sequence 10), 3 s to spare
SLACK = 0.5  # A more than it was told that a board may offer, for its rounding
WAKE = 4.0  # s without an offer that wake a vehicle, IEC 61851-1 A.5.3


@dataclass(frozen=True, slots=True)
class Offer:
    """What a board is to offer the vehicle."""

    amps: float  # per phase; 0, or 6 and more
    how: How = "grace"  # how to stop where amps is 0; "grace" elsewhere
    locked: bool = False  # False where the board has no lock


NOTHING = Offer(0.0)


@dataclass(frozen=True, slots=True)
class Status:
    """What a board said in one look at it."""

    state: str  # A1 B1 B2 C1 C2 D1 D2 E F: the 2 where it offers current by PWM
    closed: bool  # energy may flow
    offered: float  # A, what it tells the vehicle
    told: float | None = None  # A, what it says that it was told; None where it does not say
    faults: tuple[str, ...] = ()  # names of the fault catalogue, the weightiest first
    warnings: tuple[str, ...] = ()
    why: str = ""  # in words, what is wrong or what it waits for
    cable: float | None = None  # A
    locked: bool | None = None
    volts: float | None = None  # V, the pilot's high side
    duty: float | None = None
    testing: bool = False  # it tests its residual-current device
    restarted: bool = False  # it has begun anew since the last look, and forgotten what it was told


class Wish:
    """What the newest permit comes to. `step`: A in which the board can be told; `most`: A that it takes at most;
    `locks`: it has a plug lock."""

    def __init__(self, step: float, locks: bool = False, most: float = inf) -> None:
        self.step, self.most = step, most
        self._locks = locks
        self._permit: Permit | None = None
        self._since: float | None = None
        self._paused_until = float("-inf")

    def start(self, now: float, charging: bool) -> None:
        """The board is heard from now on. Without a permit it is told to stop; one that charges, after START s."""
        if self._since is None:
            self._since = now if charging else now - START

    def take(self, permit: Permit, now: float) -> None:
        """A permit; one that holds for too long is cut short, and one that is no number is none. A stop at once stays
        one: a softer stop after it must not let go what the board holds open."""
        amps = permit.amps if isfinite(permit.amps) else 0.0
        until = min(permit.until, now + LEASE) if isfinite(permit.until) else now
        how, before = permit.how, self._permit
        if before is not None and max(amps, before.amps) < LEAST and before.how == "now":
            how = "now"
        self._permit = Permit(permit.evse, amps, permit.phases, permit.locked, how, until)

    def pause(self, now: float) -> None:
        """Offer nothing for a while: a vehicle that sleeps may wake up by it."""
        self._paused_until = now + WAKE

    def at(self, now: float) -> Offer | None:
        """What the board is to be told now; None: nothing yet."""
        permit = self._permit
        if permit is None:
            return None if self._since is None or now < self._since + START else NOTHING
        locked = permit.locked and self._locks
        if now >= permit.until:
            return Offer(0.0, permit.how if permit.amps < LEAST else "grace", locked)
        amps = round(floor(min(permit.amps, self.most) / self.step + 1e-6) * self.step, 3)
        if amps < LEAST:
            return Offer(0.0, permit.how, locked)
        return Offer(0.0 if now < self._paused_until else amps, "grace", locked)


class Watch:
    """The looks at one board since it was found; `boot` names them, and the plugs are counted since then."""

    def __init__(self, evse: int, boot: str) -> None:
        self._evse, self._boot = evse, boot
        self._plug, self._plugged, self._closed = 0, False, False
        self._unplugged_at: float | None = None
        self._opened_at: float | None = None
        self._tested_at: float | None = None
        self._testing = False
        self._wish: Offer | None = None
        self._obeyed_at = float("-inf")  # s, the last time that it did as told, or was told something else

    def see(self, status: Status, wish: Offer | None, now: float) -> Seen:
        """One look at the board, that had been told `wish` before."""
        self._follow(status, now)
        faults, why = status.faults, status.why or _waits(status)
        if broken := self._disobeyed(status, wish, now):
            name, words = broken
            faults = (*faults, *((name,) if name not in faults else ()))
            why = why if status.faults else words
        if faults:
            why = f"{faults[0]}: {why}"
        return Seen(
            self._evse,
            now,
            self._boot,
            status.state,
            self._plug,
            status.closed,
            status.offered,
            status.volts,
            status.duty,
            status.cable,
            status.locked,
            faults[0] if faults else None,
            why,
            self._unplugged_at,
            self._opened_at,
            0.0,
            faults,
            status.warnings,
            tested_at=self._tested_at,
            testing=status.testing,
        )

    def _follow(self, status: Status, now: float) -> None:
        if status.state[0] not in "EF":  # there it cannot be seen whether a vehicle is plugged in
            plugged = status.state[0] in "BCD"
            if plugged and not self._plugged:
                self._plug += 1
            elif self._plugged and not plugged:
                self._unplugged_at = now
            self._plugged = plugged
        if self._closed and not status.closed:
            self._opened_at = now
        self._closed = status.closed
        if self._testing and not status.testing and not status.faults:
            self._tested_at = now
        self._testing = status.testing

    def _disobeyed(self, status: Status, wish: Offer | None, now: float) -> tuple[str, str] | None:
        """The fault, with its words, of a board that does not do what it was told."""
        open_wanted = wish is not None and wish.amps == 0
        over = wish is not None and (status.offered > wish.amps + SLACK or (open_wanted and status.closed))
        if wish is None or not over:
            self._wish, self._obeyed_at = wish, now
            return None
        if self._wish is None or wish.amps > self._wish.amps:
            self._obeyed_at = now
        self._wish = wish
        if now - self._obeyed_at < OBEYS:
            return None
        if open_wanted and status.closed:
            return "contactor", f"the board was told to stop {OBEYS:g} s ago and more, and keeps the contactor closed"
        return "pilot line", f"the board offers {status.offered:g} A and was told {wish.amps:g} A"


def _waits(status: Status) -> str:
    """What it waits for, as far as the state says."""
    if status.closed:
        return "charging" if status.offered > 0 else "stopping"
    return {
        "A": "no vehicle",
        "B": "EV does not ask" if status.offered > 0 else "nothing is offered",
        "C": "closing" if status.offered > 0 else "nothing is offered",
        "D": "EV asks for ventilation",
        "E": "the pilot line stands at a level that no vehicle makes",
        "F": "the board is out of service",
    }[status.state[0]]
