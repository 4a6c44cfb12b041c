"""The residual-current device of one EVSE: what a trip means, when it is tested, and whether it passed.

Theory of operation
-------------------
A trip outside a test is a trip: at once, without debounce, whatever the rest does (`tripped_fault`). The device cuts
the coil in hardware; this part is the software's mirror of it.

A test is a row of steps (SEQUENCES). Each step says how its test input stands, what the error output must say, for how
long in a row, and within what time. A test begins only with the contactor proven open and X1 on the pilot
(`may_test`), and the caller offers nothing while `hold` says so. It is due at the start, after each session and on
demand (`want`), and 24 h after the last one: a charge that still goes on then pauses for it, with grace. A device that
does not trip is tested again, and has `failed` after three times in a row; one that trips and does not come back has
failed at once. A test that is cut short (`may_test` gone) counts for nothing: the device gets the time of the last step
to come back, and the test stays due; what still stands after that time is a trip. A device that is found tripped at
the start, with the contactor open, gets that time too: the process before may have been ended in the midst of a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

DAY = 24 * 3600.0  # s between two tests at most (WARP: daily)
TRIES = 3
TRY_AGAIN = 5.0  # s between two tries


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test: the error output must be `wants` for `hold` s in a row, within `within` s, or it failed."""

    test: bool  # the test input
    wants: bool | None  # True: tripped (once seen in this test is enough); None: whatever it says, just wait for `hold`
    hold: float
    within: float = inf


# Sources: hardware.md 3d. [inf]: inferred there or here, to be tried on the real module.
_X80X = (
    Step(True, None, 0.25),  # the pulse; 0.03 to 1.2 s are allowed
    Step(False, True, 0.0, 0.74 + 0.66),  # the 6 mA output within 740 ms, the 30 mA output within 660 ms of that
    Step(False, False, 0.7, 0.66 + 0.4 + 1.2 + 0.7),  # both low again; 0.7 s: the second trip may follow the first
)
SEQUENCES: dict[str, tuple[Step, ...]] = {
    "RCM14": (
        Step(True, True, 0.0, 0.5),  # the edge comes within 500 ms of the 12 V at the test pin (esp32-evse)
        Step(False, False, 0.1, 15.0),  # the window of SmartEVSE v4
    ),
    "RCMB102": (
        Step(True, True, 0.0, 1.2),  # its open collector fails high: polarity is the driver's
        Step(False, False, 1.2, 5.0),  # enabled again after less than 10 mA for 1.2 s; 5 s [inf]
    ),
    "X804": _X80X,
    "X904": _X80X,
    # One that keeps its trip until the driver clears it at the test's end (Pi EVSE hat: 60 Hz through a winding; its
    # times are not told: [inf]).
    "latching": (
        Step(True, True, 0.0, 1.0),
        Step(False, False, 0.1, 1.0),
    ),
    "none": (),
}


class SelfTest:
    """The caller steps it every 10 ms, puts `test` out, and latches `tripped_fault` and `failed` until acknowledged.

    With module "none" there is no test: nothing is ever due, and a trip is still a trip.
    """

    TIMERS = ("_fails_at", "_passes_at", "_due_at", "_try_at")  # +inf: does not run
    TOLD = ("tested_at",)
    __slots__ = (
        "_due_at", "_fails_at", "_failures", "_first", "_over", "_passes_at", "_place", "_seen", "_steps", "_try_at",
        "due", "failed", "test", "tested_at", "testing", "tripped_fault",
    )  # fmt: skip

    def __init__(self, module: str) -> None:
        self._steps = SEQUENCES[module]
        self._place = 0
        self._seen = False  # a trip, since the test began
        self._over = False  # the test was cut short, and only its last step is waited for
        self._first = bool(self._steps)  # nothing was looked at yet
        self._failures = 0  # in a row
        self._fails_at = self._passes_at = self._due_at = self._try_at = inf
        self.test = False  # the test output
        self.testing = False  # a trip is expected, or may still stand
        self.due = bool(self._steps)
        self.failed = False
        self.tripped_fault = False
        self.tested_at: float | None = None  # s, the last test that was passed

    @property
    def hold(self) -> bool:
        """Nothing may be offered; a standing offer is withdrawn with grace."""
        return self.testing or self.due

    @property
    def testable(self) -> bool:
        """The module has a test input."""
        return bool(self._steps)

    def want(self) -> None:
        """Test at the next opportunity: a session has ended, or somebody asks for it."""
        if self._steps and not self.failed:
            self.due = True

    def acknowledge(self, tripped: bool | None) -> str | None:
        """Forget trip and failure; returns why that is refused, or None. It is tested again before the next offer."""
        if self.testing:
            return "the residual-current device is being tested: wait some seconds"
        if tripped:
            return "the residual-current device still says that it has tripped: find the current to earth first"
        again = self.tripped_fault or self.failed
        self.tripped_fault = self.failed = False
        self._failures = 0
        if again:
            self.want()
        return None

    def step(self, now: float, tripped: bool | None, may_test: bool) -> None:
        """One look. `tripped`: the error output, None where it cannot be read; `may_test`: X1 and proven open."""
        if now >= self._due_at:
            self._due_at = inf
            self.want()
        first, self._first = self._first, False
        if first and tripped:  # the process before this one may have been ended in the midst of a test
            self.testing = True
            self._cut_short(now)
        elif self.testing:
            if not may_test or tripped is None:
                self._cut_short(now)
            self._test(now, tripped)
        elif tripped:
            self.tripped_fault = True
        elif now >= self._try_at:
            self._try_at = inf
        elif self._may_begin(tripped, may_test):
            self.testing, self._seen, self._over = True, False, False
            self._begin(0, now)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _may_begin(self, tripped: bool | None, may_test: bool) -> bool:
        free = self.due and may_test and tripped is False
        return free and not self.tripped_fault and self._try_at == inf

    def _begin(self, place: int, now: float) -> None:
        step = self._steps[place]
        self._place, self.test = place, step.test
        self._fails_at = now + step.within
        self._passes_at = inf if step.wants is not None else now + step.hold

    def _cut_short(self, now: float) -> None:
        if self._over:
            return
        self._over = True
        self._begin(len(self._steps) - 1, now)

    def _test(self, now: float, tripped: bool | None) -> None:
        step = self._steps[self._place]
        self._seen = self._seen or tripped is True
        if step.wants is not None:
            right = self._seen if step.wants else tripped is False
            if not right:
                self._passes_at = inf
            elif self._passes_at == inf:
                self._passes_at = now + step.hold
        if now >= self._passes_at:
            if self._place + 1 < len(self._steps):
                self._begin(self._place + 1, now)
            else:
                self._end(now, passed=not self._over)
        elif now >= self._fails_at:
            self._fail(now, step)

    def _end(self, now: float, passed: bool) -> None:
        self.test = self.testing = False
        self._fails_at = self._passes_at = inf
        if passed:
            self.due, self._failures = False, 0
            self.tested_at, self._due_at = now, now + DAY

    def _fail(self, now: float, step: Step) -> None:
        self._end(now, passed=False)
        if self._over:  # if it still says tripped, that is a trip from the next look on
            return
        self._failures += 1
        if self._failures < TRIES and step.wants is not False:
            self._try_at = now + TRY_AGAIN
        else:
            self.failed, self.due = True, False
