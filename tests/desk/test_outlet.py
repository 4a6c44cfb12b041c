"""One EVSE's wiring on numbers: contactor, lock, faults, volts since the last look, and energy against arithmetic."""

from __future__ import annotations

import math
from typing import Any

import pytest
from evsed.desk.outlet import Outlet
from evsed.desk.readings import meter
from evsed.desk.vehicle import Vehicle

DUTY_16 = 16.0 / 60.0
START = 1000.0


class Bench:
    """An outlet, its vehicle, and what it noted."""

    def __init__(self, **options: Any) -> None:
        self.notes: list[tuple[float, str, dict[str, Any]]] = []
        self.now = START
        self.vehicle = Vehicle()
        self.outlet = Outlet(
            1, self.vehicle, lambda at, kind, facts: self.notes.append((at, kind, facts)), START, **options
        )

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.outlet.step(self.now)

    def charge(self) -> None:
        """Until 16 A flow on as many phases as there are."""
        self.outlet.plug(self.now)
        self.outlet.drive(self.now, DUTY_16)
        self.wait(1.0)
        self.outlet.switch(self.now, "contactor", True)
        self.wait(5.0)

    def at(self, kind: str) -> float:
        return [at for at, noted, _ in self.notes if noted == kind][-1]


def test_the_contacts_follow_the_coil_20_ms_later_at_their_own_instant() -> None:
    bench = Bench()
    bench.outlet.switch(bench.now, "contactor", True)
    bench.wait(0.019)
    assert not bench.outlet.closed
    bench.wait(0.5)  # however late somebody looks
    assert bench.outlet.closed
    assert bench.at("contact-closed") - bench.at("coil-on") == pytest.approx(0.02)


def test_a_coil_that_is_released_at_once_closes_nothing() -> None:
    bench = Bench()
    bench.outlet.switch(bench.now, "contactor", True)
    bench.wait(0.01)
    bench.outlet.switch(bench.now, "contactor", False)
    bench.wait(1.0)
    assert "contact-closed" not in [kind for _, kind, _ in bench.notes]


def test_welded_contacts_stay_closed_until_they_are_mended() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "welded", True)
    bench.outlet.switch(bench.now, "contactor", False)
    bench.wait(1.0)
    assert bench.outlet.closed
    bench.outlet.fault(bench.now, "welded", False)
    bench.wait(0.03)
    assert not bench.outlet.closed


def test_a_contactor_that_is_stuck_open_falls_off_and_does_not_close() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "contactor-stuck-open", True)
    assert not bench.outlet.closed
    assert bench.outlet.watts == 0.0
    bench.outlet.switch(bench.now, "contactor", False)
    bench.outlet.switch(bench.now, "contactor", True)
    bench.wait(1.0)
    assert not bench.outlet.closed


def test_the_energy_is_volts_times_amps_times_time() -> None:
    bench = Bench(register_wh=5000.0)
    bench.charge()
    before = bench.outlet.register_wh
    bench.wait(360.0)
    volts = 230.0 - 0.1 * 16.0
    assert bench.outlet.volts == pytest.approx((volts, volts, volts))
    assert bench.outlet.watts == pytest.approx(3 * 16.0 * volts)
    assert bench.outlet.register_wh - before == pytest.approx(3 * 16.0 * volts / 10, rel=1e-9)
    assert 5000.0 < before < 5020.0
    assert bench.vehicle.taken_wh == pytest.approx(bench.outlet.register_wh - 5000.0)


def test_the_ramp_is_integrated_too() -> None:
    bench = Bench()
    bench.charge()  # closed at 1.02 s, draws from 1.52 s on, 16 A from 3.02 s on, now 6 s
    resistance = 0.1
    ramp = (
        sum(amps * (230.0 - resistance * amps) for amps in [16.0 * (k + 0.5) / 1000 for k in range(1000)]) / 1000 * 1.5
    )
    full = 16.0 * (230.0 - resistance * 16.0) * (6.0 - 3.02)
    assert bench.outlet.register_wh == pytest.approx(3 * (ramp + full) / 3600.0, rel=0.01)


@pytest.mark.parametrize(("ev", "outlet", "amps"), [(1, 3, (16, 0, 0)), (2, 3, (16, 16, 0)), (3, 1, (16, 0, 0))])
def test_current_flows_on_the_phases_that_both_have(ev: int, outlet: int, amps: tuple[float, ...]) -> None:
    bench = Bench(phases=outlet)
    bench.vehicle.phases = ev
    bench.charge()
    assert bench.outlet.amps == amps


def test_without_mains_there_are_no_volts_no_amps_and_no_meter() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.mains = False
    bench.wait(0.01)
    assert bench.outlet.volts == bench.outlet.amps == (0.0, 0.0, 0.0)
    assert not meter(bench.outlet)["answers"]
    before = bench.outlet.register_wh
    bench.wait(60.0)
    assert bench.outlet.register_wh == before


