"""The pilot's 1 kHz from a hardware PWM channel of the kernel (/sys/class/pwm).

The chip is found by its device, never by its number: on a Pi 5 it is pwmchip2 on kernel 6.6 and pwmchip0 on 6.12.
What is always there is the level, so that nothing is ever switched off: +12 V is 100 % of the time high, -12 V is 0 %.
A channel that runs already (the process before was killed) is taken over as it runs: disabling it would make it low,
which is -12 V on most boards. A channel that was left with its polarity inversed stays so, and is reckoned with.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass

from ..api import DriverError
from ..options import option
from .kernel import Kernel

PERIOD = 1_000_000  # ns: 1 kHz, IEC 61851-1 table A.2
UDEV = 2.0  # s: until udev has given the files of a channel just exported to the group that may write them

# Device of the PWM on a Pi's header: GPIO -> channel.
FOUR = {12: 0, 13: 1, 18: 0, 19: 1}
PINS = {
    "2020c000.pwm": FOUR,  # Pi Zero and 1
    "3f20c000.pwm": FOUR,  # Pi 2 and 3, Zero 2
    "fe20c000.pwm": FOUR,  # Pi 4
    "1f00098000.pwm": {12: 0, 13: 1, 18: 2, 19: 3},  # Pi 5
}
FUNCTION = {12: 4, 13: 4, 18: 2, 19: 2}  # of the pin, as dtoverlay=pwm wants it


@dataclass(frozen=True, kw_only=True)
class PwmSettings:
    """The options of every line that makes its PWM so."""

    pwm_pin: int = option(
        18,
        help="GPIO (BCM) of a Pi's header that puts out the PWM: 12 and 18 are channel 0, 13 and 19 channel 1; on a "
        "Pi 5 12, 13, 18, 19 are channels 0 to 3. 0: not a Pi's header, see pwm_device",
        choices=(0, 12, 13, 18, 19),
    )
    pwm_device: str = option(
        "", help='device of the PWM chip, as "ls -l /sys/class/pwm/*/device" shows it; "": that of the Pi\'s header'
    )
    pwm_channel: int = option(-1, help="channel of that chip; -1: that of pwm_pin", minimum=-1, maximum=63)
    inverted: bool = option(False, help="a high level of the pin is -12 V on the pilot")
    pwm_sysfs: str = option("/sys/class/pwm", help="where the kernel shows its PWM chips")

    def __post_init__(self) -> None:
        if self.pwm_pin == 0 and (self.pwm_channel < 0 or not self.pwm_device):
            raise DriverError("pwm_pin = 0 means no pin of a Pi's header: name pwm_device and pwm_channel then.")
        if self.pwm_pin and self.pwm_channel >= 0:
            raise DriverError("pwm_channel goes with pwm_pin on a Pi's header: set pwm_pin = 0, or leave it out.")

    def pwm_claims(self) -> tuple[str, ...]:
        """What it occupies."""
        return (f"GPIO {self.pwm_pin}",) if self.pwm_pin else (f"PWM {self.pwm_device} channel {self.pwm_channel}",)


class SysfsPwm:
    """One channel, at a steady +12 V as its first act and as its last. DriverError where it cannot be had."""

    def __init__(self, settings: PwmSettings, where: str, kernel: Kernel) -> None:
        self.where = where
        self._kernel = kernel
        chip, channel = _chip(settings, where, kernel)
        self._path = f"{chip}/pwm{channel}"
        self._fds: list[int] = []
        try:
            if not kernel.exists(self._path):
                self._export(chip, channel)
            self._period, self._duty, self._enable, polarity = (
                self._open(name) for name in ("period", "duty_cycle", "enable", "polarity")
            )
            self._lock()
            self._flipped = settings.inverted is (self._ask(polarity) != "inversed")
            self._start()
        except DriverError:
            self._give_back()
            raise

    def drive(self, duty: float | None) -> None:
        """As PilotLine.drive. The part of time at +12 V is `duty`, cut to whole ns: never above what was asked."""
        if duty is None:
            high = PERIOD
        elif 0.0 <= duty < 1.0:
            high = int(duty * PERIOD)
        else:
            raise DriverError(f"{self.where}: there is no duty cycle of {duty}; 0 to below 1 can be driven.")
        self._tell(self._duty, "duty_cycle", PERIOD - high if self._flipped else high)

    def close(self) -> None:
        """Steady +12 V, which stays when the process ends; the channel stays exported, or the kernel might stop it."""
        if self._fds:
            with contextlib.suppress(DriverError):  # it was said when it was driven; there is nothing to do any more
                self.drive(None)
        self._give_back()

    # --- at the start -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """1 kHz and a steady +12 V. The kernel refuses a duty cycle above the period at each moment."""
        told = self._ask(self._period)
        if not told.isdecimal():
            raise DriverError(f"{self.where}: {self._path}/period holds {told!r} and no number. Check pwm_sysfs.")
        period = int(told)
        if period > PERIOD:
            self.drive(None)
            self._tell(self._period, "period", PERIOD)
        else:
            if period < PERIOD:
                self._tell(self._period, "period", PERIOD)
            self.drive(None)
        if self._ask(self._enable) != "1":
            self._tell(self._enable, "enable", 1)

    def _export(self, chip: str, channel: int) -> None:
        kernel = self._kernel
        try:
            fd = kernel.open(f"{chip}/export", write=True, read=False)
            try:
                kernel.write(fd, str(channel))
            finally:
                kernel.close(fd)
        except OSError as error:
            if error.errno == errno.EBUSY and kernel.exists(self._path):
                return  # exported by somebody since we looked: the lock will tell whether he still has it
            raise DriverError(f"{self.where}: {_not_exported(chip, channel, error)}") from None

    def _open(self, name: str) -> int:
        kernel, path = self._kernel, f"{self._path}/{name}"
        until = kernel.clock() + UDEV
        while True:
            try:
                fd = kernel.open(path, write=name != "polarity")
                self._fds.append(fd)
                return fd
            except PermissionError:
                if kernel.clock() < until:
                    kernel.sleep(0.02)
                    continue
                raise DriverError(
                    f"{self.where}: this user may not write {path}. Add the user to the group gpio and start evsed "
                    "again; a udev rule gives the files of /sys/class/pwm to it."
                ) from None
            except OSError as error:
                raise DriverError(f"{self.where}: {path} cannot be opened: {error.strerror}.") from None

    def _lock(self) -> None:
        try:
            self._kernel.lock(self._duty)
        except OSError:
            raise DriverError(
                f"{self.where}: {self._path} is driven by another part or program already. Give each pilot line its "
                "own channel (on a Pi up to model 4 the pins 12 and 18 are the same one, and 13 and 19), or stop that "
                "program."
            ) from None

    # --- the files ----------------------------------------------------------------------------------------------------

    def _ask(self, fd: int) -> str:
        try:
            return self._kernel.read(fd)
        except OSError as error:
            raise DriverError(f"{self.where}: {self._path} cannot be read: {error.strerror}.") from None

    def _tell(self, fd: int, name: str, value: int) -> None:
        try:
            self._kernel.write(fd, str(value))
        except OSError as error:
            raise DriverError(
                f"{self.where}: the kernel does not take {value} for {self._path}/{name}: {error.strerror}. Does "
                "another program use this channel, or is its driver unloaded?"
            ) from None

    def _give_back(self) -> None:
        for fd in self._fds:
            self._kernel.close(fd)
        self._fds.clear()


def _chip(settings: PwmSettings, where: str, kernel: Kernel) -> tuple[str, int]:
    """Folder and channel. DriverError: there is no such chip."""
    root, wanted, pin = settings.pwm_sysfs, settings.pwm_device, settings.pwm_pin
    there = {}
    for name in kernel.list(root):
        folder = f"{root}/{name}"
        device = kernel.target(f"{folder}/device")
        there[device] = folder
        if wanted in (device, kernel.target(f"{folder}/device/of_node")) if wanted else device in PINS:
            channel = PINS[device][pin] if pin and device in PINS else settings.pwm_channel
            if channel < 0:
                raise DriverError(
                    f"{where}: {device} is not the PWM of a Pi's header, whose pins are known. Set pwm_pin = 0 and "
                    "name its pwm_channel."
                )
            return folder, channel
    what = f'no PWM device "{wanted}"' if wanted else "no PWM of a Pi's header"
    remedy = (
        f"Add dtoverlay=pwm,pin={pin},func={FUNCTION[pin]} to /boot/firmware/config.txt and start anew."
        if pin
        else "Check pwm_device and the kernel's driver."
    )
    raise DriverError(f"{where}: there is {what} in {root}, only: {', '.join(sorted(there)) or 'nothing'}. {remedy}")


def _not_exported(chip: str, channel: int, error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return (
            f"channel {channel} of {chip} is used by the kernel (sound, fan, light). Take that out of "
            "/boot/firmware/config.txt, or use another pin."
        )
    if error.errno in (errno.ENODEV, errno.EINVAL):
        return f"{chip} has no channel {channel}. Check pwm_channel."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not write {chip}/export. Add the user to the group gpio and start evsed again."
    return f"channel {channel} of {chip} cannot be exported: {error.strerror}."
