"""One device on an SPI bus of the kernel (/dev/spidevB.C), by ioctl: there is nothing to install."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import struct

from .api import DriverError

# linux/spi/spidev.h
WRITE_MODE = 0x40016B01
WRITE_BITS = 0x40016B03
WRITE_HERTZ = 0x40046B04
MESSAGE = 0x40206B00  # one struct spi_ioc_transfer
TRANSFER = struct.Struct("=QQIIHBBBBBB")
LONGEST = 4096  # bytes in one transfer, the kernel's own limit (bufsiz)


class Spi:
    """The open device. Its chip select is low during each transfer. Whatever fails is a DriverError.

    Blocks for the time of the transfer (8 us a byte at 1 MHz), and allocates no more than its answer.
    """

    __slots__ = ("_fd", "_in", "_out", "_path", "_request", "_where")

    def __init__(self, path: str, hertz: int, mode: int, where: str) -> None:
        """`mode` 0 to 3: clock polarity and phase, as in the device's paper."""
        self._path, self._where = path, where
        self._in, self._out = array.array("B", bytes(LONGEST)), array.array("B", bytes(LONGEST))
        self._request = bytearray(TRANSFER.size)
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise DriverError(f"{where}: {_not_open(path, error)}") from None
        try:
            fcntl.ioctl(self._fd, WRITE_MODE, struct.pack("B", mode))
            fcntl.ioctl(self._fd, WRITE_BITS, struct.pack("B", 8))
            fcntl.ioctl(self._fd, WRITE_HERTZ, struct.pack("=I", hertz))
        except OSError as error:
            os.close(self._fd)
            raise DriverError(
                f"{where}: {path} is not set to {hertz} Hz, mode {mode}: {error.strerror}. Is it one of /dev/spidev*?"
            ) from None

    def close(self) -> None:
        """Give the device back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def transfer(self, data: bytes) -> bytes:
        """What came in while `data` (1 to 4096 bytes) went out, as many bytes."""
        count = len(data)
        if self._fd < 0:
            raise DriverError(f"{self._where}: {self._path} is closed.")
        if not 1 <= count <= LONGEST:
            raise DriverError(
                f"{self._where}: {count} bytes cannot be one transfer on {self._path}; 1 to {LONGEST} can."
            )
        out, heard = memoryview(self._out), memoryview(self._in)
        out[:count] = data
        TRANSFER.pack_into(
            self._request, 0, self._out.buffer_info()[0], self._in.buffer_info()[0], count, 0, 0, 8, 0, 0, 0, 0, 0
        )
        try:
            fcntl.ioctl(self._fd, MESSAGE, self._request, True)
        except OSError as error:
            raise DriverError(
                f"{self._where}: the transfer on {self._path} failed: {error.strerror}. Check that SPI is enabled and "
                "that no other driver uses it."
            ) from None
        return heard[:count].tobytes()


def check(path: str, where: str) -> None:
    """Open it for a moment; DriverError when it is missing or forbidden."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise DriverError(f"{where}: {_not_open(path, error)}") from None


def name(path: str) -> str:
    """/dev/spidev0.1 as "SPI 0.1", for what a driver claims."""
    return f"SPI {os.path.basename(path).removeprefix('spidev')}"


def _not_open(path: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return (
            f'there is no SPI device {path}. Enable SPI ("raspi-config", Interface Options, or dtparam=spi=on in '
            'config.txt) and start anew; "ls /dev/spidev*" shows what there is.'
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not open {path}. Add the user to the group spi and start evsed again."
    return f"{path} cannot be opened as an SPI device: {error.strerror}. Is it one of /dev/spidev*?"
