"""An I2C adapter of the kernel (/dev/i2c-N), shared by the devices of one process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..api import DriverError
from ..options import option

if TYPE_CHECKING:
    from smbus2 import SMBus

I2C_TIMEOUT = 0x0702  # ioctl of linux/i2c-dev.h, in units of 10 ms
PLAIN = 0x00000001  # I2C_FUNC_I2C: the adapter does transfers as they are given, with a repeated start

SILENT = (errno.ENXIO, errno.EREMOTEIO)  # no acknowledge; adapters differ in which of the two they say
LATE = (errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY)
WIRES = "check its power and the wires SDA, SCL and GND, and that two resistors pull SDA and SCL up"


class I2cBus:
    """Transfers that are whole or a DriverError. They block: on a Pi for some 0.1 ms a byte at 100 kHz.

    The kernel gives the adapter to one transfer after the other, so two processes may have it open; but a device that
    stretches the clock keeps all of them waiting. An adapter that is not there is a DriverError of the constructor.
    """

    @dataclass(frozen=True, slots=True)
    class Settings:
        adapter: str = option("/dev/i2c-1", help="the adapter's file; of the header pins 3 and 5 of a Pi /dev/i2c-1")
        timeout_ms: int = option(
            200,
            help="when a transfer is given up that a device holds; whole 10 ms. A frame of a card reader at 10 kHz "
            "takes up to 80; a pilot line lowers it to 20",
            unit="ms",
            minimum=10,
            maximum=1000,
        )

    def __init__(self, settings: Settings, where: str) -> None:
        self.settings = settings
        self.where = where
        _look(settings.adapter, where)
        try:
            # Here and not above: the settings are checked where no I2C is.
            from smbus2 import SMBus, i2c_msg
        except ImportError as error:
            raise DriverError(
                f"{where}: the package smbus2 is needed and cannot be imported: {error}. Install it (pip install "
                "smbus2)."
            ) from None
        self._message: Any = i2c_msg
        try:
            self._bus: SMBus | None = SMBus(settings.adapter)
        except OSError as error:
            raise DriverError(_not_open(settings.adapter, where, error)) from None
        if not self._bus.funcs & PLAIN:
            self.close()
            raise DriverError(
                f"{where}: the adapter {settings.adapter} does SMBus commands only and no plain I2C transfers. Use "
                "another adapter."
            )
        self.limit(settings.timeout_ms)

    def limit(self, milliseconds: int) -> None:
        """From now on a transfer is given up after that time; whole 10 ms. For all devices of the adapter, also those
        of other processes: a device that may not wait for the others says so, and should have the adapter alone."""
        # The adapter's own is 1 s. What is none of i2c-dev keeps it; the guard of the pilot does not depend on it.
        if self._bus is not None and self._bus.fd is not None:
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._bus.fd, I2C_TIMEOUT, max(1, milliseconds // 10))

    def write(self, address: int, data: bytes) -> None:
        """One transfer of at least one byte. DriverError: it was not acknowledged to the end."""
        self._do(address, self._message.write(address, data))

    def read(self, address: int, count: int) -> bytes:
        """One transfer of `count` bytes, at least one."""
        answer = self._message.read(address, count)
        self._do(address, answer)
        return bytes(answer)

    def transfer(self, address: int, data: bytes, count: int) -> bytes:
        """Write, then read with a repeated start in between: nobody else's transfer gets there."""
        answer = self._message.read(address, count)
        self._do(address, self._message.write(address, data), answer)
        return bytes(answer)

    def hertz(self) -> int | None:
        """The adapter's clock by the device tree; None where that says nothing."""
        tree = f"/sys/class/i2c-dev/{os.path.basename(self.settings.adapter)}/device/of_node/clock-frequency"
        try:
            with open(tree, "rb") as file:
                return int.from_bytes(file.read(4), "big") or None
        except OSError:
            return None

    def close(self) -> None:
        """Give the adapter back."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _do(self, address: int, *messages: Any) -> None:
        if self._bus is None:
            raise DriverError(f"{self.where}: {self.settings.adapter} is closed.")
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            raise DriverError(f"{self.where}: {self._why(address, error)}") from None

    def _why(self, address: int, error: OSError) -> str:
        adapter = self.settings.adapter
        if error.errno in SILENT:
            return (
                f"no device answers at 0x{address:02X} on {adapter}: {WIRES}; "
                f'"i2cdetect -y {_number(adapter)}" shows the addresses that answer.'
            )
        if error.errno in LATE:
            return (
                f"{adapter} hangs (asked for 0x{address:02X}, {error.strerror}): a device holds SDA or SCL; {WIRES}, "
                "and power the devices off and on."
            )
        return f"the transfer with 0x{address:02X} on {adapter} failed: {error.strerror}; {WIRES}."


def _look(adapter: str, where: str) -> None:
    """DriverError when the file is not there or not for us, before smbus2 is asked for."""
    try:
        os.close(os.open(adapter, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise DriverError(_not_open(adapter, where, error)) from None


def _not_open(adapter: str, where: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return (
            f'{where}: there is no I2C adapter {adapter}. Enable I2C ("raspi-config", Interface Options, or '
            'dtparam=i2c_arm=on in config.txt) and start anew; "ls /dev/i2c-*" shows what there is.'
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where}: this user may not open {adapter}. Add the user to the group i2c and start evsed again."
    return f"{where}: {adapter} cannot be opened as an I2C adapter: {error.strerror}. Is it one of /dev/i2c-*?"


def _number(adapter: str) -> str:
    return adapter.rpartition("-")[2]
