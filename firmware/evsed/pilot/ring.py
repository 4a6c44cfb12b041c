"""The last three minutes of one EVSE's samples in memory, and the instant at which they are worth keeping.

Theory of operation
-------------------
Each tick packs one sample into a buffer that was made at the start; the oldest is overwritten. When a fault rises, the
ring goes on for `AFTER` and then hands out what to keep (`Cut`). It does not copy: whoever keeps it reads the buffer
from another thread, sample by sample whole under the interpreter's lock, and has `SLACK` until the loop overwrites the
oldest one. Faults that stood at the first sample are no news: they are of an earlier life of the process.
A fault that comes and goes asks for one record in `AGAIN`: the first ones tell most, and an SD card wears.
"""

from __future__ import annotations

from math import nan
from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from evsed.model.faults import FAULTS

from .iec61851 import TABLE

BEFORE = 180.0  # s kept before a fault
AFTER = 5.0  # s kept after it
SLACK = 10.0  # s that the reader has until samples of a cut are overwritten
AGAIN = BEFORE  # s until the same fault asks for another record
OLD = 5.0  # s after which the meter's word says nothing of now
RATE = 100  # samples a second

ROWS = tuple(TABLE)
NAMES = tuple(FAULTS)
# name and type (of struct) of each field of a sample, little endian. NaN: none; duty NaN: a steady +12 V.
FIELDS = (
    ("at", "d"),  # s
    ("high", "f"),  # V
    ("low", "f"),  # V
    ("duty", "f"),  # 0 to 1
    ("offered", "f"),  # A
    ("amps", "f"),  # A, by the meter
    ("row", "B"),  # place in ROWS; 255: none of them
    ("contactor", "B"),  # 1: told to close; 2: there is a mirror contact's word; 4: which says closed
    ("lock", "B"),  # 0: none, 1: unlocked, 2: locked
    ("fault", "B"),  # 0: none; else one more than the place in NAMES of the weightiest
)
PACKED = Struct("<" + "".join(kind for _, kind in FIELDS))
COUNT = int((BEFORE + AFTER) * RATE)
CAPACITY = COUNT + int(SLACK * RATE)

_ROW = {row: place for place, row in enumerate(ROWS)}
_FAULT = {name: place + 1 for place, name in enumerate(NAMES)}
_MIRROR = {None: 0, False: 2, True: 6}
_LOCK = {None: 0, False: 1, True: 2}

# high, low (V; NaN: the line did not say), duty, told to close, mirror, row, offered (A), locked, faults by weight
Sample = tuple[float, float, float | None, bool, bool | None, str, float, bool | None, tuple[str, ...]]


class Cut(NamedTuple):
    """Samples to keep: the `COUNT` before number `end`, counted since the first."""

    evse: int
    fault: str  # that asked for it
    at: float  # s
    end: int


class Ring:
    """The caller hears every tick, and keeps what `hear` returns. `amps` is what the meter says, until it is old."""

    __slots__ = ("_amps", "_amps_until", "_asked", "_cut", "_due", "_faults", "_place", "buffer", "evse", "written")

    def __init__(self, evse: int) -> None:
        self.evse = evse
        self.buffer = bytearray(b"\xff") * (CAPACITY * PACKED.size)  # all touched now: no page is new in the loop
        self.written = 0
        self._place = 0
        self._faults: tuple[str, ...] | None = None
        self._asked: dict[str, float] = {}
        self._cut: tuple[str, float] | None = None
        self._due = 0.0
        self._amps, self._amps_until = nan, 0.0

    def measured(self, amps: float, now: float) -> None:
        """The meter says so."""
        self._amps, self._amps_until = amps if abs(amps) < 1e6 else nan, now + OLD

    def hear(self, now: float, sample: Sample) -> Cut | None:
        """One tick; returns what to keep, at the tick that completes it."""
        high, low, duty, told, mirror, row, offered, locked, faults = sample
        place = self._place
        rest = (
            nan if duty is None else duty, offered, self._amps if now < self._amps_until else nan,
            _ROW.get(row, 255), told + _MIRROR[mirror], _LOCK[locked], _FAULT.get(faults[0], 255) if faults else 0,
        )  # fmt: skip
        try:
            PACKED.pack_into(self.buffer, place, now, high, low, *rest)
        except (OverflowError, StructError):  # what a driver of others says may be no number
            PACKED.pack_into(self.buffer, place, now, nan, nan, *rest)
        self.written += 1
        place += PACKED.size
        self._place = 0 if place == len(self.buffer) else place
        if faults != self._faults:
            self._rise(now, faults)
        if self._cut is not None and now >= self._due:
            return self.cut()
        return None

    def ask(self, fault: str, now: float) -> None:
        """This, which the samples do not show, is worth a record; so is each fault that rises."""
        if now >= self._asked.get(fault, -AGAIN) + AGAIN:
            self._asked[fault] = now
            if self._cut is None:
                self._cut, self._due = (fault, now), now + AFTER

    def cut(self) -> Cut | None:
        """What waits to be kept, now; None if no fault has asked."""
        if self._cut is None:
            return None
        (fault, at), self._cut = self._cut, None
        return Cut(self.evse, fault, at, self.written)

    def samples(self, cut: Cut) -> tuple[int, int]:
        """First and end of what of a cut is still there; a record that is kept late begins later, and may be empty."""
        return min(max(0, cut.end - COUNT, self.written - CAPACITY + RATE), cut.end), cut.end

    def _rise(self, now: float, faults: tuple[str, ...]) -> None:
        before, self._faults = self._faults, faults
        if before is None:
            return
        for fault in faults:
            if fault not in before:
                self.ask(fault, now)
