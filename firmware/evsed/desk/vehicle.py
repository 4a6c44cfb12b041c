"""A vehicle as the charging point sees it: S2, the current it draws, the battery that fills.

It reads the duty cycle and reacts half a second later, as real ones do; asks for power (closes S2) once it is
offered some, follows the offer on a ramp, and opens S2 within a second of the offer's withdrawal or when its battery
is full. A script may override S2 (`ask`) or make it wait to be told (`mode = "manual"`), and it may be one of the odd
ones: `simplified` has no S2 and always asks; `sleeping` falls asleep when it is plugged in and in every pause, and
takes no notice of an offer until that is broken off for a while and comes back; a large `reaction` follows late.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

from . import circuit

REACTION = 0.5  # s from a new duty to a new aim; also from power to the first amps
RAMP = 1.5  # s that a change of current takes
STOP = 0.4  # s from full current to none after the offer was withdrawn
SLOWEST = 2.0  # A/s
TAPER = 0.1  # the last part of the battery, in which the current falls with what is left
TRICKLE = 0.2  # the least part of the current before the battery is full
WAKES = (0.5, 10.0)  # s without an offer that wake a sleeper; a longer time is a pause, and it sleeps on
EXCESS = 1.5  # of the offer, drawn by one that ignores the limit

Mode = Literal["auto", "manual"]


class Vehicle:
    """Plain state moved on by `step`; instants and durations are seconds, `amps` are per phase."""

    def __init__(
        self, max_amps: float = 32.0, phases: int = 3, mode: Mode = "auto", battery_wh: float = math.inf
    ) -> None:
        self.max_amps, self.phases, self.mode = max_amps, phases, mode
        self.battery_wh = battery_wh  # what it takes from this plugging on until it is full
        self.ventilation = False
        self.ask: bool | None = None  # the script's word on S2; None: the vehicle decides
        self.ignores_stop = self.ignores_limit = False
        self.simplified = self.sleeping = False
        self.reaction = REACTION
        self._reset()

    def _reset(self) -> None:
        self.plugged = False
        self.s2 = False
        self.amps = 0.0
        self.taken_wh = 0.0
        self._offers: deque[tuple[float, float]] = deque()  # (when seen, amps), not yet reacted to
        self._latest = 0.0
        self._heard = 0.0
        self._aim = 0.0
        self._slope = SLOWEST
        self._powered_at: float | None = None
        self._asleep = True  # means nothing unless it is a sleeping one
        self._none_since: float | None = None  # since when it sees no offer, after one
        self._pulses: list[tuple[float, float]] = []  # of S2: from, to

    def plug(self) -> None:
        """Hold the line at state B; a new visit begins."""
        self._reset()
        self.plugged = True
        self.s2 = self.simplified

    def unplug(self) -> None:
        """Leave: no resistor, no current."""
        self._reset()

    @property
    def full(self) -> bool:
        """The battery takes no more."""
        return self.taken_wh >= self.battery_wh

    @property
    def ohm(self) -> float | None:
        """The resistor on the pilot line; None while unplugged."""
        if not self.plugged:
            return None
        if not self.s2:
            return circuit.B_OHM
        return circuit.D_OHM if self.ventilation else circuit.C_OHM

    def toggle(self, at: float, times: int, seconds: float) -> None:
        """Close S2 for so long, so many times, with pauses as long (the BCB toggle of IEC 61851-1 annex A)."""
        self._pulses = [(at + 2 * k * seconds, at + (2 * k + 1) * seconds) for k in range(times)]

    def step(self, at: float, seconds: float, offer: float, powered: bool) -> None:
        """Move on to `at`, `seconds` after the last step. `offer`: amps by the duty it sees; `powered`: volts at its
        inlet."""
        if not self.plugged:
            return
        self._hear(at, offer)
        self.s2 = self._wants(at)
        self._draw(at, seconds, powered)

    def take(self, wh: float) -> None:
        """Energy that arrived since the last step."""
        self.taken_wh += wh

    def _hear(self, at: float, offer: float) -> None:
        if offer != self._latest:
            self._latest = offer
            self._offers.append((at, offer))
            self._doze(at, offer)
        while self._offers and at - self._offers[0][0] >= self.reaction:
            _, heard = self._offers.popleft()
            if heard > 0.0 or not self.ignores_stop:
                self._heard = heard

    def _doze(self, at: float, offer: float) -> None:
        if offer == 0.0:
            self._none_since = at
        elif self._none_since is not None:
            shortest, longest = WAKES
            self._asleep = not shortest <= at - self._none_since <= longest
            self._none_since = None

    def _wants(self, at: float) -> bool:
        if self.simplified:
            return True
        if self._pulses and at >= self._pulses[-1][1]:
            self._pulses = []
        if any(start <= at < end for start, end in self._pulses):
            return True
        if self.ask is not None:
            return self.ask
        if self.sleeping and self._asleep:
            return False
        if self.mode == "manual" or self.full:
            return False
        return self._heard > 0.0 or (self.s2 and self.amps > 0.0)  # never breaks a current with S2 by itself

    def _draw(self, at: float, seconds: float, powered: bool) -> None:
        if not powered or not self.s2:
            self.amps = self._aim = 0.0
            self._powered_at = None
            return
        if self._powered_at is None:
            self._powered_at = at
        aim = self._wish() if at - self._powered_at >= REACTION else 0.0
        if aim != self._aim:
            self._aim = aim
            self._slope = max(SLOWEST, abs(aim - self.amps) / (RAMP if aim > 0.0 else STOP))
        change = self._slope * seconds
        self.amps = max(aim, self.amps - change) if self.amps > aim else min(aim, self.amps + change)

    def _wish(self) -> float:
        if self.ignores_limit and self._heard > 0.0:
            return max(self._heard * EXCESS, self.max_amps)
        return min(self._heard, self.max_amps) * self._taper()

    def _taper(self) -> float:
        if self.battery_wh == math.inf:
            return 1.0
        if self.full:
            return 0.0
        left = (self.battery_wh - self.taken_wh) / self.battery_wh
        return 1.0 if left >= TAPER else max(TRICKLE, left / TAPER)
