"""What comes from card readers: PN532, MFRC522 and its cards, RDM6300, Wiegand bridges, keyboards; and their UIDs."""

from __future__ import annotations

import struct
from functools import reduce
from operator import xor
from random import Random

from evse_drivers.api import Uid
from evse_drivers.readers import iso14443a, pn532_frames, rdm6300_frames, typed, wiegand_lines
from evse_drivers.readers.hid_keys import CHARACTERS, ENDS, EVENT, Keys
from evse_drivers.readers.iso14443a import Heard, crc_a
from evse_drivers.readers.listening import Parser
from evse_drivers.readers.mfrc522_chip import VERSIONS, Chip
from evsed.model.cards import CASES, LENGTHS, NOTATIONS, ORDERS, Writing, presented, table
from fuzz_engine import Target

HEX = set("0123456789ABCDEF")


def good_uid(uid: str, *sizes: int) -> None:
    """Upper-case hex of one of these numbers of bytes."""
    assert len(uid) in [2 * size for size in sizes], uid
    assert set(uid) <= HEX, uid


# --- PN532 ------------------------------------------------------------------------------------------------------------


def pn532(data: bytes) -> None:
    """A stream in two pieces and as a whole: the same frames."""
    decoder, whole = pn532_frames.Decoder(), pn532_frames.Decoder()
    cut = data[0] % (len(data) + 1) if data else 0
    found = [*decoder.feed(data[:cut]), *decoder.feed(data[cut:])]
    assert found == list(whole.feed(data))
    assert decoder.noise <= len(data)
    for frame in found:
        uid = pn532_frames.uid_of(frame.body)
        if uid is not None:
            good_uid(uid, 4, 7, 10)
    size = pn532_frames.size(data)
    assert size is None or size >= 6


def pn532_frame(data: bytes) -> bytes:
    """From the PN532, its preamble and sums right."""
    body = b"\xd5" + data
    return bytes([0, 0, 255, len(body), -len(body) & 255]) + body + bytes([-sum(body) & 255, 0])


def pn532_shape(data: bytes, rng: Random) -> bytes:
    """Half of them are the body of a whole frame."""
    return pn532_frame(data[5:250].removeprefix(b"\xd5")) if rng.random() < 0.5 else data


CARD = bytes([0x4B, 1, 1, 0, 0x44, 0, 7, 4, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6])
PN532 = (
    pn532_frames.ACK + pn532_frame(CARD),
    pn532_frames.ACK,
    pn532_frames.NACK,
    pn532_frame(bytes([3, 0x32, 1, 6, 7])),
    pn532_frame(bytes([0x4B, 0])),
    bytes([0, 0, 255, 1, 255, 0x7F, 0x81, 0]),
)


# --- ISO 14443 A ------------------------------------------------------------------------------------------------------


def cards(data: bytes) -> None:
    """Answers of a card, over and over: a byte says how long each is and which collision it had; 0xFF: none came."""
    search, at = iso14443a.find(), 0
    try:
        next(search)
        for _ in range(200):
            heard = None
            at = at if at < len(data) else 0
            if data and data[at] != 0xFF:
                size = data[at] & 0x0F
                heard = Heard(data[at + 1 : at + 1 + size], data[at] >> 4 or None)
                at += size
            at += 1
            search.send(heard)
    except StopIteration as found:
        if found.value is not None:
            good_uid(found.value, 4, 7, 10)
        return
    raise AssertionError("the search does not end")


def cards_shape(data: bytes, rng: Random) -> bytes:
    """Now and then each answer has the check bytes that fit: BCC where it is five long, CRC where it is three."""
    if rng.random() < 0.4:
        return data
    shaped, at = b"", 0
    while at < len(data):
        size = data[at] & 0x0F if data[at] != 0xFF else 0
        piece = data[at + 1 : at + 1 + size]
        if len(piece) == 5:
            piece = piece[:4] + bytes([piece[0] ^ piece[1] ^ piece[2] ^ piece[3]])
        elif len(piece) == 3:
            piece = piece[:1] + crc_a(piece[:1])
        shaped += data[at : at + 1] + piece
        at += 1 + size
    return shaped


