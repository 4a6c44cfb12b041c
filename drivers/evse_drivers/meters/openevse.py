"""The energy meter in an OpenEVSE: one current transformer, and an energy that the board adds up by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import NO_PHASES, DriverError, Phases, Reading
from ..buses.needed import needed
from ..options import option

if TYPE_CHECKING:
    from ..buses.rapi import Rapi, Reply

WS_PER_WH = 3600
EV_CONNECTED = 0x0100  # of the flags of $GS
WITHIN = 1.0  # s for one reading
NO_AMMETER = -1  # mA, what $GG says of a board that was built without one


class OpenEvseMeter:
    """A `Meter` on the board's own port.

    It measures L1 only. Its register is the sum that the board keeps, which grows when a vehicle is unplugged, and the
    energy of the vehicle that is plugged in; that part is lost when the board starts anew. The board adds it up from
    its amperes and a voltage that is a constant, unless it was built with a voltmeter: it is no billing meter.
    """

    bus_drivers = ("rapi",)

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] that the board is on", example="openevse")
        voltmeter: bool = option(False, help="the board measures its voltage; without, what it says is a constant")
        every: float = option(1.0, help="how often it is read", unit="s", minimum=0.5, maximum=60.0)

    def __init__(self, settings: Settings, where: str, bus: Rapi | None = None) -> None:
        self.settings = settings
        self.where = where
        self._bus = needed(bus, where, "the rapi driver")

    async def read(self) -> Reading:
        """One reading, stamped when the amperes came."""
        until = time.monotonic() + WITHIN
        at, milliamps, millivolts = await self._numbers("GG", until)
        import_wh = await self._import_wh(until)
        amps: Phases = NO_PHASES if milliamps == NO_AMMETER else (milliamps / 1000, None, None)
        volts: Phases = (millivolts / 1000, None, None) if self.settings.voltmeter else NO_PHASES
        return Reading(at, import_wh=import_wh, amps=amps, volts=volts)

    async def close(self) -> None:
        """The bus belongs to the one who opened it."""

    async def _import_wh(self, until: float) -> float:
        """The board adds whole Wh of a vehicle to its sum when that is unplugged: between two questions, perhaps."""
        _, _, before_wh = await self._numbers("GU", until)
        connected = await self._connected(until)
        _, session_ws, sum_wh = await self._numbers("GU", until)
        return float(sum_wh + (session_ws // WS_PER_WH if connected and sum_wh == before_wh else 0))

    async def _connected(self, until: float) -> bool:
        reply = await self._ask("GS", until)
        try:
            return bool(int(reply.words[3], 16) & EV_CONNECTED)
        except (IndexError, ValueError):
            raise self._nonsense("GS", reply.words) from None

    async def _numbers(self, command: str, until: float) -> tuple[float, int, int]:
        """When the answer came, and its two numbers."""
        reply = await self._ask(command, until)
        if not reply.done:
            raise DriverError(
                f"{self.where}: the OpenEVSE refuses ${command}: its firmware was built without a meter (AMMETER, "
                "KWH_RECORDING). Load one with it, or connect an energy meter."
            )
        try:
            one, other = (int(word) for word in reply.words)
        except ValueError:
            raise self._nonsense(command, reply.words) from None
        if other < 0 or one < NO_AMMETER:
            raise self._nonsense(command, reply.words)
        return reply.at, one, other

    async def _ask(self, command: str, until: float) -> Reply:
        return await self._bus.ask(command, self.where, max(until - time.monotonic(), 0.0))

    def _nonsense(self, command: str, words: tuple[str, ...]) -> DriverError:
        return DriverError(
            f'{self.where}: the OpenEVSE answers ${command} by "{" ".join(words)}", which makes no sense. See whether '
            "its firmware is one of OpenEVSE's."
        )
