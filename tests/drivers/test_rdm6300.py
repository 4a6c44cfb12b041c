"""An RDM6300 on a pty, in good and bad days, and its frames as bytes."""

from __future__ import annotations

import asyncio
import functools
import logging
import operator
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import Uid
from evse_drivers.readers.rdm6300 import Rdm6300
from evse_drivers.readers.rdm6300_frames import Decoder
from reader_story import Story, told
from serial_peers import Cable

# hardware.md 3c: 010063E9AE has the check byte 25.
CARD = b"\x02010063E9AE25\x03"


def frame(uid: str) -> bytes:
    """What the module sends for that card, from its data sheet."""
    xor = functools.reduce(operator.xor, bytes.fromhex(uid))
    return b"\x02" + f"{uid}{xor:02X}".encode() + b"\x03"


def play(tmp_path: Path, test: Callable[[Cable, Story], Awaitable[None]]) -> None:
    async def run() -> None:
        cable = Cable(tmp_path / "reader")
        driver = Rdm6300(Rdm6300.Settings(str(cable.port)), "reader.front")
        await told(driver, lambda story: test(cable, story))
        cable.close()

    asyncio.run(run())


async def held(cable: Cable, data: bytes, times: int) -> None:
    for _ in range(times):
        cable.inject(data)
        await asyncio.sleep(0.05)


def test_a_card_that_is_repeated_while_it_is_held_is_one_token(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        await held(cable, CARD, 30)
        assert story.uids == [Uid("010063E9AE", "other")]
        await held(cable, frame("0A00112233"), 3)
        assert story.cards[1:] == ["0A00112233"]
        await asyncio.sleep(1.0)
        await held(cable, frame("0A00112233"), 3)
        assert len(story.uids) == 3

    play(tmp_path, test)


def test_nonsense_is_told_once_and_a_good_card_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(cable: Cable, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        await held(cable, b"\x0213\x37\xff", 10)
        assert story.heard[1:] == [
            f"reader.front: the reader on {cable.port} sends what makes no sense (02 31 33 37 ff). Check its ground "
            "wire, its 5 V and the level of its TX (a Pi takes 3.3 V), and that it is an RDM6300."
        ]
        await held(cable, b"\x0299\x37\xff", 5)  # other nonsense is no other trouble
        assert len(caplog.records) == 1
        cable.inject(CARD)
        await story.until(lambda: story.cards == ["010063E9AE"])
        await story.until(lambda: story.heard[2:] == [None])

    with caplog.at_level(logging.ERROR):
        play(tmp_path, test)


def test_a_port_that_vanishes_and_returns_is_listened_to_again_and_a_held_card_stays_one_token(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        await held(cable, CARD, 3)
        cable.vanish()
        await story.until(lambda: len(story.heard) == 3, 5)
        assert story.heard[1] == f"reader.front: {cable.port} vanished. Check the adapter and its cable."
        assert str(story.heard[2]).startswith(f"reader.front: there is no serial port {cable.port}.")
        cable.plug_in()
        await story.until(lambda: story.heard[3:] == [None], 5)
        await held(cable, CARD, 3)
        assert story.cards == ["010063E9AE"]

    play(tmp_path, test)


def test_half_a_frame_before_a_pause_does_not_spoil_the_next(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        cable.inject(CARD[:7])
        await asyncio.sleep(0.6)
        cable.inject(CARD)
        await story.until(lambda: story.cards == ["010063E9AE"])

    play(tmp_path, test)


@pytest.mark.parametrize("stream", [CARD, CARD[:-1] + b"\r\n\x03", CARD.replace(b"E9AE", b"e9ae")])
def test_a_frame_is_found_in_one_piece_or_byte_by_byte_with_or_without_a_line_end(stream: bytes) -> None:
    assert list(Decoder().feed(stream * 2)) == ["010063E9AE"] * 2
    decoder = Decoder()
    assert [uid for byte in stream for uid in decoder.feed(bytes([byte]))] == ["010063E9AE"]
    assert decoder.nonsense == 0


@pytest.mark.parametrize("noise", [b"\x02", b"\x03", b"\xff" * 40, CARD[:5], CARD[:13], b"\x02010063E9AE24\x03"])
def test_garbage_and_halves_between_frames_hide_none(noise: bytes) -> None:
    decoder = Decoder()
    assert list(decoder.feed(noise + CARD + noise + CARD)) == ["010063E9AE"] * 2
    assert decoder.nonsense == 0


def test_any_bytes_at_all_are_no_error_and_hide_no_card() -> None:
    draw, decoder = random.Random(6), Decoder()
    for _ in range(20000):
        list(decoder.feed(bytes(draw.choices(b"\x02\x030123456789abcdefABCDEF\r\n\xff", k=draw.randint(0, 30)))))
    assert list(decoder.feed(CARD * 2))[-1] == "010063E9AE"


def test_every_flipped_bit_of_a_frame_is_noticed() -> None:
    for position in range(len(CARD)):
        for bit in range(8):
            broken = bytearray(CARD)
            broken[position] ^= 1 << bit
            uids = list(Decoder().feed(bytes(broken)))
            # "e" is "E" with one bit turned, and means the same
            assert uids in ([], ["010063E9AE"] if bytes(broken).upper() == CARD else [])
