"""The frames of a PN532 as bytes: built, and found again in what the wires bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# PN532 user manual (UM0701-02), sections 6.2.1 and 7. HSU needs the wake-up before the first command after power-down.
WAKE = bytes([0x55, 0x55] + [0x00] * 14)
ACK = bytes([0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00])
NACK = bytes([0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00])

GET_FIRMWARE_VERSION = bytes([0x02])
SAM_CONFIGURATION = bytes([0x14, 0x01, 0x00, 0x01])  # normal mode, no timeout, no IRQ pin
FEW_ATTEMPTS = bytes([0x32, 0x05, 0xFF, 0x01, 0x01])  # RFConfiguration item 5: look twice for a card, not for ever
LIST_PASSIVE_TARGET = bytes([0x4A, 0x01, 0x00])  # one card, 106 kbit/s type A

_FROM_HOST, _FROM_PN532, _ERROR = 0xD4, 0xD5, 0x7F
_START = bytes([0x00, 0xFF])


@dataclass(frozen=True, slots=True)
class Frame:
    """What came: an acknowledgement, a refusal, or an answer (`code` is the command's plus one)."""

    kind: Literal["ack", "nack", "error", "answer"]
    code: int = 0
    body: bytes = b""


def build(command: bytes) -> bytes:
    """The frame that carries `command` (its code and parameters, 254 bytes at most) to the PN532."""
    data = bytes([_FROM_HOST]) + command
    return bytes([0x00, *_START, len(data), -len(data) & 0xFF]) + data + bytes([-sum(data) & 0xFF, 0x00])


def size(data: bytes) -> int | None:
    """How many bytes of `data` the frame that begins in it takes to its end, some of which may be still to come."""
    start = data.find(_START)
    if start < 0 or len(data) < start + 4 or (data[start + 2] + data[start + 3]) & 0xFF:
        return None
    return start + 4 + data[start + 2] + 2


class Decoder:
    """Finds frames in a stream; what belongs to none is passed over and counted in `noise` (bytes)."""

    def __init__(self) -> None:
        self._buffer = b""
        self.noise = 0

    def clear(self) -> None:
        """Forget a frame that never ended."""
        self._buffer = b""
        self.noise = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with `data`."""
        self._buffer += data
        while True:
            start = self._buffer.find(_START)
            if start < 0:
                kept = 1 if self._buffer.endswith(_START[:1]) else 0
                self._drop(len(self._buffer) - kept)
                return
            self._drop(start)
            if len(self._buffer) < 4:
                return
            length, check = self._buffer[2], self._buffer[3]
            if (length, check) in ((0x00, 0xFF), (0xFF, 0x00)):
                self._buffer = self._buffer[4:]
                yield Frame("ack" if length == 0 else "nack")
            elif length + check & 0xFF:
                self._drop(1)
            elif len(self._buffer) < 5 + length:
                return
            else:
                frame = self._take(length)
                if frame is not None:
                    yield frame

    def _take(self, length: int) -> Frame | None:
        data = self._buffer[4 : 4 + length]
        if sum(self._buffer[4 : 5 + length]) & 0xFF:
            self._drop(1)  # only the start code: a good frame may have begun within the broken one
            return None
        self._buffer = self._buffer[5 + length :]
        if length >= 2 and data[0] == _FROM_PN532:
            return Frame("answer", data[1], data[2:])
        if data[:1] == bytes([_ERROR]):
            return Frame("error")
        self.noise += length
        return None

    def _drop(self, count: int) -> None:
        # The preamble and postamble are zeros and no noise.
        self.noise += len(self._buffer[:count].strip(b"\x00"))
        self._buffer = self._buffer[count:]


def uid_of(body: bytes) -> str | None:
    """The UID in the answer to LIST_PASSIVE_TARGET, first byte first; None: no card, or an answer that makes no sense.

    Layout: number of cards, card number, SENS_RES (2), SEL_RES, length, UID, then what the card adds.
    """
    if len(body) < 6 or body[0] == 0:
        return None
    length = body[5]
    uid = body[6 : 6 + length]
    if length not in (4, 7, 10) or len(uid) != length:  # ISO/IEC 14443-3, 6.5.4: single, double, triple size
        return None
    return uid.hex().upper()
