"""A USB reader that types, against pipes that stand for /dev/input and answer as the kernel does."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError, Uid
from evse_drivers.readers import typed
from evse_drivers.readers.hid_keys import Keys
from evse_drivers.readers.input_devices import InputDevices
from evse_drivers.readers.usb_hid import UsbHid
from input_peer import Kernel, Keyboard, event
from reader_story import Story, told


def bench(kernel: Kernel) -> type[UsbHid]:
    class Bench(UsbHid):
        """Its /dev/input is a folder of the test."""

        inputs = InputDevices(str(kernel.folder), kernel.ioctl)

    return Bench


def play(tmp_path: Path, test: Callable[[Kernel, Keyboard, Story], Awaitable[None]], **options: Any) -> None:
    kernel = Kernel(tmp_path)
    reader = kernel.plug_in("event3")
    driver = bench(kernel)(UsbHid.Settings(**{"usb": "ffff:0035"} | options), "reader.door")
    asyncio.run(told(driver, lambda story: test(kernel, reader, story)))


def test_a_number_that_ends_with_enter_is_one_token(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await story.until(lambda: story.heard == [None], 3)
        assert reader.grabs == 1
        reader.type("0006547886\n")
        await story.until(lambda: story.uids)
        reader.type("0006547886\n")  # still held
        reader.type("4294967295\n")
        await story.until(lambda: len(story.uids) == 2)
        assert story.uids == [Uid("0063E9AE", "other"), Uid("FFFFFFFF", "other")]

    play(tmp_path, test)


def test_hexadecimal_digits_of_either_case_and_tab_at_the_end(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await story.until(lambda: reader.grabs)
        reader.type("04A1b2C3D4e5F6\t")
        await story.until(lambda: story.uids == [Uid("04A1B2C3D4E5F6", "ISO14443")])

    play(tmp_path, test, digits="hex", cards="ISO14443")


def test_half_a_number_is_dropped_after_two_seconds(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await story.until(lambda: reader.grabs)
        reader.type("00065")
        await asyncio.sleep(2.2)
        reader.type("0006547886\n")
        await story.until(lambda: story.cards == ["0063E9AE"])

    play(tmp_path, test)


def test_a_reader_that_is_unplugged_is_found_again_under_another_name(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await story.until(lambda: story.heard == [None], 3)
        reader.unplug()
        await story.until(lambda: len(story.heard) == 3, 5)
        assert story.heard[1:] == [
            f"reader.door: the reader ffff:0035 ({tmp_path}/event3) was unplugged. Check its cable.",
            "reader.door: there is no keyboard ffff:0035. No keyboard is plugged in. Plug the reader in, or name its "
            'vendor and product ("lsusb" shows them) in `usb`.',
        ]
        again = kernel.plug_in("event7")
        await story.until(lambda: story.heard[3:] == [None], 5)
        again.type("0006547886\n")
        await story.until(lambda: story.cards == ["0063E9AE"])

    play(tmp_path, test)


def test_nonsense_is_told_with_what_was_typed(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await story.until(lambda: story.heard == [None], 3)
        for _ in range(4):
            reader.type("6547886\n")
        await story.until(lambda: len(story.heard) == 2)
        assert story.heard[1] == (
            'reader.door: the reader ffff:0035 sends what makes no sense ("6547886": 7 digits, which is no known '
            "width: say how many `bytes` a UID has). Set `digits` and `bytes` to what it types (`evsed reader` shows "
            "that)."
        )
        reader.type("0006547886\n")
        await story.until(lambda: story.heard[2:] == [None])

    play(tmp_path, test)


def refusal(kernel: Kernel, **options: str) -> str:
    with pytest.raises(DriverError) as caught:
        bench(kernel)(UsbHid.Settings(**{"usb": "ffff:0035"} | options), "reader.door")  # type: ignore[arg-type]
    return str(caught.value)


def test_another_keyboard_is_never_taken(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.plug_in("event0", 0x046D, 0xC31C, label="Logitech USB Keyboard")
    (tmp_path / "mice").touch()
    assert refusal(kernel) == (
        "reader.door: there is no keyboard ffff:0035. There are: 046d:c31c Logitech USB Keyboard "
        f'({tmp_path}/event0). Plug the reader in, or name its vendor and product ("lsusb" shows them) in `usb`.'
    )


def test_two_alike_are_refused_unless_one_is_named_by_its_path(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.plug_in("event3")
    second = kernel.plug_in("event4")
    kernel.plug_in("event5", types=False)  # the other half of a composite device
    assert refusal(kernel) == (
        f"reader.door: 2 keyboards are ffff:0035: ffff:0035 Sycreader USB Reader ({tmp_path}/event3), ffff:0035 "
        f"Sycreader USB Reader ({tmp_path}/event4). Name the reader's own file in `path`, best one of "
        f"{tmp_path}/by-path, which stays with the USB socket."
    )
    (tmp_path / "by-path").mkdir()
    link = tmp_path / "by-path" / "usb-2-event-kbd"
    link.symlink_to("../event4")
    driver = bench(kernel)(UsbHid.Settings("FFFF:0035", str(link)), "reader.door")

    async def test(story: Story) -> None:
        await story.until(lambda: second.grabs)
        second.type("0006547886\n")
        await story.until(lambda: story.uids)

    asyncio.run(told(driver, test))
    assert kernel.keyboards[0].grabs == 0


def test_one_that_another_program_holds_is_told(tmp_path: Path) -> None:
    async def test(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        reader.held = True
        await story.until(lambda: story.heard, 3)
        assert story.heard == [
            f"reader.door: {tmp_path}/event3 (Sycreader USB Reader) is held by another program. Stop that program."
        ]
        reader.held = False
        await story.until(lambda: story.heard[1:] == [None], 5)

    async def held_before(kernel: Kernel, reader: Keyboard, story: Story) -> None:
        await test(kernel, reader, story)

    kernel = Kernel(tmp_path)
    reader = kernel.plug_in("event3")
    reader.held = True
    driver = bench(kernel)(UsbHid.Settings("ffff:0035"), "reader.door")
    asyncio.run(told(driver, lambda story: held_before(kernel, reader, story)))


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_file_that_is_not_ours_is_told(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.plug_in("event3")
    (tmp_path / "event3").chmod(0)
    assert refusal(kernel) == (
        f"reader.door: this user may not open {tmp_path}/event3. Add the user to the group input and start evsed again."
    )


def test_its_id_is_written_as_lsusb_does_and_claimed() -> None:
    with pytest.raises(DriverError) as caught:
        UsbHid.Settings("0xffff/0x35")
    assert str(caught.value) == ('usb = "0xffff/0x35" must be vendor and product as lsusb shows them, "ffff:0035".')
    assert UsbHid.claims(UsbHid.Settings("FFFF:0035")) == ("USB ffff:0035",)
    assert UsbHid.claims(UsbHid.Settings("ffff:0035", "/dev/input/by-path/x")) == ("USB /dev/input/by-path/x",)


def typed_texts(data: bytes) -> list[str]:
    texts: list[str] = []

    def taken(text: str) -> str:
        texts.append(text)
        return text

    list(Keys(taken).feed(data))
    return texts


def test_the_keypad_types_digits_and_shifted_digits_are_none() -> None:
    pad = b"".join(event(1, code, 1) + event(1, code, 0) for code in (79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 96))
    assert typed_texts(pad) == ["1234567890"]
    shifted = event(1, 54, 1) + event(1, 4, 1) + event(1, 30, 1) + event(1, 54, 0) + event(1, 30, 1) + event(1, 28, 1)
    assert typed_texts(shifted) == ["?Aa"]


def test_what_was_typed_before_the_kernel_lost_events_is_dropped() -> None:
    lost = event(1, 2, 1) + event(0, 3, 0) + event(1, 3, 1) + event(1, 28, 1)
    assert typed_texts(lost) == ["2"]


def test_events_in_pieces_are_put_together() -> None:
    stream = event(1, 2, 1) + event(1, 3, 1) + event(1, 28, 1)
    keys = Keys(str)
    assert [text for byte in stream for text in keys.feed(bytes([byte]))] == ["12"]


def test_any_events_at_all_are_no_error() -> None:
    draw = random.Random(5)
    keys = Keys(lambda text: typed.uid_of(text, "decimal", 0))
    for _ in range(20000):
        list(keys.feed(event(draw.choice((0, 1, 1, 1, 4)), draw.choice((2, 3, 11, 28, 42, 700)), draw.randint(-1, 3))))
        list(keys.feed(draw.randbytes(24)) if draw.random() < 0.05 else ())


@pytest.mark.parametrize(
    ("text", "digits", "count", "uid"),
    [
        ("0006547886", "decimal", 0, "0063E9AE"),
        ("06547886", "decimal", 0, "63E9AE"),
        ("6547886", "decimal", 4, "0063E9AE"),  # a reader that drops zeros
        ("63E9AE", "hex", 0, "63E9AE"),
        ("63e9ae", "hex", 4, "0063E9AE"),
        ("18446744073709551615", "decimal", 0, "FF" * 8),
    ],
)
def test_a_number_is_a_uid_of_known_width(text: str, digits: str, count: int, uid: str) -> None:
    assert typed.uid_of(text, digits, count) == uid


@pytest.mark.parametrize(
    ("text", "digits", "count", "why"),
    [
        ("", "decimal", 0, "no decimal number"),
        ("63E9AE", "decimal", 0, "no decimal number"),
        ("\u0664\u0665" * 5, "decimal", 0, "no decimal number"),
        ("4294967296", "decimal", 0, "more than 4 bytes hold"),
        ("63E9A", "hex", 0, "5 digits, which is no known width: say how many `bytes` a UID has"),
        ("9" * 5000, "decimal", 4, "more than 4 bytes hold"),
        ("X3E9AE", "hex", 0, "no hexadecimal number"),
    ],
)
def test_a_text_that_is_no_uid_says_why(text: str, digits: str, count: int, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        typed.uid_of(text, digits, count)
    assert str(caught.value) == why
