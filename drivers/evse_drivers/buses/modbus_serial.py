"""Modbus RTU on a serial port: one owner of the line, several devices on it."""

from __future__ import annotations

import gc
import os
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..api import DriverError
from ..options import option
from .modbus import BUFFER, Request
from .modbus_on_line import ModbusOnLine

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusSerialClient


class ModbusSerial(ModbusOnLine):
    """A `ModbusBus` on an RS485 adapter or UART. The port is taken exclusively at the first read, and taken again
    when it comes back after it vanished; one that is not there at the start is a DriverError of the constructor.
    """

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the line", example="/dev/serial/by-id/usb-FTDI_USB-RS485-if00-port0")
        baudrate: int = option(
            9600,
            help="speed of the line, the same in all its devices",
            unit="bit/s",
            choices=(1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200),
        )
        parity: str = option("N", help="parity bit: none, even or odd", choices=("N", "E", "O"))
        stopbits: int = option(1, help="stop bits", choices=(1, 2))
        timeout_ms: int = option(
            300,
            help="how long a device may take to answer, besides the time the bits need; it is asked once again then",
            unit="ms",
            minimum=20,
            maximum=900,
        )
        gap_ms: int = option(
            30,
            help="silence before each request; some meters (SDM72) need 100",
            unit="ms",
            minimum=0,
            maximum=500,
        )
        direction: str = option(
            "automatic",
            help=(
                'who switches the RS485 driver to sending: "automatic": the adapter does; "rts": the port does by RTS, '
                'high while it sends; "rts low": low while it sends'
            ),
            choices=("automatic", "rts", "rts low"),
        )

    def __init__(self, settings: Settings, where: str) -> None:
        ports.check(settings.port, where)
        # Here and not above: the pilot process checks these settings too and has no room for pymodbus.
        from .modbus_line import Line
        from .modbus_rtu import RtuFilter, octets

        self.settings = settings
        self.where = where
        self._rtu = RtuFilter()
        self._octets = octets
        self._node: tuple[int, int] | None = None
        self._line = Line(
            self._connect,
            allowance=self._allowance,
            gap=settings.gap_ms / 1000,
            gone=lambda: self._node != _node(settings.port),
            place=f"{settings.port}, {settings.baudrate} 8{settings.parity}{settings.stopbits}",
            advice=(
                "Check the device's power, its unit number, its speed and parity, and whether A and B are swapped; "
                "noise asks for a terminator at both ends and one unit number for each device."
            ),
            sieve=self._rtu,
        )

    def _allowance(self, request: Request) -> float:
        bits = 11 if self.settings.parity != "N" or self.settings.stopbits == 2 else 10
        return self.settings.timeout_ms / 1000 + self._octets(request) * bits / self.settings.baudrate

    async def _connect(self) -> AsyncModbusSerialClient:
        from pymodbus.client import AsyncModbusSerialClient

        settings = self.settings
        ports.check(settings.port, self.where)  # pymodbus keeps the reason of a failure to itself
        self._node = _node(settings.port)
        client = AsyncModbusSerialClient(
            settings.port,
            baudrate=settings.baudrate,
            parity=settings.parity,
            stopbits=settings.stopbits,
            timeout=5.0,  # above every allowance: the line keeps the time
            retries=0,
            reconnect_delay=0,
            trace_packet=self._rtu,
        )
        connected, reason = False, "pymodbus gives no reason"
        try:
            connected = await client.connect()
        except (OSError, ValueError, termios.error) as error:
            reason = ports.words(error)
        if not connected:
            gc.collect()  # the frames of that exception hold the port open, and held
            raise ports.trouble(settings.port, self.where, OSError(reason))
        client.ctx.max_buffer_size = BUFFER
        if settings.direction != "automatic":
            self._switch_by_rts(client)
        return client

    def _switch_by_rts(self, client: AsyncModbusSerialClient) -> None:
        """Let the kernel's driver of the port do it: from here RTS would fall some milliseconds after the last bit."""
        from serial.rs485 import RS485Settings

        high = self.settings.direction == "rts"
        port = getattr(client.ctx.transport, "sync_serial")  # noqa: B009  # no attribute of every transport
        try:
            port.rs485_mode = RS485Settings(high, not high)
        except (OSError, ValueError):
            client.close()
            raise DriverError(
                f'{self.where}: direction = "{self.settings.direction}": the driver of {self.settings.port} cannot '
                'switch by RTS (TIOCSRS485). Set direction = "automatic" and use an adapter that switches itself.'
            ) from None


def _node(port: str) -> tuple[int, int] | None:
    """Which device the name stands for now: an adapter that is plugged in again may be another."""
    try:
        found = os.stat(port)
    except OSError:
        return None
    return found.st_rdev, found.st_ino
