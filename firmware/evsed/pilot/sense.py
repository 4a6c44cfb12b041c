"""Volts of the control pilot -> the vehicle's letter, A B C D or E, with hysteresis, debounce and the diode test.

Letters are the voltage levels of IEC 61851-1 table A.4: A 12 V no vehicle, B 9 V connected, C 6 V asks, D 3 V asks
with ventilation. E stands for every level that no vehicle makes: 0 V (a short) and whatever lies outside the windows.
While the station itself drives -12 V (state F) nothing can be read, and the last letter stays.
"""

from __future__ import annotations

from bisect import bisect_left

from evse_drivers.api import Sense

SAMPLES_AWAY = 3  # 10 ms each: leaving a letter, so that 30 of the 100 ms of table A.6 seq. 8.1 are used here
SAMPLES_TO_ASK = 10  # entering C or D: nothing is lost by a slow start, and toggling EVs (250 ms) are still seen
SAMPLES_DIODE = 3
SAMPLES_SETTLE = 5  # after the output changed its kind, while peak detectors still hold the old one
DIODE_LOW = -10.0  # V: a vehicle with its diode leaves the negative half of the PWM at -12 V
OLDEST = 0.1  # s: a sample older than the time allowed for opening proves nothing

X1, PWM, F = 0, 1, 2  # what the station puts out: +12 V, PWM, -12 V

# A.4 windows; between two of them lies a band in which the letter that was there stays (hysteresis). A band names
# its two letters, the one that asks for less (or may not be charged) first: it counts when neither was there.
EDGES = (-1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0, 13.0)
ZONES = ("E", "E", "D", "DC", "C", "BC", "B", "AB", "A", "E")
LETTERS = "ABCDE"
NEXT = {was: tuple(was if was in zone else zone[0] for zone in ZONES) for was in LETTERS}


def letter_of(volts: float, was: str) -> str:
    """The letter that `volts` stand for when the one before was `was`."""
    return NEXT[was][bisect_left(EDGES, volts)]


def nonsense(sense: Sense, now: float) -> str | None:
    """Why this look cannot be believed, or None. NaN fails every comparison."""
    if not -20.0 < sense.high < 20.0 or not -20.0 < sense.low <= sense.high + 0.5:
        return f"impossible sample: high {sense.high} V, low {sense.low} V; check the line's wiring and driver"
    if not -OLDEST < now - sense.at < OLDEST:
        return f"sample is {(now - sense.at) * 1000:.0f} ms old, at most {OLDEST * 1000:.0f} ms are allowed"
    if sense.proximity is not None and not sense.proximity >= 0.0:
        return f"impossible proximity resistance: {sense.proximity} ohm"
    return None


class PilotSense:
    """The debounced letter of one pilot line, and what its negative half says of the vehicle's diode.

    The caller gives every sample to `hear`, some 10 ms apart, and says with `output` what the line puts out.
    """

    __slots__ = (
        "_away",
        "_bad",
        "_good",
        "_mute",
        "_nearing",
        "_output",
        "_same",
        "broken",
        "letter",
        "proven",
        "short",
    )

    def __init__(self) -> None:
        self.letter = "A"
        self.short = False  # with letter E: the line is near 0 V
        self.proven = False  # the diode was there, during this PWM
        self.broken = False  # the diode was missing; stays until the plug is pulled
        self._output = X1
        self._mute = self._away = self._same = self._good = self._bad = 0
        self._nearing = "A"

    def output(self, kind: int) -> None:
        """The line now puts out X1, PWM or F."""
        if kind != self._output:
            self._mute = SAMPLES_SETTLE
            self._output = kind
            self.proven = False
            self._good = self._bad = self._away = self._same = 0

    def hear(self, high: float, low: float) -> None:
        """One sample (V): the peaks since the last one."""
        if self._output == F:
            return
        muted = self._mute > 0
        if muted:
            self._mute -= 1
            if self._output == X1:  # +12 V after -12 V: the high peak is not there yet. Under PWM it is the same.
                return
        letter = letter_of(high, self.letter)
        if letter == self.letter:
            self._away = self._same = 0
        else:
            self._leave(letter, high)
        if self._output == PWM and not muted:
            self._diode(low)

    def _leave(self, letter: str, high: float) -> None:
        self._away += 1
        self._same = self._same + 1 if letter == self._nearing else 1
        self._nearing = letter
        if self.letter in "CD":
            # Towards opening it counts that the level is gone, not where it wavers to.
            if self._away < SAMPLES_AWAY:
                return
        elif self._same < (SAMPLES_TO_ASK if letter in "CD" else SAMPLES_AWAY):
            return
        self.letter = letter
        self.short = letter == "E" and -2.0 <= high <= 2.0
        self._away = self._same = self._good = self._bad = 0
        if letter == "A":
            self.proven = self.broken = False

    def _diode(self, low: float) -> None:
        if self.letter not in "BCD":
            return
        if low <= DIODE_LOW:
            self._bad = 0
            if not self.proven:
                self._good += 1
                self.proven = self._good >= SAMPLES_DIODE and not self.broken
            return
        self._good = 0
        self._bad += 1
        if self._bad >= SAMPLES_DIODE:
            self.broken, self.proven = True, False
