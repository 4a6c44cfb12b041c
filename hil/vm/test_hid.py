"""A reader that types, by the kernel's input devices (uinput, evdev)."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path

import pytest
from evse_drivers.api import DriverError, Uid
from evse_drivers.readers.usb_hid import UsbHid
from simulated import Keyboard

SETTINGS = UsbHid.Settings(usb="ffff:0035")


def test_a_card_is_heard_alone_and_a_reader_that_was_unplugged_is_found_again() -> None:
    async def main() -> None:
        keyboard = Keyboard(0xFFFF, 0x0035)
        other = Keyboard(0x046D, 0xC31C)  # any keyboard: what it types is no card
        reader = UsbHid(SETTINGS, "reader.front")
        heard: list[str | None] = []
        reader.on_heard = heard.append
        tokens = reader.tokens()
        card = asyncio.ensure_future(anext(tokens))
        await asyncio.sleep(0.5)
        other.type("0001111111\n")
        keyboard.type("0006547886\n")
        assert await asyncio.wait_for(card, 5) == Uid("0063E9AE", "other")
        card = asyncio.ensure_future(anext(tokens))
        keyboard.unplug()
        await asyncio.sleep(1.0)
        keyboard = Keyboard(0xFFFF, 0x0035)
        for _ in range(20):  # until it was found again
            keyboard.type("0000000001\n")
            await asyncio.sleep(0.5)
            if card.done():
                break
        assert card.result() == Uid("00000001", "other")
        assert heard[0] is None
        assert any(why is not None for why in heard)
        await reader.close()
        await tokens.aclose()
        keyboard.unplug()
        other.unplug()

    asyncio.run(main())


def test_nobody_else_hears_what_a_reader_types_once_it_is_grabbed() -> None:
    async def main() -> None:
        keyboard = Keyboard(0xFFFF, 0x0035)
        files = [str(path) for path in Path("/dev/input").glob("event*")]
        console = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in files]
        reader = UsbHid(SETTINGS, "reader.front")
        tokens = reader.tokens()
        card = asyncio.ensure_future(anext(tokens))
        await asyncio.sleep(0.5)
        keyboard.type("0006547886\n")
        await asyncio.wait_for(card, 5)
        assert select.select(console, [], [], 0)[0] == []
        await reader.close()
        await tokens.aclose()
        for fd in console:
            os.close(fd)
        keyboard.unplug()

    asyncio.run(main())


def test_a_reader_that_is_not_there_is_told() -> None:
    with pytest.raises(DriverError, match=r"^reader\.front: "):
        UsbHid(SETTINGS, "reader.front")
