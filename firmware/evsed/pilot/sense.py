"""The control pilot's peaks -> the vehicle's letter, A B C D or E, with hysteresis, debounce and the diode test.

Letters are the voltage levels of IEC 61851-1 table A.4: A 12 V no vehicle, B 9 V connected, C 6 V asks, D 3 V asks
with ventilation. E stands for every level that no vehicle makes: 0 V (a short) and whatever lies outside the windows.
While the station itself drives -12 V (state F) nothing can be read, and the last letter stays.

Two ways to tell the letter. "volts": by the high peak. "resistance": by the resistance that the vehicle must have for
that peak, which holds whatever the supply does between 11 and 13 V. The supply is the low peak under PWM, where the
vehicle's diode is proven and leaves it without load, or the high peak while no vehicle is there. Before that it is
taken for 11 V, the only value with which every vehicle is read right at any supply (tests/pilot).

What is not a change: a level that was left again before it counted (`glitches`), and the first samples after the
contactor has moved, which its arc and its coil disturb; but nothing delays the leaving of C or D. A vehicle that goes
from B to C for 200 to 400 ms toggles (BCB) and is awake; such pulses are counted.
"""

from __future__ import annotations

from bisect import bisect_left
from math import inf
from typing import Literal

from evse_drivers.api import Sense

SAMPLES_AWAY = 3  # 10 ms each: leaving a letter, so that 30 of the 100 ms of table A.6 seq. 8.1 are used here
SAMPLES_TO_ASK = 10  # entering C or D: nothing is lost by a slow start, and toggling EVs (250 ms) are still seen
SAMPLES_DIODE = 3
SAMPLES_MOVED = 8  # after the contactor has moved (WARP: EMI)
SAMPLES_SETTLE = 5  # after the output changed its kind, while peak detectors still hold the old one
DIODE_LOW = -10.0  # V: a vehicle with its diode leaves the negative half of the PWM at -12 V
OLDEST = 0.1  # s: a sample older than the time allowed for opening proves nothing

# BCB toggles (EVerest Charger.hpp: 200 to 400 ms, +-50; at most 3 in 3.5 s), in samples of 10 ms
PULSE_SHORTEST, PULSE_LONGEST = 15, 45
PULSES, SEQUENCE_LONGEST = 3, 350

X1, PWM, F = 0, 1, 2  # what the station puts out: +12 V, PWM, -12 V

# A.4 windows; between two of them lies a band in which the letter that was there stays (hysteresis). A band names
# its two letters, the one that asks for less (or may not be charged) first: it counts when neither was there.
EDGES = (-1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0, 13.0)
ZONES = ("E", "E", "D", "DC", "C", "BC", "B", "AB", "A", "E")
LETTERS = "ABCDE"
NEXT = {was: tuple(was if was in zone else zone[0] for zone in ZONES) for was in LETTERS}

# The same by the vehicle's resistance behind its diode (ohm), +-10 % around 150, 450, 1790 and 10,000 (WARP). WARP has
# 300 between C and D: a vehicle in D whose 246 ohm, diode (0.55 to 0.85 V) and station's 1 kOhm are all at the edge of
# their tolerances reads 277 ohm, which is too near to it; one in C reads 800 at least.
OHM_EDGES = (135.0, 165.0, 405.0, 495.0, 1611.0, 1969.0, 9000.0, 11000.0)
OHM_ZONES = ("E", "ED", "D", "DC", "C", "BC", "B", "AB", "A")
OHM_NEXT = {was: tuple(was if was in zone else zone[0] for zone in OHM_ZONES) for was in LETTERS}
LOWEST, HIGHEST = -1.0, 13.0  # V: what lies outside is E, whatever the supply
SUPPLY_LOWEST, SUPPLY_HIGHEST = 11.0, 13.0  # V
DIODE_DROP = 0.7  # V, of the vehicle's diode
SOURCE = 1000.0  # ohm, the station's resistor


def letter_of(volts: float, was: str) -> str:
    """The letter that `volts` stand for when the one before was `was`."""
    return NEXT[was][bisect_left(EDGES, volts)]


def ohms_of(volts: float, supply: float) -> float:
    """The vehicle's resistance behind its diode, ohm, that makes `volts` of `supply`; inf: no load."""
    drop = supply - volts
    return inf if drop <= 0.0 else (volts - DIODE_DROP) * SOURCE / drop


