"""A kernel with PWM chips and converters in /sys, on a virtual clock, with the rules that the real one keeps.

PWM (Documentation/driver-api/pwm.rst and drivers/pwm): a channel's files are there once it was exported; EBUSY for one
that is exported or used by the kernel, ENODEV beyond the last; EINVAL for a duty cycle above the period and for a
period of 0; a channel that is not enabled is low. IIO: a read of in_voltageN_raw takes a conversion.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from pilot_circuit import Clock


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Channel:
    """One PWM channel. `levels` are what its pin was made to do, in order: part of high time."""

    def __init__(self) -> None:
        self.period = self.duty = self.enabled = 0
        self.polarity = "normal"
        self.exported = self.used = False
        self.levels: list[float] = []
        self.writes: list[tuple[str, int]] = []
        self.holder: int | None = None
        self.refuses: set[str] = set()

    def pin(self) -> float:
        if not self.enabled:
            return 0.0
        part = self.duty / self.period
        return 1.0 - part if self.polarity == "inversed" else part

    def store(self, name: str, value: int) -> None:
        period, duty, enabled = self.period, self.duty, self.enabled
        if name in self.refuses:
            raise refused(errno.EINVAL)
        if name == "period":
            period = value
        elif name == "duty_cycle":
            duty = value
        elif name == "enable":
            enabled = value
        if value < 0 or period == 0 or duty > period or enabled not in (0, 1):
            raise refused(errno.EINVAL)
        self.period, self.duty, self.enabled = period, duty, enabled
        self.writes.append((name, value))
        self.levels.append(self.pin())

    def show(self, name: str) -> str:
        return str(
            {"period": self.period, "duty_cycle": self.duty, "enable": self.enabled, "polarity": self.polarity}[name]
        )


class PeerKernel:
    """What `evse_drivers.pilots.kernel.Kernel` does, for a machine made of numbers."""

    PWM, IIO = "/sys/class/pwm", "/sys/bus/iio/devices"

    def __init__(self, clock: Clock | None = None) -> None:
        self.time = clock or Clock()
        self.sleep = self.time.sleep
        self.chips: dict[str, tuple[str, list[Channel]]] = {}  # "pwmchip0": device, channels
        self.trees: dict[str, str] = {}  # device: last name of its of_node
        self.texts: dict[str, str] = {}  # files that hold still
        self.analog: dict[str, Callable[[], int]] = {}  # files that measure
        self.reading = 0.00003  # s that such a file takes
        self.forbidden_until: dict[str, float] = {}  # path begins with: udev has not been there before
        self.fds: dict[int, str] = {}
        self.next_fd = 100

    def chip(self, number: int, device: str, channels: int) -> list[Channel]:
        self.chips[f"pwmchip{number}"] = device, [Channel() for _ in range(channels)]
        return self.chips[f"pwmchip{number}"][1]

    def converter(self, number: int, name: str, millivolts: float, **inputs: Callable[[], float]) -> str:
        """An IIO device whose in_voltageN gives what `vN` says, V, in steps of `millivolts`."""
        folder = f"{self.IIO}/iio:device{number}"
        self.texts[f"{folder}/name"] = name + "\n"
        self.texts[f"{folder}/in_voltage_scale"] = f"{millivolts:.9f}\n"
        for key, volts in inputs.items():
            self.analog[f"{folder}/in_voltage{key[1:]}_raw"] = lambda volts=volts: round(volts() * 1000 / millivolts)
        return folder

    def clock(self) -> float:
        """Asking takes time too, or one who waits for an instant would wait for ever."""
        self.time.pass_by(5e-7)
        return self.time.now

    # --- what the drivers call ----------------------------------------------------------------------------------------

    def list(self, folder: str) -> list[str]:
        if folder == self.PWM:
            return sorted(self.chips)
        paths = {*self.texts, *self.analog}
        return sorted({path[len(folder) + 1 :].split("/")[0] for path in paths if path.startswith(folder + "/")})

    def exists(self, path: str) -> bool:
        if path.startswith(self.PWM):
            parts = path[len(self.PWM) + 1 :].split("/")
            channel = self._channel(parts)
            return parts[0] in self.chips and (channel is None or channel.exported)
        return path in self.texts or path in self.analog

    def target(self, path: str) -> str:
        chip, *rest = path[len(self.PWM) + 1 :].split("/")
        device = self.chips[chip][0]
        return device if rest == ["device"] else self.trees.get(device, "")

    def open(self, path: str, write: bool = False, read: bool = True) -> int:
        if not self.exists(path):
            raise refused(errno.ENOENT)
        if read and path.endswith("/export"):  # mode 0200; kernfs refuses even root
            raise refused(errno.EACCES)
        for start, until in self.forbidden_until.items():
            if path.startswith(start) and self.clock() < until and write:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self.next_fd += 1
        self.fds[self.next_fd] = path
        return self.next_fd

    def read(self, fd: int) -> str:
        path = self.fds[fd]
        if path in self.analog:
            value = self.analog[path]()
            self.time.pass_by(self.reading)
            return str(value)
        if path in self.texts:
            return self.texts[path].strip()
        *folders, name = path[len(self.PWM) + 1 :].split("/")
        channel = self._channel(folders)
        assert channel is not None
        return channel.show(name)

    def write(self, fd: int, text: str) -> None:
        path = self.fds[fd]
        if path in self.texts:
            self.texts[path] = text
            return
        *folders, name = path[len(self.PWM) + 1 :].split("/")
        channel = self._channel(folders)
        if channel is not None:
            channel.store(name, int(text))
            return
        assert name == "export"
        channels = self.chips[folders[0]][1]
        if int(text) >= len(channels):
            raise refused(errno.ENODEV)
        if channels[int(text)].exported or channels[int(text)].used:
            raise refused(errno.EBUSY)
        channels[int(text)].exported = True

    def lock(self, fd: int) -> None:
        channel = self._channel(self.fds[fd][len(self.PWM) + 1 :].split("/")[:-1])
        assert channel is not None
        if channel.holder is not None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        channel.holder = fd

    def close(self, fd: int) -> None:
        del self.fds[fd]
        for _, channels in self.chips.values():
            for channel in channels:
                if channel.holder == fd:
                    channel.holder = None

    def _channel(self, parts: list[str]) -> Channel | None:
        if len(parts) < 2 or not parts[1].startswith("pwm"):
            return None
        channels, number = self.chips[parts[0]][1], int(parts[1][3:])
        return channels[number] if number < len(channels) else Channel()
