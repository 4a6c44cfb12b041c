"""What a dead pilot has left closed opens first, whatever hangs: real drivers, a header and a kernel made of files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pilot_rig import until

from tests.drivers.pins import FAKE, Pins

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
FIRST, SECOND = 17, 27  # coils
SETTINGS = """
[station]
state = "{0}/state"
runtime = "{0}/run"
[evse.1.contactor]
driver = "gpio"
pin = 17
[evse.2.contactor]
driver = "gpio"
pin = 27
"""
LINE = """
[evse.{evse}.pilot]
driver = "peak-detector"
pwm_pin = {pin}
pwm_sysfs = "{0}/pwm"
adc = "iio"
iio_device = "ads1015"
iio_root = "{0}/iio"
iio_ms = 0.5
channel_high = {high}
channel_low = {low}
high_scale = 7.5
high_offset = 1.65
low_scale = 7.5
low_offset = 1.65
"""


class Pi:
    """Both contactors were left closed; the converter's driver in the kernel hangs, and with it whoever asks it."""

    def __init__(self, folder: Path) -> None:
        self.pins, self.file = Pins(folder / "pins"), folder / "evsed.toml"
        lines = [LINE.format(folder, evse=evse, pin=11 + evse, high=2 * evse, low=2 * evse + 1) for evse in (1, 2)]
        self.file.write_text(SETTINGS.format(folder) + "".join(lines))
        for name in ("function", "latch"):
            row = list((self.pins.folder / name).read_text())
            for pin in (FIRST, SECOND):
                row[pin] = {"function": "o", "latch": "1"}[name]
            (self.pins.folder / name).write_text("".join(row))
        chip = folder / "pwm" / "pwmchip0"
        for channel in (0, 1):
            (chip / f"pwm{channel}").mkdir(parents=True)
            texts = {"period": "1000000", "duty_cycle": "160000", "enable": "1", "polarity": "normal"}
            for name, text in texts.items():
                (chip / f"pwm{channel}" / name).write_text(f"{text}\n")
        (folder / "fe20c000.pwm").mkdir()
        (chip / "device").symlink_to(folder / "fe20c000.pwm")
        (folder / "iio" / "iio:device0").mkdir(parents=True)
        os.mkfifo(folder / "iio" / "iio:device0" / "name")  # opening it waits for a writer, for ever
        self.processes: list[subprocess.Popen[str]] = []

    def pilot(self, *more: str) -> subprocess.Popen[str]:
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers:{FAKE}", **self.pins.environ}
        command = [sys.executable, "-m", "evsed", "pilot", "-c", str(self.file), *more]
        pipe = subprocess.PIPE
        self.processes.append(subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True))
        return self.processes[-1]


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Pi]:
    pi = Pi(tmp_path)
    yield pi
    for process in pi.processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("option", ["--release", None])
def test_both_contactors_open_though_the_first_line_hangs(pi: Pi, option: str | None) -> None:
    assert (pi.pins.level(FIRST), pi.pins.level(SECOND)) == (1, 1)
    process = pi.pilot(*([option] if option else []))
    until(lambda: (pi.pins.level(FIRST), pi.pins.level(SECOND)) == (0, 0) or process.poll() is not None, 3.0)
    assert process.poll() is None, process.communicate()[1]
    assert (pi.pins.level(FIRST), pi.pins.level(SECOND)) == (0, 0)


def test_both_contactors_open_though_the_latched_faults_cannot_be_kept(pi: Pi) -> None:
    (pi.file.parent / "state").write_text("no folder")
    assert pi.pilot().wait(5) == 1
    assert (pi.pins.level(FIRST), pi.pins.level(SECOND)) == (0, 0)
