"""A line of Modbus devices written from the paper (Application Protocol V1.1b3), behind a pty or a TCP port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from serial_peers import Cable

from tests.drivers.rtu_crc import crc


@dataclass
class Device:
    """Its registers and bits by address; what is not listed is refused."""

    coils: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=dict)
    holding: dict[int, int] = field(default_factory=dict)
    read_only: dict[int, int] = field(default_factory=dict)  # input registers
    delay: float = 0.0  # s before it answers
    dead: bool = False
    needs: float = 0.0  # s of silence before a request, or it does not hear it
    asked: list[tuple[int, int]] = field(default_factory=list)  # (function, address) of all it heard

    def obey(self, pdu: bytes) -> bytes:
        function, address, number = pdu[0], int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        self.asked.append((function, address))
        tables: dict[int, Mapping[int, int]] = {1: self.coils, 2: self.inputs, 4: self.read_only, 5: self.coils}
        table = tables.get(function, self.holding)
        span = range(address, address + (1 if function in (5, 6) else number))
        if function not in (1, 2, 3, 4, 5, 6, 16):
            return bytes([function | 0x80, 1])
        if not all(at in table for at in span):
            return bytes([function | 0x80, 2])
        if function in (1, 2):
            bits = sum(bool(table[at]) << i for i, at in enumerate(span)).to_bytes((number + 7) // 8, "little")
            return bytes([function, len(bits)]) + bits
        if function in (3, 4):
            data = b"".join(table[at].to_bytes(2, "big") for at in span)
            return bytes([function, len(data)]) + data
        if function == 5:
            self.coils[address] = number == 0xFF00
        elif function == 6:
            self.holding[address] = number
        else:
            for i, at in enumerate(span):
                self.holding[at] = int.from_bytes(pdu[6 + 2 * i : 8 + 2 * i], "big")
        return pdu[:5]


class Line:
    """Hears RTU frames and answers them by `send`. `echo` gives back what it hears, as two wires do."""

    def __init__(self, devices: dict[int, Device], send: Callable[[bytes], None]) -> None:
        self.devices = devices
        self.send = send
        self.echo = False
        self.tamper: Callable[[bytes], bytes] = lambda frame: frame
        self.understands: Callable[[], bool] = lambda: True  # False: it came at another speed
        self._buffer = b""
        self._last = 0.0  # s, loop time: the line's last octet

    def hear(self, data: bytes) -> None:
        if not self.understands():
            return
        if self.echo:
            self.send(data)
        self._buffer += data
        size = 8 if self._buffer[1:2] != b"\x10" else 9 + int.from_bytes(self._buffer[6:7], "big")
        if len(self._buffer) < size:
            return
        frame, self._buffer = self._buffer[:size], b""
        assert crc(frame[:-2]) == frame[-2:], "the driver's checksum is wrong"
        loop = asyncio.get_running_loop()
        quiet, self._last = loop.time() - self._last, loop.time()
        device = self.devices.get(frame[0])
        if device is None or device.dead or quiet < device.needs:
            return
        answer = bytes([frame[0]]) + device.obey(frame[1:-2])
        loop.call_later(device.delay, self._answer, answer + crc(answer))

    def _answer(self, frame: bytes) -> None:
        self._last = asyncio.get_running_loop().time()
        frame = self.tamper(frame)
        if frame:
            self.send(frame)


@asynccontextmanager
async def serial_line(cable: Cable, devices: dict[int, Device]) -> AsyncIterator[Line]:
    """The devices at the far end of a cable."""

    def send(data: bytes) -> None:
        os.write(cable.device.slave, data)

    line = Line(devices, send)
    loop = asyncio.get_running_loop()
    loop.add_reader(cable.device.slave, lambda: line.hear(os.read(cable.device.slave, 4096)))
    try:
        yield line
    finally:
        loop.remove_reader(cable.device.slave)
        cable.close()


@asynccontextmanager
async def tcp_line(devices: dict[int, Device]) -> AsyncIterator[tuple[Line, int]]:
    """The devices behind a serial server that passes octets on as they are; its TCP port."""
    line = Line(devices, lambda data: None)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line.send = writer.write
        while data := await reader.read(512):
            line.hear(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def tcp_gateway(devices: dict[int, Device]) -> AsyncIterator[int]:
    """A gateway from Modbus TCP to a line with the devices on it; its port. For who is silent on the line it answers
    exception 11 (V1.1b3, section 7)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                device = devices.get(head[6])
                there = device is not None and not device.dead
                answer = device.obey(pdu) if device is not None and there else bytes([pdu[0] | 0x80, 11])
                writer.write(head[:4] + (len(answer) + 1).to_bytes(2, "big") + head[6:] + answer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
