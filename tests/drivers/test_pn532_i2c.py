"""A PN532 on I2C against one that keeps the rules of its manual."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from evse_drivers.api import DriverError, Uid
from evse_drivers.readers.pn532 import Pn532I2c
from i2c_peers import I2cCardReader
from reader_story import Story, told

SILENT = (
    "reader.front: the reader on [bus.i2c1] does not answer. Check its power, that its switches select I2C, and its "
    "wires SDA and SCL (i2cdetect shows it as 24). It stretches the clock: set dtparam=i2c_arm_baudrate=10000, or use "
    "the overlay i2c-gpio."
)
STUCK = SILENT.replace("does not answer", "took a command and then fell silent")
NONSENSE = (
    "reader.front: what comes from the reader on [bus.i2c1] makes no sense. Shorten its wires. It stretches the clock: "
    "set dtparam=i2c_arm_baudrate=10000, or use the overlay i2c-gpio."
)


def another(data: bytes) -> bytes:
    return data if len(data) == 6 else bytes.fromhex("0000ff02fed5151600")


def play(test: Callable[[I2cCardReader, Story], Awaitable[None]]) -> I2cCardReader:
    bus = I2cCardReader()
    driver = Pn532I2c(Pn532I2c.Settings("i2c1", every_ms=50), "reader.front", bus)
    asyncio.run(told(driver, lambda story: test(bus, story)))
    assert bus.addresses <= {0x24}
    assert bus.most_at_once <= 1
    return bus


def test_a_card_is_one_token_however_long_it_is_held() -> None:
    async def test(bus: I2cCardReader, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        bus.cards = [("04a1b2c3", b"")]
        await story.until(lambda: story.uids)
        await asyncio.sleep(0.5)
        bus.cards = [("04112233445566", b"")]
        await story.until(lambda: len(story.uids) == 2)
        assert story.uids == [Uid("04A1B2C3"), Uid("04112233445566")]

    assert play(test).commands[:4] == [0x14, 0x02, 0x32, 0x4A]


def test_a_phone_with_a_long_answer_is_asked_for_the_whole_frame_again() -> None:
    async def test(bus: I2cCardReader, story: Story) -> None:
        bus.cards = [("04112233445566", bytes([60, *range(59)]))]
        await story.until(lambda: story.cards == ["04112233445566"])

    play(test)


@pytest.mark.parametrize(
    ("name", "trouble", "text"),
    [
        ("silence", {"silent": True}, SILENT),
        ("nobody at the address", {"absent": True}, "reader.front: bus.i2c1: nobody answers at 0x24."),
        ("half a frame", {"tamper": lambda data: data[:4]}, NONSENSE),
        ("wrong checksum", {"tamper": lambda data: data[:-2] + bytes([data[-2] ^ 1, 0])}, None),
        ("another's answer", {"tamper": another}, STUCK),
        ("garbage", {"tamper": lambda data: b"\x13\x37\xff" * 5}, NONSENSE),
    ],
)  # fmt: skip
def test_a_reader_in_trouble_is_told_once_and_set_up_again(
    name: str, trouble: dict[str, object], text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(bus: I2cCardReader, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        well = {key: getattr(bus, key) for key in trouble}
        for key, value in trouble.items():
            setattr(bus, key, value)
        bus.cards = [("04a1b2c3", b"")]
        await story.until(lambda: len(story.heard) == 2, 5)
        assert story.uids == []
        assert text is None or story.heard[1] == text
        assert caplog.records[0].getMessage() == (
            f"{story.heard[1]} Cards are not read until it answers; evsed goes on trying."
        )
        for key, value in well.items():
            setattr(bus, key, value)
        await story.until(lambda: story.cards == ["04A1B2C3"], 5)
        assert story.heard[2:] == [None]

    with caplog.at_level(logging.ERROR):
        play(test)


def test_a_reader_that_hangs_is_called_off_before_it_is_set_up_again() -> None:
    async def test(bus: I2cCardReader, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        bus.commands.clear()
        bus.busy_for = 60.0
        await story.until(lambda: bus.called_off)
        bus.busy_for = 0.002
        bus.cards = [("04a1b2c3", b"")]
        await story.until(lambda: story.cards == ["04A1B2C3"])

    play(test)


def test_a_bus_that_is_slower_than_its_patience_has_one_call_at_a_time() -> None:
    async def test(bus: I2cCardReader, story: Story) -> None:
        await story.until(lambda: story.heard == [None])
        bus.slow = 0.15
        await asyncio.sleep(1.0)
        bus.slow = 0.0005
        bus.cards = [("04a1b2c3", b"")]
        await story.until(lambda: story.cards == ["04A1B2C3"], 5)

    play(test)


def test_it_needs_its_bus_and_claims_its_address() -> None:
    settings = Pn532I2c.Settings("i2c1")
    assert Pn532I2c.claims(settings) == ("I2C i2c1 0x24",)
    with pytest.raises(DriverError) as caught:
        Pn532I2c(settings, "reader.front")
    assert str(caught.value) == ('reader.front: needs a bus. Set bus = "NAME" to a [bus.NAME] with the driver i2c.')
