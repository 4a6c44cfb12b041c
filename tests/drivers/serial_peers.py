"""Real peers for serial drivers: a cable of two ptys, a pymodbus meter and a PN532, each able to misbehave."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.drivers.rtu_crc import crc


def whole(data: bytes) -> bytes:
    return data


def rtu_frame(unit: int, function: int, data: bytes) -> bytes:
    """A Modbus RTU answer with its CRC."""
    frame = bytes([unit, function, len(data)]) + data
    return frame + crc(frame)


class Pty:
    """One pty whose slave is raw before anyone opens it."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)

    def close(self) -> None:
        os.close(self.slave)
        os.close(self.master)


class Cable:
    """`port` is the name that the driver opens; `tamper` turns what the device says into what the driver hears."""

    def __init__(self, port: Path) -> None:
        self.port = port
        self.device = Pty()
        self.tamper: Callable[[bytes], bytes] = whole
        self.delays: list[float] = []  # s, of the next answers
        self.heard: list[bytes] = []  # what the driver said
        self.host: Pty | None = None
        self.plug_in()
        asyncio.get_running_loop().add_reader(self.device.master, self._from_device)

    def plug_in(self) -> None:
        self.host = Pty()
        self.port.symlink_to(self.host.path)
        asyncio.get_running_loop().add_reader(self.host.master, self._from_driver)

    def vanish(self) -> None:
        assert self.host is not None
        asyncio.get_running_loop().remove_reader(self.host.master)
        self.port.unlink()
        self.host.close()
        self.host = None

    def inject(self, data: bytes) -> None:
        """Bytes that no device sent."""
        if self.host is not None:
            os.write(self.host.master, data)

    def _from_device(self) -> None:
        data = self.tamper(os.read(self.device.master, 4096))
        if self.delays:
            asyncio.get_running_loop().call_later(self.delays.pop(0), self.inject, data)
        elif data:
            self.inject(data)

    def _from_driver(self) -> None:
        assert self.host is not None
        data = os.read(self.host.master, 4096)
        self.heard.append(data)
        os.write(self.device.master, data)

    def close(self) -> None:
        if self.host is not None:
            self.vanish()
        asyncio.get_running_loop().remove_reader(self.device.master)
        self.device.close()


# Eastron's addresses from the vendor's protocol paper, and what this meter shows.
SDM630 = {
    0x00: 230.5, 0x02: 231.0, 0x04: 229.5, 0x06: 16.0, 0x08: 15.5, 0x0A: 0.25, 0x0C: 3688.0, 0x0E: 3580.5,
    0x10: 57.375, 0x34: 7325.875, 0x46: 49.98, 0x48: 12.345, 0x4A: 0.5,
}  # fmt: skip
SDM120 = {0x00: 230.5, 0x06: 10.0, 0x0C: 2305.0, 0x46: 50.0, 0x48: 7.0, 0x4A: 0.0}


@asynccontextmanager
async def served(port: Path, devices: list[SimDevice]) -> AsyncIterator[Cable]:
    """A cable with a pymodbus server of these devices at its end; it refuses what they do not have."""
    cable = Cable(port)
    server = ModbusSerialServer(
        devices, port=cable.device.path, baudrate=9600, ignore_missing_devices=True, framer="rtu"
    )
    task = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.02)
    try:
        yield cable
    finally:
        await server.shutdown()
        task.cancel()
        cable.close()


def eastron(port: Path, *meters: tuple[int, dict[int, float]]) -> AbstractAsyncContextManager[Cable]:
    """A cable with (unit, registers) meters at its end. A register that is not listed is refused."""
    devices = [
        SimDevice(
            id=unit,
            simdata=[SimData(address, values=value, datatype=DataType.FLOAT32) for address, value in registers.items()],
        )
        for unit, registers in meters
    ]
    return served(port, devices)


class CardReader:
    """A PN532 at the end of a cable, written from its manual; `cards` are the UIDs before it."""

    FIRMWARE = bytes([0x32, 0x01, 0x06, 0x07])

    def __init__(self, port: Path) -> None:
        self.cable = Cable(port)
        self.cards: list[str] = []
        self.silent = False
        self.commands: list[int] = []
        self._buffer = b""
        self._fd = os.open(self.cable.device.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self.cable.close()

    def _readable(self) -> None:
        self._buffer += os.read(self._fd, 512)
        while True:
            start = self._buffer.find(b"\x00\x00\xff")
            if start < 0 or len(self._buffer) < start + 6:
                return
            length = self._buffer[start + 3]
            end = start + 5 + length + 2
            if length == 0:  # the host's ACK
                self._buffer = self._buffer[start + 6 :]
                continue
            if len(self._buffer) < end:
                return
            data = self._buffer[start + 5 : start + 5 + length]
            assert (length + self._buffer[start + 4]) % 256 == 0
            assert (sum(data) + self._buffer[end - 2]) % 256 == 0
            self._buffer = self._buffer[end:]
            self._obey(data)

    def _obey(self, data: bytes) -> None:
        assert data[0] == 0xD4
        self.commands.append(data[1])
        if self.silent:
            return
        os.write(self._fd, bytes.fromhex("0000ff00ff00"))
        bodies = {0x02: self.FIRMWARE, 0x14: b"", 0x32: b"", 0x4A: self._target()}
        os.write(self._fd, card_frame(bytes([data[1] + 1]) + bodies[data[1]]))

    def _target(self) -> bytes:
        if not self.cards:
            return b"\x00"
        uid = bytes.fromhex(self.cards[0])
        return bytes([1, 1, 0x00, 0x04, 0x08, len(uid)]) + uid


def card_frame(data: bytes) -> bytes:
    """What a PN532 sends for this answer."""
    data = b"\xd5" + data
    return bytes([0, 0, 0xFF, len(data), (256 - len(data)) % 256]) + data + bytes([(256 - sum(data) % 256) % 256, 0])
