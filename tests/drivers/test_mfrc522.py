"""The MFRC522 driver against a chip made of registers, with cards before it, in good and bad days."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from evse_drivers.api import DriverError, Uid
from evse_drivers.readers.mfrc522 import Mfrc522
from evse_drivers.readers.mfrc522_chip import Chip
from mfrc522_peer import Card, FakeMfrc522
from pins import Pins
from reader_story import Story, told

NAME = "reader.front: the reader on /dev/null"
WIRES = "Check its 3.3 V, its wires MISO, MOSI, SCK, SDA (chip select) and RST, and that they are short."


class Bench(Mfrc522):
    """Its SPI ends in a chip of the test."""

    chip: FakeMfrc522

    def wires(self) -> Any:
        self.chip.closed = False
        return self.chip


def play(test: Callable[[FakeMfrc522, Story], Awaitable[None]], renewed: float = Mfrc522.renewed) -> None:
    driver = Bench(Bench.Settings("/dev/null", every_ms=50), "reader.front")
    driver.renewed = renewed
    driver.chip = FakeMfrc522()
    asyncio.run(told(driver, lambda story: test(driver.chip, story)))
    assert driver.chip.closed


@pytest.mark.parametrize("uid", ["A4B1C2D3", "04112233445566", "04112233445566778899"])
def test_a_card_is_one_token_however_long_it_is_held_and_a_new_one_when_it_returns(uid: str) -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        chip.cards = [Card(uid)]
        await story.until(lambda: story.uids)
        await asyncio.sleep(0.6)
        assert story.uids == [Uid(uid)]
        chip.cards = []
        await asyncio.sleep(0.6)
        chip.cards = [Card(uid)]
        await story.until(lambda: len(story.uids) == 2)

    play(test)


def test_of_two_cards_in_a_purse_one_is_one_token() -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        chip.cards = [Card("04112233445566"), Card("04112233445567")]
        await story.until(lambda: story.uids)
        await asyncio.sleep(0.4)
        assert story.cards in (["04112233445566"], ["04112233445567"])

    play(test)


def test_a_card_that_is_garbled_or_leaves_in_the_middle_is_no_token() -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        chip.garbled = True
        chip.cards = [Card("04112233445566")]
        await asyncio.sleep(0.3)
        chip.garbled = False
        chip.cards = [Card("04112233445566", stays=3)]
        await asyncio.sleep(0.3)
        chip.cards = [Card("04112233445566", bcc=0x10)]
        await asyncio.sleep(0.3)
        assert story.uids == []
        assert story.heard == [None]
        chip.cards = [Card("04112233445566")]
        await story.until(lambda: story.uids)

    play(test)


@pytest.mark.parametrize(
    ("name", "trouble", "text"),
    [
        ("silence, low", {"level": 0x00}, f"{NAME} does not answer. {WIRES}"),
        ("silence, high", {"level": 0xFF}, f"{NAME} does not answer. {WIRES}"),
        (
            "another chip", {"version": 0x18},
            f"{NAME} is no MFRC522: its version says 18, known are 12, 88, 90, 91, 92, b2. {WIRES} Or choose the "
            "driver of this reader.",
        ),
        ("a chip that hangs", {"hangs": True}, f"{NAME} hangs: it takes commands and does not end them. {WIRES}"),
        ("a bus that fails", {"broken": True},
         "reader.front: the transfer on /dev/spidev0.0 failed: Input/output error."),
    ],
)  # fmt: skip
def test_a_reader_in_trouble_is_told_once_and_set_up_again(
    name: str, trouble: dict[str, Any], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        well = {key: getattr(chip, key) for key in trouble}
        for key, value in trouble.items():
            setattr(chip, key, value)
        chip.cards = [Card("A4B1C2D3")]
        await story.until(lambda: len(story.heard) == 2, 5)
        await asyncio.sleep(0.8)
        assert story.heard[1:] == [text]
        assert [record.getMessage() for record in caplog.records] == [
            f"{text} Cards are not read until it answers; evsed goes on trying."
        ]
        for key, value in well.items():
            setattr(chip, key, value)
        await story.until(lambda: story.cards == ["A4B1C2D3"], 5)
        assert story.heard[2:] == [None]

    with caplog.at_level(logging.ERROR):
        play(test)


@pytest.mark.parametrize("lost", [{}, {0x2A: 0x00}, {0x14: 0x80}], ids=["all", "its timer", "its field"])
def test_a_chip_whose_supply_dipped_is_set_up_again(lost: dict[int, int]) -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        if lost:
            chip.registers.update(lost)
        else:
            chip.reset()
        await story.until(lambda: len(story.heard) == 3)
        assert story.heard[1] == f"{NAME} has forgotten its settings: its supply may dip. {WIRES}"
        chip.cards = [Card("A4B1C2D3")]
        await story.until(lambda: story.uids)

    play(test)


def test_a_chip_that_has_fallen_deaf_without_a_sign_hears_again_after_a_while() -> None:
    async def test(chip: FakeMfrc522, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        chip.deaf = True
        chip.cards = [Card("A4B1C2D3")]
        await story.until(lambda: story.uids)
        resets = chip.resets
        await asyncio.sleep(0.8)
        assert chip.resets == resets, "a card is held: it is not reset"
        assert story.heard == [None]
        assert len(story.uids) == 1

    play(test, renewed=0.5)


@pytest.mark.parametrize("version", [0x88, 0x90, 0x91, 0x92, 0xB2])
def test_clones_and_versions_are_taken_and_named(version: int) -> None:
    peer = FakeMfrc522()
    peer.version = version
    chip = Chip(peer, NAME, 43, None, lambda: None)
    word = {0x88: "a clone (FM17522)", 0x90: "version 0.0", 0x91: "version 1.0", 0x92: "version 2.0"}
    assert asyncio.run(chip.start()) == f"{NAME}, an MFRC522, {word.get(version, 'a clone (FM17522)')},"


def test_a_chip_that_does_not_keep_what_it_is_told_is_refused() -> None:
    peer = FakeMfrc522()
    peer.keeps = lambda register, value: 0 if register == 0x2B else value
    with pytest.raises(DriverError) as caught:
        asyncio.run(Chip(peer, NAME, 43, None, lambda: None).start())
    assert str(caught.value) == f"{NAME} does not keep what it is told (registers 0x2b). {WIRES}"


def test_the_reset_pin_goes_low_and_high_before_the_set_up() -> None:
    peer, levels, given_back = FakeMfrc522(), [], []
    chip = Chip(peer, NAME, 43, levels.append, lambda: given_back.append(True))
    asyncio.run(chip.start())
    assert levels == [False, True]
    chip.close()
    assert given_back == [True]
    assert peer.closed


def test_a_reset_pin_on_the_header_is_driven_and_given_back_at_each_set_up(pins: Pins) -> None:
    driver = Bench(Bench.Settings("/dev/null", reset_pin=25, every_ms=50), "reader.front")
    driver.chip = FakeMfrc522()

    async def test(story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        driver.chip.hangs = True
        await story.until(lambda: len(story.heard) == 2)
        driver.chip.hangs = False
        await story.until(lambda: story.heard[2:] == [None], 5)

    asyncio.run(told(driver, test))
    lows = [what for what in pins.writes(25) if what == "set 0"]
    assert len(lows) >= 2
    assert pins.writes(25)[0] == "out 1", "never low but to reset it"
    assert pins.level(25) == 1


def test_it_claims_its_device_and_its_pin() -> None:
    assert Mfrc522.claims(Mfrc522.Settings()) == ("SPI 0.0",)
    assert Mfrc522.claims(Mfrc522.Settings("/dev/spidev0.1", reset_pin=25)) == ("SPI 0.1", "GPIO 25")
