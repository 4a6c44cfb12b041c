"""The grid's frequency: outside its bounds nothing is charged; where it is low the current is lowered to help.

Theory of operation. Below 49.8 Hz each hertz takes 40 % of the outlet's current (a droop of 5 %). The limit falls at
once and in whole amperes; it rises again by 10 % of the outlet's current in a minute, so that not every wallbox comes
back at the same instant.
"""

from __future__ import annotations

import math

from evse_drivers.api import Reading

from .conditions import Lasting, Rule

HOLD = 3.0  # s, to come and to go
LOWEST, HIGHEST = 20.0, 100.0  # Hz, of any grid or generator; some meters tell 0, or (SDM72) ten times what it is
# VDE-AR-N 4100, from memory: supplies that can be controlled lower their power below 49.8 Hz with 40 % per hertz, and
# return with 10 % per minute
DROOP_BELOW, DROOP_PER_HERTZ, RETURN_PER_MINUTE = 49.8, 0.40, 0.10
OUTSIDE, DROOP = "frequency", "frequency droop"


class Frequency(Rule):
    """`lowest`, `highest`: Hz, 0 for never; `droop`: whether the current follows; `amps` of the outlet."""

    def __init__(self, lowest: float, highest: float, droop: bool, amps: float, gap: float) -> None:
        super().__init__()
        self._lowest, self._highest, self._droop, self._most = lowest, highest, droop, amps
        self._outside = Lasting(HOLD, HOLD, gap)
        self._amps = amps  # what the droop leaves
        self._at: float | None = None  # mono s of the last reading that told the frequency

    def read(self, reading: Reading) -> None:
        """Bounds, then droop."""
        if reading.hertz is None or not LOWEST <= reading.hertz <= HIGHEST:
            self.silent()
            return
        self._bounds(reading.hertz, reading.at)
        if self._droop:
            self._follow(reading.hertz, reading.at)
        self._at = reading.at

    def silent(self) -> None:
        """Nothing is known of the grid."""
        self._outside.forget()
        self._amps, self._at = self._most, None
        self._set(OUTSIDE, None)
        self._set(DROOP, None)
        self._limit(DROOP, None)

    def _bounds(self, hertz: float, at: float) -> None:
        words = ""
        if hertz < self._lowest:
            words = f"{hertz:.2f} Hz, below {self._lowest:g} Hz for {HOLD:g} s"
        elif hertz > self._highest > 0:
            words = f"{hertz:.2f} Hz, above {self._highest:g} Hz for {HOLD:g} s"
        self._set(OUTSIDE, words if self._outside.look(bool(words), at) else None)

    def _follow(self, hertz: float, at: float) -> None:
        left = self._most * max(0.0, 1.0 - DROOP_PER_HERTZ * max(0.0, DROOP_BELOW - hertz))
        rise = 0.0 if self._at is None else self._most * RETURN_PER_MINUTE * (at - self._at) / 60.0
        self._amps = min(left, self._amps + rise)
        whole = math.floor(self._amps + 1e-9)
        if self._amps >= self._most:
            self._set(DROOP, None)
            self._limit(DROOP, None)
        else:
            self._set(DROOP, f"{hertz:.2f} Hz: {whole} A of {self._most:g} A")
            self._limit(DROOP, float(whole))
