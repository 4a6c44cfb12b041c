"""What comes over serial lines and the network: Modbus RTU and TCP, RAPI, I2C's PN532 frames are with the readers."""

from __future__ import annotations

from functools import reduce
from operator import xor
from random import Random

from evse_drivers.buses.modbus import Block, Request, Write
from evse_drivers.buses.modbus_mbap import TcpFilter
from evse_drivers.buses.modbus_requests import NoAnswer, refusal, words
from evse_drivers.buses.modbus_rtu import RtuFilter
from evse_drivers.buses.rapi_frames import FRAME_ROOM, Decoder, Frame, parse
from fuzz_engine import Target
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

UNIT = 17
REQUESTS: tuple[Request, ...] = (
    Block(3, 0, 2), Block(4, 0x34, 1), Block(3, 40000, 20), Block(1, 400, 1), Block(2, 0, 60), Write(5, 400, (1,)),
    Write(6, 261, (160,)), Write(16, 7100, (1, 2, 3)),
)  # fmt: skip


def _shifted(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC = [_shifted(octet) for octet in range(256)]


def crc(frame: bytes) -> bytes:
    """Modbus over serial line V1.02, 6.2.2."""
    value = 0xFFFF
    for octet in frame:
        value = value >> 8 ^ _CRC[(value ^ octet) & 0xFF]
    return value.to_bytes(2, "little")


def answer(request: Request) -> bytes:
    """A good one, without unit and checksum."""
    if isinstance(request, Block):
        size = (request.count + 7) // 8 if request.function in (1, 2) else 2 * request.count
        return bytes([request.function, size]) + bytes(range(size % 256)).ljust(size, b"\x11")
    told = request.words[0] if request.function != 16 else len(request.words)
    told = 0xFF00 if request.function == 5 else told
    return bytes([request.function]) + request.address.to_bytes(2, "big") + told.to_bytes(2, "big")


def understood(request: Request, frame: bytes, framer: FramerRTU | FramerSocket) -> None:
    """What the line does with a frame that the filter has let through."""
    try:
        _, pdu = framer.handleFrame(frame, UNIT, 0)
    except ModbusException:
        return  # the line takes it for no answer
    assert pdu is not None, "the filter let something through that is no whole frame"
    if pdu.isError():
        refusal(request, pdu.exception_code)
        return
    try:
        found = words(request, pdu)
    except NoAnswer:
        return
    assert len(found) == (request.count if isinstance(request, Block) else 0)
    assert all(0 <= word <= 0xFFFF for word in found)


_RTU, _TCP = FramerRTU(DecodePDU(False)), FramerSocket(DecodePDU(False))


def rtu(data: bytes) -> None:
    """The first byte chooses the request and whether the line echoes; the rest comes in two pieces."""
    if not data:
        return
    request = REQUESTS[data[0] % len(REQUESTS)]
    sieve = RtuFilter()
    sieve.echoes = (None, True, False)[data[0] // len(REQUESTS) % 3]
    heard = data[1:]
    sieve.expect(UNIT, request)
    sieve(True, heard[: data[0] // 64])
    frame = sieve(False, heard[: len(heard) // 2]) or sieve(False, heard)
    if frame:
        assert frame in heard
        assert crc(frame[:-2]) == frame[-2:]
        understood(request, frame, _RTU)
        assert not sieve(False, heard), "one request has one answer"
    sieve.heard()
    sieve(False, heard)


def rtu_shape(data: bytes, rng: Random) -> bytes:
    """Most often with the checksum that fits."""
    return data[:-2] + crc(data[1:-2]) if len(data) > 4 and rng.random() < 0.6 else data


def tcp(data: bytes) -> None:
    """As `rtu`, with Modbus TCP's heads; the requests are numbered by the second and third byte."""
    if len(data) < 3:
        return
    request = REQUESTS[data[0] % len(REQUESTS)]
    sieve, heard = TcpFilter(), data[3:]
    sieve.expect(UNIT, request)
    sieve(True, data[1:3])
    frame = sieve(False, heard[: len(heard) // 2]) or sieve(False, heard)
    if frame:
        assert frame[:2] == data[1:3]
        assert frame in heard
        understood(request, frame, _TCP)
    sieve.heard()
    sieve(False, heard)


def tcp_shape(data: bytes, rng: Random) -> bytes:
    """Most often with the length that fits."""
    if len(data) < 10 or rng.random() < 0.4:
        return data
    return data[:5] + b"\0\0" + (len(data) - 9).to_bytes(2, "big") + data[9:]


# --- RAPI -------------------------------------------------------------------------------------------------------------


def rapi(data: bytes) -> None:
    """A stream, in two pieces."""
    decoder = Decoder()
    found: list[Frame] = [*decoder.feed(data[: len(data) // 3]), *decoder.feed(data[len(data) // 3 :])]
    assert decoder.noise <= len(data) + 2 * FRAME_ROOM
    for frame in found:
        assert frame.name.isascii()
        assert len(frame.name) == 2
        assert frame.sequence is None or 0 <= frame.sequence <= 0xFF
        assert all(word.isascii() and " " not in word for word in frame.words)
    decoder.clear()
    assert decoder.noise == 0
    parse(data)


def rapi_shape(data: bytes, rng: Random) -> bytes:
    """Most often the last frame has the checksum that fits."""
    if rng.random() < 0.4:
        return data
    before, dollar, rest = data.partition(b"$")
    body = dollar + rest.partition(b"^")[0]
    return before + body + b"^%02X\r" % reduce(xor, body, 0)


def _said(text: str) -> bytes:
    return f"${text}^{reduce(xor, f'${text}'.encode(), 0):02X}\r".encode()


BUSES = (
    Target(
        "Modbus RTU",
        ("evse_drivers.buses.modbus_rtu", "evse_drivers.buses.modbus_requests"),
        rtu,
        (
            *(bytes([i]) + bytes([UNIT]) + answer(r) + crc(bytes([UNIT]) + answer(r)) for i, r in enumerate(REQUESTS)),
            b"\x00" + bytes([UNIT, 0x83, 2]) + crc(bytes([UNIT, 0x83, 2])),
        ),
        rtu_shape,
        longest=300,
    ),
    Target(
        "Modbus TCP",
        ("evse_drivers.buses.modbus_mbap", "evse_drivers.buses.modbus_requests"),
        tcp,
        (
            *(
                bytes([i, 0, 9, 0, 9, 0, 0]) + (len(answer(r)) + 1).to_bytes(2, "big") + bytes([UNIT]) + answer(r)
                for i, r in enumerate(REQUESTS)
            ),
            bytes([0, 0, 9, 0, 9, 0, 0, 0, 3, UNIT, 0x83, 2]),
        ),
        tcp_shape,
    ),
    Target(
        "RAPI frames",
        ("evse_drivers.buses.rapi_frames",),
        rapi,
        (
            _said("OK 1 0 0 140 :1F"), _said("NK :02"), _said("AT 03 01 20 0140"), _said("AB 00 8.2.3"),
            b"\0\xff" + _said("OK 16 0001 :03") + _said("AT 01 01 20 0040"),
        ),
        rapi_shape,
        words=(b"$OK ", b"$NK", b":1F", b"^", b"\r"),
    ),
)  # fmt: skip
