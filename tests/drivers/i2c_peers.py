"""A PN532 on an I2C bus, written from its user manual (UM0701-02, 6.2.4): a ready byte, then a frame."""

from __future__ import annotations

import threading
import time

from evse_drivers.api import DriverError

HOST_ACK = bytes.fromhex("0000ff00ff00")
HOST_NACK = bytes.fromhex("0000ffff0000")


class I2cCardReader:
    """An `I2cBus` with one device at 0x24; `cards` are (UID, what its ATS adds) before it.

    A read of one byte says only whether it is ready. What is read beyond a frame is 0x00; what it has to say is gone
    after it was read, unless it is asked for again by a NACK.
    """

    def __init__(self) -> None:
        self.cards: list[tuple[str, bytes]] = []
        self.commands: list[int] = []
        self.addresses: set[int] = set()
        self.silent = self.absent = False
        self.slow = 0.0005  # s that a transfer takes
        self.called_off = 0
        self.busy_for = 0.002  # s until each piece is ready
        self.tamper = lambda data: data
        self.at_once = 0
        self.most_at_once = 0
        self._out: list[bytes] = []
        self._last = b""
        self._ready_at = 0.0
        self._asleep = True

    def write(self, address: int, data: bytes) -> None:
        with _Alone(self):
            self._addressed(address)
            if data == HOST_ACK:
                self.called_off += 1
                self._out.clear()
            elif data == HOST_NACK:
                self._out.insert(0, self._last)
            else:
                self._obey(data)
            self._ready_at = time.monotonic() + self.busy_for

    def read(self, address: int, count: int) -> bytes:
        with _Alone(self):
            self._addressed(address)
            ready = bool(self._out) and time.monotonic() >= self._ready_at and not self.silent
            if count == 1 or not ready:
                return bytes([ready]) + bytes(count - 1)
            self._last = self._out.pop(0)
            self._ready_at = time.monotonic() + self.busy_for
            return (b"\x01" + self.tamper(self._last) + bytes(count))[:count]

    def transfer(self, address: int, data: bytes, count: int) -> bytes:
        raise AssertionError("a PN532 is written to and read from apart")

    def _addressed(self, address: int) -> None:
        self.addresses.add(address)
        asleep, self._asleep = self._asleep, False
        if self.absent or asleep:
            raise DriverError("bus.i2c1: nobody answers at 0x24.")

    def _obey(self, frame: bytes) -> None:
        assert frame[:3] == b"\x00\x00\xff"
        length = frame[3]
        data = frame[5 : 5 + length]
        assert (length + frame[4]) % 256 == 0
        assert (sum(data) + frame[5 + length]) % 256 == 0
        assert data[0] == 0xD4
        self.commands.append(data[1])
        bodies = {0x02: bytes([0x32, 0x01, 0x06, 0x07]), 0x14: b"", 0x32: b"", 0x4A: self._target()}
        self._out = [HOST_ACK, _framed(bytes([0xD5, data[1] + 1]) + bodies[data[1]])]

    def _target(self) -> bytes:
        if not self.cards:
            return b"\x00"
        uid, ats = self.cards[0]
        raw = bytes.fromhex(uid)
        return bytes([1, 1, 0x00, 0x04, 0x08, len(raw)]) + raw + ats


def _framed(data: bytes) -> bytes:
    return bytes([0, 0, 0xFF, len(data), (256 - len(data)) % 256]) + data + bytes([(256 - sum(data) % 256) % 256, 0])


class _Alone:
    """Counts how many calls are on the bus at the same time: one may be."""

    lock = threading.Lock()

    def __init__(self, bus: I2cCardReader) -> None:
        self.bus = bus

    def __enter__(self) -> None:
        with self.lock:
            self.bus.at_once += 1
            self.bus.most_at_once = max(self.bus.most_at_once, self.bus.at_once)
        time.sleep(self.bus.slow)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.bus.at_once -= 1
