"""What the cable in the socket carries, by its proximity resistor, and the faults of that resistor.

A resistance counts when it falls into the same window three times; one that wanders from window to window is none that
a cable has. While a vehicle is plugged a resistor that says "no plug", that no cable has, or that is not measured any
more, ends the offer at once and is a fault when it stays: after 1 s, which a plug may take to make all its contacts, or
after 20 ms with the contactor closed. A socket offers nothing until its cable is known.
"""

from __future__ import annotations

from math import inf

SAMPLES = 3  # of 10 ms each
WANDERS = 5  # looks away from what was known, no three of them equal
SILENT = 1.0  # s without a measurement: slow lines tell each 0.5 s (chargebyte)
PLUGGING = 1.0  # s that a plug may take to make all its contacts
LOST = 0.02  # s, contactor closed: an unplugging shows on the pilot too by then (100 ms in all, table A.6 seq. 8.1)

# Proximity resistor (ohm) to what the cable carries (A): IEC 61851-1 table B.2, windows around 100, 220, 680, 1500 ohm.
CABLES = ((80.0, None), (140.0, 63.0), (308.0, 32.0), (936.0, 20.0), (2460.0, 13.0), (inf, inf))


def cable_of(ohms: float) -> float | None:
    """What the cable carries, A; inf: no plug is there; None: no cable has such a resistor."""
    for limit, amps in CABLES:
        if ohms < limit:
            return amps
    return inf


class Cable:
    """The cable of one EVSE. The caller steps it every 10 ms, while the line measures the proximity contact."""

    __slots__ = (
        "_away", "_count", "_next", "amps", "bad_after", "fault", "measured", "needed", "silent_after", "unsure",
    )  # fmt: skip
    TIMERS = ("bad_after", "silent_after")  # +inf: the resistor is right, or nothing is plugged; nothing was measured
    TOLD: tuple[str, ...] = ()

    def __init__(self, needed: bool = False) -> None:
        """`needed`: it is a socket, whose cable may be any."""
        self.needed = needed
        self.measured = False  # this line measures it
        self.amps: float | None = None  # what the cable carries; inf: no plug; None: no cable has such a resistor
        self.unsure = False  # nothing may be offered
        self.fault: str | None = None  # "cable" or "cable lost"
        self.bad_after = self.silent_after = inf
        self._away = self._count = 0
        self._next: float | None = None

    def limit(self) -> float:
        """What the cable lets through, A; inf where nothing is measured."""
        return inf if self.amps is None else self.amps

    def step(self, now: float, ohms: float | None, plugged: bool, closed: bool) -> None:
        """One look. `ohms`: None, the line does not measure it, or not in this step; `closed`: the contactor is."""
        if ohms is not None:
            self._measure(ohms)
            self.silent_after = now + SILENT
        known = self.amps is not None and self.amps < inf and now < self.silent_after
        if known or not plugged or not (self.measured or self.needed):
            self.bad_after, self.unsure, self.fault = inf, False, None
            return
        if not self.unsure:
            self.bad_after, self.unsure = now + (LOST if closed else PLUGGING), True
        if now >= self.bad_after:
            nobody_has = self.measured and self.amps is None
            self.fault = "cable" if nobody_has else "cable lost"

    def _measure(self, ohms: float) -> None:
        amps = cable_of(ohms)
        if self.measured and amps == self.amps:
            self._away = self._count = 0
            return
        self._away = min(self._away + 1, WANDERS)
        self._count = self._count + 1 if amps == self._next else 1
        self._next = amps
        if self._count >= SAMPLES:
            self.amps, self.measured, self._away, self._count = amps, True, 0, 0
        elif self.measured and self._away >= WANDERS:
            self.amps = None
