"""`evsed pilot` as a real process on the desk's wires: first and last acts, kills, wrong settings, memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pilot_on_wires import PilotOnWires
from pilot_rig import until

from tests.desk.on_wires import CONTACTOR, FOLDERS, LINE
from tests.desk.world_process import ROOT

pytestmark = pytest.mark.processes

PILOT = ("-m", "evsed", "pilot")
SETTINGS = FOLDERS + LINE + CONTACTOR


class Desk(PilotOnWires):
    """The desk's world and a pilot on it, both real processes."""

    def evse(self) -> dict[str, Any]:
        state: dict[str, Any] = self.do("state")["evses"][0]
        return state

    def evsed(self, *arguments: str) -> str:
        """What that command prints; it must succeed."""
        command = [sys.executable, "-m", "evsed", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, SETTINGS)
    yield desk
    desk.end()


def test_sigterm_in_mid_charge_opens_and_ends_well(desk: Desk) -> None:
    pilot = desk.pilot()
    desk.charge().close()
    assert desk.evse()["closed"]
    pilot.send_signal(signal.SIGTERM)
    until(lambda: not desk.evse()["coil"])
    assert pilot.wait(5) == 0
    state = desk.evse()
    assert (state["coil"], state["duty"]) == (False, None)
    assert not (desk.folder / "run" / "pilot.sock").exists()


def test_after_a_kill_with_pins_that_hold_release_opens_and_a_new_pilot_charges_on(desk: Desk) -> None:
    pilot = desk.pilot()
    desk.charge().close()
    pilot.kill()
    pilot.wait()
    assert desk.evse()["closed"]
    began = time.monotonic()
    assert desk.spawn(*PILOT, "-c", str(desk.file), "--release").wait(5) == 0
    until(lambda: not desk.evse()["closed"])
    state = desk.evse()
    assert (state["coil"], state["duty"]) == (False, None)
    opened = state["last"]["contact-opened"] - began
    print(f"kill to open by --release: {opened * 1000:.0f} ms")
    os.unlink(desk.folder / "run" / "pilot.sock")
    desk.pilot()
    station = desk.station()
    assert station.wait("seen", plug=1)["state"] in ("B1", "C1")  # the car that was there is plug 1 of this process
    for _ in range(15):
        station.permit(16.0)
        if station.wait("seen")["closed"]:
            break
        time.sleep(0.9)
    state = desk.evse()
    assert state["closed"]
    assert state["last"]["coil-on"] > state["last"]["contact-opened"] + 10.0 - 1.0
    station.close()


def test_release_opens_though_somebody_has_broken_the_config_file(desk: Desk) -> None:
    pilot = desk.pilot()
    desk.charge().close()
    desk.file.write_text(desk.file.read_text().replace("[evse.1.pilot]", "[evse.1.pilott]"))
    pilot.kill()
    pilot.wait()
    release = desk.spawn(*PILOT, "-c", str(desk.file), "--release")
    assert release.wait(5) == 0
    assert not desk.evse()["coil"]
    assert release.stderr is not None
    last = release.stderr.read().splitlines()[-1]
    assert last == f"evsed pilot: releasing by {desk.folder}/run/pilot.toml, which the last pilot was started with"


def test_a_line_that_blocks_is_cut_off_by_the_guard_within_100_ms(desk: Desk) -> None:
    desk.pilot()
    station = desk.charge()
    at = time.monotonic()
    desk.do("fault", name="sense-blocks", on=True)
    until(lambda: not desk.evse()["coil"])
    desk.do("fault", name="sense-blocks", on=False)
    assert desk.evse()["last"]["coil-off"] - at < 0.1
    station.wait("seen", fault="loop stalled")
    station.close()


def test_an_idle_pilot_is_light_and_has_imported_nothing_that_waits(desk: Desk) -> None:
    told = desk.folder / "modules"
    code = (
        "import sys, threading, time\n"
        "def tell():\n"
        f"    time.sleep(1); open({str(told)!r}, 'w').write(chr(10).join(sys.modules))\n"
        "threading.Thread(target=tell, daemon=True).start()\n"
        f"from evsed.pilot.root import main; main(['-c', {str(desk.file)!r}])\n"
    )
    process = desk.spawn("-c", code)
    until(lambda: told.exists() and told.stat().st_size > 0, 5.0)
    modules = set(told.read_text().split("\n"))
    slow = {"asyncio", "ssl", "ocpp", "pymodbus", "serial", "websockets", "sqlite3", "logging"}
    assert not modules & (slow | {"evsed.core", "evsed.ocpp", "evsed.store"})
    status = Path(f"/proc/{process.pid}/status").read_text()
    rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
    print(f"rss {rss:.1f} MiB")
    assert rss < 22.0


