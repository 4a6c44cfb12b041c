"""Stands in for smbus2 0.6 where tests put its folder on the path: its types, its rules, and devices made of Python.

What the library and the kernel do with what is given (read in smbus2.py and i2c-dev.rst): a bus is a number or a path;
a message's bytes are copied when it is made; `write` takes a list, bytes or str; a transfer of no message, of more
than 42, or of more than 8192 bytes is EINVAL; an address nobody acknowledges is ENXIO or EREMOTEIO.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

# What tests set: address: device(written bytes or None, count) -> bytes; an OSError number in its place is raised.
devices: dict[int, Callable[[bytes | None, int], bytes] | int] = {}
funcs = 0x0EFF0009
log: list[tuple[int, ...]] = []  # (address, bytes written or -count read ...) of each transfer


class i2c_msg:
    def __init__(self, addr: int, reads: bool, buf: bytes) -> None:
        if not 0 <= addr <= 0xFFFF:
            raise ValueError("address")
        self.addr, self.reads, self.buf = addr, reads, bytearray(buf)

    @staticmethod
    def read(address: int, length: int) -> i2c_msg:
        if not isinstance(length, int):
            raise TypeError(length)
        if length < 0:
            raise ValueError("Array length must be >= 0")
        return i2c_msg(address, True, bytes(length))

    @staticmethod
    def write(address: int, buf: bytes | list[int] | str) -> i2c_msg:
        return i2c_msg(address, False, bytes(map(ord, buf)) if isinstance(buf, str) else bytes(buf))

    def __len__(self) -> int:
        return len(self.buf)

    def __iter__(self) -> Iterator[int]:
        return iter(self.buf)

    def __bytes__(self) -> bytes:
        return bytes(self.buf)


class SMBus:
    def __init__(self, bus: int | str | None = None, force: bool = False) -> None:
        self.fd: int | None = None
        if bus is not None:
            self.open(bus)

    def open(self, bus: int | str) -> None:
        if not isinstance(bus, (int, str)):
            raise TypeError(f"Unexpected type(bus)={type(bus)}")
        self.fd = os.open(f"/dev/i2c-{bus}" if isinstance(bus, int) else bus, os.O_RDWR)
        self.funcs = funcs

    def close(self) -> None:
        if self.fd:
            os.close(self.fd)
            self.fd = None

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        assert all(type(message) is i2c_msg for message in messages)
        if self.fd is None:
            raise TypeError("an integer is required")
        if not 1 <= len(messages) <= 42 or any(not 1 <= len(message) <= 8192 for message in messages):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        written = None
        for message in messages:
            device = devices.get(message.addr, errno.EREMOTEIO)
            if isinstance(device, int):
                raise OSError(device, os.strerror(device))
            log.append((message.addr, -len(message) if message.reads else len(message)))
            if message.reads:
                answer = device(written, len(message))
                assert len(answer) == len(message)
                message.buf[:] = answer
            else:
                written = bytes(message)
                device(written, 0)
