"""An MFRC522 at the far end of SPI with ISO 14443 A cards before it, from NXP's data sheet and ISO/IEC 14443-3.

Bits are lists of 0 and 1 in the order in which they go over the air, the lowest of each byte first.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable

from evse_drivers.api import DriverError

Bits = list[int]


def bits_of(data: bytes) -> Bits:
    return [byte >> bit & 1 for byte in data for bit in range(8)]


def bytes_of(bits: Bits) -> bytes:
    padded = bits + [0] * (-len(bits) % 8)
    return bytes(sum(bit << place for place, bit in enumerate(padded[at : at + 8])) for at in range(0, len(padded), 8))


def mirrored(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


def with_crc(data: bytes) -> bytes:
    """With CRC_A: CRC-CCITT whose bits run the other way, begun with 6363 (annex B)."""
    turned = bytes(mirrored(byte, 8) for byte in data)
    return data + mirrored(binascii.crc_hqx(turned, mirrored(0x6363, 16)), 16).to_bytes(2, "little")


class Card:
    """6.3: idle, ready, active, halt. `stays` is for how many frames it is in the field."""

    def __init__(self, uid: str, stays: int = 10**9, bcc: int = 0, sak_crc: int = 0, sak: int = 0x08) -> None:
        raw = bytes.fromhex(uid)
        parts = {
            4: [raw],
            7: [b"\x88" + raw[:3], raw[3:]],
            10: [b"\x88" + raw[:3], b"\x88" + raw[3:6], raw[6:]],
        }[len(raw)]
        self.parts = [part + bytes([part[0] ^ part[1] ^ part[2] ^ part[3] ^ bcc]) for part in parts]
        self.stays, self._sak_crc, self._sak = stays, sak_crc, sak
        self._state, self._level = "idle", 0
        self._back = "idle"  # where an error takes it: one that was woken from halt goes back there

    def hear(self, bits: Bits) -> Bits | None:
        self.stays -= 1
        if self.stays < 0:
            return None
        if len(bits) == 7:
            return self._called(bytes_of(bits)[0])
        if bytes_of(bits) == with_crc(b"\x50\x00") and self._state == "active":
            self._state = self._back = "halt"
            return None
        if self._state != "ready" or bytes_of(bits[:8]) != bytes([(0x93, 0x95, 0x97)[self._level]]):
            self._state = self._back
            return None
        count = bytes_of(bits[8:16])[0]
        if count == 0x70:
            return self._selected(bytes_of(bits))
        known = ((count >> 4) - 2) * 8 + (count & 7)
        assert len(bits) == 16 + known, "NVB does not fit the frame"
        own = bits_of(self.parts[self._level])
        return own[known:] if own[:known] == bits[16:] else None

    def _called(self, command: int) -> Bits | None:
        if self._state not in {0x26: ("idle",), 0x52: ("idle", "halt")}[command]:
            self._state = self._back
            return None
        self._state, self._level = "ready", 0
        return bits_of(b"\x44\x00")

    def _selected(self, frame: bytes) -> Bits | None:
        assert with_crc(frame[:-2]) == frame, "wrong CRC"
        if frame[2:7] != self.parts[self._level]:
            self._state = self._back
            return None
        last = self._level == len(self.parts) - 1
        self._state, self._level = ("active", 0) if last else ("ready", self._level + 1)
        sak = with_crc(bytes([self._sak if last else 0x04]))
        return bits_of(sak[:-1] + bytes([sak[-1] ^ self._sak_crc]))


AFTER_RESET = {0x01: 0x20, 0x04: 0x14, 0x0E: 0xA0, 0x11: 0x3F, 0x14: 0x80, 0x26: 0x48, 0x15: 0x00}


class FakeMfrc522:
    """What its registers do. `level` is what MISO shows whatever is asked, None: what the chip says."""

    def __init__(self) -> None:
        self.cards: list[Card] = []
        self.version = 0x92
        self.level: int | None = None
        self.hangs = self.garbled = self.deaf = self.closed = self.broken = False
        self.heals_by_reset = True
        self.keeps: Callable[[int, int], int] = lambda register, value: value
        self.resets = self.exchanges = 0
        self.reset()

    def reset(self) -> None:
        self.registers = dict(AFTER_RESET)
        self.fifo = b""
        if self.heals_by_reset:
            self.deaf = False

    # --- the wires ------------------------------------------------------------------------------------------------

    def transfer(self, data: bytes) -> bytes:
        if self.broken:
            raise DriverError("reader.front: the transfer on /dev/spidev0.0 failed: Input/output error.")
        assert not self.closed
        assert not data[0] & 1
        if self.level is not None:
            return bytes([self.level]) * len(data)
        if not data[0] & 0x80:
            for value in data[1:]:
                self._write(data[0] >> 1, value)
            return bytes(len(data))
        assert data[-1] == 0
        return bytes([0, *(self._read(byte >> 1 & 0x3F) for byte in data[:-1])])

    def close(self) -> None:
        self.closed = True

    def _read(self, register: int) -> int:
        if register == 0x37:
            return self.version
        if register == 0x0A:
            return len(self.fifo)
        if register == 0x09:
            byte, self.fifo = self.fifo[0], self.fifo[1:]
            return byte
        return self.registers.get(register, 0)

    def _write(self, register: int, value: int) -> None:
        if register == 0x09:
            self.fifo += bytes([value])
            assert len(self.fifo) <= 64
        elif register == 0x0A:
            self.fifo = b"" if value & 0x80 else self.fifo
        elif register == 0x04:
            assert not value & 0x80
            self.registers[4] &= ~value
        elif register == 0x01 and value == 0x0F:
            self.resets += 1
            self.reset()
        else:
            self.registers[register] = self.keeps(register, value)
            if register == 0x0D and value & 0x80 and self.registers[1] == 0x0C and not self.hangs:
                self._exchange(value)

    # --- the air --------------------------------------------------------------------------------------------------

    def _exchange(self, framing: int) -> None:
        self.exchanges += 1
        bits, align = bits_of(self.fifo), framing >> 4 & 7
        if framing & 7:
            bits = bits[: len(bits) - 8 + (framing & 7)]
        self.fifo = b""
        self.registers[6] = 0
        field = self.registers[0x14] & 3 == 3 and self.registers.get(0x15) == 0x40 and not self.deaf
        answers = [answer for card in self.cards if field and (answer := card.hear(bits)) is not None]
        timer = self.registers.get(0x2A, 0) & 0x80 and self.registers.get(0x2D, 0)
        if not answers:
            self.registers[4] |= 0x01 if timer else 0
            return
        self.registers[4] |= 0x30
        if self.garbled:
            self.registers[6] = 0x02
        first = answers[0]
        differs = [at for at, said in enumerate(zip(*answers, strict=True)) if len(set(said)) > 1]
        if differs:
            position = len(bits) - 16 + differs[0] + 1 if len(bits) >= 16 else differs[0] + 1
            first = first[: differs[0]] + [0] * (len(first) - differs[0])
            self.registers[6] |= 0x08
            self.registers[0x0E] = position & 0x1F if position <= 32 else 0x20
        self.fifo = bytes_of([0] * align + first)
