"""The RDM6300, a reader of 125 kHz cards (EM4100) on a serial port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..api import Uid
from ..options import option

if TYPE_CHECKING:
    from .listening import Listening, Source

BAUDRATE = 9600  # 8N1, fixed
GONE_AFTER = 0.7  # s; it repeats a card that is held some 15 to 20 times a second
PAUSE = 0.5  # s; a frame takes 15 ms
ADVICE = "Check its ground wire, its 5 V and the level of its TX (a Pi takes 3.3 V), and that it is an RDM6300."


class Rdm6300:
    """A `Reader` whose UIDs have 5 bytes. The number printed on most cards is the last 4 of them in decimal.

    It says nothing while no card is there, so that a dead one is not noticed; one whose port vanishes is waited for.
    A port that is not there at the start is a DriverError of the constructor.
    """

    sample = Uid("010063E9AE", "other")

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the reader, 9600 bit/s", example="/dev/serial0")

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        ports.check(settings.port, where)
        self.settings = settings
        self.where = where
        self.on_heard: Callable[[str | None], None] | None = None
        self._listening: Listening | None = None

    async def tokens(self) -> AsyncIterator[Uid]:
        """Cards as they come. Iterate it once, in one task; it ends after `close`."""
        # Here and not above: the pilot process checks these settings too and has no room for asyncio and pyserial.
        from .listening import Listening
        from .rdm6300_frames import Decoder

        self._listening = Listening(
            self._open,
            Decoder(),
            name=f"{self.where}: the reader on {self.settings.port}",
            gone_after=GONE_AFTER,
            pause=PAUSE,
            advice=ADVICE,
            on_heard=self.on_heard,
        )
        async for uid in self._listening.cards():
            yield Uid(uid, "other")

    async def close(self) -> None:
        """End `tokens`."""
        if self._listening is not None:
            self._listening.stop()

    async def _open(self) -> Source:
        from ..serial_port import SerialPort

        return SerialPort(self.settings.port, BAUDRATE, self.where)
