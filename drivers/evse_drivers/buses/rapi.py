"""An OpenEVSE on a serial port: one owner of the port, shared by the board and its meter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ports
from ..options import option

if TYPE_CHECKING:
    from .rapi_frames import Frame


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command: done or refused, its words, and when it came (s, monotonic)."""

    at: float
    done: bool
    words: tuple[str, ...]


class Rapi:
    """Speaks RAPI, OpenEVSE's protocol. The port is taken exclusively at the first command, and taken again when it
    comes back after it vanished; one that is not there at the start is a DriverError of the constructor.
    """

    @dataclass(frozen=True, slots=True)
    class Settings:
        port: str = option(help="serial port of the OpenEVSE", example="/dev/serial0")
        baudrate: int = option(
            115200, help="speed of the port", unit="bit/s", choices=(9600, 19200, 38400, 57600, 115200)
        )
        timeout_ms: int = option(
            300,
            help="how long the board may take to answer; it is asked once again then",
            unit="ms",
            minimum=20,
            maximum=900,
        )

    def __init__(self, settings: Settings, where: str) -> None:
        ports.check(settings.port, where)
        # Here and not above: the pilot process checks these settings too and has no room for asyncio and pyserial.
        from .rapi_line import RapiLine

        self.settings = settings
        self.where = where
        self._line = RapiLine(settings.port, settings.baudrate, settings.timeout_ms / 1000, where)

    async def ask(self, command: str, where: str, within: float = 1.0) -> Reply:
        """Send `command` ("SC 16 V") and wait for its answer.

        Takes `within` s at most, the wait for others on this port included. `where` is the asking device's name in
        the config and opens the error text. A refusal is a Reply; DriverError: no answer, or none that makes sense.
        What is asked must do no harm when it is done twice: it is sent again when its answer is lost.
        """
        return await self._line.ask(command, where, within)

    def listen(self, hear: Callable[[Frame], None]) -> None:
        """`hear` is called with each thing that the board says by itself ($AT, $AB, $AN)."""
        self._line.hearers.append(hear)

    def close(self) -> None:
        """Give the port back; a later command opens it again."""
        self._line.close()
