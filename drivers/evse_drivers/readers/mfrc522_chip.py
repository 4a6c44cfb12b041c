"""The conversation with an MFRC522: its registers, one exchange with a card, and whether the chip is still what it was.

Everything here blocks, for some 12 ms where no card is; `look` and `start` run it in a thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from ..api import DriverError
from . import iso14443a
from .iso14443a import Heard, Send

# Registers, MFRC522 data sheet, table 20. On the wire: address << 1, with the highest bit for reading (8.1.2.3).
COMMAND, INTERRUPTS, ERROR = 0x01, 0x04, 0x06
FIFO, FIFO_LEVEL, BIT_FRAMING, COLLISION = 0x09, 0x0A, 0x0D, 0x0E
MODE, TX_MODE, RX_MODE, TX_CONTROL, TX_ASK, RF_CONFIG = 0x11, 0x12, 0x13, 0x14, 0x15, 0x26
TIMER_MODE, TIMER_PRESCALER, TIMER_RELOAD_HIGH, TIMER_RELOAD_LOW, VERSION = 0x2A, 0x2B, 0x2C, 0x2D, 0x37

IDLE, TRANSCEIVE, SOFT_RESET = 0x00, 0x0C, 0x0F
RECEIVED, ENDED, TIMED_OUT = 0x20, 0x10, 0x01  # of INTERRUPTS
GARBLED, COLLIDED = 0x13, 0x08  # of ERROR: buffer overflow, parity, protocol; and a collision
NO_POSITION = 0x20  # of COLLISION
FLUSH, START = 0x80, 0x80  # of FIFO_LEVEL and of BIT_FRAMING
ANTENNA = 0x03  # of TX_CONTROL
TIMER_AUTO = 0x80  # of TIMER_MODE: runs from the end of sending

# fmt: off
SETTINGS = (
    (TX_MODE, 0x00), (RX_MODE, 0x00),  # 106 kbit/s, no CRC by the chip
    # 13.56 MHz / (2 x 169 + 1) = 40 kHz; 200 of them are 5 ms. A card answers within 0.1 ms.
    (TIMER_MODE, TIMER_AUTO), (TIMER_PRESCALER, 169), (TIMER_RELOAD_HIGH, 0), (TIMER_RELOAD_LOW, 200),
    (TX_ASK, 0x40),  # 100 % ASK
    (MODE, 0x3D),  # the sender waits for the field, CRC begins with 6363
    (COLLISION, 0x00),  # bits after a collision read 0
)
KEPT = (TIMER_MODE, TIMER_PRESCALER, TIMER_RELOAD_LOW)  # read back: none of their bits is reserved
VERSIONS = {
    0x88: "a clone (FM17522)", 0xB2: "a clone (FM17522)", 0x12: "a clone (0x12)", 0x90: "version 0.0",
    0x91: "version 1.0", 0x92: "version 2.0",
}
GAINS = {18: 0x00, 23: 0x10, 33: 0x40, 38: 0x50, 43: 0x60, 48: 0x70}  # dB, of RF_CONFIG
# fmt: on

AWAKE_AFTER = 0.05  # s after a reset; its oscillator takes 37.7 ms at most (8.8.2)
HANGS_AFTER = 0.05  # s without an interrupt, though its timer runs 5 ms
POLL = 0.0005  # s

WIRES = "Check its 3.3 V, its wires MISO, MOSI, SCK, SDA (chip select) and RST, and that they are short."

T = TypeVar("T")


class Wires(Protocol):
    """Spi of ..spi."""

    def transfer(self, data: bytes) -> bytes: ...

    def close(self) -> None: ...


class Chip:
    """A `Device` of watch.py. `reset(level)` drives its RST pin, where that is wired; `name` goes into error texts."""

    def __init__(
        self, wires: Wires, name: str, gain_db: int, reset: Callable[[bool], None] | None, release: Callable[[], None]
    ) -> None:
        """`release` gives the pin back."""
        self._wires, self._name, self._gain, self._reset, self._release = wires, name, gain_db, reset, release
        self._one = threading.Lock()  # a look that was given up still runs in its thread

    def close(self) -> None:
        """Give wires and pin back."""
        with self._one:
            self._wires.close()
            self._release()

    async def start(self) -> str:
        """Reset it, set it up and switch its field on."""
        return await asyncio.to_thread(self._alone, self._start)

    async def look(self) -> str | None:
        """The UID of a card that is there now."""
        return await asyncio.to_thread(self._alone, self._look)

    def _alone(self, work: Callable[[], T]) -> T:
        with self._one:
            return work()

    def _start(self) -> str:
        if self._reset is not None:
            self._reset(False)
            time.sleep(0.001)  # 100 ns would do
            self._reset(True)
            time.sleep(AWAKE_AFTER)
        self._write(COMMAND, SOFT_RESET)
        time.sleep(AWAKE_AFTER)
        version = self._version()
        for register, value in (*SETTINGS, (RF_CONFIG, GAINS[self._gain] | 0x08)):
            self._write(register, value)
        self._write(TX_CONTROL, self._read(TX_CONTROL) | ANTENNA)
        lost = [register for register, value in SETTINGS if register in KEPT and self._read(register) != value]
        if lost:
            registers = ", ".join(f"0x{register:02x}" for register in lost)
            raise DriverError(f"{self._name} does not keep what it is told (registers {registers}). {WIRES}")
        time.sleep(0.005)  # ISO/IEC 14443-3, 5: a card is ready 5 ms after the field came
        return f"{self._name}, an MFRC522, {VERSIONS[version]},"

    def _version(self) -> int:
        version = self._read(VERSION)
        if version in (0x00, 0xFF):
            raise DriverError(f"{self._name} does not answer. {WIRES}")
        if version not in VERSIONS:
            known = ", ".join(f"{known:02x}" for known in sorted(VERSIONS))
            raise DriverError(
                f"{self._name} is no MFRC522: its version says {version:02x}, known are {known}. {WIRES} Or choose the "
                "driver of this reader."
            )
        return version

    def _look(self) -> str | None:
        self._version()
        if self._read(TIMER_MODE) != TIMER_AUTO or self._read(TX_CONTROL) & ANTENNA != ANTENNA:
            raise DriverError(f"{self._name} has forgotten its settings: its supply may dip. {WIRES}")
        search = iso14443a.find()
        try:
            send = next(search)
            while True:
                send = search.send(self._exchange(send))
        except StopIteration as found:
            uid: str | None = found.value
            return uid

    def _exchange(self, send: Send) -> Heard | None:
        """What a card answers; None: nothing, or nothing that can be read."""
        self._write(COMMAND, IDLE)
        self._write(INTERRUPTS, 0x7F)  # clears them all
        self._write(FIFO_LEVEL, FLUSH)
        self._write(FIFO, *send.data)
        self._write(COMMAND, TRANSCEIVE)
        self._write(BIT_FRAMING, START | send.align << 4 | send.bits)
        came = self._came()
        self._write(BIT_FRAMING, 0)
        if not came:
            return None
        error = self._read(ERROR)
        if error & GARBLED:
            return None
        count = self._read(FIFO_LEVEL) & 0x7F
        data = self._read_fifo(count) if 0 < count <= 64 else b""
        if not error & COLLIDED:
            return Heard(data) if data else None
        collision = self._read(COLLISION)
        if collision & NO_POSITION:
            return None
        return Heard(data, collision & 0x1F or 32)

    def _came(self) -> bool:
        """Waits until an answer has come (True) or the chip's timer has run out."""
        deadline = time.monotonic() + HANGS_AFTER
        while True:
            interrupts = self._read(INTERRUPTS)
            if interrupts & (RECEIVED | ENDED):
                return True
            if interrupts & TIMED_OUT:
                return False
            if time.monotonic() > deadline:
                raise DriverError(f"{self._name} hangs: it takes commands and does not end them. {WIRES}")
            time.sleep(POLL)

    def _read(self, register: int) -> int:
        return self._wires.transfer(bytes([0x80 | register << 1, 0]))[1]

    def _read_fifo(self, count: int) -> bytes:
        return self._wires.transfer(bytes([0x80 | FIFO << 1]) * count + b"\x00")[1:]

    def _write(self, register: int, *values: int) -> None:
        self._wires.transfer(bytes([register << 1, *values]))
