"""An outlet around drivers made of numbers: what it tells each part, what it tells the station, and what may fail."""

from __future__ import annotations

from typing import Any

import pytest
from evse_drivers.api import DriverError, Permit, Seen, Sense
from evsed.pilot.iec61851 import Machine, without_ventilation
from evsed.pilot.outlet import Outlet
from evsed.pilot.phases import PhaseRelay
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Rules
from evsed.pilot.sense import PilotSense
from evsed.pilot.supervisor import Limits
from evsed.pilot.wear import Wear
from evsed.pilot.wiring import Parts, Wiring

VOLTS = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0}


class Pin:
    """A switch, an input or a residual-current device; raises `error` when it is touched."""

    def __init__(self, name: str, log: list[tuple[str, object]]) -> None:
        self.name, self.log = name, log
        self.on = self.test_on = self.keeps = False
        self.error = self.deaf = ""

    def _touch(self, command: bool = False) -> None:
        if self.error or (command and self.deaf):
            raise DriverError(self.error or self.deaf)

    def set(self, on: bool) -> None:
        self._touch(True)
        self.on = on
        self.log.append((self.name, on))

    def get(self) -> bool | None:
        self._touch()
        return self.on

    def active(self) -> bool:
        self._touch()
        return self.on

    def tripped(self) -> bool:
        self._touch()
        return self.on or self.test_on

    def test(self, on: bool) -> None:
        self._touch(True)
        self.test_on = on
        self.on = self.on and (on or not self.keeps)  # one that keeps its trip is cleared by the end of a test
        self.log.append((self.name, on))

    def close(self) -> None:
        self.log.append((self.name, "closed"))


class Line(Pin):
    sample_ms, release_ms = 1.0, 20.0

    def __init__(self, name: str, log: list[tuple[str, object]], bench: Bench) -> None:
        super().__init__(name, log)
        self.bench = bench
        self.duty: float | None = 0.5

    def sense(self) -> Sense:
        self._touch()
        high = VOLTS[self.bench.vehicle]
        low = high if self.duty is None else -12.0
        return Sense(self.bench.now, -12.0 if self.duty == 0.0 else high, low)

    def drive(self, duty: float | None) -> None:
        self._touch(True)
        self.duty = duty
        self.log.append((self.name, duty))


NAMES = ("contactor", "lock", "phase_relay", "rcd", "emergency_stop", "thermal_switch")


class Bench:
    def __init__(self, guard: bool = True, bare: bool = False) -> None:
        self.now, self.vehicle, self.guard = 1000.0, "A", guard
        self.log: list[tuple[str, object]] = []
        self.line = Line("line", self.log, self)
        self.pins: dict[str, Any] = {name: Pin(name, self.log) for name in NAMES}
        self.pins["phase_relay"].on = True
        if bare:
            self.pins = {"contactor": self.pins["contactor"]}
        self.wiring = Wiring(Parts(self.line, **self.pins), self.close)
        limits = Limits(1, 32.0, 6.0, 900.0, has_lock=not bare)
        selftest, relay = SelfTest("none" if bare else "RCM14"), None if bare else PhaseRelay(True, 10.0, 24)
        rules = Rules(self.now, limits, Machine(self.now, without_ventilation()), selftest, relay)
        self.it = Outlet(self.wiring, rules, PilotSense(), Wear(1000.0), boot="boot", now=self.now)
        self.permit: Permit | None = None

    def close(self, contactor: Any) -> bool:
        if self.guard:
            contactor.set(True)
        return self.guard

    def go(self, seconds: float, vehicle: str | None = None) -> Bench:
        self.vehicle = vehicle or self.vehicle
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            if self.permit is not None:
                p = self.permit
                self.it.take(Permit(1, p.amps, p.phases, p.locked, p.how, self.now + 5.0), self.now)
            self.it.listen()
            self.it.step(self.now, False)
        return self

    def charging(self) -> Bench:
        self.go(11.0).go(0.2, "B")
        self.permit = Permit(1, 16.0, 3, True, "grace", 0.0)
        self.go(0.5).go(1.0, "C")
        assert self.pins["contactor"].on, self.it.why(self.now)
        return self

    def seen(self) -> Seen:
        seen = self.it.news(self.now, True)
        assert seen is not None
        return seen


def test_its_first_act_opens_the_contactor_and_drives_x1_without_a_test() -> None:
    assert Bench().log == [("contactor", False), ("line", None), ("rcd", False)]


def test_its_last_act_does_the_same_though_a_driver_fails_and_gives_all_of_them_back() -> None:
    bench = Bench().charging()
    bench.pins["contactor"].error = "evse.1.contactor: gone"
    bench.log.clear()
    bench.it.release()
    assert bench.log == [("line", None), ("rcd", False)]
    bench.log.clear()
    bench.it.close()
    assert [name for name, word in bench.log if word == "closed"] == ["line", *NAMES]