def test_a_look_gives_the_extremes_since_the_last_one() -> None:
    bench = Bench()
    bench.outlet.plug(bench.now)
    assert bench.outlet.sense(bench.now) == pytest.approx((12.0, 8.95), abs=0.01)
    assert bench.outlet.sense(bench.now) == pytest.approx((8.95, 8.95), abs=0.01)
    bench.outlet.ask(bench.now, True)
    assert bench.outlet.sense(bench.now) == pytest.approx((8.95, 5.99), abs=0.01)
    bench.outlet.ask(bench.now, False)
    assert bench.outlet.sense(bench.now) == pytest.approx((8.95, 5.99), abs=0.01)


@pytest.mark.parametrize(
    ("fault", "volts"), [("cp-short", (0.0, 0.0)), ("cp-open", (12.0, -12.0)), ("diode", (5.62, -5.62))]
)
def test_faults_of_the_line_show_in_its_volts(fault: str, volts: tuple[float, float]) -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, fault, True)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == pytest.approx(volts, abs=0.01)


def test_a_vehicle_that_sees_no_pilot_opens_s2() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "cp-short", True)
    bench.wait(1.0)
    assert not bench.vehicle.s2


def test_without_supply_there_is_no_pilot_and_the_coil_falls_off() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.supply(bench.now, False)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == (0.0, 0.0)
    bench.outlet.switch(bench.now, "contactor", True)  # nobody hears it
    bench.wait(1.0)
    assert not bench.outlet.closed
    bench.outlet.supply(bench.now, True)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == pytest.approx((8.95, 8.95), abs=0.01)


def test_the_lock_takes_its_time_unless_it_is_stuck() -> None:
    bench = Bench()
    bench.outlet.switch(bench.now, "lock", True)
    bench.wait(0.19)
    assert not bench.outlet.locked
    bench.wait(0.02)
    assert bench.outlet.locked
    bench.outlet.fault(bench.now, "lock-stuck", True)
    bench.outlet.switch(bench.now, "lock", False)
    bench.wait(1.0)
    assert bench.outlet.locked
    bench.outlet.fault(bench.now, "lock-stuck", False)
    bench.wait(0.3)
    assert not bench.outlet.locked


def test_the_cable_is_told_by_its_resistor_where_it_is_loose() -> None:
    bench = Bench()
    bench.outlet.plug(bench.now)
    assert bench.outlet.proximity is None  # fixed to the wall
    bench.outlet.cable = 20
    assert bench.outlet.proximity == 680.0
    bench.outlet.unplug(bench.now)
    assert bench.outlet.proximity == math.inf


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("meter-dead", {"answers": False, "import_wh": 1500.0}),
        ("meter-zero", {"answers": True, "import_wh": 0.0, "volts": [0.0, 0.0, 0.0], "hertz": 0.0}),
        ("meter-back", {"answers": True, "import_wh": 500.0, "volts": [230.0, 230.0, 230.0]}),
    ],
)
def test_faults_of_the_meter_are_what_it_shows_and_not_what_flows(fault: str, expected: dict[str, Any]) -> None:
    bench = Bench(register_wh=1500.0)
    bench.outlet.fault(bench.now, fault, True)
    shown = meter(bench.outlet)
    assert {key: shown[key] for key in expected} == expected
    assert bench.outlet.register_wh == 1500.0


def test_unplugging_under_load_is_noted_with_the_opening_of_s2() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.unplug(bench.now)
    assert [kind for _, kind, _ in bench.notes][-2:] == ["s2-opened", "unplugged"]
    assert bench.outlet.watts == 0.0


def test_the_tripped_device_opens_whatever_the_coil_says_until_it_is_back() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "rcd-trip", True)
    bench.wait(1.0)
    assert (bench.outlet.coil, bench.outlet.closed) == (True, False)
    assert bench.at("contact-opened") - bench.at("rcd-tripped") == pytest.approx(0.02)
    bench.outlet.fault(bench.now, "rcd-trip", False)
    bench.wait(2.0)
    assert bench.outlet.closed
    assert bench.at("contact-closed") - bench.at("rcd-back") == pytest.approx(0.02)


def test_the_gate_cuts_the_coil_100_ms_after_the_last_beat_and_only_where_there_was_one() -> None:
    bench = Bench()
    bench.charge()
    bench.wait(60.0)
    assert bench.outlet.closed
    bench.outlet.switch(bench.now, "heartbeat", True)
    bench.outlet.switch(bench.now, "heartbeat", True)  # a level that stands still is no beat
    beaten = bench.now
    bench.wait(1.0)
    assert not bench.outlet.closed
    assert bench.at("gate-off") - beaten == pytest.approx(0.1)
    bench.outlet.switch(bench.now, "heartbeat", False)
    bench.wait(0.03)
    assert bench.outlet.closed
    bench.outlet.fault(bench.now, "heartbeat-gate", True)
    for beat in range(20):
        bench.outlet.switch(bench.now, "heartbeat", beat % 2 == 0)
        bench.wait(0.02)
    assert not bench.outlet.closed


