"""The PN532 card reader: a card that comes before it is one token, however long it is held there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..api import Uid
from ..options import option

if TYPE_CHECKING:
    from .pn532_watch import Watch


class Pn532:
    """A `Reader` for ISO 14443 A cards with UIDs of 4, 7 or 10 bytes.

    A reader that falls silent, or whose port vanishes, is set up again, for ever, at intervals that grow to 10 s; each
    new trouble is logged once, with what to do. A port that is not there at the start is a DriverError of the
    constructor.
    """

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the reader", example="/dev/serial0")
        baudrate: int = option(
            115200, help="speed of the port", unit="bit/s", choices=(9600, 19200, 38400, 57600, 115200)
        )
        every_ms: int = option(200, help="how often it looks for a card", unit="ms", minimum=50, maximum=500)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        ports.check(settings.port, where)
        self.settings = settings
        self.where = where
        self.on_heard: Callable[[str | None], None] | None = None
        self._watch: Watch | None = None

    async def tokens(self) -> AsyncIterator[Uid]:
        """Cards as they come. Iterate it once, in one task; it ends after `close`."""
        # Here and not above: the pilot process checks these settings too and has no room for asyncio and pyserial.
        from .pn532_watch import Watch

        settings = self.settings
        self._watch = Watch(settings.port, settings.baudrate, settings.every_ms / 1000, self.where, self.on_heard)
        async for uid in self._watch.cards():
            yield Uid(uid)

    async def close(self) -> None:
        """End `tokens`."""
        if self._watch is not None:
            self._watch.stop()