def test_a_charge_moves_each_part_once_and_in_order() -> None:
    bench = Bench()
    bench.go(11.0)
    assert [on for name, on in bench.log if name == "rcd"] == [False, True, False]
    assert [on for name, on in bench.log if name == "lock"] == [False]  # idle, at the start
    bench.log.clear()
    bench.charging()
    bench.permit = Permit(1, 0.0, 3, False, "grace", 0.0)
    bench.go(0.5).go(0.5, "B").go(0.5, "A")
    moves = [(name, on) for name, on in bench.log if name in ("contactor", "lock")]
    assert moves == [("lock", True), ("contactor", True), ("contactor", False), ("lock", False)]
    assert [word for name, word in bench.log if name == "line"] == [0.26666, None]


def test_an_outlet_of_line_and_contactor_alone_charges_too() -> None:
    bench = Bench(bare=True).charging()
    seen = bench.seen()
    assert (seen.locked, seen.phases, seen.tested_at, seen.faults) == (None, None, None, ())
    bench.go(0.1, "B").it.release()
    bench.it.close()
    assert [name for name, word in bench.log if word == "closed"] == ["line", "contactor"]


def test_everything_is_told() -> None:
    bench = Bench().charging()
    seen = bench.seen()
    assert (seen.state, seen.closed, seen.offered, seen.locked, seen.phases) == ("C2", True, 16.0, True, 3)
    assert (seen.closings, seen.hot_openings, seen.cold_openings, seen.wear) == (1, 0, 0, 0.0)
    assert seen.tested_at is not None
    assert (seen.fault, seen.faults, seen.warnings, seen.simplified, seen.why) == (None, (), (), False, "charging")
    bench.go(0.1, "B").go(2.2, "C").go(0.1, "A")
    seen = bench.seen()
    assert (seen.closings, seen.hot_openings, seen.cold_openings, seen.wear) == (2, 1, 1, 0.001)
    assert seen.state == "A1"


def test_it_speaks_on_every_change_and_once_a_second_else() -> None:
    bench = Bench().go(11.0)
    bench.seen()
    assert bench.it.news(bench.now, False) is None
    bench.pins["thermal_switch"].on = True
    bench.go(0.01)
    seen = bench.it.news(bench.now, False)
    assert seen is not None
    assert seen.faults == ("thermal switch",)
    assert bench.it.news(bench.now + 0.99, False) is None
    assert bench.it.news(bench.now + 1.0, False) is not None


@pytest.mark.parametrize(
    ("name", "fault"),
    [("contactor", "contactor"), ("lock", "plug lock"), ("phase_relay", "phase relay"), ("rcd", "safety input"),
     ("emergency_stop", "safety input"), ("thermal_switch", "safety input"), ("line", "pilot line")],
)  # fmt: skip
def test_a_driver_in_trouble_opens_with_its_own_words_and_comes_back(name: str, fault: str) -> None:
    bench = Bench().charging()
    pin = bench.line if name == "line" else bench.pins[name]
    pin.error = f"evse.1.{name}: /dev/gpiochip0 is busy"
    bench.go(0.01)
    assert bench.it.rules.faults == (fault,)
    assert bench.it.why(bench.now) == f"{fault}: evse.1.{name}: /dev/gpiochip0 is busy"
    assert not bench.it.rules.closed
    pin.error = ""
    bench.go(1.0)
    assert not bench.pins["contactor"].on
    assert (bench.it.rules.faults, bench.it.rules.latched) == ((), ())


@pytest.mark.parametrize(
    ("name", "fault", "vehicle", "phases"),
    [("contactor", "contactor", "B", 3), ("line", "pilot line", "B", 3), ("lock", "plug lock", "A", 3),
     ("phase_relay", "phase relay", "B", 1)],
)  # fmt: skip
def test_a_driver_that_only_does_not_obey_is_told_again_and_is_a_fault_meanwhile(
    name: str, fault: str, vehicle: str, phases: int
) -> None:
    bench = Bench().charging()
    pin = bench.line if name == "line" else bench.pins[name]
    pin.deaf = "it does not obey"
    bench.permit = Permit(1, 0.0 if name == "lock" else 16.0, phases, name != "lock", "grace", 0.0)
    bench.go(0.5)
    if name == "line":
        bench.permit = Permit(1, 10.0, phases, True, "grace", 0.0)
    bench.go(0.6, vehicle)
    assert fault in bench.it.rules.faults
    assert bench.it.why(bench.now) == f"{fault}: it does not obey"
    pin.deaf = ""
    bench.log.clear()
    bench.go(0.02)
    assert bench.log[0][0] == name


def test_a_coil_that_cannot_be_told_is_told_again_in_every_step() -> None:
    bench = Bench().charging()
    bench.pins["contactor"].error = "busy"
    bench.go(0.5, "B")
    assert bench.it.stuck
    bench.pins["contactor"].error = ""
    bench.go(0.01)
    assert not bench.it.stuck
    assert not bench.pins["contactor"].on


