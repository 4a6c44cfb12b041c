"""A serial port whose bytes are awaited."""

from __future__ import annotations

import termios

import serial

from . import ports
from .api import DriverError
from .byte_stream import ByteStream


def opened(port: str, baudrate: int, where: str) -> serial.Serial:
    """The port, 8 data bits, no parity, non-blocking, held by nobody else. DriverError: why it cannot be opened."""
    ports.check(port, where)  # pyserial's own words are for programmers
    try:
        return serial.Serial(port, baudrate, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError, termios.error) as error:
        raise ports.trouble(port, where, error) from error


def vanished(port: str, where: str) -> DriverError:
    return DriverError(f"{where}: {port} vanished. Check the adapter and its cable.")


class SerialPort:
    """The open port. Whatever fails is a DriverError.

    Used by one task of one loop. After an error it is worth nothing: close it and open another.
    """

    def __init__(self, port: str, baudrate: int, where: str) -> None:
        self._lost = vanished(port, where)
        self._serial = opened(port, baudrate, where)
        self._stream = ByteStream(self._serial.fileno(), self._lost)

    def close(self) -> None:
        """Give the port back."""
        if self._serial.is_open:
            self._stream.close()
            self._serial.close()

    def forget(self) -> None:
        """Drop what has come and was not read. DriverError: the port has vanished."""
        self._stream.forget()

    async def read(self) -> bytes:
        """All that has come since the last read, as soon as there is something. DriverError: the port has vanished."""
        return await self._stream.read()

    def write(self, data: bytes) -> None:
        """Send it. DriverError: the port has vanished."""
        try:
            self._serial.write(data)
        except OSError:
            raise self._lost from None
