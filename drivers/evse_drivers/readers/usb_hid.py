"""A card reader that types the number of a card as a USB keyboard does, ENTER at its end.

It is found by vendor and product, never by being any keyboard, and taken alone (EVIOCGRAB): otherwise anybody could
type a card's number on a keyboard, and every number would be typed into the console's login. It is read by the events
of the kernel; letters are those of the US layout, which is what readers type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import DriverError, Uid
from ..options import option
from . import typed
from .input_devices import InputDevices
from .speaking import CARDS_HELP, KINDS, SpeakingReader

if TYPE_CHECKING:
    from .listening import Parser, Source


class UsbHid(SpeakingReader):
    """A `Reader`. It says nothing while no card is there; one that is unplugged is looked for until it is back.

    A reader that is not there at the start, or several that cannot be told apart, is a DriverError of the constructor.
    """

    sample = Uid("0063E9AE", "other")
    gone_after = 1.5  # s; most type a card once, some again each second while it is held
    pause = 2.0  # s; half a number is dropped then
    advice = "Set `digits` and `bytes` to what it types (`evsed reader` shows that)."
    inputs = InputDevices()

    @dataclass(frozen=True, slots=True)
    class Settings:
        usb: str = option(help="vendor and product of the reader, as lsusb shows them", example="ffff:0035")
        path: str = option(
            "", help='its file in /dev/input where several are alike, best one of /dev/input/by-path; "": the only one'
        )
        digits: str = option("decimal", help="what it types", choices=typed.DIGITS)
        bytes: int = option(
            0,
            help="bytes of a UID, for readers that drop leading zeros; 0: by the number of digits, of decimal ones 8, "
            "10, 13, 15, 17, 20, 22 or 25 are 3 to 10 bytes",
            minimum=0,
            maximum=typed.LONGEST,
        )
        cards: str = option("other", help=CARDS_HELP, choices=KINDS)

        def __post_init__(self) -> None:
            if not re.fullmatch(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}", self.usb):
                raise DriverError(f'usb = "{self.usb}" must be vendor and product as lsusb shows them, "ffff:0035".')

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        """What it occupies."""
        return (f"USB {settings.path or settings.usb.lower()}",)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        super().__init__(where, f"the reader {settings.usb.lower()}", settings.cards)
        self.settings = settings
        self.inputs.find(settings.usb.lower(), settings.path, where)

    async def _open(self) -> Source:
        # Here and not above: the pilot process checks these settings too and has no room for asyncio.
        from .input_source import EventSource

        device = self.inputs.find(self.settings.usb.lower(), self.settings.path, self.where)
        fd = self.inputs.grab(device, self.where)
        return EventSource(fd, f"{self.where}: the reader {device.usb} ({device.path})")

    def _parser(self) -> Parser:
        from .hid_keys import Keys

        settings = self.settings
        return Keys(lambda text: typed.uid_of(text, settings.digits, settings.bytes))