def test_a_lock_and_a_line_that_failed_are_told_again() -> None:
    bench = Bench().go(11.0)
    bench.pins["lock"].error = bench.line.error = "busy"
    bench.permit = Permit(1, 16.0, 3, True, "grace", 0.0)
    bench.go(0.5, "B")
    assert not bench.pins["lock"].on
    bench.pins["lock"].error = bench.line.error = ""
    bench.log.clear()
    bench.go(0.5)
    assert ("lock", True) in bench.log


def test_a_close_that_the_guard_does_not_let_through_is_no_closing() -> None:
    bench = Bench(guard=False)
    with pytest.raises(AssertionError):
        bench.charging()
    assert not bench.wiring.commanded
    assert bench.it.counts == (0, 0, 0)


def test_the_fault_of_the_loop_counts_in_this_step_and_the_next() -> None:
    bench = Bench().charging()
    bench.now += 0.01
    bench.it.listen()
    bench.it.trouble("heartbeat", "heartbeat: /dev/gpiochip0 is busy")
    bench.it.step(bench.now, False)
    assert bench.it.why(bench.now) == "heartbeat: heartbeat: /dev/gpiochip0 is busy"
    assert not bench.pins["contactor"].on
    bench.go(0.02)
    assert bench.it.rules.faults == ()


def test_a_trip_that_the_device_keeps_is_cleared_by_acknowledging_it() -> None:
    bench = Bench().charging()
    rcd = bench.pins["rcd"]
    rcd.on = rcd.keeps = True
    bench.go(0.02)
    assert (bench.it.latched, bench.pins["contactor"].on) == (("residual current",), False)
    bench.go(1.0, "A")
    assert rcd.on
    assert bench.it.act("acknowledge") is None
    assert not rcd.on
    assert bench.go(0.02).it.latched == ()


def test_a_trip_that_stands_is_not_cleared_by_acknowledging_it() -> None:
    bench = Bench().charging()
    bench.pins["rcd"].on = True
    bench.go(1.0, "A")
    refused = "the residual-current device still says that it has tripped: find the current to earth first"
    assert bench.it.act("acknowledge") == refused
    assert bench.go(0.02).it.latched == ("residual current",)


def test_several_parts_in_trouble_are_all_told() -> None:
    bench = Bench().charging()
    bench.pins["rcd"].error, bench.pins["lock"].error = "rcd: gone", "lock: gone"
    bench.pins["emergency_stop"].error = "stop: gone"
    bench.go(0.02)
    assert bench.it.rules.faults == ("safety input", "plug lock")
    assert bench.it.why(bench.now) == "safety input: rcd: gone"


def test_a_fault_without_a_drivers_words_says_what_it_is_and_what_to_look_at() -> None:
    bench = Bench().go(11.0)
    bench.pins["emergency_stop"].on = True
    bench.go(0.01)
    assert bench.it.why(bench.now) == (
        "emergency stop: The emergency stop was pressed. Find out why it was pressed; release it; acknowledge."
    )
    assert bench.it.act("acknowledge") == "the emergency stop is still pressed: release it first"
    bench.pins["emergency_stop"].on = False
    bench.go(0.01)
    assert bench.it.latched == ("emergency stop",)
    assert bench.it.act("acknowledge") is None


def test_a_new_contactor_begins_its_counters_anew_when_it_is_open() -> None:
    bench = Bench().charging()
    assert bench.it.act("new-contactor") == "the contactor is not proven open: nobody replaces it now"
    bench.go(0.5, "B")
    assert bench.it.counts == (1, 0, 1)
    assert bench.it.act("new-contactor") is None
    assert bench.it.counts == (0, 0, 0)


@pytest.mark.parametrize(
    ("vehicle", "amps", "why"),
    [("A", 16.0, "no vehicle"), ("B", 0.0, "the station permits nothing"), ("B", 16.0, "EV does not ask"),
     ("B", 3.0, "less than 6 A are permitted, and less cannot be offered"),
     ("D", 16.0, "EV asks for ventilation, which this place does not have"), ("C", 16.0, "charging")],
)  # fmt: skip
def test_it_says_what_it_waits_for(vehicle: str, amps: float, why: str) -> None:
    bench = Bench().go(11.0).go(0.1, "B" if vehicle != "A" else "A")
    bench.permit = Permit(1, amps, 3, True, "grace", 0.0)
    bench.go(2.0, vehicle)
    assert bench.it.why(bench.now) == why


def test_a_vehicle_without_s2_is_named() -> None:
    bench = Bench().go(11.0)
    bench.permit = Permit(1, 16.0, 3, True, "grace", 0.0)
    bench.go(2.0, "C")
    assert bench.it.why(bench.now) == "charging; a vehicle without S2"
    assert bench.seen().simplified
