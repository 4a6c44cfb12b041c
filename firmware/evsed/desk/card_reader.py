"""A PN532 card reader on a pty: answers the frames of its HSU (UART) interface, holds the cards that the script taps.

Frames: 00 00 FF LEN LCS TFI data DCS 00, where LEN counts TFI and data and LEN+LCS, TFI+data+DCS are 0 modulo 256.
Host to chip is TFI D4, chip to host D5 with the command's code plus one. Every frame is acknowledged first; a new
frame or an ACK from the host ends a search for cards that is still under way.
"""

from __future__ import annotations

import contextlib
import math
import os
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .events import EventLoop

START = b"\x00\xff"
ACK = b"\x00\x00\xff\x00\xff\x00"
ACK_BODY = b"\x00\xff"
NACK_BODY = b"\xff\x00"
SYNTAX_ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"
FIRMWARE = bytes([0x32, 0x01, 0x06, 0x07])  # IC PN532, version 1.6, ISO 14443 A, B and 18092
SEARCH = 0.03  # s that one look for a card takes
FOREVER = 0xFF  # retries of a search until a card comes

GET_FIRMWARE, GET_STATUS, SAM, RF_CONFIGURATION, LIST_PASSIVE, RELEASE = 0x02, 0x04, 0x14, 0x32, 0x4A, 0x52
RF_MAX_RETRIES = 0x05


def frame(data: bytes) -> bytes:
    """A frame from the chip around `data` (code and parameters)."""
    body = b"\xd5" + data
    return b"\x00\x00\xff" + bytes([len(body), -len(body) & 0xFF]) + body + bytes([-sum(body) & 0xFF, 0])


@dataclass(frozen=True, slots=True)
class Card:
    """An ISO 14443 A card: its UID has 4, 7 or 10 bytes."""

    uid: bytes

    @property
    def target(self) -> bytes:
        """Target data as in InListPassiveTarget: number, SENS_RES, SEL_RES, UID."""
        size = {4: 0x04, 7: 0x44, 10: 0x84}[len(self.uid)]
        return bytes([1, 0x00, size, 0x08 if len(self.uid) == 4 else 0x20, len(self.uid)]) + self.uid


class Pn532:
    """The chip without its wires: bytes in, bytes out; `now` in seconds."""

    def __init__(self) -> None:
        self.card: Card | None = None
        self.dead = False
        self._received = b""
        self._said = b""  # the last answer, for a NACK
        self._retries = FOREVER
        self._search_until: float | None = None

    def feed(self, received: bytes, now: float) -> bytes:
        """Take bytes from the host; returns the bytes to send now."""
        if self.dead:
            self._received, self._search_until = b"", None
            return b""
        self._received += received
        answer = b""
        while (start := self._received.find(START)) >= 0:
            rest = self._received[start + 2 :]
            size = 2 if rest[:2] in (ACK_BODY, NACK_BODY) else rest[0] + 3 if rest else 2
            if size != 2 and len(rest) > 1 and (rest[0] + rest[1]) & 0xFF:
                size = 0  # no frame: look for the next start code right behind this one
            if len(rest) < max(2, size):
                self._received = self._received[start:]
                return answer
            self._received = rest[size:]
            if rest[:2] == ACK_BODY:
                self._search_until = None
            elif rest[:2] == NACK_BODY:
                answer += self._said
            elif size:
                answer += self._command(rest[:size], now)
        self._received = self._received[-1:]  # half a start code
        return answer

    def poll(self, now: float) -> bytes:
        """What the search for a card found meanwhile; call it every 10 ms or so."""
        if self._search_until is None or self.dead:
            return b""
        if self.card is not None:
            self._search_until = None
            return self._say(bytes([LIST_PASSIVE + 1, 1]) + self.card.target)
        if now >= self._search_until:
            self._search_until = None
            return self._say(bytes([LIST_PASSIVE + 1, 0]))
        return b""

    def _command(self, body: bytes, now: float) -> bytes:
        data = body[2:-1]
        if sum(body[2:]) & 0xFF or data[:1] != b"\xd4":
            return b""  # the chip is silent on a frame that it cannot trust
        self._search_until = None
        code, parameters = (data[1], data[2:]) if len(data) > 1 else (-1, b"")
        if code == LIST_PASSIVE and parameters[1:2] == b"\x00":
            self._search_until = math.inf if self._retries == FOREVER else now + SEARCH * (self._retries + 1)
            return ACK
        answer = self._at_once(code, parameters)
        self._said = SYNTAX_ERROR if answer is None else frame(answer)
        return ACK + self._said

    def _at_once(self, code: int, parameters: bytes) -> bytes | None:
        if code == GET_FIRMWARE:
            return bytes([code + 1]) + FIRMWARE
        if code == GET_STATUS:
            return bytes([code + 1, 0, 0, 0, 0])
        if code == RF_CONFIGURATION:
            if parameters[:1] == bytes([RF_MAX_RETRIES]) and len(parameters) == 4:
                self._retries = parameters[3]
            return bytes([code + 1])
        if code == SAM:
            return bytes([code + 1])
        return bytes([code + 1, 0]) if code == RELEASE else None

    def _say(self, answer: bytes) -> bytes:
        self._said = frame(answer)
        return self._said


class CardReader:
    """A PN532 at the far end of a pty whose near end is linked at `path`."""

    def __init__(self, path: Path, loop: EventLoop, clock: Callable[[], float]) -> None:
        self.chip = Pn532()
        self._clock = clock
        self._chip_side, self._host_side = os.openpty()  # held open, so that a host may come and go
        tty.setraw(self._host_side)
        os.set_blocking(self._chip_side, False)
        self.path = path
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self._host_side))
        loop.watch(_Fd(self._chip_side), self._receive)

    def tick(self, now: float) -> None:
        """Every 10 ms."""
        self._write(self.chip.poll(now))

    def _receive(self) -> None:
        self._write(self.chip.feed(os.read(self._chip_side, 4096), self._clock()))

    def _write(self, data: bytes) -> None:
        if data:
            with contextlib.suppress(BlockingIOError):  # nobody reads: the host's buffer is full, as on a real UART
                os.write(self._chip_side, data)


@dataclass(frozen=True, slots=True)
class _Fd:
    number: int

    def fileno(self) -> int:
        return self.number
