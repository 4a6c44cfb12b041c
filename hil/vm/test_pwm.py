"""The kernel's own /sys/class/pwm, under a chip that has the name of a Pi 4's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.pilots.kernel import Kernel
from evse_drivers.pilots.sysfs_pwm import PERIOD, PwmSettings, SysfsPwm

WHERE = "evse.1.pilot"


def said(channel: int = 0) -> dict[str, str]:
    """What the kernel shows of that channel."""
    folder = next(Path("/sys/class/pwm").glob("pwmchip*")) / f"pwm{channel}"
    return {name: (folder / name).read_text().strip() for name in ("period", "duty_cycle", "enable", "polarity")}


def test_the_chip_is_found_by_its_device_and_stands_at_plus_12_v_first() -> None:
    pwm = SysfsPwm(PwmSettings(pwm_pin=18), WHERE, Kernel())
    steady = {"period": str(PERIOD), "duty_cycle": str(PERIOD), "enable": "1", "polarity": "normal"}
    assert said() == steady
    pwm.drive(0.2667)
    assert said()["duty_cycle"] == "266700"
    pwm.drive(0.0)
    assert said()["duty_cycle"] == "0"
    pwm.close()
    assert said() == steady


def test_a_second_owner_of_a_channel_is_refused() -> None:
    pwm = SysfsPwm(PwmSettings(pwm_pin=19), WHERE, Kernel())
    with pytest.raises(DriverError, match=r"^evse\.2\.pilot: .*/pwm1 is driven by another part or program already\."):
        SysfsPwm(PwmSettings(pwm_pin=13), "evse.2.pilot", Kernel())
    pwm.close()


def test_a_channel_of_a_process_that_was_killed_runs_on_and_is_taken_over() -> None:
    code = (
        "import sys, time; sys.path[:0] = ['drivers']; from evse_drivers.pilots.kernel import Kernel; "
        "from evse_drivers.pilots.sysfs_pwm import PwmSettings, SysfsPwm; "
        "pwm = SysfsPwm(PwmSettings(pwm_pin=18), 'evse.1.pilot', Kernel()); pwm.drive(0.5); "
        "print('driven', flush=True); time.sleep(60)"
    )
    pilot = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert pilot.stdout is not None
    assert pilot.stdout.readline() == "driven\n"
    pilot.kill()
    pilot.wait()
    assert (said()["enable"], said()["duty_cycle"]) == ("1", "500000")
    SysfsPwm(PwmSettings(pwm_pin=18), WHERE, Kernel()).close()
    assert (said()["enable"], said()["duty_cycle"]) == ("1", str(PERIOD))


def test_a_pi_that_has_no_such_channel_is_told() -> None:
    with pytest.raises(DriverError) as caught:
        SysfsPwm(PwmSettings(pwm_pin=0, pwm_device="fe20c000.pwm", pwm_channel=7), WHERE, Kernel())
    assert str(caught.value).endswith("has no channel 7. Check pwm_channel.")
