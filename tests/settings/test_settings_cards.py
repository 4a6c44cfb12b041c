"""Card readers and the format of their UIDs in the config."""

from __future__ import annotations

import re
from collections.abc import Callable

from evsed.model.cards import written
from evsed.settings import Settings

from tests.desk.on_wires import CONTACTOR, LINE

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]

OUTLET = (LINE + CONTACTOR).format("/tmp")


def said(lines: list[str]) -> list[str]:
    return [re.sub("   +", "  ", line[5:]) for line in lines]


def test_the_format_of_uids_is_read_and_writes_them(reads: Reads) -> None:
    assert written("0063E9AE", reads(OUTLET).cards) == "0063E9AE"
    text = '[cards]\nnotation = "decimal"\nbyte_order = "reversed"\nlength = "last 4"\n'
    assert written("01AEE96300", reads(OUTLET + text).cards) == "0006547886"


def test_a_format_that_there_is_not_is_refused(refuses: Refuses) -> None:
    assert said(refuses(OUTLET + '[cards]\nlength = "last 5"\nbyte_order = "revresed"\ndecimal = true')) == [
        'cards.length = "last 5"  must be "whole", "first 3", "first 4", "first 6", "last 3", "last 4" or "last 6". '
        'Did you mean "last 6"?',
        'cards.byte_order = "revresed"  must be "as read" or "reversed". Did you mean "reversed"?',
        "cards.decimal  is not an option. There are: notation, case, byte_order, length.",
    ]


def test_a_usb_reader_is_named_as_lsusb_does(refuses: Refuses) -> None:
    assert said(refuses(OUTLET + '[reader.door]\ndriver = "usb-hid"\nusb = "0xffff"')) == [
        'reader.door  usb = "0xffff" must be vendor and product as lsusb shows them, "ffff:0035".'
    ]


def test_two_readers_never_own_the_same_device(refuses: Refuses) -> None:
    alike = '[reader.a]\ndriver = "usb-hid"\nusb = "ffff:0035"\n[reader.b]\ndriver = "usb-hid"\nusb = "FFFF:0035"\n'
    assert said(refuses(OUTLET + alike)) == ["reader.b  USB ffff:0035 belongs to reader.a already. Give each its own."]
    spi = '[reader.a]\ndriver = "mfrc522"\n[reader.b]\ndriver = "mfrc522"\nreset_pin = 25\n'
    assert said(refuses(OUTLET + spi)) == ["reader.b  SPI 0.0 belongs to reader.a already. Give each its own."]
    one, two = (f'[reader.{name}]\ndriver = "pn532-i2c"\nbus = "x"\n' for name in "ab")
    assert len(refuses(OUTLET + '[bus.x]\ndriver = "i2c"\n' + one + two)) == 1


def test_a_reset_pin_that_spi_has_is_refused(refuses: Refuses) -> None:
    assert said(refuses(OUTLET + '[reader.a]\ndriver = "mfrc522"\nreset_pin = 9\n')) == [
        "reader.a.reset_pin = 9  GPIO 9 is a pin of SPI 0, which reader.a uses. Use another pin."
    ]
