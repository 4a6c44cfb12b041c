"""The desk as a whole: every process real, a charge played in both versions, and words over its sockets."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from evsed.desk import config, control

pytestmark = pytest.mark.processes


def evsed(*words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evsed", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether it runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Headless:
    """A desk without the play, in a folder of its own."""

    def __init__(self, *words: str) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="desk"))
        command = [sys.executable, "-m", "evsed", "desk", "--headless", "--dir", str(self.dir), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready = json.loads(line)

    def ask(self, do: str, **message: Any) -> dict[str, Any]:
        return control.ask_now(self.dir / "desk.sock", {"do": do, **message})

    @property
    def outlet(self) -> dict[str, Any]:
        return control.ask_now(self.dir / "world.sock", {"do": "state"})["evses"][0]  # type: ignore[no-any-return]

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 0
        shutil.rmtree(self.dir)


@pytest.fixture
def desk() -> Iterator[Headless]:
    headless = Headless()
    yield headless
    headless.end()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_whole_charge_is_observed_by_world_and_csms(version: str) -> None:
    played = evsed("desk", "--json", "--ocpp", version, "--seconds", "10")
    told = json.loads(played.stdout)
    assert played.returncode == 0, (told, played.stderr)
    assert told["ok"]
    assert told["ocpp"] == version
    assert all(step["ok"] and step["at_s"] is not None for step in told["steps"])
    assert told["energy_wh"]["desk"] == pytest.approx(told["energy_wh"]["csms"], abs=2.5)
    assert min(told["messages"].values()) > 8


def test_a_step_that_the_world_does_not_show_fails_the_play() -> None:
    # evsed does all of it right, and still a contactor that does not close is no charge.
    folder = tempfile.mkdtemp(prefix="desk")
    command = [sys.executable, "-m", "evsed", "desk", "--json", "--seconds", "6", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    world = Path(folder) / "world.sock"
    until(world.exists)
    fault = {"do": "fault", "evse": 1, "name": "contactor-stuck-open", "on": True}
    until(lambda: bool(control.ask_now(world, fault)["ok"]))
    told = json.loads(process.communicate(timeout=120)[0])
    shutil.rmtree(folder)
    assert process.returncode == 1
    assert not told["ok"]
    names = {step["name"]: step["ok"] for step in told["steps"]}
    assert names["a card is authorised"]
    assert not names["the contactor closes"]
    assert told["steps"][-1] == {"name": "the CSMS's books are clean", "ok": False, "at_s": None}


def test_a_virtual_charge_point_comes_up_at_a_csms_of_yours(desk: Headless) -> None:
    point = Headless(
        "--csms", desk.ready["url"], "--id", "CP7", "--ocpp", "1.6", "--evses", "2", "--register-wh", "500"
    )
    try:

        def connected() -> bool:
            stations = desk.ask("state")["csms"]["stations"]
            return "CP7" in stations and set(stations["CP7"]["status"]) >= {"1", "2"}

        until(connected)
        assert point.outlet["energy_wh"] == 500
        told = point.ask("ledger")
        url = desk.ready["url"]
        assert told == {"ok": False, "error": f"the central system is not the desk's: {url}. Ask it there."}
    finally:
        point.end()


def test_a_power_cut_takes_both_processes_and_what_they_held(desk: Headless) -> None:
    until(lambda: desk.ask("state")["csms"]["stations"].get("CP001", {}).get("boots") == 1)
    before = desk.ask("state")["processes"]
    assert desk.ask("power", on=False) == {"ok": True}
    off = desk.ask("state")
    assert not off["processes"]["pilot"]["alive"]
    assert not off["processes"]["station"]["alive"]
    assert desk.outlet["high"] == 0.0
    assert desk.ask("power", on=True) == {"ok": True}
    until(lambda: desk.ask("state")["csms"]["stations"]["CP001"]["boots"] >= 2)
    after = desk.ask("state")["processes"]
    assert after["pilot"]["pid"] != before["pilot"]["pid"]
    until(lambda: bool(desk.outlet["high"] == 12.0))


def test_a_killed_process_stays_dead_until_it_is_started(desk: Headless) -> None:
    assert desk.ask("kill", process="station")["ok"]
    assert not desk.ask("state")["processes"]["station"]["alive"]
    assert desk.ask("state")["station"] is None
    assert desk.ask("start", process="station") == {"ok": True}
    assert desk.ask("start", process="station") == {"ok": False, "error": "station runs already."}


def test_nothing_of_a_desk_outlives_it() -> None:
    headless = Headless()
    children = [one["pid"] for one in headless.ask("state")["processes"].values()]
    headless.process.kill()
    headless.process.wait()
    until(lambda: not any(map(runs, children)))
    shutil.rmtree(headless.dir)


def test_the_words_reach_a_running_desk(desk: Headless) -> None:
    told = evsed("desk", "do", "--dir", str(desk.dir), "plug")
    assert json.loads(told.stdout) == {"ok": True}
    assert desk.outlet["plugged"]
    refused = evsed("desk", "do", "--dir", str(desk.dir), "plug", "3")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"] == '"plug": there is no EVSE 3 on this desk; it has 1.'


def test_the_pilots_own_files_can_be_worn_and_broken(desk: Headless) -> None:
    def seen(name: str) -> bool:
        outlets = (desk.ask("state")["station"] or {"outlets": {}})["outlets"].values()
        return any(name in (*outlet["faults"], *outlet["warnings"]) for outlet in outlets)

    assert desk.ask("wear") == {"ok": True}
    until(lambda: seen("contactor worn"))
    assert desk.ask("break-latches") == {"ok": True}
    until(lambda: seen("pilot state lost"))
    assert seen("contactor worn")  # the counters were not what broke


def test_a_process_gets_no_time_for_as_long_as_it_is_told(desk: Headless) -> None:
    told = desk.ask("stall", process="pilot", seconds=0.3)
    assert told["ok"]
    assert 0.3 <= told["seconds"] < 2.0
    gaps = control.ask_now(desk.dir / "world.sock", {"do": "gaps"})["gaps"]
    assert max(int(gap) for gap in gaps) >= 2900  # tenths of a millisecond between two looks
    for wrong in (0, 61, True, "long"):
        assert desk.ask("stall", process="pilot", seconds=wrong) == {
            "ok": False,
            "error": f'"stall": "seconds" is {wrong!r}; allowed: a number above 0 and up to 60.',
        }


def test_a_desk_may_be_built_without_its_extras() -> None:
    parts = [word for part in config.EXTRAS for word in ("--without", part)]
    plain = Headless(*parts, "--option", "evse.1.wake_up=off")
    try:
        until(lambda: plain.ask("state")["station"] is not None)
        until(lambda: "1" in plain.ask("state")["station"]["outlets"])
        seen = plain.ask("state")["station"]["outlets"]["1"]
        assert (seen["locked"], seen["phases"], seen["testing"], seen["tested_at"]) == (None, None, False, None)
        assert 'wake_up = "off"' in (plain.dir / "evsed.toml").read_text()
    finally:
        plain.end()
