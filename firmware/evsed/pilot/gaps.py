"""How much on time the loop is: a histogram of the gaps between its ticks, the longest, and how many were too long."""

from __future__ import annotations

from bisect import bisect_left

TOO_LONG = 0.050  # s: with what the rest of the chain takes, the 100 ms of IEC 61851-1 table A.6 seq. 8.1 are at stake
TOGETHER = 0.070  # s: three gaps, as a letter takes to be left; as long as one of 50 ms and two that are on time
EDGES = (0.0105, 0.011, 0.012, 0.015, 0.020, 0.030, 0.040, 0.050)  # s: a gap counts for the first that is not below it
NAMES = (*(f"{edge * 1000:g}" for edge in EDGES), "more")


class Gaps:
    """The loop tells every gap to `hear`; `told` is what Health says of them."""

    __slots__ = ("_before", "_counts", "_last", "missed", "worst")

    def __init__(self) -> None:
        self._counts = [0] * len(NAMES)
        self._before = self._last = 0.0  # s, the two gaps before, since one was too long
        self.worst = 0.0  # s
        self.missed = 0  # of 50 ms

    def hear(self, gap: float) -> bool:
        """One gap, s; returns whether it was too long, alone or together with the two before."""
        self._counts[bisect_left(EDGES, gap)] += 1
        if gap > self.worst:
            self.worst = gap
        if gap > TOO_LONG:
            self.missed += 1
        elif gap + self._last + self._before <= TOGETHER:
            self._before, self._last = self._last, gap
            return False
        self._before = self._last = 0.0
        return True

    def told(self) -> dict[str, int]:
        """Up to so many ms: how many gaps; "more" is the last."""
        return dict(zip(NAMES, self._counts, strict=True))
