"""A Wiegand bridge on a pty, and its lines, with frames whose parity was worked out by hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import Uid
from evse_drivers.readers.wiegand import Wiegand
from evse_drivers.readers.wiegand_lines import Decoder, uid_of
from reader_story import Story, told
from serial_peers import Cable

# 63E9AE: even parity of 011000111110 is 1 (7 ones), odd parity of 100110101110 is 0 (7 ones).
BITS_26 = "1" + "011000111110" + "100110101110" + "0"
# 0063E9AE: even parity of 0000000001100011 is 0 (4 ones), odd parity of 1110100110101110 is 1 (10 ones).
BITS_34 = "0" + "0000000001100011" + "1110100110101110" + "1"
SKETCH = "Wiegand HEX = 63E9AE, DECIMAL = 6547886, Type W26"


def play(tmp_path: Path, test: Callable[[Cable, Story], Awaitable[None]], cards: str = "other") -> None:
    async def run() -> None:
        cable = Cable(tmp_path / "bridge")
        driver = Wiegand(Wiegand.Settings(str(cable.port), cards=cards), "reader.door")
        await told(driver, lambda story: test(cable, story))
        cable.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("line", "uid"),
    [
        (BITS_26, "63E9AE"),
        (BITS_34, "0063E9AE"),
        ("26 2C7D35C", "63E9AE"),
        ("26:0x2c7d35c", "63E9AE"),
        ("34,C7D35D", "0063E9AE"),
        (SKETCH, "63E9AE"),
        ("HEX = 63E9AE, DECIMAL = 6547886, Type W34", "0063E9AE"),
        ("26 2", "000001"),  # leading zeros are kept
        ("Wiegand HEX = 1, DECIMAL = 1, Type W26", "000001"),
        ("4 A", None),  # keys of a keypad
        ("1010", None),
        ("01011010", None),
        ("Wiegand HEX = 7, DECIMAL = 7, Type W8", None),
    ],
)
def test_a_line_is_a_uid_of_fixed_width_or_a_key(line: str, uid: str | None) -> None:
    assert uid_of(line) == uid


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("26 2C7D35D", "wrong parity, a bit was lost or turned"),
        ("25 2C7D35C", "25 bits, a card has 26 or 34"),
        ("26 6C7D35C", "more than 26 bits"),
        (SKETCH.replace("W26", "W37"), "37 bits, a card has 26 or 34"),
        (SKETCH.replace("6547886", "6547887"), "its two numbers differ"),
        ("HEX = 163E9AE, DECIMAL = 23325102, Type W26", "a number of more than 24 bits"),
        (BITS_26[1:], "25 bits, a card has 26 or 34"),
        ("ready", "no line of a Wiegand bridge"),
    ],
)
def test_a_line_that_is_wrong_says_why(line: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        uid_of(line)
    assert str(caught.value) == why


def test_every_bit_that_is_turned_or_lost_is_noticed() -> None:
    for bits in (BITS_26, BITS_34):
        for at, bit in enumerate(bits):
            turned = bits[:at] + ("0" if bit == "1" else "1") + bits[at + 1 :]
            lost = bits[:at] + bits[at + 1 :]
            assert list(Decoder().feed(f"{turned}\n{lost}\n".encode())) == []


def test_lines_come_in_pieces_and_with_garbage_between_them() -> None:
    stream = b"\xff\x00boot\r\n" + BITS_26.encode() + b"\r\n\r\n" + b"x" * 500 + b"\n26 2C7D35C\r"
    assert list(Decoder().feed(stream)) == ["63E9AE"] * 2
    decoder = Decoder()
    assert [uid for byte in stream for uid in decoder.feed(bytes([byte]))] == ["63E9AE"] * 2


def test_any_bytes_at_all_are_no_error() -> None:
    draw, decoder = random.Random(7), Decoder()
    alphabet = b"01 26:,HEX=DECIMALTypeW\r\n0123456789abcdef\xff"
    for _ in range(20000):
        list(decoder.feed(bytes(draw.choices(alphabet, k=draw.randint(1, 40)))))


def test_a_card_that_is_sent_again_while_it_is_held_is_one_token(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        for _ in range(3):
            cable.inject(f"{BITS_34}\r\n".encode())
            await asyncio.sleep(0.5)
        assert story.uids == [Uid("0063E9AE", "ISO14443")]
        await asyncio.sleep(1.6)
        cable.inject(f"{BITS_34}\r\n".encode())
        await story.until(lambda: len(story.uids) == 2)

    play(tmp_path, test, "ISO14443")


def test_half_a_line_before_a_pause_does_not_spoil_the_next(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        cable.inject(BITS_26[:11].encode())
        await asyncio.sleep(0.6)
        cable.inject(BITS_26.encode() + b"\n")
        await story.until(lambda: story.cards == ["63E9AE"])

    play(tmp_path, test)


def test_nonsense_is_told_once_and_a_card_ends_it(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        for _ in range(5):
            cable.inject(b"26 2C7D35D\n")
            await asyncio.sleep(0.05)
        assert story.heard == [
            None,
            f'reader.door: the bridge on {cable.port} sends what makes no sense ("26 2C7D35D": wrong parity, a bit was '
            f"lost or turned). {Wiegand.advice}",
        ]
        cable.inject(b"26 2C7D35C\n")
        await story.until(lambda: story.heard[2:] == [None])
        assert story.cards == ["63E9AE"]

    play(tmp_path, test)


def test_a_port_that_vanishes_and_returns_is_listened_to_again(tmp_path: Path) -> None:
    async def test(cable: Cable, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        cable.vanish()
        await story.until(lambda: len(story.heard) == 3, 5)
        cable.plug_in()
        await story.until(lambda: story.heard[3:] == [None], 5)
        cable.inject(b"26 2C7D35C\n")
        await story.until(lambda: story.cards == ["63E9AE"])

    play(tmp_path, test)
