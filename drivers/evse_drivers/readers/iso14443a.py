"""How a card of ISO/IEC 14443-3 type A is woken, told from others and asked for its whole UID; without any reader.

Theory of operation. `find` is a generator: it yields what is to be sent, takes what was heard, and returns the UID. A
card is woken by WUPA and answers with ATQA. Then, level by level, every card before the reader says four bytes of its
UID and their XOR (BCC) at the same time. Where two differ, the reader hears a collision at that bit and asks again,
giving the bits up to there: only the cards that begin so go on. The four bytes are selected and answered with SAK,
which says whether a further level follows; if so, the first of the four is the cascade tag 88 and no part of the UID.
Levels 1, 2 and 3 make UIDs of 4, 7 and 10 bytes. At last the card is halted, so that at the next look it answers WUPA
together with any other; one that was left selected would keep silent and let the other be found, in turns.

Whatever does not fit (a wrong BCC or CRC, a card that leaves in the middle) ends the search without a UID: the card is
asked anew at the next look.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

WUPA = 0x52  # 6.4.1, a frame of 7 bits; unlike REQA it also wakes cards that were halted
LEVELS = (0x93, 0x95, 0x97)  # 6.5.3.1, SEL
WHOLE = 0x70  # 6.5.3.2, NVB: all 7 bytes of SEL, NVB, UID and BCC
CASCADE_TAG = 0x88  # 6.5.4
INCOMPLETE = 0x04  # 6.5.3.4, SAK: a further level follows
HALT = bytes([0x50, 0x00])  # 6.4.3, HLTA; a card does not answer it
CRC_START = 0x6363  # annex B


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes to send. Of the last one only `bits` (0: all 8); what is heard begins at bit `align` of its first byte."""

    data: bytes
    bits: int = 0
    align: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes that came. `collision`: the first bit that two cards said differently, counted from 1 at the first bit of
    this level's UID; what follows it means nothing."""

    data: bytes
    collision: int | None = None


Search = Generator[Send, Heard | None, str | None]


def crc_a(data: bytes) -> bytes:
    """The two check bytes of a standard frame."""
    crc = CRC_START
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def find() -> Search:
    """The UID of a card that is there, in upper-case hex, first byte first; None: there is none, or it makes no sense.

    Send what it yields, and send it (None: nothing came in time, or what came was garbled).
    """
    for _ in range(2):  # a card that was left selected takes the first for an error and goes idle
        heard = yield Send(bytes([WUPA]), bits=7)
        if heard is not None:
            break
    else:
        return None
    uid = b""
    for code in LEVELS:
        part = yield from _anticollision(code)
        if part is None:
            return None
        sak = yield from _select(code, part)
        if sak is None or (sak & INCOMPLETE != 0) != (part[0] == CASCADE_TAG):
            return None
        if not sak & INCOMPLETE:
            yield Send(HALT + crc_a(HALT))
            return (uid + part[:4]).hex().upper()
        uid += part[1:4]
    return None


def _anticollision(code: int) -> Generator[Send, Heard | None, bytes | None]:
    """The four bytes and the BCC of one card."""
    said, known = bytearray(5), 0
    while known <= 32:
        whole, rest = divmod(known, 8)
        head = bytes([code, (2 + whole) << 4 | rest])
        heard = yield Send(head + bytes(said[: whole + (rest > 0)]), bits=rest, align=rest)
        if heard is None or whole + len(heard.data) > 5:
            return None
        ours = (1 << rest) - 1
        for index, byte in enumerate(heard.data, start=whole):
            said[index] = said[index] & ours | byte & ~ours & 0xFF
            ours = 0
        if heard.collision is None:
            complete = whole + len(heard.data) == 5 and not said[0] ^ said[1] ^ said[2] ^ said[3] ^ said[4]
            return bytes(said) if complete else None
        if not known < heard.collision <= 32:
            return None
        known = heard.collision
        said = bytearray((int.from_bytes(said, "little") & (1 << known - 1) - 1 | 1 << known - 1).to_bytes(5, "little"))
    return None


def _select(code: int, part: bytes) -> Generator[Send, Heard | None, int | None]:
    """The card's SAK."""
    frame = bytes([code, WHOLE]) + part
    heard = yield Send(frame + crc_a(frame))
    if heard is None or heard.collision is not None or len(heard.data) != 3 or crc_a(heard.data[:1]) != heard.data[1:]:
        return None
    return heard.data[0]
