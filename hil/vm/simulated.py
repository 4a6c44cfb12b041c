"""The simulated hardware of this kernel: a GPIO chip (gpio-sim), I2C adapters by their names, a keyboard (uinput)."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path
from typing import ClassVar

CONFIG = Path("/sys/kernel/config/gpio-sim")
LINES = 54  # of the BCM2835


class Chip:
    """A gpio-sim chip with the lines of a Pi's; `gpiochip0` if it is the first one."""

    def __init__(self, name: str = "pi") -> None:
        self.config = CONFIG / name
        bank = self.config / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text("pinctrl-bcm2711")
        (self.config / "live").write_text("1")
        device = (self.config / "dev_name").read_text().strip()
        self.name = (bank / "chip_name").read_text().strip()
        self.lines = Path("/sys/devices/platform") / device / self.name

    def level(self, line: int) -> int:
        """What that line shows now, driven or pulled."""
        return int((self.lines / f"sim_gpio{line}" / "value").read_text())

    def pull(self, line: int, up: bool) -> None:
        """What the outside does with an input."""
        (self.lines / f"sim_gpio{line}" / "pull").write_text("pull-up" if up else "pull-down")


def adapter(name: str) -> str:
    """The file of the I2C adapter of that name."""
    for folder in Path("/sys/class/i2c-dev").iterdir():
        if (folder / "name").read_text().startswith(name):
            return f"/dev/{folder.name}"
    raise LookupError(name)


class Keyboard:
    """A USB keyboard without USB (uinput): what it types comes out of /dev/input/event*."""

    # Numbers of linux/uinput.h and linux/input-event-codes.h.
    SET_EVENTS, SET_KEYS, SETUP, CREATE, DESTROY = 0x40045564, 0x40045565, 0x405C5503, 0x5501, 0x5502
    SYN, KEY, USB = 0, 1, 3
    CODES: ClassVar = {**{digit: code for code, digit in enumerate("1234567890", 2)}, "\n": 28}

    def __init__(self, vendor: int, product: int) -> None:
        self.fd = os.open("/dev/uinput", os.O_WRONLY)
        for event in (self.SYN, self.KEY):
            fcntl.ioctl(self.fd, self.SET_EVENTS, event)
        for code in self.CODES.values():
            fcntl.ioctl(self.fd, self.SET_KEYS, code)
        fcntl.ioctl(self.fd, self.SETUP, struct.pack("4H80sI", self.USB, vendor, product, 1, b"card reader", 0))
        fcntl.ioctl(self.fd, self.CREATE)
        time.sleep(0.3)  # until its file is there

    def type(self, text: str) -> None:
        """Each key down and up."""
        for letter in text:
            for value in (1, 0):
                self._event(self.KEY, self.CODES[letter], value)
                self._event(self.SYN, 0, 0)

    def unplug(self) -> None:
        fcntl.ioctl(self.fd, self.DESTROY)
        os.close(self.fd)

    def _event(self, kind: int, code: int, value: int) -> None:
        os.write(self.fd, struct.pack("llHHi", 0, 0, kind, code, value))
