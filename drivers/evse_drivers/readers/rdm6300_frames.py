"""The frames of an RDM6300 as bytes: the number of a 125 kHz card (EM4100), found in what a UART brings.

A frame is 02, ten hexadecimal digits (5 bytes, the first byte first), two digits of their XOR, and 03: 14 bytes.
Readers of the same family put CR LF before the 03.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STX = b"\x02"
_FRAME = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03")
_LONGEST = 16


class Decoder:
    """See listening.Parser."""

    def __init__(self) -> None:
        self._buffer = b""
        self.nonsense = 0
        self.last = ""

    def clear(self) -> None:
        """See Parser."""
        if self._buffer:
            self._drop(self._buffer)
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """See Parser."""
        self._buffer += data
        while True:
            before, start, rest = self._buffer.partition(_STX)
            if before:
                self._drop(before)
            self._buffer = start + rest
            frame = _FRAME.match(self._buffer)
            if frame is not None:
                self._buffer = self._buffer[frame.end() :]
                uid = _checked(frame[1], frame[2])
                if uid is None:
                    self._drop(frame[0])
                    continue
                self.nonsense = 0
                yield uid
            elif _STX in rest or len(self._buffer) >= _LONGEST:
                broken, start, rest = rest.partition(_STX)
                self._drop(_STX + broken)
                self._buffer = start + rest
            else:
                return

    def _drop(self, data: bytes) -> None:
        self.nonsense += 1
        self.last = data[:_LONGEST].hex(" ")


def _checked(number: bytes, check: bytes) -> str | None:
    data = bytes.fromhex(number.decode("ascii"))
    xor = 0
    for byte in data:
        xor ^= byte
    return data.hex().upper() if xor == int(check, 16) else None
