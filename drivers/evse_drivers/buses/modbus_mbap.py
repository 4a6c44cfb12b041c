"""Finds the answer to a request in what a Modbus TCP connection brings."""

from __future__ import annotations

from .modbus import Request
from .modbus_rtu import answer_octets, nonsense

HEAD = 6  # octets: the request's number, the protocol's (0), the length of what follows
CHECKSUM = 2  # octets that a frame on a serial line has more


def answer_in(data: bytes, number: bytes, unit: int, request: Request) -> bytes:
    """The first frame in `data` that answers request `number` of two octets; empty: there is none yet. Never raises."""
    while len(data) > HEAD and data[2:4] == b"\0\0":
        size = HEAD + int.from_bytes(data[4:6], "big")
        frame, data = data[:size], data[size:]
        body = frame[HEAD:]
        meant = len(frame) == size and len(body) >= 3 and frame[:2] == number and body[0] == unit
        if meant and len(body) == answer_octets(body[:4], request) - CHECKSUM:
            return frame
    return b""


class TcpFilter:
    """pymodbus' trace_packet for one connection: only the answer to the open request passes, so that its decoder never
    meets what it cannot decode."""

    numbered = True
    echoes = False
    missing = False

    def __init__(self) -> None:
        self._wanted: tuple[int, Request] | None = None
        self._number = b""
        self._heard = b""

    def expect(self, unit: int, request: Request) -> None:
        """The next answer is the one to this request."""
        self._wanted, self._heard = (unit, request), b""

    def __call__(self, sending: bool, data: bytes) -> bytes:
        """`data` is what goes out, or all that has come since it went out."""
        if sending:
            self._number = data[:2]
            return data
        if self._wanted is None:
            return b""
        self._heard = data
        frame = answer_in(data, self._number, *self._wanted)
        if frame:
            self._wanted = None
        return frame

    def heard(self) -> str:
        """What came that was no answer to the open request; empty: nothing came."""
        self._wanted = None
        return nonsense(self._heard) if self._heard else ""
