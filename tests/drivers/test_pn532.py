"""The PN532 reader against one made of bytes on a pty, in good and bad days."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import Uid
from evse_drivers.readers.pn532 import Pn532
from evse_drivers.readers.watch import Hold
from serial_peers import CardReader, whole

Seen = list[Uid]
HEARD: list[str | None] = []  # what the reader of the running test said of itself


def with_reader(tmp_path: Path, test: Callable[[CardReader, Seen], Awaitable[None]]) -> None:
    """Run `test` with a reader that is read, and the list of its tokens."""

    async def run() -> None:
        peer = CardReader(tmp_path / "reader")
        driver = Pn532(Pn532.Settings(str(tmp_path / "reader"), every_ms=50), "reader.front")
        driver.on_heard = HEARD.append
        HEARD.clear()
        seen: Seen = []

        async def collect() -> None:
            async for uid in driver.tokens():
                seen.append(uid)

        task = asyncio.create_task(collect())
        try:
            await until(lambda: 0x4A in peer.commands or peer.silent)
            await test(peer, seen)
        finally:
            await driver.close()
            await asyncio.wait_for(task, 2)
            peer.close()

    asyncio.run(run())


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_card_is_one_token_however_long_it_is_held_and_a_new_one_when_it_returns(tmp_path: Path) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        assert peer.commands[:3] == [0x14, 0x02, 0x32]
        peer.cards = ["04a1b2c3"]
        await until(lambda: bool(seen))
        await asyncio.sleep(1.0)
        assert seen == [Uid("04A1B2C3")]
        peer.cards = []
        await asyncio.sleep(1.0)
        peer.cards = ["04a1b2c3"]
        await until(lambda: len(seen) == 2)
        peer.cards = ["04112233445566"]
        await until(lambda: len(seen) == 3)
        assert seen[2] == Uid("04112233445566")

    with_reader(tmp_path, test)


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("silence", lambda data: b""),
        ("half a frame", lambda data: data[: len(data) // 2]),
        ("wrong checksum", lambda data: data[:-2] + bytes([data[-2] ^ 1, 0])),
        ("another command's answer", lambda data: bytes.fromhex("0000ff00ff000000ff02fed5151600")),
        ("garbage", lambda data: b"\x13\x37\xff" * 5),
    ],
)
def test_a_reader_that_talks_nonsense_gives_no_token_and_is_set_up_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, tamper: Callable[[bytes], bytes]
) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.cards = ["04a1b2c3"]
        peer.cable.tamper = tamper
        await until(lambda: "reader.front: " in caplog.text, 5)
        assert seen == []
        peer.cable.tamper = whole
        await until(lambda: seen == [Uid("04A1B2C3")], 5)

    with_reader(tmp_path, test)


def test_garbage_around_frames_does_not_hide_a_card(tmp_path: Path) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.cable.tamper = lambda data: b"\xff\x00\x55" + data + b"\x00\xff\x09"
        peer.cards = ["04a1b2c3"]
        await until(lambda: seen == [Uid("04A1B2C3")])

    with_reader(tmp_path, test)


def test_a_silent_reader_is_logged_once_with_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.silent = True
        await until(lambda: bool(caplog.records), 5)
        await asyncio.sleep(1.0)
        assert [record.getMessage() for record in caplog.records] == [
            f"reader.front: the reader on {tmp_path}/reader does not answer. Check its power, that its switches select "
            "HSU (UART), and whether TX and RX are crossed. Cards are not read until it answers; evsed goes on trying."
        ]

    with caplog.at_level(logging.ERROR):
        with_reader(tmp_path, test)


def test_a_reader_that_acknowledges_and_says_no_more_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.cable.tamper = lambda data: data[:6]  # the ACK before the answer
        await until(lambda: bool(caplog.records), 8)
        assert caplog.records[0].getMessage() == (
            f"reader.front: the reader on {tmp_path}/reader took a command and then fell silent. Check its power, that "
            "its switches select HSU (UART), and whether TX and RX are crossed. "
            "Cards are not read until it answers; evsed goes on trying."
        )

    with caplog.at_level(logging.ERROR):
        with_reader(tmp_path, test)


def test_a_reader_that_answers_only_its_set_up_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.cable.tamper = lambda data: data if peer.commands[-1] != 0x4A else b"\x13\x37"
        await until(lambda: peer.commands.count(0x14) >= 3, 8)
        assert [record.getMessage() for record in caplog.records] == [
            f"reader.front: what comes from the reader on {tmp_path}/reader makes no sense. Check its speed, its "
            "ground wire and the length of its cable. Cards are not read until it answers; evsed goes on trying."
        ]

    with caplog.at_level(logging.ERROR):
        with_reader(tmp_path, test)


def test_another_chip_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CardReader, "FIRMWARE", bytes([0x07, 1, 6, 7]))

    async def run() -> None:
        peer = CardReader(tmp_path / "reader")
        driver = Pn532(Pn532.Settings(str(tmp_path / "reader")), "reader.front")
        task = asyncio.create_task(anext(aiter(driver.tokens()), None))
        await until(lambda: bool(caplog.records))
        await driver.close()
        await asyncio.wait_for(task, 2)
        peer.close()

    asyncio.run(run())
    assert (
        caplog.records[0]
        .getMessage()
        .startswith(
            f"reader.front: the reader on {tmp_path}/reader is no PN532: its version says 07 01 06 07, a PN532 begins "
            "with 32. Choose the driver of this reader."
        )
    )


def test_a_reader_says_when_it_falls_silent_and_when_it_answers_again(tmp_path: Path) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        await until(lambda: HEARD == [None])
        peer.silent = True
        await until(lambda: len(HEARD) == 2, 5)
        assert HEARD[1] == (
            f"reader.front: the reader on {tmp_path}/reader does not answer. Check its power, that its switches select "
            "HSU (UART), and whether TX and RX are crossed."
        )
        peer.silent = False
        await until(lambda: HEARD[2:] == [None], 5)

    with_reader(tmp_path, test)


def test_a_port_that_vanishes_and_returns_is_read_again_and_a_held_card_stays_one_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(peer: CardReader, seen: Seen) -> None:
        peer.cards = ["04a1b2c3"]
        await until(lambda: bool(seen))
        peer.cable.vanish()
        await until(lambda: "vanished. Check the adapter and its cable." in caplog.text)
        await until(lambda: f"there is no serial port {tmp_path}/reader." in caplog.text)
        peer.cable.plug_in()
        peer.commands.clear()
        await until(lambda: peer.commands.count(0x4A) > 3, 5)
        assert len(seen) == 1
        peer.cards = ["04112233445566"]
        await until(lambda: len(seen) == 2)

    with_reader(tmp_path, test)


def test_a_card_that_is_missed_for_a_moment_is_still_the_same() -> None:
    hold = Hold()
    assert hold.new("04A1B2C3", 10.0)
    looks = [None, None, "04A1B2C3", None, None, None, "04A1B2C3", "04A1B2C4"]
    came = [hold.new(uid, 10.2 + 0.2 * look) for look, uid in enumerate(looks)]
    assert came == [False, False, False, False, False, False, True, True]


def test_two_cards_that_are_found_in_turns_are_two_tokens_and_no_more() -> None:
    hold = Hold()
    came = [hold.new(uid, 10.0 + 0.2 * look) for look, uid in enumerate(["0401", "0402"] * 20)]
    assert came == [True, True] + [False] * 38


def test_a_phone_that_changes_its_random_uid_while_held_is_one_token() -> None:
    hold = Hold()
    assert hold.new("08112233", 10.0)
    assert not hold.new("08445566", 10.2)
    assert hold.new("04445566", 10.4)


def test_a_card_before_a_long_outage_counts_anew_after_it() -> None:
    hold = Hold()
    assert hold.new("04A1B2C3", 10.0)
    assert not hold.new("04A1B2C3", 15.0)
    assert hold.new("04A1B2C3", 20.1)
