"""The pilot's PWM against a kernel that keeps the rules of /sys/class/pwm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError
from evse_drivers.pilots.kernel import Kernel
from evse_drivers.pilots.sysfs_pwm import PwmSettings, SysfsPwm
from kernel_peer import Channel, PeerKernel

PI4, PI5 = "fe20c000.pwm", "1f00098000.pwm"


def pwm(kernel: PeerKernel, **options: Any) -> SysfsPwm:
    return SysfsPwm(PwmSettings(**options), "evse.1.pilot", kernel)  # type: ignore[arg-type]


def pi(device: str = PI4, number: int = 0, channels: int = 2) -> tuple[PeerKernel, list[Channel]]:
    kernel = PeerKernel()
    return kernel, kernel.chip(number, device, channels)


def refused(kernel: PeerKernel, **options: Any) -> str:
    with pytest.raises(DriverError) as caught:
        pwm(kernel, **options)
    assert kernel.fds == {}
    return str(caught.value)


@pytest.mark.parametrize(
    ("device", "pin", "channel"),
    [
        (PI4, 12, 0), (PI4, 18, 0), (PI4, 13, 1), (PI4, 19, 1), ("3f20c000.pwm", 19, 1),
        (PI5, 12, 0), (PI5, 13, 1), (PI5, 18, 2), (PI5, 19, 3),
    ],
)  # fmt: skip
def test_a_pin_of_the_header_is_its_channel(device: str, pin: int, channel: int) -> None:
    kernel, channels = pi(device, channels=4)
    pwm(kernel, pwm_pin=pin).drive(0.5)
    assert [c.pin() for c in channels] == [0.5 if n == channel else 0.0 for n in range(4)]


def test_the_chip_is_found_by_its_device_whatever_its_number() -> None:
    kernel = PeerKernel()
    fan = kernel.chip(0, "1f0009c000.pwm", 4)
    channels = kernel.chip(2, PI5, 4)
    pwm(kernel, pwm_pin=18)
    assert channels[2].pin() == 1.0
    assert not any(channel.exported for channel in fan)


def test_a_chip_of_another_board_is_named_by_its_device_or_its_node() -> None:
    for name in ("30660000.pwm", "pwm@30660000"):
        kernel, channels = pi("30660000.pwm")
        kernel.trees["30660000.pwm"] = "pwm@30660000"
        pwm(kernel, pwm_pin=0, pwm_device=name, pwm_channel=1)
        assert channels[1].pin() == 1.0


def test_the_first_act_is_a_steady_12_volts_and_so_is_the_last() -> None:
    kernel, (channel, _) = pi()
    line = pwm(kernel)
    assert channel.writes == [("period", 1_000_000), ("duty_cycle", 1_000_000), ("enable", 1)]
    line.drive(0.1)
    line.close()
    assert (channel.pin(), channel.enabled, channel.exported, kernel.fds) == (1.0, 1, True, {})
    line.close()


@pytest.mark.parametrize(("duty", "part"), [(None, 1.0), (0.0, 0.0), (0.1, 0.1), (0.53, 0.53), (0.96, 0.96)])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("polarity", ["normal", "inversed"])
def test_a_duty_cycle_is_the_part_of_time_at_12_volts(
    duty: float | None, part: float, inverted: bool, polarity: str
) -> None:
    kernel, (channel, _) = pi()
    channel.polarity = polarity
    pwm(kernel, inverted=inverted).drive(duty)
    assert channel.pin() == pytest.approx(1.0 - part if inverted else part, abs=1e-9)


@pytest.mark.parametrize("inverted", [False, True])
def test_no_duty_cycle_is_above_what_was_asked(inverted: bool) -> None:
    kernel, (channel, _) = pi()
    line = pwm(kernel, inverted=inverted)
    for amps in range(60, 511):
        duty = amps / 10 / 60
        line.drive(duty)
        high = channel.period - channel.duty if inverted else channel.duty
        assert duty - 1.1e-6 < high / 1_000_000 <= duty + 1e-12


@pytest.mark.parametrize("duty", [1.0, -0.1, float("nan")])
def test_what_is_no_duty_cycle_is_not_put_out(duty: float) -> None:
    kernel, (channel, _) = pi()
    line = pwm(kernel)
    with pytest.raises(DriverError) as caught:
        line.drive(duty)
    assert str(caught.value) == f"evse.1.pilot: there is no duty cycle of {duty}; 0 to below 1 can be driven."
    assert channel.pin() == 1.0


def test_a_channel_that_runs_already_is_taken_over_without_ever_being_low() -> None:
    kernel, (channel, _) = pi()
    first = pwm(kernel)
    first.drive(0.53)
    for fd in list(kernel.fds):  # its process is killed
        kernel.close(fd)
    channel.writes.clear()
    channel.levels.clear()
    pwm(kernel)
    assert channel.writes == [("duty_cycle", 1_000_000)]
    assert channel.levels == [1.0]


@pytest.mark.parametrize(("period", "duty"), [(20_000_000, 15_000_000), (20_000_000, 100), (500_000, 500_000)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_wrong_period_is_corrected_in_an_order_that_the_kernel_takes(period: int, duty: int, inverted: bool) -> None:
    kernel, (channel, _) = pi()
    channel.exported, channel.period, channel.duty, channel.enabled = True, period, duty, 1
    pwm(kernel, inverted=inverted)
    assert (channel.period, channel.enabled, channel.pin()) == (1_000_000, 1, 0.0 if inverted else 1.0)
    assert "enable" not in [name for name, _ in channel.writes]


def test_files_that_udev_has_not_yet_given_to_the_group_are_waited_for() -> None:
    kernel, (channel, _) = pi()
    kernel.forbidden_until["/sys/class/pwm/pwmchip0/pwm0"] = kernel.clock() + 0.4
    pwm(kernel)
    assert channel.pin() == 1.0


def test_two_parts_cannot_drive_one_channel() -> None:
    kernel, _ = pi()
    pwm(kernel, pwm_pin=12)
    with pytest.raises(DriverError) as caught:
        pwm(kernel, pwm_pin=18)
    assert str(caught.value) == (
        "evse.1.pilot: /sys/class/pwm/pwmchip0/pwm0 is driven by another part or program already. Give each pilot line "
        "its own channel (on a Pi up to model 4 the pins 12 and 18 are the same one, and 13 and 19), or stop that "
        "program."
    )


def test_what_is_missing_is_told() -> None:
    kernel = PeerKernel()
    assert refused(kernel, pwm_pin=12) == (
        "evse.1.pilot: there is no PWM of a Pi's header in /sys/class/pwm, only: nothing. Add "
        "dtoverlay=pwm,pin=12,func=4 to /boot/firmware/config.txt and start anew."
    )
    kernel.chip(3, "backlight.pwm", 1)
    assert refused(kernel, pwm_pin=0, pwm_device="x.pwm", pwm_channel=0) == (
        'evse.1.pilot: there is no PWM device "x.pwm" in /sys/class/pwm, only: backlight.pwm. Check pwm_device and the '
        "kernel's driver."
    )
    assert refused(kernel, pwm_device="backlight.pwm") == (
        "evse.1.pilot: backlight.pwm is not the PWM of a Pi's header, whose pins are known. Set pwm_pin = 0 and name "
        "its pwm_channel."
    )
    assert refused(kernel, pwm_pin=0, pwm_device="backlight.pwm", pwm_channel=1) == (
        "evse.1.pilot: /sys/class/pwm/pwmchip3 has no channel 1. Check pwm_channel."
    )


def test_a_channel_that_the_kernel_uses_itself_is_told() -> None:
    kernel, (channel, _) = pi()
    channel.used = True
    assert refused(kernel) == (
        "evse.1.pilot: channel 0 of /sys/class/pwm/pwmchip0 is used by the kernel (sound, fan, light). Take that out "
        "of /boot/firmware/config.txt, or use another pin."
    )


def test_files_that_stay_forbidden_are_told() -> None:
    kernel, _ = pi()
    kernel.forbidden_until["/sys/class/pwm/pwmchip0/export"] = kernel.clock() + 1e9
    assert refused(kernel) == (
        "evse.1.pilot: this user may not write /sys/class/pwm/pwmchip0/export. Add the user to the group gpio and "
        "start evsed again."
    )
    kernel.forbidden_until = {"/sys/class/pwm/pwmchip0/pwm0": kernel.clock() + 1e9}
    assert refused(kernel) == (
        "evse.1.pilot: this user may not write /sys/class/pwm/pwmchip0/pwm0/period. Add the user to the group gpio and "
        "start evsed again; a udev rule gives the files of /sys/class/pwm to it."
    )


def test_a_period_that_is_no_number_is_told() -> None:
    kernel, (channel, _) = pi()
    channel.period = "fast"  # type: ignore[assignment]
    assert refused(kernel) == (
        "evse.1.pilot: /sys/class/pwm/pwmchip0/pwm0/period holds 'fast' and no number. Check pwm_sysfs."
    )


def test_a_kernel_that_refuses_later_is_an_error_of_the_drive() -> None:
    kernel, (channel, _) = pi()
    line = pwm(kernel)
    channel.refuses.add("duty_cycle")
    with pytest.raises(DriverError) as caught:
        line.drive(0.5)
    assert str(caught.value) == (
        "evse.1.pilot: the kernel does not take 500000 for /sys/class/pwm/pwmchip0/pwm0/duty_cycle: Invalid argument. "
        "Does another program use this channel, or is its driver unloaded?"
    )
    line.close()
    assert kernel.fds == {}


def test_the_real_files_are_found_written_and_locked(tmp_path: Path) -> None:
    """A tree that looks like a Pi 5's; plain files take everything."""
    device = tmp_path / "devices/platform/axi/1000120000.pcie/1f00098000.pwm"
    channel = device / "pwm/pwmchip2/pwm2"
    channel.mkdir(parents=True)
    (device / "pwm/pwmchip2/device").symlink_to(device)
    for name, text in {
        "period": "1000000\n",
        "duty_cycle": "530000\n",
        "enable": "1\n",
        "polarity": "normal\n",
    }.items():
        (channel / name).write_text(text)
    root = tmp_path / "class/pwm"
    root.mkdir(parents=True)
    (root / "pwmchip2").symlink_to(device / "pwm/pwmchip2")
    settings = PwmSettings(pwm_pin=18, pwm_sysfs=str(root))
    line = SysfsPwm(settings, "evse.1.pilot", Kernel())
    assert (channel / "duty_cycle").read_text().startswith("1000000")
    with pytest.raises(DriverError, match="driven by another part"):
        SysfsPwm(settings, "evse.2.pilot", Kernel())
    before = len(os.listdir("/proc/self/fd"))
    line.close()
    assert len(os.listdir("/proc/self/fd")) == before - 4
    SysfsPwm(settings, "evse.1.pilot", Kernel()).close()
