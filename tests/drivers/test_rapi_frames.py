"""RAPI's frames: the examples of its description, and what a bad line makes of them."""

from __future__ import annotations

import random

import pytest
from evse_drivers.buses.rapi_frames import COMMAND_ROOM, Decoder, Frame, build, checksum, parse


# Frames with their XOR as the protocol's description prints them.
@pytest.mark.parametrize(
    ("said", "xor"),
    [("$GS", 0x30), ("$GV", 0x35), ("$GG", 0x24), ("$GU", 0x36), ("$GE", 0x26), ("$F0 1", 0x43)],
)
def test_the_checksum_is_the_xor_of_all_before_it(said: str, xor: int) -> None:
    assert checksum(said.encode()) == xor
    assert parse(f"{said}^{xor:02X}".encode()) == Frame(said[1:3], tuple(said[4:].split()))


def test_a_command_carries_a_sequence_id_and_its_checksum() -> None:
    assert build("SC 16 V", 0x2A) == b"$SC 16 V :2A^0C\r"


def test_a_command_that_the_board_cannot_hold_is_never_sent() -> None:
    assert len(build("SY 65535 255 1234567890", 0xFF)) == COMMAND_ROOM + 1
    with pytest.raises(ValueError, match="is 1 octets too long for the board's buffer"):
        build("SY 65535 255 12345678901", 0xFF)


def said(text: str) -> bytes:
    return f"{text}^{checksum(text.encode()):02X}\r".encode()


def test_an_answer_with_words_and_sequence() -> None:
    assert list(Decoder().feed(said("$OK 03 125 03 0140 :07"))) == [Frame("OK", ("03", "125", "03", "0140"), 7)]
    assert list(Decoder().feed(said("$NK 6"))) == [Frame("NK", ("6",))]
    assert list(Decoder().feed(said("$OK"))) == [Frame("OK")]


def test_an_event_between_a_command_and_its_answer_is_a_frame_of_its_own() -> None:
    heard = Decoder().feed(said("$AT 03 03 16 0140") + said("$OK :01"))
    assert list(heard) == [Frame("AT", ("03", "03", "16", "0140")), Frame("OK", (), 1)]


def test_a_frame_is_found_however_it_is_cut() -> None:
    decoder = Decoder()
    heard = [frame for octet in said("$OK 16 0000 :FF") for frame in decoder.feed(bytes([octet]))]
    assert heard == [Frame("OK", ("16", "0000"), 255)]
    assert decoder.noise == 0


@pytest.mark.parametrize(
    "broken",
    [
        b"$OK 16 0001 :FF^00\r",  # wrong checksum
        b"$OK 16 0001 :FF\r",  # none
        b"OK 16^11\r",  # no start
        b"$OK 1\xff^5C\r",
        b"\r\r\r",
        b"$\r",
        b"$^24\r",
    ],
)
def test_what_is_damaged_is_no_frame_and_does_not_hide_the_next(broken: bytes) -> None:
    assert list(Decoder().feed(broken + said("$OK :01"))) == [Frame("OK", (), 1)]


def test_half_a_frame_is_dropped_when_the_next_one_begins() -> None:
    decoder = Decoder()
    assert list(decoder.feed(b"$OK 03 12" + said("$OK :02"))) == [Frame("OK", (), 2)]
    assert decoder.noise == len("$OK 03 12")


def test_noise_without_an_end_does_not_grow_for_ever() -> None:
    decoder = Decoder()
    for _ in range(1000):
        assert not list(decoder.feed(b"x" * 100))
    assert decoder.noise == 100_000
    assert list(decoder.feed(said("$OK"))) == [Frame("OK")]


def test_no_octets_at_all_make_it_raise() -> None:
    chance = random.Random(61851)
    decoder = Decoder()
    letters = b"$OKNAT^: 0123456789ABCDEF\r\n\xff\x00"
    for _ in range(20_000):
        list(decoder.feed(bytes(chance.choice(letters) for _ in range(chance.randrange(12)))))
