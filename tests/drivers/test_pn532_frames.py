"""PN532 frames on bytes, from the examples of its manual and of hardware.md."""

from __future__ import annotations

import random

import pytest
from evse_drivers.readers import pn532_frames as frames
from evse_drivers.readers.pn532_frames import Decoder, Frame, uid_of

VERSION = bytes.fromhex("0000ff06fa d503 32010607 e800".replace(" ", ""))
ANSWER = Frame("answer", 0x03, bytes.fromhex("32010607"))


def decoded(data: bytes) -> list[Frame]:
    return list(Decoder().feed(data))


def test_a_command_is_framed_as_the_manual_shows() -> None:
    assert frames.build(frames.GET_FIRMWARE_VERSION).hex(" ") == "00 00 ff 02 fe d4 02 2a 00"
    assert frames.build(frames.LIST_PASSIVE_TARGET).hex(" ") == "00 00 ff 04 fc d4 4a 01 00 e1 00"
    assert frames.build(frames.SAM_CONFIGURATION).hex(" ") == "00 00 ff 05 fb d4 14 01 00 01 16 00"


def test_an_acknowledgement_and_an_answer_are_found_in_one_piece_or_byte_by_byte() -> None:
    stream = frames.ACK + VERSION
    assert decoded(stream) == [Frame("ack"), ANSWER]
    decoder = Decoder()
    assert [frame for byte in stream for frame in decoder.feed(bytes([byte]))] == [Frame("ack"), ANSWER]
    assert decoder.noise == 0


@pytest.mark.parametrize("noise", ["55", "00", "ff", "00ff", "0000ff", "00ff05", "00ff06fa", "ffff00ff13ed", "8000"])
def test_garbage_before_and_between_frames_is_passed_over(noise: str) -> None:
    junk = bytes.fromhex(noise)
    assert decoded(junk + VERSION + junk + VERSION)[:1] == [ANSWER]
    assert decoded(junk + frames.ACK + junk + VERSION + bytes(8) + VERSION)[-1] == ANSWER


def test_half_a_frame_does_not_swallow_the_one_that_follows() -> None:
    for cut in range(1, len(VERSION)):
        assert ANSWER in decoded(VERSION[:cut] + VERSION + bytes(16))


def test_every_flipped_bit_of_a_frame_is_noticed() -> None:
    for position in range(1, len(VERSION) - 1):
        for bit in range(8):
            broken = bytearray(VERSION)
            broken[position] ^= 1 << bit
            assert ANSWER not in decoded(bytes(broken))


def test_a_refusal_and_an_echo_of_the_host_are_told_from_an_answer() -> None:
    assert decoded(bytes.fromhex("0000ff01ff7f8100")) == [Frame("error")]
    assert decoded(bytes.fromhex("0000ffff0000")) == [Frame("nack")]
    assert decoded(frames.build(frames.GET_FIRMWARE_VERSION)) == []


def test_a_frame_without_anything_in_it_is_noise() -> None:
    assert decoded(bytes.fromhex("0000ff00000000") + VERSION) == [ANSWER]
    assert decoded(bytes(4) + b"\xff" + bytes(8)) == []


def test_any_bytes_at_all_are_no_error() -> None:
    draw, decoder = random.Random(3), Decoder()
    for _ in range(20000):
        data = draw.choice((b"\x00\x00\xff", VERSION, VERSION[:7], b"")) + draw.randbytes(draw.randint(0, 12))
        list(decoder.feed(data))
        frames.size(data)
        uid_of(draw.randbytes(draw.randint(0, 20)))


@pytest.mark.parametrize("uid", ["04A1B2C3", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6070809"])
def test_uids_of_4_7_and_10_bytes_are_upper_case_with_the_first_byte_first(uid: str) -> None:
    raw = bytes.fromhex(uid)
    body = bytes([1, 1, 0x00, 0x04, 0x08, len(raw)]) + raw
    assert uid_of(body) == uid
    assert uid_of(body + bytes.fromhex("0575338102")) == uid  # the card's ATS follows


@pytest.mark.parametrize(
    "body", ["", "00", "01", "0101000408", "010100040804a1b2c3", "01010004080404a1b2", "0101000408050102030405"]
)
def test_no_card_or_an_answer_that_makes_no_sense_is_no_uid(body: str) -> None:
    assert uid_of(bytes.fromhex(body)) is None
