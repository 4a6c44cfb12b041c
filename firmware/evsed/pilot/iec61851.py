"""The IEC 61851-1 machine of one EVSE: which row it is in, and therefore contactor, pilot output and offer.

Theory of operation
-------------------
A row says what the vehicle does (its letter) and what the station does (1: steady +12 V, "X1"; 2: PWM, an offer).
In `C2 on`, `C1 on`, `D2 on`, `D1 on` the contactor is closed; in every other row it is open. Sequences are those of
IEC 61851-1 table A.6:

- A1 -> B1 -> B2: plug in, then the offer (seq. 1.1, 2.1, 3.1). B2 -> C2 -> `C2 on`: the vehicle closes S2 and gets
  its energy (seq. 4). A vehicle may also ask before it is offered anything: C1 -> C2 (seq. 3.2).
- `C2 on` -> B2: the vehicle opens S2, the contactor opens within 100 ms (seq. 8.1). -> A1: unplugged
  under load (seq. 2.2).
- `C2 on` -> `C1 on`: the offer is withdrawn; the contactor stays closed until the vehicle opens S2 (-> B1, 3 s
  allowed, seq. 10.1) or 6 s are over (-> C1, opened under load, seq. 10.2). A stop once begun is finished.
- D rows are C rows of a vehicle that wants ventilation; without ventilation there is only D1, and no energy.
- E: a short of the pilot or a level no vehicle makes. F: -12 V for 300 ms after any other fault, or 4 s to wake a
  vehicle that sleeps (A.5.3); then the row of the last letter, with the contactor open and X1. For vehicles that
  -12 V harms the technician has F put out as +12 V.
- B2 -> F -> B1 -> B2 on its own, once per pause: a vehicle that has not asked since the offer began may sleep.
  A pause is a time with nothing to offer, so an offer that comes back after a wake-up is the same offer.

A vehicle is believed to ask when it has done so for 0.5 s: what it toggles as a signal (BCB, up to 3 pulses of 200 to
400 ms, each 50 ms longer at most) must not move the contactor, and 3 s are allowed (seq. 4).

Closing again: after a start, a fault or an opening that the vehicle did not make itself, the station closes when the
diode is proven under PWM and 10 s have passed since the opening (30 s since the last of a fault). Until 2 s before
that, and for 3 s at least, it holds X1: a vehicle that asks under PWM gets its energy within 3 s (seq. 4). After an
opening that the vehicle made, 2 s pass before the next closing, and the offer stands all the while.

One transition per step. A cell that is missing is an event that means nothing in that row: the machine stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, inf

Table = Mapping[str, Mapping[str, str]]

ON = " on"  # ends the name of each row with the contactor closed

# Events, in the order in which a step looks for them: fault; a letter that opens; now, none (amps withdrawn at once, or
# with grace); grace over; any other letter; wake; offer; close. So nothing that goes on can keep a stop waiting.
TABLE: dict[str, dict[str, str]] = {
    "A1": {"B": "B1", "C": "C1", "D": "D1", "E": "E", "fault": "F"},
    "B1": {"A": "A1", "C": "C1", "D": "D1", "E": "E", "fault": "F", "offer": "B2"},
    "B2": {"A": "A1", "C": "C2", "D": "D2", "E": "E", "fault": "F", "wake": "F", "none": "B1"},
    "C1": {"A": "A1", "B": "B1", "D": "D1", "E": "E", "fault": "F", "offer": "C2"},
    "C2": {"A": "A1", "B": "B2", "D": "D2", "E": "E", "fault": "F", "none": "C1", "close": "C2 on"},
    "C2 on": {"A": "A1", "B": "B2", "D": "D2 on", "E": "E", "fault": "F", "now": "C1", "none": "C1 on"},
    "C1 on": {"A": "A1", "B": "B1", "D": "D1 on", "E": "E", "fault": "F", "now": "C1", "grace over": "C1"},
    "D1": {"A": "A1", "B": "B1", "C": "C1", "E": "E", "fault": "F", "offer": "D2"},
    "D2": {"A": "A1", "B": "B2", "C": "C2", "E": "E", "fault": "F", "none": "D1", "close": "D2 on"},
    "D2 on": {"A": "A1", "B": "B2", "C": "C2 on", "E": "E", "fault": "F", "now": "D1", "none": "D1 on"},
    "D1 on": {"A": "A1", "B": "B1", "C": "C1 on", "E": "E", "fault": "F", "now": "D1", "grace over": "D1"},
    "E": {"A": "A1", "B": "B1", "C": "C1", "D": "D1"},
    "F": {"A": "A1", "B": "B1", "C": "C1", "D": "D1", "E": "E"},
}

X1_REST = 3.0  # s of steady +12 V before an offer after a start, a fault or a forced opening (ISO 15118-3 T_step_X1)
ASKS = 0.5  # s that a vehicle must have asked before the contactor closes: longer than any pulse of a BCB toggle
AFTER_S2 = 2.0  # s from an opening that the vehicle made to the next closing: spares the contactor within those 3 s
AFTER_OPENING = 10.0  # s from a forced opening to the next closing
AFTER_FAULT = 30.0  # s from the last sign of a fault to the next closing
OFFER_LEAD = 2.0  # s of PWM before closing is allowed: diode proof and margin within the 3 s of seq. 4
GRACE = 6.0  # s, seq. 10.2
F_FAULT = 0.32  # s: at least 0.3 on the line (table A.5), and a tick may be late
F_WAKE = 4.0  # s, A.5.3 (ISO 15118-3 T_step_EF)
RAISE_EVERY = 5.0  # s between changes of the duty cycle, except downwards: EVs take up to 5 s to follow
LEAST = 6.0  # A: less cannot be offered (table A.7)
MOST = 80.0  # A


def without_ventilation() -> dict[str, dict[str, str]]:
    """The table of an EVSE in a place without ventilation: a vehicle in D is never offered anything."""
    table = {row: dict(cells) for row, cells in TABLE.items() if row not in ("D2", "D2 on", "D1 on")}
    del table["D1"]["offer"]
    for row in ("B2", "C2", "C2 on", "C1 on"):
        table[row]["D"] = "D1"
    return table


def duty_of(amps: float) -> float | None:
    """The duty cycle (0 to 1) that offers at most `amps`, rounded down (table A.7); None below 6 A: no offer."""
    if not amps >= LEAST:
        return None
    amps = min(amps, MOST)
    duty = min(amps / 60.0, 0.85) if amps < 52.5 else amps / 250.0 + 0.64
    return floor(duty * 1e5 + 1e-6) / 1e5


def amps_of(duty: float) -> float:
    """What a vehicle may draw at this duty cycle (table A.8), A, to 0.1 A."""
    return round(duty * 60.0 if duty <= 0.85 else (duty - 0.64) * 250.0, 1)


class Machine:
    """The machine of one EVSE. The caller steps it every 10 ms, opens and closes the contactor as `closed` says and
    drives `duty` (None X1, 0.0 state F), and it must have opened the contactor before the first step."""

    __slots__ = (
        "_minus_by_fault", "_minus_by_wake", "_pulsed", "_wake", "_wake_up_after", "_woken",
        "asked_after", "close_after", "closed", "duty", "forced", "grace_until", "held_until", "offer_after",
        "offered", "opened_at", "raise_after", "row", "table", "wake_after",
    )  # fmt: skip
    # Instants (s) from which something is due. -inf: over long ago; +inf (wake_after, asked_after only): not running.
    TIMERS = ("asked_after", "close_after", "grace_until", "held_until", "offer_after", "raise_after", "wake_after")
    TOLD = ("opened_at", "forced")  # decide nothing

    def __init__(
        self, now: float, table: Table, *, state_f: bool = True, wake_up: str = "F", wake_up_after: float = 30.0
    ) -> None:
        """`state_f`: a fault is shown by -12 V; `wake_up`: "F", "X1" or "off", once an offer stood for so many s."""
        self.table = table
        self.row = "A1"
        self.closed = False
        self.duty: float | None = None
        self.offered = 0.0  # A
        self.opened_at: float | None = None  # s, the last opening that this machine ordered
        self.forced = False  # that opening was not by the vehicle's own will: under load
        self.close_after = now + AFTER_OPENING
        self.offer_after = now + AFTER_OPENING - OFFER_LEAD
        self.grace_until = self.held_until = self.raise_after = -inf
        self.wake_after = self.asked_after = inf
        self._pulsed = self._wake = self._woken = False
        self._minus_by_fault, self._minus_by_wake = state_f, state_f and wake_up != "X1"
        self._wake_up_after = wake_up_after if wake_up != "off" else inf

    def wake(self) -> bool:
        """Wake a sleeping vehicle; False: it is not asleep under an offer. A transition that comes first makes the
        wish void."""
        self._wake = "wake" in self.table[self.row]
        return self._wake

    def step(self, now: float, letter: str, amps: float, at_once: bool, fault: bool, ready: bool) -> bool:
        """One look and at most one transition; returns whether `row` or `duty` changed.

        `amps`: what may be offered, below 6 is none; `at_once`: withdraw without grace; `fault`: something is wrong
        besides the pilot's level; `ready`: diode proven.
        """
        if fault or letter == "E":
            self._rest(now, AFTER_FAULT)
        if not fault:
            self._pulsed = False
        if amps < LEAST:
            self._woken = False  # a pause
        event = self._event(now, letter, amps, at_once, fault, ready)
        if event is not None:
            self._go(event, self.table[self.row][event], now, amps)
        return (self.offered > 0.0 and self._follow(now, amps)) or event is not None

    def _event(self, now: float, letter: str, amps: float, at_once: bool, fault: bool, ready: bool) -> str | None:
        row = self.row
        cells = self.table[row]
        if row == "F":
            return letter if now >= self.held_until and letter in cells else None
        if fault and letter != "E" and not self._pulsed and "fault" in cells:
            return "fault"
        goes = cells.get(letter) if row[0] != letter else None
        if goes is not None and self.closed and goes[2:] != ON:
            return letter
        if amps < LEAST or fault:
            if (at_once or fault) and "now" in cells:
                return "now"
            if "none" in cells:
                return "none"
        if "grace over" in cells and now >= self.grace_until:
            return "grace over"
        if goes is not None:
            return letter
        if amps < LEAST or fault or "grace over" in cells:  # a permit that comes back does not stop a stop
            return None
        if "wake" in cells and (self._wake or now >= self.wake_after):
            return "wake"
        if "offer" in cells:
            return "offer" if now >= self.offer_after else None
        if "close" in cells and ready and now >= self.close_after and now >= self.asked_after:
            return "close"
        return None

    def _rest(self, now: float, wait: float) -> None:
        """Nothing closes for `wait` s from now, and nothing is offered until shortly before that, or for 3 s."""
        self.close_after = max(self.close_after, now + wait)
        self.offer_after = max(self.offer_after, now + max(wait - OFFER_LEAD, X1_REST))

    def _go(self, event: str, row: str, now: float, amps: float) -> None:
        was, self.row = self.row, row
        self._wake = False
        closed = row[2:] == ON
        if self.closed and not closed:
            self.opened_at = now
            self.forced = event != "B"  # else by the vehicle's own will: seq. 8.1 lets it ask again at once
            if self.forced:
                self._rest(now, AFTER_OPENING)
            else:
                self.close_after = max(self.close_after, now + AFTER_S2)
        self.closed = closed
        if row == "F":
            self._pulsed = event == "fault"
            self._woken = self._woken or event == "wake"
            self.held_until = now + (F_FAULT if self._pulsed else F_WAKE)
            self.offer_after = max(self.offer_after, self.held_until + X1_REST)
        elif event in ("none", "now"):
            self.grace_until = now + GRACE
            self.offer_after = max(self.offer_after, now + X1_REST)  # an offer that flaps confuses vehicles
        self._ask(was, row, now)
        if row[1:2] == "2":
            if was[1:2] != "2":
                self._offer(duty_of(amps), now)
        else:
            minus = row == "F" and (self._minus_by_fault if self._pulsed else self._minus_by_wake)
            self.duty, self.offered = (0.0 if minus else None), 0.0

    def _ask(self, was: str, row: str, now: float) -> None:
        """How long the vehicle has asked, and how long it has not."""
        if row[0] not in "CD":
            self.asked_after = inf
        elif was[0] not in "CD":
            self.asked_after = now + ASKS
        if row != "B2" or was[1:2] == "2":
            self.wake_after = inf  # no offer, or it has asked
        elif not self._woken:
            self.wake_after = now + self._wake_up_after

    def _follow(self, now: float, amps: float) -> bool:
        duty = duty_of(amps)
        if duty == self.duty or duty is None or self.duty is None:
            return False
        if duty > self.duty and now < self.raise_after:
            return False
        self._offer(duty, now)
        return True

    def _offer(self, duty: float | None, now: float) -> None:
        self.duty = duty
        self.offered = 0.0 if duty is None else amps_of(duty)
        self.raise_after = now + RAISE_EVERY

    def waits_for(self, now: float, lacks: str) -> str:
        """What it waits for, in words, when there is no fault and a permit; `lacks`: why not `ready`, or ""."""
        if self.row in ("B1", "C1", "D1") and "offer" in self.table[self.row]:
            return f"waiting {_seconds(self.offer_after - now)} before the offer"
        if self.row in ("C2", "D2"):
            wait = self.close_after - now
            return lacks or (f"waiting {_seconds(wait)} before closing again" if wait > 0 else "closing")
        return WAITS[self.row]


WAITS = {
    "A1": "no vehicle",
    "B2": "EV does not ask",
    "C2 on": "charging",
    "C1 on": "stopping: the EV has 6 s to open S2",
    "D1": "EV asks for ventilation, which this place does not have",
    "D2 on": "charging with ventilation",
    "D1 on": "stopping: the EV has 6 s to open S2",
    "E": "the pilot line stands at a level that no vehicle makes",
    "F": "showing a fault, or waking the vehicle",
}


def _seconds(wait: float) -> str:
    return f"{max(1, floor(wait + 0.999))} s"
