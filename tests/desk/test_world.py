"""The world as a process: start, script, errors, end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.desk import DeskWires
from evse_drivers.thermometers.sysfs import SysfsThermometer
from evsed.desk.faults import BOARD_FAULTS, FAULTS
from evsed.desk.world_actions import ACTIONS

from tests.desk.world_process import ROOT, WorldProcess, running

pytestmark = pytest.mark.processes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldProcess]:
    with running(tmp_path) as world:
        yield world


def test_it_makes_its_sockets_and_ports_and_leaves_nothing_behind(tmp_path: Path) -> None:
    world = WorldProcess(tmp_path, "--evses", "2", "--readers", "2")
    names = {"wires.sock", "world.sock", "meter-1", "meter-2", "reader", "reader-2"}
    names |= {"temperature-1", "temperature-2"}
    assert set(os.listdir(tmp_path)) == names
    assert world.end() == 0
    assert os.listdir(tmp_path) == []


def test_it_takes_its_meters_along_when_it_is_killed(tmp_path: Path) -> None:
    world = WorldProcess(tmp_path)
    children = Path(f"/proc/{world.process.pid}/task/{world.process.pid}/children").read_text().split()
    world.process.kill()
    world.end()
    assert len(children) == 1
    status, end = Path(f"/proc/{children[0]}/status"), time.monotonic() + 5
    while status.exists() and "Z (zombie)" not in status.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    with running(tmp_path) as again:  # over what the killed one left there
        assert again.ready["ready"]


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-m', 'evsed.desk.world', '--dir', {str(tmp_path)!r}],"
        " stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\nprint(p.pid, flush=True)\ntime.sleep(60)\n"
    )
    environment = {"PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 10
    while os.listdir(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_second_world_in_the_same_folder_is_refused(world: WorldProcess) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "evsed.desk.world", "--dir", str(world.folder)],
        env={"PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"},
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"{world.folder}: another world lives here (it answers at world.sock). End it, or choose another --dir.\n"
    )
    assert world.do("state")["mains"]


def test_a_folder_whose_name_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    told = subprocess.run(
        [sys.executable, "-m", "evsed.desk.world", "--dir", str(folder)],
        env={"PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert told.stderr == (
        f"{folder}/world.sock: a socket's path has at most 107 bytes. Choose a --dir with a shorter name.\n"
    )


def test_the_vehicle_leaves_c_at_once_when_it_is_told_to(world: WorldProcess) -> None:
    wires = DeskWires(DeskWires.Settings(str(world.folder / "wires.sock")), "bus.wires")
    world.do("plug")
    wires.drive(1, 0.5)
    world.wait(lambda evse: evse["s2"])
    wires.sense(1)
    before = time.monotonic()
    world.do("ask", on=False)
    assert wires.sense(1).high == pytest.approx(8.95, abs=0.01)
    assert 0.0 <= world.evse()["last"]["s2-opened"] - before < 0.5
    world.do("ask", on=None)
    assert world.wait(lambda evse: evse["s2"])["ask"] is None


def test_events_are_told_once_and_in_order(world: WorldProcess) -> None:
    world.do("plug")
    first = world.do("events")
    world.do("unplug")
    second = world.do("events", since=first["next"])
    assert [event["kind"] for event in first["events"]] == ["plugged"]
    assert [event["kind"] for event in second["events"]] == ["unplugged"]
    assert first["events"][0]["evse"] == 1
    assert first["events"][0]["at"] < second["events"][0]["at"] < time.monotonic()
    assert second["lost"] == 0


def test_the_gaps_between_looks_are_counted_and_then_forgotten(world: WorldProcess) -> None:
    wires = DeskWires(DeskWires.Settings(str(world.folder / "wires.sock")), "bus.wires")
    for pause in (0.0, 0.05, 0.05):
        time.sleep(pause)
        wires.sense(1)
    wires.levels(1, 0)  # not a look at the line
    gaps = world.do("gaps")["gaps"]
    assert sum(gaps.values()) == 2
    assert 500 <= int(min(gaps, key=int)) < 3000  # tenths of a millisecond
    assert world.do("gaps")["gaps"] == {}


def test_a_watcher_gets_five_snapshots_a_second(world: WorldProcess) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(world.folder / "world.sock"))
        link.sendall(b'{"do":"watch"}\n')
        lines = link.makefile("rb")
        seen = [json.loads(lines.readline())["at"] for _ in range(6)]
    assert 0.85 < seen[5] - seen[0] < 3.0


def test_a_watcher_that_does_not_read_neither_stops_the_world_nor_fills_it(world: WorldProcess) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(world.folder / "world.sock"))
        link.sendall(b'{"do":"watch"}\n' + b'{"do":"state"}\n' * 2000)
        assert world.do("plug") == {}
        time.sleep(1.5)
        resumed = time.monotonic()
        lines = link.makefile("rb")
        seen = [json.loads(lines.readline())["at"] for _ in range(2003)]
    assert world.evse()["plugged"]
    assert seen[2000] < resumed  # answered while nobody read
    assert seen[2001] > resumed  # what it missed is not told later


def test_the_vehicle_can_be_another_one(world: WorldProcess) -> None:
    world.do("ev", max_amps=10, phases=1, mode="manual", battery_wh=500)
    assert world.evse()["mode"] == "manual"
    world.do("ev", battery_wh=None, mode="auto")
    assert world.evse()["mode"] == "auto"


def test_every_action_is_told_with_its_fields(world: WorldProcess) -> None:
    told = world.do("actions")["actions"]
    assert list(told) == list(ACTIONS)
    assert told["mains"]["fields"] == {"on": "true or false"}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"hello", "hello: not JSON (Expecting value: line 1 column 1 (char 0))."),
        (b"[1]", 'expected an object such as {"do": "state"}.'),
        (
            b'{"do": "plugg"}',
            '"do": "plugg" is no action of the world. Did you mean "plug"? Allowed: '
            "plug, unplug, ask, ev, toggle, temperature, card, mains, power, fault, pins, state, watch, events, meter, "
            "gaps, actions.",
        ),
        (b'{"do": "plug", "evze": 1}', '"plug" has no field "evze". Did you mean "evse"? It has: evse, cable.'),
        (b'{"do": "state", "evse": 1}', '"state" has no field "evse". It has none.'),
        (b'{"do": "plug", "evse": 7}', '"plug": there is no EVSE 7 on this desk; it has 1.'),
        (b'{"do": "plug", "evse": true}', '"plug": "evse" is true; allowed: a whole number from 1.'),
        (
            b'{"do": "plug", "cable": 20}',
            '"plug": the cable of this desk is fixed to the wall; start it with --socket to choose one.',
        ),
        (b'{"do": "mains"}', '"mains" needs "on": true or false.'),
        (b'{"do": "mains", "on": 1}', '"mains": "on" is 1; allowed: true or false.'),
        (b'{"do": "ask", "on": "yes"}', '"ask": "on" is "yes"; allowed: true, false or null.'),
        (b'{"do": "card", "uid": "04A1"}', '"card": "uid" is "04A1"; allowed: hex digits of 4, 7 or 10 bytes.'),
        (
            b'{"do": "card", "uid": "04A1B2C3", "reader": 2}',
            '"card": there is no reader 2 on this desk; it has 1.',
        ),
        (b'{"do": "pins", "mode": "drop"}', '"pins": "mode" is "drop"; allowed: "hold" or "release".'),
        (b'{"do": "ev", "phases": 4}', '"ev": "phases" is 4; allowed: 1, 2 or 3.'),
        (b'{"do": "ev", "max_amps": 99}', '"ev": "max_amps" is 99; allowed: a number from 0 to 80.'),
        (
            b'{"do": "fault", "name": "diod", "on": true}',
            f'"fault": "name" is "diod"; allowed: {", ".join((*FAULTS, *BOARD_FAULTS))}. Did you mean "diode"?',
        ),
    ],
)
def test_a_wrong_line_is_answered_with_what_is_allowed(world: WorldProcess, line: bytes, text: str) -> None:
    assert world.send(line) == {"ok": False, "error": text}


def test_the_temperature_is_a_file_as_the_kernel_shows_it(world: WorldProcess) -> None:
    path = world.folder / "temperature-1"
    sensor = SysfsThermometer(SysfsThermometer.Settings(str(path)), "thermometer.outlet-1")
    assert asyncio.run(sensor.read()) == 25.0
    world.do("temperature", celsius=61.5)
    time.sleep(0.1)
    assert asyncio.run(sensor.read()) == 61.5
    world.do("fault", name="sensor-dead", on=True)
    time.sleep(0.1)
    with pytest.raises(DriverError):
        asyncio.run(sensor.read())
    world.do("fault", name="sensor-dead", on=False)
    time.sleep(0.1)
    assert asyncio.run(sensor.read()) == 61.5


def test_a_toggle_is_seen_on_the_line(world: WorldProcess) -> None:
    world.do("ev", mode="manual")
    world.do("plug")
    world.do("toggle", times=2, seconds=0.1)
    time.sleep(0.6)
    kinds = [event["kind"] for event in world.do("events")["events"]]
    assert kinds == ["plugged", "s2-closed", "s2-opened", "s2-closed", "s2-opened"]


def test_dead_meters_end_the_desk(tmp_path: Path) -> None:
    world = WorldProcess(tmp_path)
    child = Path(f"/proc/{world.process.pid}/task/{world.process.pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGKILL)
    assert world.process.wait(5) == 1
    world.end()


def test_the_readme_names_every_action_and_fault() -> None:
    readme = (ROOT / "firmware/evsed/desk/README.md").read_text()
    section = readme[readme.index("### world.sock") :]
    for name in (*ACTIONS, *FAULTS, *BOARD_FAULTS):
        assert f'"do": "{name}"' in section or f"`{name}`" in section, name
