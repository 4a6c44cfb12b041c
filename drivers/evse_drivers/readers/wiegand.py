"""A Wiegand reader behind a microcontroller that turns its pulses into lines on a serial port.

Not by the pins of the Pi: a bit is a pulse of 40 us, 2 ms after the one before, and Python on Linux loses some of them
(others report 3 of 26). Nor by the kernel: the Wiegand drivers that were proposed for it only send, and none was found
in the mainline. A bridge that is a USB keyboard is the driver usb-hid; what lines are understood stands in
wiegand_lines.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..api import Uid
from ..options import option
from .speaking import CARDS_HELP, KINDS, SpeakingReader

if TYPE_CHECKING:
    from .listening import Parser, Source


class Wiegand(SpeakingReader):
    """A `Reader` whose UIDs have 3 bytes (26 bits) or 4 (34 bits), parity checked.

    It says nothing while no card is there, so that a dead one is not noticed; one whose port vanishes is waited for.
    A port that is not there at the start is a DriverError of the constructor.
    """

    sample = Uid("63E9AE", "other")
    gone_after = 1.5  # s; readers that repeat a held card do so each second at most
    pause = 0.5  # s within a line
    advice = (
        "The bridge must send lines of 26 or 34 bits, or their count and a hexadecimal number (drivers/README.md). "
        "Check its speed, and the wires D0 and D1: exchanged they turn every bit."
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the bridge", example="/dev/ttyUSB0")
        baudrate: int = option(
            9600, help="speed of the port", unit="bit/s", choices=(9600, 19200, 38400, 57600, 115200)
        )
        cards: str = option("other", help=CARDS_HELP, choices=KINDS)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        ports.check(settings.port, where)
        super().__init__(where, f"the bridge on {settings.port}", settings.cards)
        self.settings = settings

    async def _open(self) -> Source:
        # Here and not above: the pilot process checks these settings too and has no room for asyncio and pyserial.
        from ..serial_port import SerialPort

        return SerialPort(self.settings.port, self.settings.baudrate, self.where)

    def _parser(self) -> Parser:
        from .wiegand_lines import Decoder

        return Decoder()
