"""Finds the answer to a request in what an RTU line brings: noise, echoes and others' frames around it."""

from __future__ import annotations

from pymodbus.framer import FramerRTU

from .modbus import Block, Request

REQUEST = 8  # octets of a frame that reads, or writes one; and of each answer to a write
WRITE_HEAD = 9  # octets around the words of one that writes several
ANSWER_HEAD = 5  # octets around what was read: unit, function, count, checksum
REFUSAL = 5  # octets


def octets(request: Request) -> int:
    """How long request and answer are together."""
    if isinstance(request, Block):
        return REQUEST + ANSWER_HEAD + _data_octets(request)
    asked = WRITE_HEAD + 2 * len(request.words) if request.function == 16 else REQUEST
    return asked + REQUEST


def answer_in(data: bytes, unit: int, request: Request) -> bytes:
    """The first frame in `data` that answers `request` or refuses it; empty: none is whole yet. Never raises."""
    for start in range(len(data) - REFUSAL + 1):
        if data[start] != unit:
            continue
        size = answer_octets(data[start : start + 4], request)
        frame = data[start : start + size]
        if size and len(frame) == size and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
            return frame
    return b""


def answer_octets(head: bytes, request: Request) -> int:
    """How long the frame is that begins with these four; 0: it is no answer to this request."""
    if head[1] == request.function | 0x80:
        return REFUSAL
    if head[1] != request.function:
        return 0
    if isinstance(request, Block):
        return ANSWER_HEAD + head[2] if head[2] == _data_octets(request) else 0
    return REQUEST if head[2:4] == request.address.to_bytes(2, "big") else 0


def _data_octets(block: Block) -> int:
    return (block.count + 7) // 8 if block.function in (1, 2) else 2 * block.count


def nonsense(heard: bytes) -> str:
    """In words, what came instead of an answer."""
    shown = heard[:16].hex(" ") + (" ..." if len(heard) > 16 else "")
    return f"{len(heard)} bytes came that are no valid answer ({shown})"


class RtuFilter:
    """pymodbus' trace_packet for one line: only the answer to the open request passes.

    `echoes` tells whether the line gives back what is sent (two wires, no direction control). One coil or register is
    confirmed by repeating the request (V1.1b3, 6.5 and 6.6), so that on such a line a dead device looks obedient:
    while it is None, not known, a read has to go before the first write.
    `missing`: the last request that was given up has not been answered since, and still may be.
    """

    numbered = False  # an answer does not say to which request it is one

    def __init__(self) -> None:
        self.echoes: bool | None = None
        self.missing = False
        self._wanted: tuple[int, Request] | None = None
        self._given_up: tuple[int, Request] = (0, Block(3, 0, 1))
        self._sent = b""
        self._heard = b""

    def expect(self, unit: int, request: Request) -> None:
        """The next answer is the one to this request."""
        self._wanted = self._given_up = unit, request
        self._heard = b""

    def __call__(self, sending: bool, data: bytes) -> bytes:
        """`data` is what goes out, or all that has come since it went out."""
        if sending:
            self._sent = data
            return data
        if self._wanted is None:
            if self.missing and answer_in(self._past_echo(data), *self._given_up):
                self.missing = False
            return b""
        self._heard = data
        unit, request = self._wanted
        frame = answer_in(self._past_echo(data), unit, request)
        if frame:
            self._learn()
            self._wanted = None
        return frame

    def heard(self) -> str:
        """What came that was no answer to the open request; empty: nothing came."""
        self._learn()
        self._wanted, self.missing = None, True
        if not self._heard:
            return ""
        return "only the echo of the request came" if self._heard == self._sent else nonsense(self._heard)

    def _past_echo(self, data: bytes) -> bytes:
        if not self.echoes or not self._sent:
            return data
        return data.partition(self._sent)[2]

    def _learn(self) -> None:
        if self._wanted is not None and isinstance(self._wanted[1], Block) and (self._heard or self.echoes is None):
            self.echoes = self._sent != b"" and self._sent in self._heard
