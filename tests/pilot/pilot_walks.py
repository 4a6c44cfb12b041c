"""Named walks through the machine, each a page of IEC 61851-1, for any table: the mutants get them too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evsed.pilot.iec61851 import Machine, Table

STEP = 0.01


class Walker:
    """A machine on a virtual clock, stepped every 10 ms, with inputs that stay until they are changed."""

    def __init__(self, table: Table, settled: bool = True, **options: Any) -> None:
        self.now = 1000.0
        self.machine = Machine(self.now, table, **options)
        self.letter, self.amps, self.at_once, self.fault, self.ready = "A", 0.0, False, False, True
        if settled:
            self.go(11.0)

    def go(self, seconds: float, **inputs: object) -> Walker:
        for name, value in inputs.items():
            setattr(self, name, value)
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            self.machine.step(self.now, self.letter, self.amps, self.at_once, self.fault, self.ready)
        return self

    def is_in(self, row: str, offered: float | None = None) -> None:
        machine = self.machine
        assert machine.row == row, f"in {machine.row}, expected {row}"
        assert machine.closed == row.endswith(" on")
        pwm = row[1:2] == "2"
        assert (machine.duty is not None and machine.duty > 0) == pwm
        if row == "F":
            assert machine.duty == 0.0
        if offered is not None:
            assert machine.offered == offered

    def charging(self, letter: str = "C") -> Walker:
        self.go(0.1, letter="B", amps=16.0).go(0.52, letter=letter)
        self.is_in(letter + "2 on", 16.0)
        return self


def walk_whole_charge(table: Table) -> None:
    w = Walker(table)
    w.is_in("A1")
    w.go(0.01, letter="B").is_in("B1")
    w.go(1.0).is_in("B1")
    w.go(0.01, amps=16.0).is_in("B2", 16.0)
    w.go(0.01, letter="C").is_in("C2", 16.0)
    w.go(0.49).is_in("C2")
    w.go(0.02).is_in("C2 on")
    w.go(60.0).is_in("C2 on", 16.0)
    w.go(0.01, letter="B").is_in("B2")
    w.go(1.97, letter="C").is_in("C2")  # the vehicle may come back at once, and gets its energy within 3 s
    w.go(0.05).is_in("C2 on")
    w.go(0.01, amps=0.0).is_in("C1 on", 0.0)
    w.go(2.0).is_in("C1 on")
    w.go(0.01, letter="B").is_in("B1")
    w.go(0.01, letter="A").is_in("A1")


def walk_plug_comes_and_goes_without_a_permit(table: Table) -> None:
    for letter, row in (("B", "B1"), ("C", "C1"), ("D", "D1"), ("E", "E")):
        w = Walker(table)
        w.go(0.01, letter=letter).is_in(row)
        w.go(0.01, letter="A").is_in("A1")


def walk_vehicle_changes_its_mind_before_the_offer(table: Table) -> None:
    rows = {"B": "B1", "C": "C1", "D": "D1", "E": "E"}
    for first in rows:
        for second in rows:
            w = Walker(table)
            w.go(0.01, letter=first).is_in(rows[first])
            w.go(0.01, letter=second).is_in(rows[second])


def walk_vehicle_changes_its_mind_before_closing(table: Table) -> None:
    rows = {"A": "A1", "B": "B2", "C": "C2", "D": "D2" if "D2" in table else "D1", "E": "E"}
    for first in "BCD":
        if first == "D" and "D2" not in table:
            continue
        for second in rows:
            w = Walker(table).go(0.05, letter=first, amps=16.0, ready=False)
            w.is_in(rows[first])
            w.go(0.01, letter=second).is_in(rows[second] if second != "A" else "A1")


def walk_unplugged_offered(table: Table) -> None:
    for first in "BC":
        w = Walker(table).go(0.05, letter=first, amps=16.0, ready=False)
        w.go(0.01, letter="A").is_in("A1")


def walk_offer_withdrawn_before_closing(table: Table) -> None:
    for letter in "BCD":
        if letter == "D" and "D2" not in table:
            continue
        w = Walker(table).go(0.05, letter=letter, amps=16.0, ready=False)
        w.is_in(letter + "2")
        w.go(0.01, amps=0.0).is_in(letter + "1")


def walk_vehicle_that_asks_before_the_offer(table: Table) -> None:
    for letter in "CD":
        if letter == "D" and "D2" not in table:
            continue
        w = Walker(table).go(0.01, letter=letter).go(0.01, amps=16.0)
        w.is_in(letter + "2", 16.0)
        w.go(0.47).is_in(letter + "2")
        w.go(0.03).is_in(letter + "2 on")
        w = Walker(table).go(1.0, letter=letter).go(0.01, amps=16.0)
        w.is_in(letter + "2", 16.0)
        w.go(0.01).is_in(letter + "2 on")


def walk_stop_under_load_with_a_vehicle_that_does_not_obey(table: Table) -> None:
    w = Walker(table).charging()
    w.go(0.01, amps=0.0).is_in("C1 on")
    w.go(5.98).is_in("C1 on")
    w.go(0.03).is_in("C1")
    w.go(60.0).is_in("C1")


def walk_stop_at_once(table: Table) -> None:
    w = Walker(table).charging()
    w.go(0.01, amps=0.0, at_once=True).is_in("C1")
    w = Walker(table).charging().go(1.0, amps=0.0)
    w.is_in("C1 on")
    w.go(0.01, at_once=True).is_in("C1")


def walk_a_stop_once_begun_is_finished(table: Table) -> None:
    w = Walker(table).charging().go(1.0, amps=0.0).go(0.01, amps=16.0)
    w.is_in("C1 on")
    w.go(4.99).is_in("C1 on")
    w.go(0.02).is_in("C1")
    w.go(7.97).is_in("C1")
    w.go(0.05).is_in("C2", 16.0)
    w.go(1.9).is_in("C2")
    w.go(0.12).is_in("C2 on")


def walk_unplug_under_load(table: Table) -> None:
    w = Walker(table).charging().go(0.01, letter="A")
    w.is_in("A1")
    w.go(7.98, letter="C").is_in("C1")
    w.go(0.03).is_in("C2")
    w.go(1.95).is_in("C2")
    w.go(0.06).is_in("C2 on")
    w = Walker(table).charging().go(0.5, amps=0.0).go(0.01, letter="A")
    w.is_in("A1")


def walk_pilot_short_under_load(table: Table) -> None:
    for stopping in (False, True):
        w = Walker(table).charging()
        if stopping:
            w.go(0.5, amps=0.0).is_in("C1 on")
        w.go(0.01, letter="E").is_in("E")
        w.go(0.01, letter="C", amps=16.0).is_in("C1")
        w.go(29.9).is_in("C2")
        w.go(0.12).is_in("C2 on")


def walk_pilot_short_and_back(table: Table) -> None:
    for letter in "ABCD":
        w = Walker(table).go(0.05, letter="E")
        w.is_in("E")
        w.go(0.01, letter=letter).is_in(letter + "1")


def walk_fault_in_every_row(table: Table) -> None:
    for letter, amps, ready, row in (
        ("A", 0.0, True, "A1"), ("B", 0.0, True, "B1"), ("C", 0.0, True, "C1"), ("D", 0.0, True, "D1"),
        ("B", 16.0, True, "B2"), ("C", 16.0, False, "C2"), ("D", 16.0, False, "D2"),
    ):  # fmt: skip
        if row not in table:
            continue
        w = Walker(table).go(0.05, letter=letter, amps=amps, ready=ready)
        w.is_in(row)
        fault_passes(w, letter)
    for letter, amps, row in (("C", 16.0, "C2 on"), ("C", 0.0, "C1 on"), ("D", 16.0, "D2 on"), ("D", 0.0, "D1 on")):
        if row not in table:
            continue
        w = Walker(table).charging(letter).go(0.05, amps=amps)
        w.is_in(row)
        fault_passes(w, letter)


def fault_passes(w: Walker, letter: str) -> None:
    """F for 300 ms at least, then X1, then nothing for as long as the fault stands."""
    w.go(0.01, fault=True).is_in("F")
    w.go(0.31).is_in("F")
    w.go(0.02).is_in(letter + "1")
    w.go(40.0, amps=16.0).is_in(letter + "1")


def walk_closing_again_after_a_fault(table: Table) -> None:
    w = Walker(table).charging().go(5.0, fault=True)
    w.is_in("C1")
    w.go(27.98, fault=False).is_in("C1")
    w.go(0.03).is_in("C2", 16.0)
    w.go(1.9).is_in("C2")
    w.go(0.1).is_in("C2 on")


def walk_fault_while_shorted(table: Table) -> None:
    w = Walker(table).charging().go(0.01, letter="E", fault=True)
    w.is_in("E")
    w.go(1.0, fault=False).is_in("E")
    w = Walker(table).go(0.02, letter="B").go(0.02, fault=True).go(0.05, letter="E")
    w.is_in("F")
    w.go(0.32).is_in("E")


def walk_after_a_start(table: Table) -> None:
    w = Walker(table, settled=False).go(0.01, letter="C", amps=16.0)
    w.is_in("C1")
    w.go(7.98).is_in("C1")
    w.go(0.02).is_in("C2", 16.0)
    w.go(1.97).is_in("C2")
    w.go(0.03).is_in("C2 on")


def walk_diode_not_proven(table: Table) -> None:
    w = Walker(table).go(0.05, letter="C", amps=16.0, ready=False)
    w.go(60.0).is_in("C2", 16.0)
    w.go(0.01, ready=True).is_in("C2 on")


def walk_ventilation(table: Table) -> None:
    w = Walker(table).charging().go(0.01, letter="D")
    if "D2" not in table:
        w.is_in("D1")
        w.go(60.0).is_in("D1", 0.0)
        w = Walker(table).charging().go(0.5, amps=0.0).go(0.01, letter="D")
        w.is_in("D1")
        w = Walker(table).go(0.02, letter="D").go(60.0, amps=16.0)
        w.is_in("D1")
        return
    w.is_in("D2 on", 16.0)
    w.go(0.01, letter="C").is_in("C2 on")
    w.go(0.01, letter="D").go(0.01, letter="B").is_in("B2")
    for letter, row in (("A", "A1"), ("E", "E")):
        Walker(table).charging("D").go(0.01, letter=letter).is_in(row)
    Walker(table).charging("D").go(0.01, amps=0.0, at_once=True).is_in("D1")
    w = Walker(table).charging("D").go(0.01, amps=0.0)
    w.is_in("D1 on")
    w.go(0.01, letter="C").is_in("C1 on")
    w.go(0.01, letter="D").is_in("D1 on")
    w.go(5.95).is_in("D1 on")
    w.go(0.04).is_in("D1")
    for letter, row in (("A", "A1"), ("B", "B1"), ("E", "E")):
        Walker(table).charging("D").go(0.5, amps=0.0).go(0.01, letter=letter).is_in(row)
    w = Walker(table).charging("D").go(0.5, amps=0.0).go(0.01, at_once=True)
    w.is_in("D1")


def walk_a_toggle_is_no_asking(table: Table) -> None:
    """BCB: three pulses of 400 ms + 50 ms, of which the debounced letter shows 0.38 s; D counts as asking like C."""
    w = Walker(table).go(5.0, letter="B", amps=16.0)
    for _ in range(3):
        w.go(0.38, letter="C").is_in("C2")
        w.go(0.4, letter="B").is_in("B2", 16.0)
    if "D2" in table:
        w.go(0.3, letter="C").go(0.19, letter="D").is_in("D2")
        w.go(0.03).is_in("D2 on")


def walk_wake_when_told(table: Table) -> None:
    w = Walker(table).go(0.05, letter="B", amps=16.0)
    w.is_in("B2")
    assert w.machine.wake()
    w.go(0.01).is_in("F")
    w.go(3.98).is_in("F")
    w.go(0.03).is_in("B1")
    w.go(2.97).is_in("B1")
    w.go(0.05).is_in("B2")
    assert w.machine.wake()
    w.go(0.01, amps=0.0).is_in("B1")  # void: the offer went first
    w.go(4.0, amps=16.0).is_in("B2")
    w.go(1.0).is_in("B2")
    for letter, amps in (("A", 16.0), ("B", 0.0), ("C", 16.0)):
        w = Walker(table).go(0.05, letter=letter, amps=amps)
        assert not w.machine.wake()


def walk_wake_once_under_the_least_offer(table: Table) -> None:
    w = Walker(table).go(0.02, letter="B", amps=6.0).go(40.0)
    w.is_in("B2", 6.0)
    w.go(120.0).is_in("B2", 6.0)  # 6 A is an offer, no pause


def walk_wake_once_per_pause(table: Table) -> None:
    w = Walker(table).go(0.02, letter="B", amps=16.0)
    w.go(29.97).is_in("B2", 16.0)
    w.go(0.05).is_in("F")
    w.go(3.96).is_in("F")
    w.go(0.04).is_in("B1")
    w.go(3.02).is_in("B2", 16.0)
    w.go(120.0).is_in("B2", 16.0)  # once
    w.go(1.0, amps=0.0).go(4.0, amps=16.0).is_in("B2", 16.0)
    w.go(27.5).is_in("B2", 16.0)
    w.go(1.0).is_in("F")  # the next pause, the next time
    w = Walker(table).go(0.02, letter="B", amps=16.0).go(0.1, letter="C").go(120.0, letter="B")
    w.is_in("B2", 16.0)  # it has asked: it does not sleep
    w = Walker(table).go(0.02, letter="C", amps=16.0).go(120.0, letter="B")
    w.is_in("B2", 16.0)
    w = Walker(table).go(0.02, letter="B", amps=16.0).go(31.0)
    w.go(6.0, amps=0.0).go(29.5, amps=16.0).is_in("B2")
    w.go(1.5).is_in("F")  # a pause in the midst of it


def walk_a_fault_is_no_pause(table: Table) -> None:
    w = Walker(table).go(0.02, letter="B", amps=16.0).go(40.0)
    w.go(1.0, fault=True).go(30.0, fault=False).is_in("B2", 16.0)
    w.go(120.0).is_in("B2", 16.0)


def walk_wake_as_the_technician_wants_it(table: Table) -> None:
    for method, duty in (("F", 0.0), ("X1", None)):
        w = Walker(table, wake_up=method, wake_up_after=10.0).go(9.9, letter="B", amps=16.0)
        w.is_in("B2")
        for seconds in (0.2, 3.7):
            w.go(seconds)
            assert (w.machine.row, w.machine.duty) == ("F", duty)
        w.go(0.3).is_in("B1")
    w = Walker(table, wake_up="off").go(600.0, letter="B", amps=16.0)
    w.is_in("B2", 16.0)


def walk_vehicles_that_minus_12_volts_harm(table: Table) -> None:
    w = Walker(table, state_f=False).charging()
    for _ in range(40):
        w.go(0.01, fault=True)
        assert not w.machine.closed
        assert w.machine.duty is None
    w.is_in("C1")
    w = Walker(table, state_f=False).go(0.02, letter="B", amps=16.0).go(30.5)
    assert (w.machine.row, w.machine.duty) == ("F", None)


def walk_duty_follows_the_permit(table: Table) -> None:
    w = Walker(table).charging().go(0.01, amps=10.0)
    w.is_in("C2 on", 10.0)  # downwards at once
    w.go(4.98, amps=20.0).is_in("C2 on", 10.0)
    w.go(0.03).is_in("C2 on", 20.0)
    w.go(0.01, amps=32.0).is_in("C2 on", 20.0)
    w.go(0.01, amps=6.0).is_in("C2 on", 6.0)
    w.go(0.01, amps=5.99).is_in("C1 on", 0.0)


WALKS: dict[str, Callable[[Table], None]] = {
    name[5:]: thing for name, thing in sorted(globals().items()) if name.startswith("walk_")
}