def _bcc(part: bytes) -> bytes:
    return b"\x05" + part + bytes([reduce(xor, part)])


def _sak(sak: int) -> bytes:
    return b"\x03" + bytes([sak]) + crc_a(bytes([sak]))


CARDS = (
    b"\x02\x04\x00" + _bcc(b"\x01\x02\x03\x04") + _sak(0x08) + b"\xff",
    b"\x02\x44\x00" + _bcc(b"\x88\x04\xa1\xb2") + _sak(0x04) + _bcc(b"\x01\x02\x03\x04") + _sak(0x00),
    b"\xff\2\x44\0" + _bcc(b"\x88\4\xa1\xb2") + _sak(4) + _bcc(b"\x88\1\2\3") + _sak(4) + _bcc(b"\5\6\7\x08") + _sak(0),
    b"\x02\x04\x00" + b"\x95" + _bcc(b"\x11\x02\x03\x04")[1:] + b"\x44\x02\x03\x04\x15" + _sak(0x08),
)  # fmt: skip


class ChipWires:
    """An MFRC522 whose registers say what the input says."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def transfer(self, data: bytes) -> bytes:
        if not data[0] & 0x80:
            return bytes(len(data))
        register = data[0] >> 1 & 0x3F
        if register == 0x37:  # most often it says that it is one, with its settings kept and its field on
            said = self._next()
            return b"\0" + (b"\xee" if said == 0xEE else bytes([list(VERSIONS)[said % len(VERSIONS)]]))
        if register in (0x2A, 0x14):
            return b"\0" + (b"\x80" if register == 0x2A else b"\x83")
        if register == 0x04:  # an interrupt comes, or its timer runs out: nobody has time to wait
            return b"\0" + bytes([self._next() | 0x01])
        return b"\0" + bytes(self._next() for _ in range(len(data) - 1))

    def close(self) -> None:
        pass

    def _next(self) -> int:
        self._at += 1
        return self._data[(self._at - 1) % len(self._data)] if self._data else 0


def mfrc522(data: bytes) -> None:
    """One look for a card."""
    uid = Chip(ChipWires(data), "reader.front: the reader", 48, None, lambda: None)._look()
    if uid is not None:
        good_uid(uid, 4, 7, 10)


# --- readers that speak by themselves ---------------------------------------------------------------------------------


def stream(parser: Parser, data: bytes, *sizes: int) -> None:
    """In two pieces; then the line pauses, and the rest comes again."""
    third = len(data) // 3
    for uid in (*parser.feed(data[:third]), *parser.feed(data[third:])):
        good_uid(uid, *sizes)
    assert parser.nonsense >= 0
    assert len(parser.last) < 400
    parser.clear()
    list(parser.feed(data[third:]))


def rdm6300(data: bytes) -> None:
    stream(rdm6300_frames.Decoder(), data, 5)


def rdm_shape(data: bytes, rng: Random) -> bytes:
    """Half of them have a good sum in their first frame."""
    digits = data[1:11]
    try:
        number = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return data
    if len(number) != 5 or rng.random() < 0.5:
        return data
    return data[:1] + digits + b"%02X" % reduce(xor, number) + data[13:]


def wiegand(data: bytes) -> None:
    stream(wiegand_lines.Decoder(), data, 3, 4)


def keys(data: bytes) -> None:
    """The first two bytes choose digits and width, the rest are events of the kernel."""
    digits, count = typed.DIGITS[data[0] % 2 if data else 0], (0, 3, 4, 5, 7, 10)[data[1] % 6 if len(data) > 1 else 0]
    stream(Keys(lambda text: typed.uid_of(text, digits, count)), data[2:], *range(3, 11))


def typed_number(data: bytes) -> None:
    """The first two bytes choose digits and width, the rest is the text."""
    digits, count = typed.DIGITS[data[0] % 2 if data else 0], (0, 3, 4, 5, 7, 10)[data[1] % 6 if len(data) > 1 else 0]
    good_uid(typed.uid_of(data[2:].decode("utf-8", "replace"), digits, count), *([count] if count else range(3, 11)))


def uid_format(data: bytes) -> None:
    """Bytes of a UID in each format of [cards]; none is longer than it says, and no two lengths of it are mixed up."""
    if len(data) < 6:
        return
    uid = Uid(data[4:14].hex().upper())
    form = Writing(NOTATIONS[data[0] % 2], CASES[data[1] % 2], ORDERS[data[2] % 2], LENGTHS[data[3] % len(LENGTHS)])
    its = presented(uid, form, (1,)).token.id
    assert its
    assert set(its.upper()) <= HEX
    assert form.notation == "hex" or its.isdecimal()
    if data[3] == 0x77:  # slow, and the same thing again for all formats
        assert len(list(table(uid.hex, "upper"))) >= 1


def _typed(text: str) -> bytes:
    codes = {character: code for code, character in CHARACTERS.items()}
    events = [(code, value) for character in text for code in [codes[character]] for value in (1, 0)]
    events += [(ENDS[0], 1), (ENDS[0], 0)]
    return b"".join(EVENT.pack(0, 0, 1, code, value) + EVENT.pack(0, 0, 0, 0, 0) for code, value in events)


READERS = (
    Target("PN532 frames", ("evse_drivers.readers.pn532_frames",), pn532, PN532, pn532_shape),
    Target("ISO 14443 A cards", ("evse_drivers.readers.iso14443a",), cards, CARDS, cards_shape, longest=200),
    Target(
        "MFRC522",
        ("evse_drivers.readers.mfrc522_chip", "evse_drivers.readers.iso14443a"),
        mfrc522,
        (b"\x01", b"\x20\x01\x02\x20" * 9),
        longest=200,
    ),
    Target(
        "RDM6300 frames",
        ("evse_drivers.readers.rdm6300_frames",),
        rdm6300,
        (b"\x021A00A1B2C3CA\x03", b"\x02000000000000\x03", b"\x021A00A1B2C3CA\r\n\x03\x021A00A1B2C3CA\x03"),
        rdm_shape,
        longest=200,
    ),
    Target(
        "Wiegand lines",
        ("evse_drivers.readers.wiegand_lines",),
        wiegand,
        (
            b"10110001111101001101011100\r\n", b"26 2C7D35C\n", b"34:000000001\n",
            b"Wiegand HEX = 63E9AE, DECIMAL = 6547886, Type W26\r\n", b"1010\n",
        ),
        longest=400,
        words=(b"26 ", b"34,", b"0x", b"Type W34", b"DECIMAL = ", b"0" * 34),
    ),
    Target(
        "keyboard events",
        ("evse_drivers.readers.hid_keys", "evse_drivers.readers.typed"),
        keys,
        (b"\0\0" + _typed("0012345678"), b"\1\2" + _typed("04a1b2c3"), b"\1\0" + _typed("04a1b2c3d4e5f6")),
        words=tuple(struct.pack("llHHi", 0, 0, kind, code, 1) for kind, code in ((1, 28), (1, 42), (0, 3), (1, 2))),
        longest=2048,
    ),
    Target(
        "typed numbers",
        ("evse_drivers.readers.typed",),
        typed_number,
        (b"\0\x000012345678", b"\1\x0004A1B2C3", b"\0\x0242", b"\1\x0304A1B2C3D4"),
        errors=(ValueError,),
        words=tuple(str(256**count - add).encode() for count in (3, 4, 7, 10) for add in (0, 1)),
    ),
    Target(
        "UID formats",
        ("evsed.model.cards",),
        uid_format,
        (b"\0\0\0\x00\x04\xa1\xb2\xc3", b"\1\1\1\x02\x04\xa1\xb2\xc3\xd4\xe5\xf6", b"\1\0\1\x05" + bytes(10)),
        longest=20,
    ),
)  # fmt: skip
