"""What a reading of one meter is worth: its registers neither run backwards nor leap, and what it measures is possible.

A register below the highest ever told is not believed. Without a transaction, one that is told steadily for a minute is
taken for a new meter's. A leap beyond what the outlet can carry in the time since the last believed reading is not
believed either; a register that stays there becomes credible as that time grows. The export register is judged the
same way, but costs only itself, as every quantity that is impossible (possible.py) does: it is not told then. What a
doubt is about, and how often there was one, is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from evse_drivers.api import Reading

from .possible import Doubt, Outlet, doubts, without

REPLACED = 60.0  # s that another meter's register must have been told, steadily and with no transaction running
TOLERANCE_WH = 1.0  # registers are floats: what rounding alone can take back
COARSE_WH = 200.0  # what a register of 0.1 kWh steps may add at once, twice over
MARGIN = 1.3  # an outlet carries more than its rated current for a while before its fuse opens
NEWS = 600.0  # s without a doubt about a quantity, after which the next one is news again
IMPORT = "import register"


@dataclass(slots=True)
class Doubted:
    """What was doubted of one quantity so far."""

    times: int
    why: str  # of the last time
    at: float  # s, mono


class Plausibility:
    """`highest_wh`: the highest import register ever told."""

    def __init__(self, outlet: Outlet, highest_wh: float | None = None) -> None:
        self.outlet = outlet
        self.highest_wh = highest_wh
        self.doubted: dict[str, Doubted] = {}  # by quantity
        self._believed_at: float | None = None  # mono s
        self._other: tuple[float, float] | None = None  # since when (mono s) and what (Wh) another register is
        self._export: tuple[float, float] | None = None  # when (mono s) and what (Wh) the last one believed was
        self._strange_since: float | None = None  # mono s: the export register has not been believed

    def doubt(self, reading: Reading) -> str:
        """Why this reading cannot be true; "" if it can."""
        if _dead(reading):
            return "answers nothing but zeros"
        wh, highest = reading.import_wh, self.highest_wh
        if wh is None or highest is None:
            return ""
        if wh < highest - TOLERANCE_WH:
            if _only_zeros(reading):
                return "answers nothing but zeros"
            return f"its import register went back from {highest:.0f} Wh to {wh:.0f} Wh"
        if self._believed_at is not None:
            most = highest + COARSE_WH + self.outlet.watts * MARGIN * (reading.at - self._believed_at) / 3600.0
            if wh > most:
                return f"its import register leapt from {highest:.0f} Wh to {wh:.0f} Wh"
        return ""

    def count(self, quantity: str, why: str, at: float) -> bool:
        """Whether this doubt is news."""
        before = self.doubted.get(quantity)
        self.doubted[quantity] = Doubted(before.times + 1 if before else 1, why, at)
        return before is None or at - before.at > NEWS

    def sift(self, reading: Reading) -> tuple[Reading, tuple[Doubt, ...]]:
        """What of a reading whose import register is believed can be told, and what is left out."""
        found = (*doubts(reading, self.outlet), *self._export_doubts(reading))
        return without(reading, found), found

    def _export_doubts(self, reading: Reading) -> tuple[Doubt, ...]:
        wh, last = reading.export_wh, self._export
        if wh is None:
            return ()
        why = ""
        if last is not None:
            most = last[1] + COARSE_WH + self.outlet.watts * MARGIN * (reading.at - last[0]) / 3600.0
            if wh < last[1] - TOLERANCE_WH:
                why = f"went back from {last[1]:.0f} Wh to {wh:.0f} Wh"
            elif wh > most:
                why = f"leapt from {last[1]:.0f} Wh to {wh:.0f} Wh"
        if why:
            self._strange_since = reading.at if self._strange_since is None else self._strange_since
            if reading.at - self._strange_since < REPLACED:
                return (Doubt("export_wh", None, why),)
        self._export, self._strange_since = (reading.at, wh), None
        return ()

    def believe(self, reading: Reading) -> None:
        """It is true: what comes later is held against it."""
        self._believed_at, self._other = reading.at, None
        if reading.import_wh is not None:
            self.highest_wh = max(reading.import_wh, self.highest_wh or 0.0)

    def interrupted(self) -> None:
        """The meter did not answer, or a transaction runs: whatever else was told is no new meter's."""
        self._other = None

    def replaced(self, reading: Reading) -> bool:
        """Whether this doubtful reading is of another meter, which has told its own register for long enough."""
        wh = reading.import_wh
        if wh is None or _only_zeros(reading):
            self._other = None
            return False
        since, before = self._other or (reading.at, wh)
        if wh < before - TOLERANCE_WH:
            since = reading.at
        self._other = since, wh
        if reading.at - since < REPLACED:
            return False
        self.highest_wh, self._export = wh, None
        return True


def _only_zeros(reading: Reading) -> bool:
    return reading.import_wh == 0 and not any(reading.volts)


def _dead(reading: Reading) -> bool:
    """A live meter has a voltage: one that tells 0 V, 0 Hz and no energy has lost its inside, not the grid."""
    return reading.import_wh == 0 and reading.hertz == 0 and all(volts == 0 for volts in reading.volts)
