"""Where a meter may be reached: a serial port at one speed, or a host; opened as a bus, told as config lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import DriverError
from evse_drivers.buses.modbus import ModbusBus
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.buses.modbus_tcp import ModbusTcp

MODBUS_TCP = 502


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """A serial port with the speed and parity of one line."""

    port: str
    baudrate: int = 9600
    parity: str = "N"
    stopbits: int = 1

    def __str__(self) -> str:
        return f"{self.port}, {self.baudrate} 8{self.parity}{self.stopbits}"

    def open(self, where: str, timeout_ms: int) -> ModbusBus:
        """DriverError: it is missing, forbidden or held."""
        settings = ModbusSerial.Settings(self.port, self.baudrate, self.parity, self.stopbits, timeout_ms=timeout_ms)
        return ModbusSerial(settings, where)

    def config(self) -> Iterator[str]:
        """Its table for evsed.toml; what is the default is left out."""
        yield "[bus.meters]"
        yield 'driver = "modbus-serial"'
        yield f'port = "{self.port}"'
        yield f"baudrate = {self.baudrate}"
        if self.parity != "N":
            yield f'parity = "{self.parity}"'
        if self.stopbits != 1:
            yield f"stopbits = {self.stopbits}"

    def known(self) -> dict[str, Any]:
        """For JSON."""
        return {"port": self.port, "baudrate": self.baudrate, "parity": self.parity, "stopbits": self.stopbits}


@dataclass(frozen=True, slots=True)
class NetPlace:
    """A device, gateway or plain serial server on the network."""

    host: str
    port: int = MODBUS_TCP
    framing: str = "tcp"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (", RTU over TCP" if self.framing == "rtu" else "")

    def open(self, where: str, timeout_ms: int) -> ModbusBus:
        """Connects at the first request."""
        settings = ModbusTcp.Settings(self.host, self.port, self.framing, timeout_ms=timeout_ms)
        return ModbusTcp(settings, where)

    def config(self) -> Iterator[str]:
        """Its table for evsed.toml; what is the default is left out."""
        yield "[bus.meters]"
        yield 'driver = "modbus-tcp"'
        yield f'host = "{self.host}"'
        if self.port != MODBUS_TCP:
            yield f"port = {self.port}"
        if self.framing != "tcp":
            yield f'framing = "{self.framing}"'

    def known(self) -> dict[str, Any]:
        """For JSON."""
        return {"host": self.host, "port": self.port, "framing": self.framing}


Place = SerialPlace | NetPlace


def is_port(text: str) -> bool:
    """Whether that names a serial port, and not a host."""
    return "/" in text or os.path.exists(text)


def host(text: str, framing: str, where: str) -> NetPlace:
    """HOST, HOST:PORT, or [IPv6]:PORT."""
    name, port = text, str(MODBUS_TCP)
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    if not name or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise DriverError(
            f"{where}: {text!r} is neither a serial port nor a host. Examples: /dev/ttyUSB0, 10.0.0.7:502."
        )
    return NetPlace(name, int(port), framing)
