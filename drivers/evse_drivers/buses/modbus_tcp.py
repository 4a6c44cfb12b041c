"""Modbus over TCP: a device on the network, a gateway to a line of several, or a plain serial server before one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import DriverError
from ..options import option
from .modbus import BUFFER
from .modbus_on_line import ModbusOnLine

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient

CONNECT = 0.5  # s
ADVICE = {
    "tcp": (
        "Check the device's power and its unit number, and whether its Modbus TCP is enabled; a plain serial server "
        'wants framing = "rtu".'
    ),
    "rtu": (
        "Check the device's power and its unit number, and the serial server's speed and parity; one that translates "
        'to Modbus TCP wants framing = "tcp".'
    ),
}


class ModbusTcp(ModbusOnLine):
    """A `ModbusBus` over TCP. Connects at the first read, and anew after a silence: a connection may be half dead."""

    @dataclass(frozen=True, slots=True)
    class Settings:
        host: str = option(help="name or address of the device or gateway", example="192.168.1.20")
        port: int = option(502, help="TCP port", minimum=1, maximum=65535)
        framing: str = option(
            "tcp",
            help='what it speaks on that port: "tcp" is Modbus TCP; "rtu" is what a plain serial server passes on',
            choices=("tcp", "rtu"),
        )
        timeout_ms: int = option(
            300, help="how long an answer may take; it is asked once again then", unit="ms", minimum=20, maximum=900
        )
        gap_ms: int = option(
            0, help="silence before each request; a gateway to RS485 may need some", unit="ms", minimum=0, maximum=500
        )

    def __init__(self, settings: Settings, where: str) -> None:
        # Here and not above: the pilot process checks these settings too and has no room for pymodbus.
        from .modbus_line import Line
        from .modbus_mbap import TcpFilter
        from .modbus_rtu import RtuFilter

        self.settings = settings
        self.where = where
        rtu = settings.framing == "rtu"
        self._sieve = RtuFilter() if rtu else TcpFilter()
        self._line = Line(
            self._connect,
            allowance=lambda request: settings.timeout_ms / 1000,
            gap=settings.gap_ms / 1000,
            gone=lambda: True,
            place=f"{settings.host}:{settings.port}" + (", RTU over TCP" if rtu else ""),
            advice=ADVICE[settings.framing],
            sieve=self._sieve,
        )

    async def _connect(self) -> AsyncModbusTcpClient:
        from pymodbus import FramerType
        from pymodbus.client import AsyncModbusTcpClient

        settings = self.settings
        client = AsyncModbusTcpClient(
            settings.host,
            port=settings.port,
            framer=FramerType.RTU if settings.framing == "rtu" else FramerType.SOCKET,
            timeout=CONNECT,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._sieve,
        )
        if not await client.connect():
            raise DriverError(
                f"{self.where}: no connection to {settings.host}:{settings.port} within {CONNECT:g} s. Check the "
                "device's power and network cable, its address, and whether its Modbus TCP is enabled."
            )
        client.comm_params.timeout_connect = 5.0
        client.ctx.max_buffer_size = BUFFER
        return client
