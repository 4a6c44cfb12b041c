"""The wires of a PN532 on a serial port."""

from __future__ import annotations

import asyncio

from ..serial_port import SerialPort
from . import pn532_frames as frames
from .pn532_frames import Decoder, Frame


class Uart:
    """See pn532_chip.Wires."""

    power = "Check its power, that its switches select HSU (UART), and whether TX and RX are crossed."
    noise_advice = "Check its speed, its ground wire and the length of its cable."

    def __init__(self, port: str, baudrate: int, where: str) -> None:
        self.name = f"the reader on {port}"
        self._port = SerialPort(port, baudrate, where)
        self._decoder = Decoder()
        self._frames: list[Frame] = []

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    async def wake(self) -> None:
        """See Wires."""
        self._port.write(frames.WAKE)
        await asyncio.sleep(0.005)

    async def send(self, frame: bytes) -> None:
        """See Wires."""
        self._port.forget()
        self._decoder.clear()
        self._frames.clear()
        self._port.write(frame)

    async def receive(self) -> Frame:
        """See Wires."""
        while not self._frames:
            self._frames.extend(self._decoder.feed(await self._port.read()))
        return self._frames.pop(0)

    def noise(self) -> bool:
        """See Wires."""
        return self._decoder.noise > 0
