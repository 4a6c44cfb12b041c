"""The plug lock: moves it, looks whether it has moved, tries again, and spares its motor.

Theory of operation
-------------------
The caller wants it locked, unlocked, or left as it is. A lock that was told and whose feedback says otherwise after
5 s is told again, twice; then it has failed: a lock that did not lock stays so until the plug is pulled, one that did
not unlock is told again every 30 s, for a person who pulls at the plug keeps it from moving. Where there is no
feedback, it is taken to have moved after 1 s.

Unlocking waits until the contactor is proven open. A feedback that leaves "locked" for less than 0.5 s is a
contact that bounces.

Motors of locks burn: 5 moves may follow each other, and one more comes free each 12 s, so that any 60 s see 10 at most.
"""

from __future__ import annotations

from math import inf

RETRY = 5.0  # s between the moves of one try, SmartEVSE's
TRIES = 3  # moves until it has failed
RETRY_UNLOCK = 30.0  # s between the moves after that, unlocking only
BLIND = 1.0  # s that a lock without feedback is given (motors need 0.3 to 1 s)
BOUNCE = 0.5  # s
MOVES, MOVE_EVERY = 5, 12.0  # moves in a row, and s until one more is free: openWB's 10 in 60 s


class Lock:
    """One plug lock. The caller steps it every 10 ms, and tells the driver `command` whenever `moves` has changed."""

    __slots__ = (
        "_spent", "_tries", "blind_until", "command", "failed", "move_after", "moves", "retry_after", "secured",
        "stuck",
    )  # fmt: skip
    # blind_until: a move without feedback is over; move_after: one more move is free; retry_after: tell it again
    TIMERS = ("blind_until", "move_after", "retry_after")
    TOLD = ("moves",)

    def __init__(self) -> None:
        self.command: bool | None = None  # what it was told; None: nothing yet
        self.secured = False  # the plug is locked: there may be an offer
        self.failed = False  # it did not lock; until the plug is pulled
        self.stuck = False  # it did not unlock
        self.moves = 0  # counted up with each move
        self.blind_until = self.move_after = self.retry_after = -inf
        self._tries = 0  # moves since the feedback last agreed
        self._spent = 0  # moves that are not free yet

    def forgive(self) -> None:
        """The plug was pulled, or a technician has acknowledged."""
        if self.failed:
            self.failed, self._tries, self.retry_after = False, 0, -inf

    def step(self, now: float, wanted: bool | None, locked: bool | None, proven_open: bool) -> None:
        """One look. `wanted`: None, leave it; `locked`: the feedback, None where there is none."""
        if self._spent and now >= self.move_after:
            self._spent -= 1
            self.move_after = now + MOVE_EVERY if self._spent else -inf
        changes = wanted is not None and wanted != self.command and not (wanted and self.failed)
        if changes and (wanted or proven_open) and self._spent < MOVES:
            self.command, self._tries, self.stuck = wanted, 0, False
            self._move(now)
        elif locked is not None and self.command is not None and not (self.command and self.failed):
            self._look(now, locked, proven_open)
        if not self.command or self.failed:
            self.secured = False
        elif locked is None:
            self.secured = now >= self.blind_until
        else:
            self.secured = locked or (self.secured and not self._tries and now < self.retry_after)

    def _look(self, now: float, locked: bool, proven_open: bool) -> None:
        """Has it moved? If not, tell it again."""
        if locked == self.command:
            self._tries, self.retry_after, self.stuck = 0, now + BOUNCE, False
            return
        if now < self.retry_after:
            return
        if self._tries >= TRIES:
            if self.command:
                self.failed = True
                return
            self.stuck = True
        if (self.command or proven_open) and self._spent < MOVES:
            self._move(now)

    def _move(self, now: float) -> None:
        if not self._spent:
            self.move_after = now + MOVE_EVERY
        self._spent += 1
        self.moves += 1
        self._tries = min(self._tries + 1, TRIES)
        self.blind_until = now + BLIND
        self.retry_after = now + (RETRY_UNLOCK if self.stuck else RETRY)
