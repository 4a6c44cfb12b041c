"""The conversation with a PN532, whatever wires it comes by: one command and its answer at a time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ..api import DriverError
from . import pn532_frames as frames
from .pn532_frames import Frame

ACK_WITHIN = 0.1  # s; the PN532 acknowledges within 15 ms
ANSWER_WITHIN = 0.5  # s; looking twice for a card takes some 60 ms
PN532 = 0x32  # the IC byte of its firmware version


class Wires(Protocol):
    """How frames come and go. `name` ("the reader on /dev/serial0") and the advice go into the error texts."""

    name: str
    power: str  # what to check when it is silent
    noise_advice: str  # and when it sends nonsense

    async def wake(self) -> None:
        """Before the first command."""

    async def send(self, frame: bytes) -> None:
        """Raises DriverError; what came before is forgotten."""

    async def receive(self) -> Frame:
        """The next frame, however long it takes. Raises DriverError."""

    def noise(self) -> bool:
        """Whether bytes came since `send` that belong to no frame."""

    def close(self) -> None: ...


class Chip:
    """A `Device` of watch.py. Whatever fails is a DriverError; the caller closes this one and opens another then."""

    def __init__(self, wires: Wires, where: str) -> None:
        self._wires, self._where = wires, where

    def close(self) -> None:
        """Give the wires back."""
        self._wires.close()

    async def start(self) -> str:
        """Wake it and set it up to look for cards."""
        await self._wires.wake()
        await self.command(frames.SAM_CONFIGURATION)
        version = await self.command(frames.GET_FIRMWARE_VERSION)
        if len(version) != 4 or version[0] != PN532:
            raise DriverError(
                f"{self._where}: {self._wires.name} is no PN532: its version says {version.hex(' ')}, a PN532 "
                "begins with 32. Choose the driver of this reader."
            )
        await self.command(frames.FEW_ATTEMPTS)
        return f"{self._where}: {self._wires.name}, a PN532 with firmware {version[1]}.{version[2]},"

    async def look(self) -> str | None:
        """The UID of the card that is held there now."""
        return frames.uid_of(await self.command(frames.LIST_PASSIVE_TARGET))

    async def command(self, command: bytes) -> bytes:
        """The body of its answer. Raises DriverError; an open command is called off then."""
        expected = command[0] + 1
        acknowledged = False
        try:
            async with asyncio.timeout(ACK_WITHIN) as limit:
                await self._wires.send(frames.build(command))
                while True:
                    frame = await self._wires.receive()
                    if frame.kind == "ack":
                        acknowledged = True
                        limit.reschedule(asyncio.get_running_loop().time() + ANSWER_WITHIN)
                    elif frame.kind == "answer" and frame.code == expected:
                        return frame.body
                    elif frame.kind != "answer":
                        raise DriverError(f"{self._where}: {self._wires.name} refuses command {command.hex(' ')}.")
        except TimeoutError:
            silence = self._silence(acknowledged)
            await self._wires.send(frames.ACK)  # calls off a command that is still open
            raise DriverError(silence) from None

    def _silence(self, acknowledged: bool) -> str:
        wires = self._wires
        if wires.noise():
            return f"{self._where}: what comes from {wires.name} makes no sense. {wires.noise_advice}"
        if acknowledged:
            return f"{self._where}: {wires.name} took a command and then fell silent. {wires.power}"
        return f"{self._where}: {wires.name} does not answer. {wires.power}"
