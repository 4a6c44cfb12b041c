"""One serial line to an OpenEVSE: whose turn it is, which answer belongs to which command, and what to say when none
comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import serial

from ..api import DriverError
from ..byte_stream import listen
from ..serial_port import opened, vanished
from .rapi import Reply
from .rapi_frames import ANSWERS, EVENTS, Decoder, Frame, build

RECONNECT = 1.0  # s between two attempts to open
LAST_SEQUENCE = 0xFF  # ids run from 1; the protocol keeps 0 for itself

CHECK = "Check the board's power, its speed, and whether TX and RX are crossed."


class _NoAnswer(Exception):
    """The text says what came instead, "" when nothing did."""


class RapiLine:
    """The owner of the port. `hearers` are called with every event."""

    def __init__(self, port: str, baudrate: int, timeout: float, where: str) -> None:
        """`timeout`: s that an answer may take; `where`: the bus' name in the config."""
        self.hearers: list[Callable[[Frame], None]] = []
        self._port, self._baudrate, self._timeout, self._where = port, baudrate, timeout, where
        self._turn = asyncio.Lock()
        self._serial: serial.Serial | None = None
        self._decoder = Decoder()
        self._answers: asyncio.Queue[Frame | None] = asyncio.Queue()  # None: the port has vanished
        self._echoed = False  # it heard its own words
        self._sequence = 0
        self._trouble: DriverError | None = None  # why the last attempt to open failed
        self._next_attempt = 0.0  # s, loop time: to open

    async def ask(self, command: str, where: str, within: float) -> Reply:
        """As Rapi.ask."""
        try:
            async with asyncio.timeout(within), self._turn:
                self._open()
                return await self._ask(command, where)
        except TimeoutError:
            raise DriverError(
                f"{where}: the OpenEVSE on {self._port} did not answer ${command} within {within:g} s: the line is "
                f"busy or slow. {CHECK}"
            ) from None

    def close(self) -> None:
        """Give the port back."""
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None

    def _open(self) -> None:
        if self._serial is not None:
            return
        now = asyncio.get_running_loop().time()
        if self._trouble is not None and now < self._next_attempt:
            raise self._trouble
        self._next_attempt = now + RECONNECT
        try:
            self._serial = opened(self._port, self._baudrate, self._where)
        except DriverError as trouble:
            self._trouble = trouble
            raise
        self._trouble = None
        self._decoder.clear()
        listen(self._serial.fileno(), self._hear)

    async def _ask(self, command: str, where: str) -> Reply:
        heard = ""
        for _ in range(2):
            try:
                frame = await self._exchange(command, where)
            except _NoAnswer as silence:
                heard = heard or str(silence)
                continue
            return Reply(time.monotonic(), frame.name == "OK", frame.words)
        problem = heard or f"no answer within {self._timeout:g} s"
        raise DriverError(f"{where}: the OpenEVSE on {self._port}, asked ${command} twice: {problem}. {CHECK}")

    async def _exchange(self, command: str, where: str) -> Frame:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        while not self._answers.empty():  # to a command that was given up
            self._there(self._answers.get_nowait(), where)
        self._decoder.clear()
        self._echoed = False
        self._write(build(command, self._sequence), where)
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    frame = self._there(await self._answers.get(), where)
                    if frame.sequence == self._sequence:
                        return frame
                    if frame.sequence is None and frame.name == "NK":  # it answers so before it knows the id
                        raise _NoAnswer("it heard the command damaged")
                    if frame.sequence is None:
                        raise DriverError(
                            f"{where}: the OpenEVSE on {self._port} answers without sequence ids: its RAPI is older "
                            "than 3.0.0. Load a firmware of 7.1.0 or newer."
                        )
        except TimeoutError:
            raise _NoAnswer(self._instead()) from None

    def _instead(self) -> str:
        if self._echoed:
            return "only the command's own echo came: TX and RX are joined, or its other end is open"
        if self._decoder.noise:
            return f"{self._decoder.noise} octets came that make no sense"
        return ""

    def _there(self, frame: Frame | None, where: str) -> Frame:
        if frame is None:
            self.close()
            raise vanished(self._port, where)
        return frame

    def _write(self, data: bytes, where: str) -> None:
        assert self._serial is not None
        try:
            self._serial.write(data)
        except OSError:
            self._there(None, where)

    def _hear(self, data: bytes) -> None:
        if not data:
            self._answers.put_nowait(None)
            return
        for frame in self._decoder.feed(data):
            if frame.name in ANSWERS:
                self._answers.put_nowait(frame)
            elif frame.name in EVENTS:
                for hear in self.hearers:
                    hear(frame)
            else:
                self._echoed = True
