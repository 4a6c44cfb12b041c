"""Meters at the end of a cable: example frames, a pymodbus server that shows them, and one with an SDM72's whims."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import Reading
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from serial_peers import Cable, served

from tests.drivers.rtu_crc import crc

EXAMPLES = Path(__file__).parent / "maps"
Words = dict[tuple[int, int], int]


@dataclass(frozen=True)
class Example:
    """What one meter says on the line: (request, answer) frames with their CRC, and what it means."""

    frames: list[tuple[bytes, bytes]]
    identity: tuple[bytes, bytes] | None  # by which registers the maker tells the model
    reading: dict[str, Any]

    @property
    def unit(self) -> int:
        return self.frames[0][0][0]

    @property
    def words(self) -> Words:
        return {at: word for request, answer in self.frames for at, word in words_in(request, answer).items()}

    def expected(self, at: float) -> Reading:
        """As `Reading`, numbers as near as a float32 is; what the file does not name is None."""
        found = {name: approx(value) for name, value in self.reading.items()}
        return Reading(at, **found)


def approx(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(approx(one) for one in value)
    if isinstance(value, str):
        return None if value == "-" else value
    return pytest.approx(value, rel=1e-6)


def example(name: str) -> Example:
    data = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    pairs = [(bytes.fromhex(request), bytes.fromhex(answer)) for request, answer in data["frames"]]
    identity = data.get("identity")
    return Example(
        pairs, None if identity is None else (bytes.fromhex(identity[0]), bytes.fromhex(identity[1])), data["reading"]
    )


def asked(request: bytes) -> tuple[int, int, int]:
    """(function, first register, how many)."""
    return request[1], int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")


def words_in(request: bytes, answer: bytes) -> Words:
    """The registers in this answer to this request."""
    function, address, count = asked(request)
    data = answer[3:-2]
    assert len(data) == 2 * count
    return {(function, address + i): int.from_bytes(data[2 * i : 2 * i + 2], "big") for i in range(count)}


def showing(unit: int, words: Words) -> SimDevice:
    """These registers, and no others."""
    rows = [SimData(address, values=word, datatype=DataType.REGISTERS) for (_, address), word in sorted(words.items())]
    return SimDevice(id=unit, simdata=rows)


@asynccontextmanager
async def networked(unit: int, words: Words) -> AsyncIterator[int]:
    """The TCP port of a pymodbus server that shows `words`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    server = ModbusTcpServer(showing(unit, words), address=("127.0.0.1", port))
    task = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.05)
    try:
        yield port
    finally:
        await server.shutdown()
        task.cancel()


def meter(port: Path, unit: int, words: Words) -> AbstractAsyncContextManager[Cable]:
    """A cable with a pymodbus server that shows `words` and refuses all other registers."""
    return served(port, [showing(unit, words)])


class Whimsical:
    """A meter on a cable that answers `most` registers at once, and only after `silence` s without a byte."""

    def __init__(self, cable: Cable, unit: int, words: Words, most: int, silence: float) -> None:
        self.cable, self.unit, self.words, self.most, self.silence = cable, unit, words, most, silence
        self.deaf = 0  # requests that came too early
        self._last = time.monotonic() - 1.0
        self._fd = os.open(cable.device.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._hear)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self.cable.close()

    def _hear(self) -> None:
        request = os.read(self._fd, 256)
        assert crc(request[:-2]) == request[-2:]
        early = time.monotonic() - self._last < self.silence
        self._last = time.monotonic()
        if request[0] != self.unit:
            return
        if early:
            self.deaf += 1
            return
        function, address, count = asked(request)
        if count > self.most:
            answer = bytes([self.unit, function | 0x80, 3])
        else:
            found = [self.words[function, address + i] for i in range(count)]
            answer = bytes([self.unit, function, 2 * count]) + b"".join(word.to_bytes(2, "big") for word in found)
        os.write(self._fd, answer + crc(answer))
        self._last = time.monotonic()
