"""The wires of a PN532 on I2C: it is asked whether it is ready, and then for the frame."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..api import DriverError
from . import pn532_frames as frames
from .pn532_frames import Decoder, Frame

if TYPE_CHECKING:
    from ..buses.i2c import I2cBus

T = TypeVar("T")

READY = 0x01  # PN532 user manual, 6.2.4: the first byte of all that is read
POLL = 0.005  # s between two questions whether it is ready
ACK_BYTES = 1 + 6
# A UID of 10 makes 25 bytes; a phone adds some 20, and is asked for again whole. At 10 kHz a byte takes 0.9 ms, and
# the kernel gives a transfer up after the bus's timeout_ms, 50 by default.
FIRST_READ = 1 + 32


class I2c:
    """See pn532_chip.Wires. The bus blocks, so that each of its calls runs in a thread, one at a time."""

    power = (
        "Check its power, that its switches select I2C, and its wires SDA and SCL (i2cdetect shows it as 24). "
        "It stretches the clock: set dtparam=i2c_arm_baudrate=10000, or use the overlay i2c-gpio."
    )
    noise_advice = (
        "Shorten its wires. It stretches the clock: set dtparam=i2c_arm_baudrate=10000, or use the overlay i2c-gpio."
    )

    def __init__(self, bus: I2cBus, address: int, bus_name: str, where: str) -> None:
        self.name = f"the reader on [bus.{bus_name}]"
        self._bus, self._address, self._where = bus, address, where
        self._one = threading.Lock()  # a call that was given up still runs in its thread
        self._frames: list[Frame] = []
        self._nonsense = False
        self._acknowledged = False

    def close(self) -> None:
        """The bus belongs to the one who opened it."""

    async def wake(self) -> None:
        """Its address wakes it; the first call may be lost."""
        try:
            await self._do(lambda: self._bus.read(self._address, 1))
        except DriverError:
            await asyncio.sleep(0.005)

    async def send(self, frame: bytes) -> None:
        """See Wires."""
        self._frames.clear()
        self._nonsense = self._acknowledged = False
        await self._do(lambda: self._bus.write(self._address, frame))

    async def receive(self) -> Frame:
        """See Wires."""
        while not self._frames:
            await self._until_ready()
            # What it has for us is read in one piece, and an ACK is followed by the answer in a piece of its own.
            count = FIRST_READ if self._acknowledged else ACK_BYTES
            self._frames.extend(self._found(await self._whole(await self._piece(count))))
        frame = self._frames.pop(0)
        self._acknowledged = frame.kind == "ack"
        return frame

    def noise(self) -> bool:
        """See Wires."""
        return self._nonsense

    async def _until_ready(self) -> None:
        while True:
            await asyncio.sleep(POLL)
            try:
                if await self._do(lambda: self._bus.read(self._address, 1)) == bytes([READY]):
                    return
            except DriverError:
                pass  # busy, it may refuse its address: the caller's patience ends this, and says that it is silent

    async def _piece(self, count: int) -> bytes:
        """What it says, without the byte that says it is ready; nothing where that is missing."""
        data = await self._do(lambda: self._bus.read(self._address, count))
        return data[1:] if data[:1] == bytes([READY]) else b""

    async def _whole(self, piece: bytes) -> bytes:
        """The piece, or the frame that began in it read again whole."""
        size = frames.size(piece)
        if size is None or size <= len(piece):
            return piece
        await self._do(lambda: self._bus.write(self._address, frames.NACK))  # 6.2.1.4: send the last frame again
        await self._until_ready()
        return await self._piece(1 + size)

    def _found(self, piece: bytes) -> list[Frame]:
        decoder = Decoder()
        found = list(decoder.feed(piece))
        self._nonsense = self._nonsense or not found
        return found[:1]  # what follows a frame is what the bus reads when nobody speaks

    async def _do(self, call: Callable[[], T]) -> T:
        def alone() -> T:
            with self._one:
                try:
                    return call()
                except DriverError as error:
                    raise DriverError(f"{self._where}: {error}") from None

        return await asyncio.to_thread(alone)
