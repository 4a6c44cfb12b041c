"""The RDM6300, a reader of 125 kHz cards (EM4100) on a serial port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..api import Uid
from ..options import option
from .speaking import SpeakingReader

if TYPE_CHECKING:
    from .listening import Parser, Source

BAUDRATE = 9600  # 8N1, fixed


class Rdm6300(SpeakingReader):
    """A `Reader` whose UIDs have 5 bytes. The number printed on most cards is the last 4 of them in decimal.

    It says nothing while no card is there, so that a dead one is not noticed; one whose port vanishes is waited for.
    A port that is not there at the start is a DriverError of the constructor.
    """

    sample = Uid("010063E9AE", "other")
    gone_after = 0.7  # s; it repeats a card that is held some 15 to 20 times a second
    pause = 0.5  # s; a frame takes 15 ms
    advice = "Check its ground wire, its 5 V and the level of its TX (a Pi takes 3.3 V), and that it is an RDM6300."

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the reader, 9600 bit/s", example="/dev/serial0")

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        ports.check(settings.port, where)
        super().__init__(where, f"the reader on {settings.port}")
        self.settings = settings

    async def _open(self) -> Source:
        # Here and not above: the pilot process checks these settings too and has no room for asyncio and pyserial.
        from ..serial_port import SerialPort

        return SerialPort(self.settings.port, BAUDRATE, self.where)

    def _parser(self) -> Parser:
        from .rdm6300_frames import Decoder

        return Decoder()
