"""Whether the contactor does what it was told: its mirror contact's word, welded, failed to close, proven open.

A mirror contact has 250 ms to agree with the command. One that says closed after that is a weld; one that says
open is a contactor that failed to close. Without a mirror contact, open is taken as proven 250 ms after the command.
"""

from __future__ import annotations

from math import inf

AGREES = 0.25  # s until the mirror contact must agree (contactors need some 20 to 50 ms)


class Contactor:
    """The watch over one contactor. The caller steps it every 10 ms and has told the contactor to open before."""

    __slots__ = ("_commanded", "_disagrees", "disagrees_until", "failed", "open_after", "proven_open", "welded")
    # disagrees_until: +inf, it agrees. open_after: when open counts as proven without a mirror contact.
    TIMERS = ("disagrees_until", "open_after")
    TOLD: tuple[str, ...] = ()

    def __init__(self, now: float) -> None:
        self.proven_open = False
        self.welded = False  # now; who latches it is the caller
        self.failed = False  # to close; stays until the plug is pulled
        self.disagrees_until, self.open_after = inf, now + AGREES
        self._commanded = self._disagrees = False

    def forgive(self) -> None:
        """The plug was pulled, or a technician has acknowledged."""
        self.failed, self._disagrees, self.disagrees_until = False, False, inf

    def step(self, now: float, commanded: bool, mirror: bool | None, trouble: bool) -> None:
        """One look. `commanded`: what it was last told; `mirror`: the contact's word, None where there is none;
        `trouble`: its driver fails, so that nothing about it is proven."""
        if commanded != self._commanded:
            self._commanded = commanded
            self.open_after = now + AGREES
        if mirror is None:
            self.welded = False
            self.proven_open = not commanded and not trouble and now >= self.open_after
            return
        self.proven_open = not commanded and not mirror and not trouble
        if mirror == commanded:
            self._disagrees, self.disagrees_until, self.welded = False, inf, False
        elif not self._disagrees:
            self._disagrees, self.disagrees_until = True, now + AGREES
        elif now >= self.disagrees_until:
            self.welded = mirror
            self.failed = self.failed or not mirror
