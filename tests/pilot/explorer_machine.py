"""The machine alone in the explorer, under every input that any rules could ever give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from evsed.pilot.iec61851 import LEAST, Machine, Table, amps_of
from explorer import NOW, OVER, Else, Explorer, Frame, Move

PERMITTED = ((16.0, False), (8.0, False), (5.99, False), (0.0, True))  # A; at once


@dataclass
class Given:
    """The inputs of one step, and what stood before it."""

    letter: str = "A"
    amps: float = 0.0
    at_once: bool = False
    fault: bool = False
    ready: bool = False
    row: str = "A1"
    closed: bool = False
    duty: float | None = None
    due: frozenset[str] = frozenset()  # timers that were over
    wished: bool = False


class Alone:
    """One machine, its inputs, its invariants."""

    def __init__(self, table: Table, *, state_f: bool = True, wake_up: str = "F") -> None:
        self.table, self.state_f, self.wake_up = table, state_f, wake_up
        self.machine = Machine(NOW, table, state_f=state_f, wake_up=wake_up)
        self.given = Given()
        self._moves = [Move("wake", self._wake, step=False)]
        for letter, (amps, at_once), fault, ready in product("ABCDE", PERMITTED, (False, True), (False, True)):
            words = f"{letter}, {amps:g} A{' at once' * at_once}{', fault' * fault}{', ready' * ready}"
            self._moves.append(Move(words, self._bound(letter, amps, at_once, fault, ready)))

    def explorer(self) -> Explorer:
        """Visits all."""
        settings = ("table", "_minus_by_fault", "_minus_by_wake", "_wake_up_after")
        frame = Frame("machine", self.machine, settings, None)
        return Explorer([frame], lambda: self._moves, self._check)

    def _wake(self) -> None:
        assert self.machine.wake() == (self.machine.row == "B2")

    def _bound(self, *inputs: Any) -> Callable[[], None]:
        return lambda: self._step(*inputs)

    def _step(self, letter: str, amps: float, at_once: bool, fault: bool, ready: bool) -> None:
        m = self.machine
        due = frozenset(name for name in m.TIMERS if getattr(m, name) <= NOW)
        self.given = Given(letter, amps, at_once, fault, ready, m.row, m.closed, m.duty, due, m._wake)
        told = m.step(NOW, letter, amps, at_once, fault, ready)
        assert told == (m.row != self.given.row or m.duty != self.given.duty), "what changed was not told"

    def _check(self) -> tuple[Else, ...]:
        for name, holds in INVARIANTS.items():
            try:
                holds(self, self.machine, self.given)
            except AssertionError as broken:
                raise AssertionError(f"{name.replace('_', ' ')}: {broken}") from None
        return ()


def the_row_is_reached_by_a_cell(world: Alone, m: Machine, g: Given) -> None:
    assert m.row == g.row or m.row in world.table[g.row].values()
    assert m.closed == m.row.endswith(" on")
    assert bool(m.duty) == (m.row[1:2] == "2")


def the_row_follows_the_letter(world: Alone, m: Machine, g: Given) -> None:
    if g.row == "F" and m.row == "F":
        assert "held_until" not in g.due or m.row != g.row or g.letter not in world.table["F"]
    elif m.row != "F" and g.row != "F" and not (g.fault and g.letter != "E"):
        # One transition a step: one that withdraws, or is due, may come first; but never before one that opens.
        assert m.row[0] == g.letter or m.row[:1] == g.row[:1]
        if g.amps >= LEAST and not g.fault and "grace_until" not in g.due:
            assert m.row[0] == g.letter


def it_is_closed_only_while_the_vehicle_asks_and_nothing_is_wrong(world: Alone, m: Machine, g: Given) -> None:
    if m.closed:
        assert g.letter in ("CD" if "D2 on" in world.table else "C")
        assert not g.fault


def it_closes_when_all_is_ready_and_only_then(world: Alone, m: Machine, g: Given) -> None:
    asks = g.letter == g.row[0] and g.row in ("C2", "D2")
    waited = {"close_after", "asked_after"} <= g.due
    if not g.closed:
        assert m.closed == bool(asks and g.amps >= LEAST and g.ready and waited and not g.fault and g.duty)


def it_opens_at_once_when_told_so(world: Alone, m: Machine, g: Given) -> None:
    if g.closed and g.amps < LEAST and g.at_once:
        assert not m.closed
    if g.closed and not g.duty and "grace_until" in g.due:
        assert not m.closed
    if g.closed and g.letter in "ABE":
        assert not m.closed


def it_stays_closed_as_long_as_nothing_ends_it(world: Alone, m: Machine, g: Given) -> None:
    asks = g.letter == "C" or (g.letter == "D" and "D2 on" in world.table)
    if g.closed and asks and not g.fault and (g.duty or "grace_until" not in g.due):
        assert m.closed or (g.amps < LEAST and g.at_once)


def a_stop_is_finished(world: Alone, m: Machine, g: Given) -> None:
    if g.closed and not g.duty:
        assert not m.duty


def no_more_is_offered_than_is_given(world: Alone, m: Machine, g: Given) -> None:
    if m.duty and not (g.closed and not m.closed):
        assert amps_of(m.duty) <= g.amps + 0.051
        assert not g.fault or m.row[0] == "E"
    assert m.offered == (amps_of(m.duty) if m.duty else 0.0)


def an_offer_begins_when_it_may(world: Alone, m: Machine, g: Given) -> None:
    if m.duty and not g.duty:
        assert "offer_after" in g.due
        assert not g.fault
    same = g.letter == g.row[0] and g.row in ("B1", "C1", "D1") and "offer" in world.table[g.row]
    if same and g.amps >= LEAST and not g.fault and "offer_after" in g.due:
        assert m.duty


def it_raises_only_after_a_while_and_lowers_at_once(world: Alone, m: Machine, g: Given) -> None:
    if m.duty and g.duty:
        assert m.duty <= g.duty or "raise_after" in g.due
        if m.duty != g.duty:
            assert m.raise_after > NOW
        elif m.row == g.row and g.amps >= LEAST and "raise_after" in g.due:
            assert abs(amps_of(m.duty) - g.amps) <= 0.051
    elif m.duty:
        assert m.raise_after > NOW


def minus_12_v_is_for_faults_and_waking(world: Alone, m: Machine, g: Given) -> None:
    if m.row == "F" and g.row != "F":
        woken = g.row == "B2" and not g.fault
        assert g.fault or woken
        minus = world.state_f and (not woken or world.wake_up != "X1")
        assert m.duty == (0.0 if minus else None)
        assert m.held_until > NOW
        assert m.offer_after > NOW
        if woken:
            assert g.wished or "wake_after" in g.due
            assert m._woken
    elif m.row == "F":
        assert m.duty == g.duty
        assert "held_until" not in g.due or g.letter not in world.table["F"]
    else:
        assert m.duty != 0.0


def a_fault_is_shown_once(world: Alone, m: Machine, g: Given) -> None:
    if g.fault and g.row not in ("E", "F") and g.letter != "E" and g.duty:
        assert m.row == "F"


def waiting_follows_a_fault_and_an_opening_under_load(world: Alone, m: Machine, g: Given) -> None:
    opened = g.closed and not m.closed
    if g.fault or g.letter == "E" or (opened and g.letter != "B"):
        assert m.close_after > NOW
        assert m.offer_after > NOW
    if opened:
        assert m.opened_at == NOW
        assert m.forced == (g.letter != "B" or g.fault or m.row == "F") or m.row[0] != g.letter
    if m.row in ("B1", "C1", "D1") and g.duty:
        assert m.offer_after > NOW or m.row[0] != g.row[0]


def how_long_it_asks_is_counted_from_when_it_began(world: Alone, m: Machine, g: Given) -> None:
    if m.row[0] not in "CD":
        assert m.asked_after == -OVER
    elif g.row[0] not in "CD":
        assert NOW < m.asked_after < -OVER
    elif "asked_after" in g.due:
        assert m.asked_after <= NOW


def it_is_woken_once_a_pause_and_only_before_it_has_asked(world: Alone, m: Machine, g: Given) -> None:
    if m.wake_after < -OVER:
        assert m.row == "B2"
        assert not m._woken
    if g.amps < LEAST:
        assert not m._woken
    if m.row == "B2" and g.row == "B1" and not m._woken:
        assert m.wake_after > NOW
        assert (m.wake_after < -OVER) == (world.wake_up != "off")


INVARIANTS: dict[str, Callable[[Alone, Machine, Given], None]] = {
    name: thing for name, thing in list(globals().items()) if getattr(thing, "__code__", None) and
    thing.__code__.co_varnames[:3] == ("world", "m", "g")
}  # fmt: skip
KINDS: tuple[dict[str, Any], ...] = ({}, {"wake_up": "X1"}, {"state_f": False}, {"wake_up": "off"})
