"""What cannot be started says so once, in one clear text, with its exit code; the outlet stays off."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from evse_hil.desk_rig import ask
from evsed.desk import config, processes

ENVIRONMENT = processes.environment()


class Bench:
    """The desk's world, and a config file for it that a test may spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = config.write(config.Wallbox(folder, folder / "state", ""))
        command = [sys.executable, "-m", "evsed.desk.world", "--dir", str(folder), "--evses", "1"]
        self.world = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        assert self.world.stdout is not None
        assert json.loads(self.world.stdout.readline())["ready"]

    def spoil(self, right: str, wrong: str) -> None:
        """Replace it in the config."""
        text = self.file.read_text()
        assert right in text
        self.file.write_text(text.replace(right, wrong))

    def line(self, beginning: str) -> int:
        """The number of the config's first line that begins so."""
        lines = self.file.read_text().splitlines()
        return 1 + next(number for number, line in enumerate(lines) if line.startswith(beginning))

    def run(self, *words: str) -> tuple[int, str]:
        """`evsed WORDS -c FILE` to its end: exit code and standard error, with DIR for the folder."""
        command = [sys.executable, "-m", "evsed", words[0], "-c", str(self.file), *words[1:]]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=20)
        assert done.stdout == ""
        return done.returncode, done.stderr.replace(str(self.folder), "DIR")

    def is_off(self) -> bool:
        """Contactor open, +12 V steady: nothing is offered."""
        outlet = ask(self.folder / "world.sock", do="state")["evses"][0]
        return not outlet["coil"] and not outlet["closed"] and outlet["duty"] is None


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="wall-") as folder:
        bench = Bench(Path(folder))
        yield bench
        bench.world.terminate()
        bench.world.wait(5)


@pytest.mark.parametrize("process", ["run", "pilot"])
def test_a_wrong_config(bench: Bench, process: str) -> None:
    bench.spoil("phases = 3", "phases = 4")
    bench.spoil("[evse.1.meter]", "[evse.1.metre]")
    assert bench.run(process) == (
        78,
        "DIR/evsed.toml: 2 problems; the pilot stays off until they are fixed.\n"
        f" {bench.line('phases')}  evse.1.phases = 4  must be 1 or 3.\n"
        f' {bench.line("[evse.1.metre]")}  evse.1.metre       is not an option. Did you mean "meter"?\n',
    )
    assert bench.is_off()


def test_a_serial_port_that_is_not_there(bench: Bench) -> None:
    bench.spoil('meter-1"', 'meter-7"')
    assert bench.run("run") == (
        1,
        "evsed: bus.rs485-1: there is no serial port DIR/meter-7. Plug the adapter in or enable the port. "
        'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.\n',
    )
    assert bench.is_off()


def test_a_serial_port_that_another_holds(bench: Bench) -> None:
    port = os.open(bench.folder / "reader", os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(port, fcntl.LOCK_EX)
    name = Path("/proc/self/comm").read_text().strip()
    try:
        assert bench.run("run") == (
            1,
            f"evsed: reader.front: DIR/reader is held by process {os.getpid()} ({name}). One line has one owner: stop "
            "that program, or give one of the two another port.\n",
        )
    finally:
        os.close(port)
    assert bench.is_off()


def test_a_state_folder_that_cannot_be_written(bench: Bench) -> None:
    bench.spoil('state = "', 'state = "/proc/1/comm')
    assert bench.run("run") == (
        1,
        "evsed: /proc/1/commDIR/state: the folder for evsed's database cannot be written (Not a directory). Make it "
        "belong to the user that runs evsed, or name another one in [station] state.\n",
    )
    code, error = bench.run("pilot")
    assert (code, error) == (
        1,
        "evsed pilot: /proc/1/commDIR/state: the pilot must keep its latched faults here, and cannot: Not a directory. "
        "Correct station.state or the folder's owner.\n",
    )
    assert bench.is_off()


def test_a_second_station_is_refused_and_disturbs_nothing(bench: Bench) -> None:
    command = [sys.executable, "-m", "evsed", "run", "-c", str(bench.file)]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        while "is up" not in first.stderr.readline():
            assert first.poll() is None
        assert bench.run("run") == (
            1,
            "evsed: DIR/state/evsed.db: another evsed is using this database. Stop it first (systemctl stop evsed), "
            "or name another folder in [station] state.\n",
        )
        assert ask(bench.folder / "run" / "station.sock", show=True)["sessions"]["1"]["phase"] == "free"
        first.terminate()
        assert first.wait(5) == 0