def letter_by_ohms(volts: float, supply: float, was: str) -> str:
    """The letter that `volts` of `supply` stand for, by resistance, when the one before was `was`."""
    if not LOWEST < volts <= HIGHEST:
        return "E"
    return OHM_NEXT[was][bisect_left(OHM_EDGES, ohms_of(volts, supply))]


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

    The caller gives every sample to `hear`, some 10 ms apart, says with `output` what the line puts out, and with
    `moved` that the contactor has just moved.
    """

    __slots__ = (
        "_away", "_bad", "_by_ohms", "_good", "_ignore", "_mute", "_nearing", "_output", "_pulse", "_pulses",
        "_resting", "_same", "_since_pulse",
        "broken", "glitches", "heard_a", "letter", "proven", "sequences", "short", "supply", "toggles",
    )  # fmt: skip

    def __init__(self, levels: Literal["volts", "resistance"] = "volts") -> None:
        self.letter = "A"
        self.heard_a = False  # the letter A was really there, and not only assumed at the start
        self.short = False  # with letter E: the line is near 0 V
        self.proven = False  # the diode was there, during this PWM
        self.broken = False  # the diode was missing; stays until the plug is pulled
        self.glitches = 0  # levels that were gone before they counted
        self.toggles = 0  # BCB pulses
        self.sequences = 0  # of up to three of them
        self.supply = SUPPLY_LOWEST  # V, as far as it is known; only used by resistance
        self._by_ohms = levels == "resistance"
        self._output = X1
        self._mute = self._ignore = self._away = self._same = self._good = self._bad = 0
        self._resting = 0  # samples of A, until they prove it
        self._pulse = 0  # samples that the vehicle has been in C since it was in B; 0: it came from elsewhere
        self._pulses = self._since_pulse = 0  # in this sequence; samples since it began
        self._nearing = "A"

    def output(self, kind: int) -> None:
        """The line now puts out X1, PWM or F."""
        if kind != self._output:
            self._mute = SAMPLES_SETTLE
            self._output = kind
            self.proven = False
            self._good = self._bad = self._away = self._same = 0

    def moved(self) -> None:
        """The contactor has just been told to move."""
        self._ignore = SAMPLES_MOVED

    def hear(self, high: float, low: float) -> None:
        """One sample (V): the peaks since the last one."""
        if self._since_pulse:
            self._since_pulse = self._since_pulse + 1 if self._since_pulse < SEQUENCE_LONGEST else 0
        if self._pulse:
            self._pulse = self._pulse + 1 if self._pulse <= PULSE_LONGEST + SAMPLES_AWAY else 0
        if self._output == F:
            return
        muted = self._mute > 0
        if muted:
            self._mute -= 1
            if self._output == X1:  # +12 V after -12 V: the high peak is not there yet. Under PWM it is the same.
                return
        if self._ignore:
            self._ignore -= 1
            muted = True
            if self.letter not in "CD":
                return
        letter = letter_by_ohms(high, self.supply, self.letter) if self._by_ohms else letter_of(high, self.letter)
        if letter == self.letter:
            if self._away:
                self.glitches += 1
            elif letter == "A" and not muted:
                self._rest(high)
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
        self._toggle(self.letter, letter)
        self.letter = letter
        self.short = letter == "E" and -2.0 <= high <= 2.0
        self._away = self._same = self._good = self._bad = 0
        if letter == "A":
            self.heard_a = True
            self.proven = self.broken = False

    def _rest(self, high: float) -> None:
        """No vehicle, no load: the high peak is the supply."""
        if self._by_ohms:
            self._learn(high)
        if not self.heard_a:
            self._resting += 1
            self.heard_a = self._resting >= SAMPLES_AWAY

    def _toggle(self, was: str, letter: str) -> None:
        if was + letter == "BC":
            self._pulse = SAMPLES_TO_ASK
            return
        pulse, self._pulse = self._pulse - SAMPLES_AWAY, 0
        if was + letter != "CB" or not PULSE_SHORTEST <= pulse <= PULSE_LONGEST:
            return
        self.toggles += 1
        if self._pulses == PULSES or not self._since_pulse:
            self.sequences += 1
            self._pulses, self._since_pulse = 0, pulse + SAMPLES_AWAY
        self._pulses += 1

    def _diode(self, low: float) -> None:
        if self.letter not in "BCD":
            return
        if low <= DIODE_LOW:
            self._bad = 0
            if self.proven:
                if self._by_ohms:
                    self._learn(-low)
            else:
                self._good += 1
                self.proven = self._good >= SAMPLES_DIODE and not self.broken
            return
        self._good = 0
        self._bad += 1
        if self._bad >= SAMPLES_DIODE:
            self.broken, self.proven = True, False

    def _learn(self, supply: float) -> None:
        self.supply += (min(max(supply, SUPPLY_LOWEST), SUPPLY_HIGHEST) - self.supply) / 8.0
