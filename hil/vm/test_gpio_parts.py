"""What hangs on pins, on a real GPIO chip of the kernel (gpio-sim) by rpi-lgpio; and a pilot process on it, weighed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from evse_drivers import gpio
from evse_drivers.rcds.gpio import GpioRcd
from evse_drivers.switches.gpio import GpioSwitch
from evse_drivers.switches.gpio_lock import GpioBridgeLock
from simulated import Chip

ROOT = Path(__file__).parents[2]
PILOT = """
[station]
state = "{0}/state"
runtime = "{0}/run"
[bus.wires]
driver = "desk"
socket = "{0}/wires.sock"
[evse.1.pilot]
driver = "desk"
bus = "wires"
[evse.1.contactor]
driver = "gpio"
pin = 12
mirror_pin = 13
[evse.1.emergency_stop]
driver = "gpio"
pin = 16
[heartbeat]
driver = "gpio"
pin = 20
"""


def test_a_part_that_is_made_anew_has_its_pin_and_opens(chip: Chip) -> None:
    first = gpio.output(5, True, "evse.1.contactor")
    assert chip.level(5) == 1
    gpio.output(5, False, "evse.1.contactor")
    assert chip.level(5) == 0
    first.close()


def test_a_lock_that_a_process_left_as_an_output_stays_and_one_that_is_none_rests(chip: Chip) -> None:
    before = gpio.output(6, True, "evse.1.lock")
    before.close()
    after = GpioSwitch(GpioSwitch.Settings(pin=6), "evse.1.lock")
    assert chip.level(6) == 1
    after.close()
    chip.pull(7, up=True)
    GpioSwitch(GpioSwitch.Settings(pin=7), "evse.2.lock").close()
    assert chip.level(7) == 0


def test_a_lock_s_motor_runs_for_its_time(chip: Chip) -> None:
    settings = GpioBridgeLock.Settings(direction_pin=8, enable_pin=9, pulse_ms=200)
    lock = GpioBridgeLock(settings, "evse.1.lock")
    assert chip.level(9) == 0
    lock.set(True)
    assert (chip.level(9), chip.level(8)) == (1, 1)
    time.sleep(1.0)
    assert chip.level(9) == 0
    lock.close()


def test_a_residual_current_device_is_read_and_tested(chip: Chip) -> None:
    rcd = GpioRcd(GpioRcd.Settings(pin=10, test_pin=11), "evse.1.rcd")
    assert rcd.tripped() is True, "pulled up by the pin itself: a broken wire is a trip"
    chip.pull(10, up=False)
    assert rcd.tripped() is False
    rcd.test(True)
    assert chip.level(11) == 1
    rcd.test(False)
    assert chip.level(11) == 0
    rcd.close()


def test_a_pilot_process_on_lgpio_is_light_and_beats(chip: Chip, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers:{os.environ.get('PYTHONPATH', '')}"}
    file = tmp_path / "evsed.toml"
    file.write_text(PILOT.format(tmp_path))
    command = [sys.executable, "-m", "evsed.desk.world", "--dir", str(tmp_path), "--evses", "1"]
    world = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    assert world.stdout is not None
    assert json.loads(world.stdout.readline())["ready"]
    chip.pull(16, up=False)
    command = [sys.executable, "-m", "evsed", "pilot", "-c", str(file)]
    pilot = subprocess.Popen(command, env=environ, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (tmp_path / "run" / "pilot.sock").exists():
        assert time.monotonic() < end
        assert pilot.poll() is None, pilot.stderr and pilot.stderr.read()
        time.sleep(0.2)
    time.sleep(5)
    levels = {chip.level(20) for _ in range(200)}
    rss = int(Path(f"/proc/{pilot.pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    print(f"pilot on lgpio: rss {rss:.1f} MiB")
    assert (chip.level(12), levels) == (0, {0, 1})
    pilot.terminate()
    assert pilot.wait(20) == 0
    world.terminate()
    assert rss < 22.0
