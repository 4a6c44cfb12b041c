"""`evsed pilot` as a real process on a Pi 5 made of files: PWM and converter in /sys, contactor and reset on pins."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pilot_rig import Station, until

from tests.drivers.pins import FAKE, Pins

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
COIL, RESET = 17, 25
STEP = 0.125  # mV
SETTINGS = """
[station]
state = "{0}/state"
runtime = "{0}/run"
[evse.1]
connector = "cType2"
[evse.1.pilot]
driver = "peak-detector"
adc = "iio"
iio_device = "ads1115"
iio_root = "{0}/iio"
iio_ms = 1.5
pwm_pin = 18
pwm_sysfs = "{0}/pwm"
channel_proximity = 2
high_scale = 7.5
high_offset = 1.65
low_scale = 7.5
low_offset = 1.65
reset_pin = 25
[evse.1.contactor]
driver = "gpio"
pin = 17
"""
HIGH = {"A": 12.0, "B": 9.0, "C": 6.0}


class Pi:
    """The files, and a vehicle that answers to the duty cycle within 2 ms."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pins = folder, Pins(folder / "pins")
        self.file = folder / "evsed.toml"
        self.file.write_text(SETTINGS.format(folder))
        chip, converter = folder / "devices/1f00098000.pwm/pwm/pwmchip2", folder / "iio/iio:device0"
        self.channel = chip / "pwm2"
        self.channel.mkdir(parents=True)
        converter.mkdir(parents=True)
        (chip / "device").symlink_to(folder / "devices/1f00098000.pwm")
        (folder / "pwm").mkdir()
        (folder / "pwm/pwmchip2").symlink_to(chip)
        for name, text in {"period": "0", "duty_cycle": "0", "enable": "0", "polarity": "normal"}.items():
            (self.channel / name).write_text(text)
        (converter / "name").write_text("ads1115\n")
        (converter / "in_voltage_scale").write_text(f"{STEP}\n")
        raws = [converter / f"in_voltage{channel}_raw" for channel in range(3)]
        for raw in raws:
            raw.write_text("     0\n")
        self.fds = [os.open(raw, os.O_WRONLY) for raw in raws]
        self.vehicle = "A"
        self._show()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()
        self.processes: list[subprocess.Popen[str]] = []

    def told(self, name: str) -> int:
        """What was last written there; a plain file keeps the rest of a longer line."""
        return int((self.channel / name).read_text().split("\n")[0])

    def duty(self) -> int:
        return self.told("duty_cycle")

    def _follow(self) -> None:
        while not self.over.wait(0.002):
            self._show()

    def _show(self) -> None:
        high = HIGH[self.vehicle]
        low = -12.0 if self.duty() < 1_000_000 else high
        contact = 3.3 if self.vehicle == "A" else 3.3 * 680 / 1680
        for fd, volts in zip(self.fds, (1.65 + high / 7.5, 1.65 + low / 7.5, contact), strict=True):
            os.pwrite(fd, f"{round(volts * 1000 / STEP):6d}\n".encode(), 0)

    def pilot(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "evsed", "pilot", "-c", str(self.file), *more]
        path = f"{ROOT}/firmware:{ROOT}/drivers:{FAKE}"
        environ = {**os.environ, "PYTHONPATH": path, **self.pins.environ}
        process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        until(lambda: (self.folder / "run/pilot.sock").exists() or process.poll() is not None, 5.0)
        return process

    def station(self) -> Station:
        return Station(str(self.folder / "run/pilot.sock"))

    def end(self) -> None:
        self.over.set()
        self.thread.join()
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=5)
        for fd in self.fds:
            os.close(fd)


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Pi]:
    pi = Pi(tmp_path)
    yield pi
    pi.end()


def charging(pi: Pi, station: Station) -> None:
    """Some 10 s after the pilot's start."""
    for _ in range(30):
        station.permit(16.0)
        said = station.wait("seen")
        pi.vehicle = "B" if said["offered"] < 16.0 else "C"
        if said["closed"]:
            return
    raise AssertionError(f"it did not close: {said}")


def test_a_charge_a_kill_and_a_release(pi: Pi) -> None:
    pilot = pi.pilot()
    station = pi.station()
    station.wait("seen")
    assert [pi.told(name) for name in ("period", "duty_cycle", "enable")] == [1_000_000, 1_000_000, 1]
    status = Path(f"/proc/{pilot.pid}/status").read_text()
    rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
    print(f"rss {rss:.1f} MiB")
    assert rss < 22.0

    charging(pi, station)
    assert 266_600 < pi.duty() <= 266_666  # 16 A
    assert pi.pins.level(COIL) == 1
    pi.vehicle = "B"
    opened = until(lambda: pi.pins.level(COIL) == 0)
    print(f"S2 to coil off: {opened * 1000:.0f} ms")
    assert opened < 0.1
    assert station.wait("seen", closed=False)["cable"] == 20.0
    station.close()

    pilot.send_signal(signal.SIGKILL)
    pilot.wait(5)
    assert 266_600 < pi.duty() <= 266_666, "nobody is there to change it"
    assert pi.pilot("--release").wait(5) == 0
    assert (pi.duty(), pi.pins.level(COIL)) == (1_000_000, 0)
    assert pi.told("enable") == 1


def test_a_channel_that_another_program_drives_is_left_to_it_with_the_contactor_open(pi: Pi) -> None:
    pi.pins.drive(COIL, 1)
    with open(pi.channel / "duty_cycle", "r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pilot = pi.pilot()
        assert pilot.wait(5) == 1
    assert pilot.stderr is not None
    assert "pwmchip2/pwm2 is driven by another part or program already" in pilot.stderr.read()
    assert (pi.duty(), pi.pins.level(COIL)) == (0, 0)