def test_a_fault_in_a_charge_leaves_a_record_that_can_be_shown_and_a_picture(desk: Desk) -> None:
    pilot = desk.pilot()
    station = desk.charge()
    station.say(measured={"evse": 1, "amps": 15.5})
    desk.do("fault", name="diode", on=True)
    station.wait("seen", fault="diode", closed=False)
    pilot.terminate()
    assert pilot.wait(5) == 0
    shown = desk.evsed("record", "list", "-c", str(desk.file))
    path, _, what = shown.strip().partition("  ")
    assert what.endswith("  EVSE 1: diode")
    told = desk.evsed("record", "show", path, "-o", str(desk.folder / "out.svg"))
    assert "energy at no more than 16.0 A; contactor told to close" in told
    assert "FAULT: diode; the pilot is put to -12 V; contactor told to open" in told
    assert "contactor told to open 0 ms after the fault, open " in told
    assert (desk.folder / "out.svg").read_text().startswith("<svg ")
    station.close()


def test_the_hardware_enable_opens_when_the_heartbeat_ends_with_the_process(desk: Desk) -> None:
    desk.file.write_text(desk.file.read_text() + '[heartbeat]\ndriver = "desk"\nbus = "wires"\nevery = 20\n')
    pilot = desk.pilot()
    desk.charge().close()
    at = time.monotonic()
    pilot.kill()
    until(lambda: not desk.evse()["closed"])
    opened = desk.evse()["last"]["contact-opened"] - at
    print(f"kill to open by the hardware enable: {opened * 1000:.0f} ms")
    assert opened < 0.5


def test_the_threads_that_write_stand_below_the_loop_and_above_other_work(desk: Desk) -> None:
    pilot = desk.pilot()
    desk.station().wait("seen")
    tasks = [int(task) for task in os.listdir(f"/proc/{pilot.pid}/task")]
    ranks = {task: (os.sched_getscheduler(task), os.sched_getparam(task).sched_priority) for task in tasks}
    if ranks[pilot.pid][0] != os.SCHED_FIFO:
        pytest.skip("this machine gives no real-time priority")
    assert ranks.pop(pilot.pid) == (os.SCHED_FIFO, 50)
    assert sorted(ranks.values()) == [(os.SCHED_FIFO, 10), (os.SCHED_FIFO, 10), (os.SCHED_FIFO, 51)]


def ends_with(desk: Desk, *more: str) -> tuple[int, str]:
    process = desk.spawn(*PILOT, "-c", str(desk.file), *more)
    _, error = process.communicate(timeout=5)
    return process.returncode, error


def test_a_wrong_config_is_one_clear_error_and_code_78(desk: Desk) -> None:
    desk.file.write_text(desk.file.read_text().replace("[evse.1.contactor]", "[evse.1.contacter]"))
    code, error = ends_with(desk)
    assert code == 78
    assert "the pilot stays off until" in error
    assert 'Did you mean "contactor"?' in error
    assert "Traceback" not in error


def test_where_boards_drive_all_pilots_it_says_so_and_has_nothing_to_do(tmp_path: Path) -> None:
    path, told = tmp_path / "evsed.toml", tmp_path / "notify.sock"
    path.write_text(
        f'[station]\nstate = "{tmp_path}"\nruntime = "{tmp_path}"\n'
        '[bus.rs485]\ndriver = "modbus-serial"\nport = "/dev/ttyUSB7"\nbaudrate = 19200\n'
        '[evse.1.board]\ndriver = "heidelberg"\nbus = "rs485"\n'
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(told))
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers", "NOTIFY_SOCKET": str(told)}
        run = subprocess.run(
            [sys.executable, *PILOT, "-c", str(path)], env=environ, capture_output=True, text=True, timeout=20
        )
        assert systemd.recv(100) == b"READY=1"
    assert run.returncode == 77
    assert run.stderr == (
        f"evsed pilot: {path}: no [evse.N.pilot] is in it, nothing to do: boards drive all pilots themselves\n"
    )


def test_a_second_pilot_is_refused_and_disturbs_nothing(desk: Desk) -> None:
    desk.pilot()
    code, error = ends_with(desk)
    path = desk.folder / "run" / "pilot.sock"
    assert (code, error) == (
        1,
        f"evsed pilot: {path}: another pilot process holds it. End that one first (systemctl stop evsed-pilot).\n",
    )
    desk.station().wait("seen")


def test_hardware_that_is_not_there_is_one_clear_error(desk: Desk) -> None:
    text = desk.file.read_text()
    desk.file.write_text(text.replace("wires.sock", "nowhere.sock"))
    for more in ((), ("--release",)):
        code, error = ends_with(desk, *more)
        assert code == 1
        assert "nowhere.sock (No such file or directory)" in error
        assert "Traceback" not in error


def test_a_state_folder_that_cannot_be_written_is_one_clear_error(desk: Desk) -> None:
    (desk.folder / "state").write_text("a file")
    code, error = ends_with(desk)
    assert (code, error) == (
        1,
        f"evsed pilot: {desk.folder}/state: the pilot must keep its latched faults here, and cannot: File exists. "
        "Correct station.state or the folder's owner.\n",
    )


def test_systemd_is_told_ready_and_alive(desk: Desk) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(desk.folder / "notify"))
        listener.settimeout(5.0)
        desk.environ |= {"NOTIFY_SOCKET": str(desk.folder / "notify"), "WATCHDOG_USEC": "200000"}
        pilot = desk.pilot()
        said = [listener.recv(100) for _ in range(4)]
        assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        pilot.terminate()
        until(lambda: listener.recv(100) == b"STOPPING=1")
