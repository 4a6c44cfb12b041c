"""A PN532 on a serial port: one command and its answer at a time."""

from __future__ import annotations

import asyncio
import os
import termios

import serial

from .. import ports
from ..api import DriverError
from . import pn532_frames as frames
from .pn532_frames import Decoder, Frame

ACK_WITHIN = 0.1  # s; the PN532 acknowledges within 15 ms
ANSWER_WITHIN = 0.5  # s; looking twice for a card takes some 60 ms
PN532 = 0x32  # the IC byte of its firmware version

POWER = "Check its power, that its switches select HSU (UART), and whether TX and RX are crossed."


class Uart:
    """The open port. Whatever fails is a DriverError; the caller closes this one and opens another then."""

    def __init__(self, port: str, baudrate: int, where: str) -> None:
        ports.check(port, where)  # pyserial's own words are for programmers
        self.where = where
        self.port = port
        try:
            self._serial = serial.Serial(port, baudrate, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:
            raise ports.trouble(port, where, error) from error
        self._fd = self._serial.fileno()
        self._decoder = Decoder()
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def close(self) -> None:
        """Give the port back."""
        if self._serial.is_open:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._serial.close()

    async def start(self) -> str:
        """Wake it and set it up to look for cards; its firmware version."""
        self._write(frames.WAKE)
        await asyncio.sleep(0.005)
        await self.command(frames.SAM_CONFIGURATION)
        version = await self.command(frames.GET_FIRMWARE_VERSION)
        if len(version) != 4 or version[0] != PN532:
            raise DriverError(
                f"{self.where}: the reader on {self.port} is no PN532: its version says {version.hex(' ')}, a PN532 "
                "begins with 32. Choose the driver of this reader."
            )
        await self.command(frames.FEW_ATTEMPTS)
        return f"{version[1]}.{version[2]}"

    async def look(self) -> str | None:
        """The UID of the card that is held there now."""
        return frames.uid_of(await self.command(frames.LIST_PASSIVE_TARGET))

    async def command(self, command: bytes) -> bytes:
        """The body of its answer. Raises DriverError; an open command is called off then."""
        self._decoder.clear()
        while not self._frames.empty():
            self._lost(self._frames.get_nowait())
        self._write(frames.build(command))
        expected = command[0] + 1
        acknowledged = False
        try:
            async with asyncio.timeout(ACK_WITHIN) as limit:
                while True:
                    frame = self._lost(await self._frames.get())
                    if frame.kind == "ack":
                        acknowledged = True
                        limit.reschedule(asyncio.get_running_loop().time() + ANSWER_WITHIN)
                    elif frame.kind == "answer" and frame.code == expected:
                        return frame.body
                    elif frame.kind != "answer":
                        raise DriverError(
                            f"{self.where}: the reader on {self.port} refuses command {command.hex(' ')}."
                        )
        except TimeoutError:
            self._write(frames.ACK)  # calls off a command that is still open
            raise DriverError(self._silence(acknowledged)) from None

    def _silence(self, acknowledged: bool) -> str:
        if self._decoder.noise:
            return (
                f"{self.where}: what comes from the reader on {self.port} makes no sense. "
                "Check its speed, its ground wire and the length of its cable."
            )
        if acknowledged:
            return f"{self.where}: the reader on {self.port} took a command and then fell silent. {POWER}"
        return f"{self.where}: the reader on {self.port} does not answer. {POWER}"

    def _lost(self, frame: Frame | None) -> Frame:
        if frame is None:
            raise DriverError(f"{self.where}: {self.port} vanished. Check the adapter and its cable.")
        return frame

    def _write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except OSError:
            self._lost(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 512)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._frames.put_nowait(None)
            return
        for frame in self._decoder.feed(data):
            self._frames.put_nowait(frame)
