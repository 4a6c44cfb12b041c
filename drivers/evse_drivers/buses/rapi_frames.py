"""The frames of OpenEVSE's RAPI as bytes: built, and found again in what a UART brings.

A command is `$cc p p :ss^xk` and a carriage return: two letters, parameters, a sequence id, and the XOR of all octets
before "^" in two hex digits. An answer is `$OK p p :ss^xk` or `$NK ...` with the command's sequence id. Whenever it
likes the board says things of its own, also between a command and its answer: `$AT` (its state has changed), `$AB` (it
has started), `$AN` (its button), `$WF`.

Source: the protocol's description in open_evse, firmware/open_evse/rapi_proc.h (RAPI 5.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor

COMMAND_ROOM = 31  # octets of a command before its carriage return: the board's buffer has 32 with the end mark
FRAME_ROOM = 80  # octets of the longest thing it says, and some to spare

ANSWERS = ("OK", "NK")
EVENTS = ("AB", "AT", "AN", "WF")

_BODY = re.compile(rb"\$([A-Z][A-Z0-9])((?: [^ ^]*)*)\^([0-9A-Fa-f]{2})")
_SEQUENCE = re.compile(r":([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that was said. `sequence`: the id of the command that it answers; None where it carries none."""

    name: str
    words: tuple[str, ...] = ()
    sequence: int | None = None


def checksum(data: bytes) -> int:
    """The XOR of all octets."""
    return reduce(xor, data, 0)


def build(command: str, sequence: int) -> bytes:
    """The octets of `command` ("SC 16 V"). ValueError: it does not fit into the board's buffer."""
    data = f"${command} :{sequence:02X}".encode("ascii")
    frame = data + b"^%02X" % checksum(data)
    if len(frame) > COMMAND_ROOM:
        raise ValueError(f"{command!r} is {len(frame) - COMMAND_ROOM} octets too long for the board's buffer")
    return frame + b"\r"


def parse(data: bytes) -> Frame | None:
    """What the octets from "$" up to the carriage return say; None where they make no sense."""
    found = _BODY.fullmatch(data)
    if found is None or int(found[3], 16) != checksum(data[:-3]):
        return None
    try:
        words = found[2].decode("ascii").split()
    except UnicodeDecodeError:
        return None
    sequence = _SEQUENCE.fullmatch(words[-1]) if words else None
    if sequence is not None:
        words.pop()
    return Frame(found[1].decode("ascii"), tuple(words), None if sequence is None else int(sequence[1], 16))


class Decoder:
    """Finds frames in a stream; what belongs to none is passed over and counted."""

    def __init__(self) -> None:
        self._buffer = b""
        self._passed = 0

    @property
    def noise(self) -> int:
        """Octets that were of no frame, the beginning of one that has not ended yet included."""
        return self._passed + len(self._buffer)

    def clear(self) -> None:
        """Forget a frame that never ended."""
        self._buffer = b""
        self._passed = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with `data`."""
        self._buffer += data
        while b"\r" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r")
            _, dollar, frame = line.rpartition(b"$")  # one that was cut short has the next one behind it
            found = parse(dollar + frame)
            if found is None:
                self._passed += len(line.strip(b"\n"))
            else:
                self._passed += len(line.strip(b"\n")) - len(dollar + frame)
                yield found
        if len(self._buffer) > FRAME_ROOM:
            self._passed += len(self._buffer) - FRAME_ROOM
            self._buffer = self._buffer[-FRAME_ROOM:]
