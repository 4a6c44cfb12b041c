"""The phase relay of one EVSE: when it may switch between one and three phases, and what may be offered meanwhile.

Theory of operation
-------------------
The relay moves only with the contactor proven open and X1 on the pilot. Where it stands otherwise than the permit
wants, and a vehicle is plugged, it goes through these stages; `hold` stands in all but the first, and then nothing may
be offered:

- "rest": nothing to do.
- "stop": the offer is withdrawn with grace, the vehicle opens S2, the contactor is proven open. A vehicle that had to
  be switched off under load ends this: the old position stays, and the next plug gets the next try.
- "move": the relay has been told, and its feedback must agree within 0.5 s; else `fault`, until it does. Without a
  feedback contact 0.5 s are waited.
- "break": X1 for so long that the vehicle takes it for a new session (some need 45 or 60 s).

Without a vehicle it switches at once and without a break. So many switchings in any 24 h, and no more: then it stays
where it is.

A permit for one phase never feeds three: while the relay lets three through, or may do so, such a permit is worth a
third (`scale`).
"""

from __future__ import annotations

from collections import deque
from math import inf

FEEDBACK = (
    0.5  # s until the feedback contact must agree (relays need 10 to 50 ms; the mirror contact's 0.25 s, doubled)
)
DAY = 24 * 3600.0  # s

REST, STOP, MOVE, BREAK = "rest", "stop", "move", "break"


class PhaseRelay:
    """The caller steps it every 10 ms, commands the relay as `relay` says (True: three phases; None: not yet), begins
    no offer and withdraws a standing one with grace while `hold`, and offers at most `scale` x the permit."""

    TIMERS = ("_wrong_at", "_moved_at", "_break_until", "_budget_at")  # +inf, and -inf for _budget_at: does not run
    TOLD = ("_spent", "_switched", "_wanted")  # `why` only, and what _budget_at is reckoned from
    __slots__ = (
        "_break_s", "_break_until", "_budget_at", "_given_up", "_loaded", "_moved_at", "_spent", "_switched",
        "_wanted", "_wrong_at", "fault", "phases", "relay", "scale", "stage",
    )  # fmt: skip

    def __init__(self, position: bool | None, break_s: float, per_day: int) -> None:
        """`position`: what the feedback contact says now; None: there is none, so the first thing is to move it."""
        self.relay = position
        self.stage = REST
        self.fault = False
        self.phases = 3 if position is not False else 1  # that may be let through
        self.scale = 1.0
        self._wanted: int | None = None
        self._break_s = break_s
        self._break_until = self._wrong_at = self._moved_at = inf
        self._budget_at = -inf  # when it may switch again
        self._switched: deque[float] = deque(maxlen=per_day)
        self._loaded = False  # in this stop: the contactor was closed
        self._given_up = False  # for this plug
        self._spent = False  # the budget; a word for `why`

    @property
    def hold(self) -> bool:
        """Nothing may be offered."""
        return self.stage != REST or self.relay is None

    @property
    def why(self) -> str:
        """What is to be known of it, in words; "" where there is nothing to tell."""
        there = "3 phases" if self.relay else "1 phase"
        if self.fault:
            return f"the phase relay was told to stand at {there} and its feedback contact says otherwise"
        if self.stage == STOP:
            return "waiting for the vehicle to stop before the phase relay switches"
        if self.stage == MOVE:
            return f"the phase relay is switching to {there}"
        if self.stage == BREAK:
            return f"the phase relay has switched to {there}: the pilot rests at +12 V"
        if self._wanted is None or self._wanted == self._stands:
            return ""
        if self._given_up:
            return (
                f"the vehicle did not stop by itself for the phase relay, which stays at {there} until it is unplugged"
            )
        if self._spent:
            times = self._switched.maxlen
            return f"the phase relay has switched {times} times in 24 hours, the most allowed, and stays at {there}"
        return ""

    @property
    def _stands(self) -> int | None:
        return None if self.relay is None else 3 if self.relay else 1

    def step(
        self, now: float, wanted: int | None, feedback: bool | None, *,
        plugged: bool, asking: bool, closed: bool, proven_open: bool, x1: bool,
    ) -> None:  # fmt: skip
        """One look.

        `wanted`: phases of the permit on which the offer rests (1 or 3), also while the charge goes on without the
        station; None: no permit. `feedback`: the relay's contact. `plugged`, `asking`: the vehicle is at B, C or D; at
        C or D. `closed`: what the contactor was last told. `proven_open`: it is. `x1`: the pilot stands at +12 V.
        """
        self._wanted = wanted
        may_move = proven_open and x1 and not closed
        if not plugged:
            self._given_up = False
        self._compare(now, feedback)
        if self.relay is None:
            if may_move:
                self._move(now, wanted == 3)
        elif self.stage == REST:
            self._rest(now, wanted, plugged, closed, may_move)
        elif self.stage == STOP:
            self._stop(now, wanted, asking, closed, may_move)
        elif self.stage == MOVE:
            self._moving(now, wanted, feedback, plugged, may_move)
        elif now >= self._break_until or not plugged:
            self.stage, self._break_until = REST, inf
        self.phases = 3 if self.relay is not False or feedback or self.stage == MOVE else 1
        self.scale = 1.0 / 3.0 if wanted == 1 and self.phases == 3 else 1.0

    # --- parts ----------------------------------------------------------------------------------------------------

    def _compare(self, now: float, feedback: bool | None) -> None:
        if feedback is None or self.relay is None or feedback is self.relay:
            self.fault, self._wrong_at = False, inf
        elif not self.fault:
            if self._wrong_at == inf:
                self._wrong_at = now + FEEDBACK
            elif now >= self._wrong_at:
                self.fault, self._wrong_at = True, inf

    def _rest(self, now: float, wanted: int | None, plugged: bool, closed: bool, may_move: bool) -> None:
        self._spent = now < self._budget_at
        if wanted is None or wanted == self._stands or self._given_up or self._spent or self.fault:
            return
        if plugged:
            self.stage, self._loaded = STOP, closed
        elif may_move:
            self._move(now, wanted == 3)

    def _stop(self, now: float, wanted: int | None, asking: bool, closed: bool, may_move: bool) -> None:
        if wanted is None or wanted == self._stands:
            self.stage = REST
        elif closed:
            self._loaded = True
        elif self._loaded and asking:  # opened under load: it may not obey the break either
            self.stage, self._given_up = REST, True
        else:
            self._loaded = False
            if may_move:
                self._move(now, wanted == 3)

    def _move(self, now: float, three: bool) -> None:
        if self.relay is not None:
            self._switched.append(now)
            if len(self._switched) == self._switched.maxlen:
                self._budget_at = self._switched[0] + DAY
        self.relay = three
        self.stage, self._moved_at, self._wrong_at = MOVE, now + FEEDBACK, inf

    def _moving(self, now: float, wanted: int | None, feedback: bool | None, plugged: bool, may_move: bool) -> None:
        if feedback is self.relay if feedback is not None else now >= self._moved_at:
            self._moved_at = inf
            self.stage = BREAK if plugged else REST
            self._break_until = now + self._break_s if plugged else inf
        elif self.fault and may_move and wanted is not None and wanted != self._stands:
            self.relay = wanted == 3  # it never left: so be it
