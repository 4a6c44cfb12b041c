"""What must hold in every step of the machine, whatever comes: checked beside it by a second, simple book-keeping."""

from __future__ import annotations

from dataclasses import dataclass, field

from evsed.pilot.iec61851 import Machine, Table, duty_of

DENSE = 4  # steps of 10 ms at the start of each situation


@dataclass
class Situation:
    """Inputs that stand for `seconds`."""

    letter: str
    amps: float
    at_once: bool
    fault: bool
    ready: bool
    seconds: float


@dataclass
class Laws:
    """Runs a machine through situations and asserts after each step."""

    table: Table
    now: float = 50.0
    machine: Machine = field(init=False)

    def __post_init__(self) -> None:
        self.machine = Machine(self.now, self.table)
        self.forced_at, self.faulted_at, self.opened_at = self.now, -1e9, -1e9
        self.x1_since: float | None = self.now
        self.f_since: float | None = None
        self.stop_since: float | None = None
        self.changed_at = -1e9
        self.asks_since: float | None = None
        self.offered_since: float | None = None
        self.may_wake = True

    def run(self, situation: Situation) -> None:
        end = self.now + situation.seconds
        for _ in range(DENSE):
            self.step(situation, min(self.now + 0.01, max(end, self.now)))
        while self.now < end:
            ahead = [at for at in map(self.machine.__getattribute__, Machine.TIMERS) if self.now < at < end]
            self.step(situation, min(ahead, default=end))
        self.step(situation, self.now + 0.01)

    def step(self, s: Situation, now: float) -> None:
        m = self.machine
        was_closed, was_duty, was_row = m.closed, m.duty, m.row
        self.now = now
        if s.fault or s.letter == "E":
            self.faulted_at = now
        if s.letter not in "CD":
            self.asks_since = None
        elif self.asks_since is None:
            self.asks_since = now
        m.step(now, s.letter, s.amps, s.at_once, s.fault, s.ready)
        assert m.row in self.table
        if m.row != was_row:
            assert m.row in self.table[was_row].values(), f"{was_row} to {m.row} is not in the table"
        self._closed(s, now, was_closed, was_row)
        self._offer(s, now, was_duty, was_closed)
        self._wake(s, now, was_row)

    def _wake(self, s: Situation, now: float, was_row: str) -> None:
        row = self.machine.row
        if s.amps < 6:
            self.may_wake = True
        if row == "F" != was_row and not s.fault:
            assert self.may_wake, "once per pause"
            assert was_row == "B2"
            assert self.offered_since is not None
            assert now >= self.offered_since + 30 - 1e-9
            self.may_wake = False
        if row != "B2":
            self.offered_since = None
        elif was_row == "B1":
            self.offered_since = now

    def _closed(self, s: Situation, now: float, was_closed: bool, was_row: str) -> None:
        m = self.machine
        if m.closed:
            assert not s.fault
            assert s.letter in "CD"
            assert s.letter == "C" or "D2 on" in self.table
        if m.closed and not was_closed:
            assert s.amps >= 6
            assert s.ready
            assert self.asks_since is not None
            assert now >= self.asks_since + 0.5 - 1e-9, "shorter than a pulse of a toggle"
            assert m.duty
            assert was_row in ("C2", "D2"), "one transition a step: the PWM stood before"
            assert now >= self.opened_at + 2 - 1e-9
            assert now >= self.forced_at + 10 - 1e-9
            assert now >= self.faulted_at + 30 - 1e-9
        if was_closed and not m.closed:
            assert m.opened_at == now
            self.opened_at = now
            if s.letter != "B" or s.fault:
                self.forced_at = now
        stopping = m.closed and m.duty is None
        if not stopping:
            self.stop_since = None
        elif self.stop_since is None:
            self.stop_since = now
        else:
            assert now < self.stop_since + 6 + 1e-9, "six seconds of grace are over"
            assert not (s.at_once and s.amps < 6)

    def _offer(self, s: Situation, now: float, was: float | None, was_closed: bool) -> None:
        m = self.machine
        pwm = m.duty is not None and m.duty > 0
        if pwm:
            assert m.duty is not None
            # In the step that hears of it, but for a letter that opens the contactor first.
            assert s.amps >= 6 or (was_closed and not m.closed)
            assert s.amps < 6 or m.duty <= (duty_of(s.amps) or 0.0)
            if not was:
                assert self.x1_since is not None
                assert now >= max(self.forced_at, self.faulted_at) + 3 - 1e-9
            elif m.duty > was:
                assert now >= self.changed_at + 5 - 1e-9
            if m.duty != was:
                self.changed_at = now
        else:
            assert m.offered == 0.0
        if m.duty == 0.0:
            assert not m.closed
            self.f_since = now if self.f_since is None else self.f_since
        elif self.f_since is not None:
            assert now >= self.f_since + 0.3 - 1e-9
            self.f_since = None
