"""What a rule of the supervision is: what it hears of its EVSE, and what it says is the case.

A rule never acts. It keeps two tables that the supervision compares with what it told before: `standing`, by names of
the fault catalogue, and `ceilings`, by their source. It never rests on a quantity that is None, nor on a reading that
is old: such ones do not reach it (supervision.py).
"""

from __future__ import annotations

from evse_drivers.api import Phases, Reading, Seen


class Rule:
    """One rule for one EVSE. A rule overrides what it wants to hear; instants are mono s."""

    def __init__(self) -> None:
        self.standing: dict[str, str] = {}  # fault -> measured values in words
        self.ceilings: dict[str, float] = {}  # source -> A

    def seen(self, seen: Seen) -> None:
        """The pilot's word."""

    def read(self, reading: Reading) -> None:
        """A believable and fresh reading of the meter."""

    def silent(self) -> None:
        """The meter has fallen silent: what it said last is no longer known to be so."""

    def _set(self, fault: str, info: str | None) -> None:
        """`info`: the fault stands, with the values of its coming; None: it does not."""
        if info is None:
            self.standing.pop(fault, None)
        else:
            self.standing.setdefault(fault, info)

    def _limit(self, source: str, amps: float | None) -> None:
        if amps is None:
            self.ceilings.pop(source, None)
        else:
            self.ceilings[source] = amps


class Lasting:
    """A condition that counts once it has held for `come` s, until it has not held for `go` s.

    Between two looks further apart than `gap` s nobody knows what was: what had been waited for begins anew.
    """

    def __init__(self, come: float, go: float, gap: float) -> None:
        self._come, self._go, self._gap = come, go, gap
        self.stands = False
        self._since: float | None = None  # when it began to be otherwise than `stands`
        self._looked = float("-inf")

    def look(self, holds: bool, at: float) -> bool:
        """Whether it counts, having looked at `at`."""
        if at - self._looked > self._gap:
            self._since = None
        self._looked = at
        if holds == self.stands:
            self._since = None
        else:
            self._since = at if self._since is None else self._since
            if at - self._since >= (self._go if self.stands else self._come):
                self.stands, self._since = holds, None
        return self.stands

    def forget(self) -> None:
        """Nothing is known any more."""
        self.stands, self._since = False, None


NAMES = ("L1", "L2", "L3")


def known(values: Phases, phases: int) -> list[tuple[str, float]]:
    """Name and value of each phase in use that the meter tells: "L1" where one is in use, "L1" to "L3" where three."""
    return [(name, value) for name, value in zip(NAMES[:phases], values, strict=False) if value is not None]
