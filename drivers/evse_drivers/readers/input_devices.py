"""USB keyboards in /dev/input: found by vendor and product, taken for ourselves alone, and read."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..api import DriverError
from .hid_keys import ENDS

# linux/input.h
GET_ID = 0x80084502  # EVIOCGID: four u16, bus type, vendor, product, version
GET_NAME = 0x81004506  # EVIOCGNAME(256)
GET_KEYS = 0x80604521  # EVIOCGBIT(EV_KEY, 96): which keys it has, a bit each
GRAB = 0x40044590  # EVIOCGRAB: what it types reaches nobody else; otherwise it would reach the console's login

DIGITS = range(2, 12)  # KEY_1 to KEY_0
Ioctl = Callable[[int, int, Any], Any]  # fcntl.ioctl
GROUP = "Add the user to the group input and start evsed again."


@dataclass(frozen=True, slots=True)
class Device:
    """One file of /dev/input that types digits and ENTER."""

    path: str
    usb: str  # "ffff:0035"
    name: str


class InputDevices:
    """`folder` and `ioctl` are those of the machine; a test brings its own."""

    def __init__(self, folder: str = "/dev/input", ioctl: Ioctl = fcntl.ioctl) -> None:
        self.folder, self._ioctl = folder, ioctl

    def find(self, usb: str, path: str, where: str) -> Device:
        """The keyboard with that vendor and product, the one at `path` ("": any). DriverError: none, or several."""
        denied: list[str] = []
        keyboards = list(self._keyboards(denied))
        found = [its for its in keyboards if its.usb == usb]
        if path:
            real = os.path.realpath(path)
            found = [its for its in found if os.path.realpath(its.path) == real]
        if len(found) == 1:
            return found[0]
        if found:
            raise DriverError(
                f"{where}: {len(found)} keyboards are {usb}: {_listed(found)}. Name the reader's own file in `path`, "
                f"best one of {self.folder}/by-path, which stays with the USB socket."
            )
        if denied:
            raise DriverError(f"{where}: this user may not open {', '.join(denied)}. {GROUP}")
        at = f" at {path}" if path else ""
        there = f"There are: {_listed(keyboards)}" if keyboards else "No keyboard is plugged in"
        raise DriverError(
            f"{where}: there is no keyboard {usb}{at}. {there}. Plug the reader in, or name its vendor and product "
            '("lsusb" shows them) in `usb`.'
        )

    def grab(self, device: Device, where: str) -> int:
        """The file descriptor of the device, opened, non-blocking and ours alone. DriverError."""
        try:
            fd = os.open(device.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DriverError(f"{where}: {device.path} cannot be opened: {error.strerror}. {GROUP}") from None
        try:
            self._ioctl(fd, GRAB, 1)
        except OSError as error:
            os.close(fd)
            if error.errno == errno.EBUSY:
                raise DriverError(
                    f"{where}: {device.path} ({device.name}) is held by another program. Stop that program."
                ) from None
            raise DriverError(f"{where}: {device.path} cannot be had alone: {error.strerror}.") from None
        return fd

    def _keyboards(self, denied: list[str]) -> Iterator[Device]:
        try:
            names = os.listdir(self.folder)
        except OSError:
            return
        for name in sorted(names):
            if not name.startswith("event"):
                continue
            path = os.path.join(self.folder, name)
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except PermissionError:
                denied.append(path)
                continue
            except OSError:  # gone since it was listed
                continue
            try:
                device = self._asked(fd, path)
            except OSError:
                continue
            finally:
                os.close(fd)
            if device is not None:
                yield device

    def _asked(self, fd: int, path: str) -> Device | None:
        """What it says of itself; None where it types no digits, as the other half of many readers."""
        keys: bytes = self._ioctl(fd, GET_KEYS, bytes(96))
        if not all(keys[code // 8] >> code % 8 & 1 for code in (*DIGITS, ENDS[0])):
            return None
        its: bytes = self._ioctl(fd, GET_ID, bytes(8))
        name: bytes = self._ioctl(fd, GET_NAME, bytes(256))
        _, vendor, product, _ = struct.unpack("=4H", its)
        return Device(path, f"{vendor:04x}:{product:04x}", name.split(b"\0")[0].decode("utf-8", "replace"))


def _listed(devices: list[Device]) -> str:
    return ", ".join(f"{its.usb} {its.name} ({its.path})" for its in devices)
