"""Keyboards in a folder that stands for /dev/input: pipes, with the answers that the kernel gives to ioctl on them."""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

# The size of a long on this machine, as the kernel lays struct input_event out for its processes.
LONG = 8 if sys.maxsize > 2**32 else 4
CODES = {
    "1": 2, "2": 3, "3": 4, "4": 5, "5": 6, "6": 7, "7": 8, "8": 9, "9": 10, "0": 11, "\t": 15, "\n": 28,
    "a": 30, "b": 48, "c": 46, "d": 32, "e": 18, "f": 33, "z": 44,
}  # fmt: skip


def event(kind: int, code: int, value: int) -> bytes:
    return bytes(2 * LONG) + struct.pack("=HHi", kind, code, value)


@dataclass
class Keyboard:
    """Plugged in at `name`; `held` is who has grabbed it before."""

    folder: Path
    name: str
    vendor: int
    product: int
    label: str = "Sycreader USB Reader"
    types: bool = True
    held: bool = False
    grabs: int = 0
    fd: int = -1
    inode: int = field(default=0, repr=False)

    def plug_in(self) -> None:
        os.mkfifo(self.folder / self.name)
        self.fd = os.open(self.folder / self.name, os.O_RDWR | os.O_NONBLOCK)
        self.inode = os.fstat(self.fd).st_ino

    def unplug(self) -> None:
        (self.folder / self.name).unlink()
        os.close(self.fd)
        self.fd = -1

    def strike(self, code: int, shift: bool = False) -> bytes:
        pressed = event(4, 4, 0x70000 + code) + event(1, code, 1) + event(0, 0, 0)
        released = event(1, code, 2) + event(1, code, 0) + event(0, 0, 0)
        around = (event(1, 42, 1), event(1, 42, 0)) if shift else (b"", b"")
        return around[0] + pressed + released + around[1]

    def type(self, text: str) -> None:
        os.write(self.fd, b"".join(self.strike(CODES[key.lower()], key.isupper()) for key in text))


class Kernel:
    """`ioctl` of the keyboards that are plugged in. The request numbers are made as linux/ioctl.h makes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keyboards: list[Keyboard] = []

    def plug_in(self, name: str, vendor: int = 0xFFFF, product: int = 0x0035, **its: object) -> Keyboard:
        keyboard = Keyboard(self.folder, name, vendor, product, **its)  # type: ignore[arg-type]
        keyboard.plug_in()
        self.keyboards.append(keyboard)
        return keyboard

    def ioctl(self, fd: int, request: int, argument: object) -> object:
        inode = os.fstat(fd).st_ino
        its = next(keyboard for keyboard in self.keyboards if keyboard.inode == inode)
        direction, size, group, number = request >> 30, request >> 16 & 0x3FFF, request >> 8 & 0xFF, request & 0xFF
        assert group == ord("E")
        if (direction, number) == (1, 0x90):
            assert size == 4
            assert argument == 1
            if its.held:
                raise OSError(errno.EBUSY, "Device or resource busy")
            its.grabs += 1
            return 0
        assert direction == 2
        assert isinstance(argument, bytes)
        assert len(argument) == size
        answers = {
            0x02: struct.pack("=4H", 3, its.vendor, its.product, 0x0110),
            0x06: its.label.encode() + b"\0",
            0x21: bytes([0xFC, 0xFF, 0xFF, 0xFF] + [0xFF] * 12) if its.types else b"\0" * 14 + b"\x1c",
        }
        return answers[number].ljust(size, b"\0")
