"""The loop with real sockets, the guard thread and the latch file, around pins that are made of numbers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from evse_drivers.api import Permit, Sense
from evsed.pilot.guard import Guard
from evsed.pilot.loop import Loop
from evsed.pilot.realtime import Notify
from evsed.pilot.wire import VERSION
from evsed.record.reading import read
from pilot_rig import Hardware, Process, Station, until

# s. Far from the 6 s of a grace; the 100 ms of the standard are counted in test_sense.py and measured by `make bench`.
SOON = 1.0


@pytest.fixture
def pilot(tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path).ready_to_close() as process:
        yield process.start()


@pytest.fixture
def charging(pilot: Process) -> Iterator[tuple[Process, Station]]:
    station = Station(pilot.path)
    pilot.hardware[0].vehicle = "B"
    station.wait("seen", state="B1", plug=1)
    pilot.hardware[0].vehicle = "C"
    station.wait("seen", state="C1", plug=1)
    station.permit(16.0)
    station.wait("seen", state="C2", closed=True, offered=16.0)
    yield pilot, station
    station.close()


def test_the_contactor_opens_when_the_vehicle_stops_asking(charging: tuple[Process, Station]) -> None:
    pilot, _ = charging
    pins = pilot.hardware[0]
    pins.vehicle = "B"
    assert until(lambda: not pins.coil) < SOON


def test_the_contactor_opens_when_the_vehicle_is_unplugged(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    pins = pilot.hardware[0]
    pins.vehicle = "A"
    assert until(lambda: not pins.coil) < SOON
    seen = station.wait("seen", state="A1", closed=False)
    assert seen["unplugged_at"] == pytest.approx(seen["opened_at"], abs=0.001)
    assert seen["why"] == "no vehicle"


def test_a_sense_that_blocks_for_a_second_makes_the_guard_open(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    pins = pilot.hardware[0]
    began = time.monotonic()
    pins.block = 1.0
    until(lambda: not pins.coil)
    at, thread = pins.opened[-1]
    assert thread == "guard"
    assert at - began < 0.9  # before the sense came back
    seen = station.wait("seen", fault="loop stalled")
    assert seen["why"] == (
        "loop stalled: The pilot process was not on time, and opened the contactor. Other load on the controller, its "
        "power supply, real-time permissions (`evsed show`)."
    )
    assert station.wait("seen", fault=None, state="C1")["closed"] is False
    assert max(station.wait("seen")["worst_gap_ms"], 1000.0) >= 1000.0
    station.permit(16.0)
    until(lambda: station.wait("seen", state="C1")["why"] in {f"waiting {n} s before the offer" for n in (26, 27, 28)})


def test_the_worst_gap_is_told(pilot: Process) -> None:
    station = Station(pilot.path)
    station.wait("seen")
    pilot.hardware[0].block = 0.2
    until(lambda: station.wait("seen")["worst_gap_ms"] >= 200.0)
    station.close()


def stepped(folder: Path, gaps: list[float]) -> tuple[Process, list[str | None]]:
    """A charge on a clock of numbers, and the fault after each of those gaps between two ticks."""
    at = time.monotonic() + 1000.0  # the guard lets nobody close whose tick is old
    process = Process(folder, clock=lambda: at).ready_to_close()
    process.hardware[0].vehicle = "C"
    outlet, faults = process.outlets[0], []
    for tick in range(500):
        if tick % 100 == 99:
            outlet.take(Permit(1, 16.0, 3, True, "grace", at + 5.0), at)
        at += 0.01
        process.loop.tick()
    assert process.hardware[0].coil
    for gap in gaps:
        at += gap
        process.loop.tick()
        faults.append(outlet.rules.fault)
    process.server.close()
    return process, faults


def test_a_gap_of_50_ms_is_borne_and_a_longer_one_with_the_contactor_closed_opens(tmp_path: Path) -> None:
    process, faults = stepped(tmp_path, [0.0499, 0.0501])  # 0.05 itself is rounded by how long the machine is up
    assert faults == [None, "loop stalled"]
    assert not process.hardware[0].coil
    assert process.loop.gaps.missed == 1


def test_a_long_gap_without_a_charge_is_counted_only(tmp_path: Path) -> None:
    at = 100.0
    process = Process(tmp_path, clock=lambda: at)
    for gap in (0.01, 0.3, 0.01):
        at += gap
        process.loop.tick()
    assert (process.outlets[0].rules.fault, process.loop.gaps.missed) == (None, 1)
    process.server.close()


def test_health_is_told_at_once_and_every_ten_seconds(tmp_path: Path) -> None:
    at = 100.0
    with Process(tmp_path, clock=lambda: at) as process:
        loop = Loop(
            process.outlets, process.guard, process.server, process.latches, process.recorder, Notify({}),
            realtime="memory is not locked", clock=lambda: at,
        )  # fmt: skip
        station = Station(process.path)
        for _ in range(3):  # accepted, greeted, told
            process.server.wait(1.0)
            loop.serve()
            at += 0.013
            loop.tick()
        health = station.wait("health")
        assert (health["realtime"], health["worst_gap_ms"], health["missed"]) == ("memory is not locked", 13.0, 0)
        assert {edge for edge, count in health["gaps"].items() if count} == {"15"}
        before = health["at"]
        for _ in range(1001):
            at += 0.01
            loop.tick()
        assert station.wait("health")["at"] == pytest.approx(before + 10.0, abs=0.02)
        station.close()


def test_a_station_of_version_1_hears_nothing_that_it_does_not_know(pilot: Process) -> None:
    old = Station(pilot.path, {"version": 1, "digest": ""})
    old.wait("seen")
    old.say(do={"evse": 1, "act": "acknowledge"})
    old.say(do={"evse": 1, "act": "dance"})
    heard = [next(iter(old.hear())) for _ in range(3)]
    assert set(heard) <= {"seen", "refused"}
    old.close()


def test_a_fault_leaves_a_record(charging: tuple[Process, Station], tmp_path: Path) -> None:
    pilot, station = charging
    station.say(measured={"evse": 1, "amps": 15.5})
    pilot.hardware[0].error = "evse.1.pilot: the ADC at /dev/spidev0.0 is silent"
    station.wait("seen", fault="pilot line")
    pilot.recorder.stop()
    (path,) = (tmp_path / "records").iterdir()
    record = read(str(path))
    assert (record.fault, record.standing[-1], record.damage) == ("pilot line", "pilot line", None)
    charged = record.row.index("C2 on")
    assert record.told[charged:].index(False) > 0
    assert max(record.offered) == 16.0
    assert 15.5 in record.amps


def test_a_stop_at_once_by_the_station_leaves_a_record_and_a_stop_with_grace_none(
    charging: tuple[Process, Station], tmp_path: Path
) -> None:
    pilot, station = charging
    station.permit(0.0)
    station.wait("seen", state="C1", closed=True)
    time.sleep(0.3)
    station.permit(0.0, how="now")
    station.wait("seen", closed=False)
    pilot.recorder.stop()
    (path,) = (tmp_path / "records").iterdir()
    record = read(str(path))
    assert record.fault == "stopped at once by the station"
    assert record.time[record.row.index("C1 on")] < -0.2


@pytest.mark.parametrize(
    ("sense", "why"),
    [
        (Sense(0.0, 9.0, 9.0), "ms old, at most 100 ms are allowed"),
        (Sense(math.nan, 6.0, 6.0), "ms old, at most 100 ms are allowed"),
        (Sense(1e12, 6.0, 6.0), "ms old, at most 100 ms are allowed"),
    ],
)
def test_nonsense_from_the_line_opens(charging: tuple[Process, Station], sense: Sense, why: str) -> None:
    pilot, station = charging
    pilot.hardware[0].sense_override = sense
    seen = station.wait("seen", fault="pilot line")
    assert seen["why"].startswith("pilot line: sample is ")
    assert seen["why"].endswith(why)
    until(lambda: not pilot.hardware[0].coil)


def test_a_line_that_fails_opens_with_the_drivers_words_and_comes_back(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    pins = pilot.hardware[0]
    pins.error = "evse.1.pilot: the ADC at /dev/spidev0.0 is silent"
    assert until(lambda: not pins.coil) < SOON
    assert station.wait("seen", fault="pilot line")["why"] == f"pilot line: {pins.error}"
    pins.error = None
    station.wait("seen", fault=None, state="C1")


def test_a_coil_that_cannot_be_told_is_a_fault_and_is_told_again_until_it_obeys(
    charging: tuple[Process, Station],
) -> None:
    pilot, station = charging
    pins = pilot.hardware[0]
    pins.coil_error = "evse.1.contactor: /dev/gpiochip0 is busy"
    pins.vehicle = "B"
    assert station.wait("seen", fault="contactor")["why"] == f"contactor: {pins.coil_error}"
    pins.coil_error = None
    assert until(lambda: not pins.coil) < SOON
    station.wait("seen", fault=None, closed=False)


def test_after_the_guard_has_opened_nothing_closes_before_the_loop_has_heard_of_it() -> None:
    pins, guard = Hardware(), Guard()
    guard.start([pins])
    until(lambda: not pins.coil)
    guard.beat(time.monotonic())
    assert not guard.close(pins)
    assert guard.tripped()
    guard.beat(time.monotonic())
    assert guard.close(pins)
    guard.stop()


def test_the_guard_opens_the_others_though_one_driver_has_a_mistake() -> None:
    class Mistaken:
        def set(self, on: bool) -> None:
            raise ValueError("a mistake in a driver")

        def get(self) -> bool | None:
            return None

        def close(self) -> None: ...

    class Coil(Mistaken):
        closed = True

        def set(self, on: bool) -> None:
            self.closed = on

    guard, coil = Guard(), Coil()
    guard.start([Mistaken(), coil])
    until(lambda: not coil.closed)
    coil.closed = True
    until(lambda: not coil.closed)
    guard.stop()


def test_a_missing_diode_never_closes(pilot: Process) -> None:
    pins = pilot.hardware[0]
    pins.vehicle, pins.diode = "C", False
    station = Station(pilot.path)
    station.wait("seen", plug=1)
    station.permit(16.0)
    seen = station.wait("seen", fault="diode")
    assert seen["why"] == (
        "diode: The vehicle's pilot diode is missing. Unplug; try another vehicle: this vehicle or its cable is unsafe."
    )
    assert not pins.coil
    pins.vehicle = "A"
    station.wait("seen", fault=None)
    station.close()


def test_a_vehicle_that_ignores_the_stop_is_cut_off_after_six_seconds(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    began = time.monotonic()
    station.permit(0.0)
    station.wait("seen", state="C1", closed=True, offered=0.0)
    station.permit(0.0)
    until(lambda: not pilot.hardware[0].coil, 10.0)
    assert 5.8 < time.monotonic() - began < 7.5


def test_a_lost_lease_goes_on_at_the_failsafe_until_the_vehicle_pauses(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    pins = pilot.hardware[0]
    station.permit(16.0, seconds=0.3)
    seen = station.wait("seen", offered=6.0)
    assert (seen["closed"], seen["why"]) == (True, "charging; going on while the station is gone")
    pins.vehicle = "B"
    station.wait("seen", state="B1", closed=False)
    pins.vehicle = "C"
    assert station.wait("seen", state="C1")["why"] == "the station is gone"
    assert not pins.coil


def test_a_lost_lease_stops_with_grace_where_the_technician_wants_that(tmp_path: Path) -> None:
    with Process(tmp_path, go_on=0.0).ready_to_close() as pilot:
        pilot.start()
        pins, station = pilot.hardware[0], Station(pilot.path)
        pins.vehicle = "C"
        station.wait("seen", plug=1)
        station.permit(16.0, seconds=0.6)
        station.wait("seen", closed=True)
        station.close()
        until(lambda: pins.duty is None)
        assert pins.coil
        assert 5.7 < until(lambda: not pins.coil, 10.0) < 7.5


def test_a_permit_of_zero_now_opens_at_once(charging: tuple[Process, Station]) -> None:
    pilot, station = charging
    station.permit(0.0, how="now")
    assert until(lambda: not pilot.hardware[0].coil) < SOON


def test_a_weld_is_latched_in_the_file_and_outlives_a_restart(tmp_path: Path) -> None:
    with Process(tmp_path) as pilot:
        pilot.hardware[0].welded = True
        pilot.start()
        station = Station(pilot.path)
        station.wait("seen", fault="contactor welded")
        station.close()
        until((tmp_path / "pilot-latches.json").exists)
    assert json.loads((tmp_path / "pilot-latches.json").read_text()) == {"1": ["contactor welded"]}
    with Process(tmp_path) as pilot:
        pilot.start()
        station = Station(pilot.path)
        station.wait("seen", fault="contactor welded")
        station.say(do={"evse": 1, "act": "acknowledge"})
        station.wait("seen", fault=None)
        station.close()
        until(lambda: json.loads((tmp_path / "pilot-latches.json").read_text()) == {})


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"1": "nothing known"}', '{"x": "contactor welded"}', "\x00\xff"])
def test_an_unreadable_latch_file_means_latched(tmp_path: Path, text: str) -> None:
    (tmp_path / "pilot-latches.json").write_bytes(text.encode("latin-1"))
    with Process(tmp_path, count=2) as pilot:
        assert [outlet.rules.fault for outlet in pilot.outlets] == ["pilot state lost"] * 2
        assert "every EVSE stays off until it is acknowledged" in pilot.logged[0]


def test_what_the_pilot_cannot_take_is_refused_with_the_reason(pilot: Process) -> None:
    station = Station(pilot.path)
    for line, why in (
        (b"{]\n", "not a line of JSON: "),
        (b'{"permit": 3}\n', "permit: expected an object, found 3"),
        (b'{"do": {"evse": 1}}\n', "do.act is missing"),
        (b'{"do": {"evse": true, "act": "wake"}}\n', "do.evse: True is not of the right type"),
        (b'{"dance": {}}\n', 'unknown message "dance"; there are hello, permit, do, measured, taken, refused, '
         "seen, health"),
        (b'{"do": {"evse": 1, "act": "dance"}}\n',
         "unknown; there are acknowledge, selftest, wake, unlock, new-contactor"),
        (b'{"do": {"evse": 7, "act": "wake"}}\n', "EVSE 7 is not driven by this pilot; it drives 1"),
        (b'{"do": {"evse": 1, "act": "wake"}}\n', "no vehicle is waiting here that could be woken"),
        (b'{"refused": {"what": "x", "why": "y"}}\n', "only the pilot says that"),
        (b'{"permit": {"evse":1,"amps":NaN,"phases":3,"locked":true,"how":"now","until":1}}\n', "permit of nan A: "),
        (b'{"permit": {"evse":1,"amps":1' + b"0" * 400 + b',"phases":3,"locked":true,"how":"now","until":1}}\n',
         "permit of inf A: amps must be finite"),
        (b"[" * 3000 + b"\n", "not a line of JSON"),
        (b"\xff\xfe\n", "not a line of JSON"),
    ):  # fmt: skip
        station.socket.sendall(line)
        assert station.wait("refused")["why"].startswith(why)
    station.close()


def test_a_line_without_an_end_hangs_up_and_the_pilot_lives(pilot: Process) -> None:
    station = Station(pilot.path)
    station.socket.sendall(b"x" * 9000)
    assert station.wait("refused")["why"] == "longer than 4096 bytes"
    until(lambda: not station.hear())
    station.close()
    Station(pilot.path).wait("seen")


def test_a_newer_client_replaces_the_older(pilot: Process) -> None:
    older = Station(pilot.path)
    older.wait("seen")
    newer = Station(pilot.path)
    newer.wait("seen")
    until(lambda: not older.hear())
    for station in (older, newer):
        station.close()


def test_version_n_minus_1_is_understood_and_any_other_refused(pilot: Process) -> None:
    old = Station(pilot.path, {"version": VERSION - 1, "digest": "", "more": 1})
    old.wait("seen")
    strange = Station(pilot.path, {"version": 7, "digest": ""})
    assert strange.wait("hello") == {"version": VERSION, "digest": "digest", "boot": "boot", "ceilings": {"1": 32.0}}
    assert strange.wait("refused")["why"] == "version 7; this pilot understands 1 and 2"
    strange.permit(16.0)
    assert strange.wait("refused")["why"] == "say hello first, in a version that this pilot understands"
    for station in (old, strange):
        station.close()


def test_a_client_that_does_not_read_is_dropped_and_costs_nothing(pilot: Process) -> None:
    station = Station(pilot.path)
    for _ in range(20000):
        try:
            station.socket.sendall(b"{}\n")
        except OSError:
            break
    else:
        pytest.fail("it was never dropped")
    assert pilot.outlets[0].worst_gap < 0.5
    station.close()
    Station(pilot.path).wait("seen")


def test_a_stop_opens_and_drives_x1_as_the_last_act(charging: tuple[Process, Station]) -> None:
    pilot, _ = charging
    pilot.loop.stop()
    until(lambda: not pilot.hardware[0].coil)
    until(lambda: pilot.hardware[0].duty is None)


def test_two_evses_are_told_apart(tmp_path: Path) -> None:
    with Process(tmp_path, count=2).ready_to_close() as pilot:
        pilot.start()
        station = Station(pilot.path)
        pilot.hardware[1].vehicle = "C"
        station.wait("seen", evse=2, state="C1", plug=1)
        station.permit(10.0, evse=2)
        station.wait("seen", evse=2, state="C2", closed=True, offered=10.0)
        assert station.wait("seen", evse=1)["state"] == "A1"
        assert [pins.coil for pins in pilot.hardware] == [False, True]
        station.close()


@pytest.mark.slow
def test_memory_is_flat_over_a_million_steps(tmp_path: Path) -> None:
    import gc
    import sys

    class Clock:
        now = 100.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    with Process(tmp_path, clock=clock) as pilot:
        pins, letters = pilot.hardware[0], "ABCCCCCB"
        at_start = 0
        for step in range(1_000_000):
            clock.now += 0.01
            if step % 700 == 0:
                pins.vehicle = letters[(step // 700) % len(letters)]
                pins.opened.clear()
            pilot.loop.tick()
            if step == 20_000:
                gc.collect()
                gc.disable()
                at_start = sys.getallocatedblocks()
        grown = sys.getallocatedblocks() - at_start
        gc.enable()
        assert grown < 50