def test_a_power_cut_forgets_that_there_was_a_heartbeat() -> None:
    bench = Bench()
    bench.outlet.switch(bench.now, "heartbeat", True)
    bench.wait(1.0)
    bench.outlet.supply(bench.now, False)
    bench.outlet.supply(bench.now, True)
    bench.charge()
    assert bench.outlet.closed


def test_the_phase_relay_lets_one_phase_through_or_three_and_notes_what_it_switched() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.switch(bench.now, "phase_relay", False)
    bench.wait(0.04)
    assert bench.outlet.amps == (16.0, 16.0, 16.0)
    bench.wait(0.02)
    assert bench.outlet.amps == (16.0, 0.0, 0.0)
    assert [facts for _, kind, facts in bench.notes if kind == "relay-off"] == [{"evse": 1, "closed": True, "amps": 16}]
    bench.outlet.supply(bench.now, False)
    bench.wait(1.0)
    assert not bench.outlet.three  # it stays where it is
    bench.outlet.supply(bench.now, True)
    bench.outlet.fault(bench.now, "phase-relay-stuck", True)
    bench.outlet.switch(bench.now, "phase_relay", True)
    bench.wait(1.0)
    assert not bench.outlet.three
    bench.outlet.fault(bench.now, "phase-relay-stuck", False)
    bench.wait(0.06)
    assert bench.outlet.three


def test_a_lock_that_is_stuck_locked_still_locks() -> None:
    bench = Bench()
    bench.outlet.fault(bench.now, "lock-stuck-locked", True)
    bench.outlet.switch(bench.now, "lock", True)
    bench.wait(0.3)
    assert bench.outlet.locked
    bench.outlet.switch(bench.now, "lock", False)
    bench.wait(1.0)
    assert bench.outlet.locked
    bench.outlet.fault(bench.now, "lock-stuck-locked", False)
    bench.wait(0.3)
    assert not bench.outlet.locked


def test_a_foreign_voltage_shows_on_the_high_side_only() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "cp-out-of-range", True)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == (15.0, -12.0)
    bench.outlet.drive(bench.now, None)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == (15.0, 15.0)
    bench.outlet.drive(bench.now, 0.0)
    bench.outlet.sense(bench.now)
    assert bench.outlet.sense(bench.now) == (-12.0, -12.0)


@pytest.mark.parametrize(("fault", "ohm"), [("pp-open", math.inf), ("pp-wrong", 50.0), ("pp-high", 200_000.0)])
def test_faults_of_the_proximity_contact_show_in_its_ohms(fault: str, ohm: float) -> None:
    bench = Bench()
    bench.outlet.cable = 32
    bench.outlet.plug(bench.now)
    bench.outlet.fault(bench.now, fault, True)
    assert bench.outlet.proximity == ohm


@pytest.mark.parametrize(
    ("fault", "volts", "hertz"),
    [
        ("overvoltage", (270, 270, 270), 50.0),
        ("undervoltage", (170, 170, 170), 50.0),
        ("phase-lost", (230, 230, 0), 50.0),
        ("pen", (180, 265, 250), 50.0),
        ("frequency-high", (230, 230, 230), 52.0),
        ("frequency-low", (230, 230, 230), 47.0),
        ("frequency-droop", (230, 230, 230), 49.5),
    ],
)
def test_faults_of_the_grid_reach_the_meter(fault: str, volts: tuple[float, ...], hertz: float) -> None:
    bench = Bench()
    bench.outlet.fault(bench.now, fault, True)
    assert tuple(meter(bench.outlet)["volts"]) == volts
    assert meter(bench.outlet)["hertz"] == hertz


def test_no_current_flows_on_a_phase_that_is_lost() -> None:
    bench = Bench()
    bench.charge()
    bench.outlet.fault(bench.now, "phase-lost", True)
    assert bench.outlet.amps == (16.0, 16.0, 0.0)


def test_the_sensor_shows_what_is_set_or_broken() -> None:
    bench = Bench()
    assert bench.outlet.celsius == 25.0
    bench.outlet.temperature = 61.5
    assert bench.outlet.celsius == 61.5
    bench.outlet.fault(bench.now, "hot", True)
    assert bench.outlet.celsius == 80.0
    bench.outlet.fault(bench.now, "sensor-dead", True)
    assert bench.outlet.celsius is None
