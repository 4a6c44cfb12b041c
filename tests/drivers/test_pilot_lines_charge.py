"""A whole charge over each pilot line of a Pi: the real rules, driver and PWM around a vehicle made of numbers."""

from __future__ import annotations

import pytest
from evse_drivers.api import DriverError, Permit
from evsed.pilot.iec61851 import Machine, without_ventilation
from evsed.pilot.outlet import Outlet
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Rules
from evsed.pilot.sense import PilotSense
from evsed.pilot.supervisor import Limits
from evsed.pilot.wear import Wear
from evsed.pilot.wiring import Parts, Wiring
from pilot_lines import Bench, extremes, peaks
from pins import Pins

KINDS = {
    "ads1115": lambda pins: peaks(pins, channel_proximity=2),
    "ads1015": lambda pins: peaks(pins, "ads1015", channel_proximity=2),
    "iio": lambda pins: peaks(pins, "iio", iio_ms=1.4),
    "min-max": lambda pins: extremes(channel_proximity=1),
}
every_line = pytest.mark.parametrize("kind", KINDS)
TICK, STEP = 0.010, 0.001  # s


class Contactor:
    """Its mirror contact follows its coil."""

    def __init__(self) -> None:
        self.on = True

    def set(self, on: bool) -> None:
        self.on = on

    def get(self) -> bool | None:
        return self.on

    def close(self) -> None: ...


class Charge:
    """The loop of the pilot process for one outlet, on the bench's clock. A step takes 1 ms."""

    def __init__(self, bench: Bench, levels: str = "volts") -> None:
        self.bench, self.clock, self.circuit = bench, bench.clock, bench.circuit
        self.contactor = Contactor()
        wiring = Wiring(Parts(bench.line, self.contactor), self._close)
        now = self.clock()
        began = now - 11.0  # the contactor has been open for long enough
        rules = Rules(began, Limits(1, 32.0, 6.0, 900.0), Machine(began, without_ventilation()), SelfTest("none"), None)
        pilot = PilotSense("resistance" if levels == "resistance" else "volts")
        self.it = Outlet(wiring, rules, pilot, Wear(1000.0), boot="boot", now=now)
        self.due = now

    def _close(self, contactor: Contactor) -> bool:
        contactor.set(True)
        return True

    def tick(self) -> None:
        now = self.clock()
        assert self.it.take(Permit(1, 16.0, 3, False, "grace", now + 5.0), now) is None
        self.it.listen()
        self.it.step(self.clock(), False)
        self.clock.pass_by(STEP)
        self.due = max(self.due + TICK, self.clock())
        if self.due > self.clock():
            self.clock.pass_by(self.due - self.clock())

    def go(self, seconds: float, vehicle: str | None = None) -> Charge:
        self.circuit.vehicle = vehicle or self.circuit.vehicle
        until = self.clock() + seconds
        while self.clock() < until:
            self.tick()
        return self

    def charging(self) -> Charge:
        self.go(0.2, "A")
        self.circuit.proximity = 680.0
        self.go(1.5, "B")
        assert self.row == "B2", self.it.why(self.clock())
        self.go(1.0, "C")
        assert (self.row, self.contactor.on) == ("C2 on", True), self.it.why(self.clock())
        return self

    @property
    def row(self) -> str:
        return self.it.rules.machine.row


@every_line
@pytest.mark.parametrize("levels", ["volts", "resistance"])
def test_a_vehicle_charges_and_ends(pins: Pins, kind: str, levels: str) -> None:
    charge = Charge(KINDS[kind](pins), levels).charging()
    assert charge.circuit.part() == pytest.approx(16 / 60, abs=1e-5)
    charge.go(3.0)
    assert charge.it.rules.faults == ()
    assert charge.it.pilot.glitches == 0
    charge.go(0.2, "B")
    assert (charge.row, charge.contactor.on) == ("B2", False)
    charge.go(0.2, "A")
    assert (charge.row, charge.circuit.part()) == ("A1", 1.0)


@every_line
@pytest.mark.parametrize(("phase", "leaves"), [(0.1, "B"), (3.1, "A"), (7.7, "B"), (9.4, "A")])
def test_the_contactor_is_told_to_open_within_the_time_that_was_reckoned(
    pins: Pins, kind: str, phase: float, leaves: str
) -> None:
    charge = Charge(KINDS[kind](pins)).charging()
    line = charge.bench.line
    sampling = line.timing(line.settings)[0] / 1000.0
    reckoned = sampling + 3 * max(TICK, sampling + STEP)
    at = charge.clock() + phase / 1000.0

    def leave(began: float, now: float) -> None:
        if began < at <= now:
            charge.circuit.vehicle = leaves

    charge.clock.listeners.insert(0, leave)
    while charge.contactor.on:
        charge.tick()
        assert charge.clock() - at < 0.1
    assert charge.clock() - STEP - TICK - at <= reckoned
    assert charge.it.rules.faults == ()


@every_line
def test_the_cable_ends_the_charge_when_its_contact_is_lost(pins: Pins, kind: str) -> None:
    if kind == "iio":
        pytest.skip("has no proximity contact here")
    charge = Charge(KINDS[kind](pins)).charging()
    assert charge.it.rules.cable.amps == 20.0
    charge.circuit.proximity = None
    charge.go(0.1)  # IEC 61851-1 table A.6, sequence 8.1
    assert (charge.contactor.on, charge.it.rules.faults) == (False, ("cable lost",))


@every_line
def test_a_short_opens(pins: Pins, kind: str) -> None:
    charge = Charge(KINDS[kind](pins)).charging().go(0.1, "short")
    assert not charge.contactor.on


@every_line
def test_a_vehicle_without_its_diode_is_not_switched_on(pins: Pins, kind: str) -> None:
    charge = Charge(KINDS[kind](pins))
    charge.circuit.diode, charge.circuit.proximity = False, 680.0
    charge.go(0.2, "A").go(1.5, "B").go(1.0, "C")
    assert not charge.contactor.on
    assert "diode" in charge.it.rules.faults


@pytest.mark.parametrize("kind", ["ads1115", "ads1015"])
def test_a_converter_that_falls_silent_opens_and_tells_why(pins: Pins, kind: str) -> None:
    charge = Charge(KINDS[kind](pins)).charging()
    charge.bench.ads.dead = "bus.i2c: no device answers at 0x48 on /dev/i2c-1."
    charge.tick()
    assert not charge.contactor.on
    assert charge.it.rules.fault == "pilot line"
    assert charge.it.why(charge.clock()) == "pilot line: bus.i2c: no device answers at 0x48 on /dev/i2c-1."
    charge.it.release()
    assert charge.circuit.part() == 1.0


def test_a_pwm_that_refuses_is_a_fault_too(pins: Pins) -> None:
    charge = Charge(peaks(pins)).charging()
    charge.bench.channel.refuses.add("duty_cycle")
    charge.go(0.3, "B").go(0.3, "A")
    assert not charge.contactor.on
    assert charge.it.rules.fault == "pilot line"
    with pytest.raises(DriverError):
        charge.bench.line.drive(None)
