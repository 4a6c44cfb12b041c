"""Phoenix Contact CHARX SEC-3xxx: one charging point of the up to twelve behind its Modbus TCP port.

Theory of operation. A charging point is released (register x300) at a current (x301); x is its number. Its own watchdog
(x306, x307) is the lease: it wants the release and the current written again and again, and when that ends it falls
back to `failsafe` and withdraws the release. Its strongest stop ("now") is to withdraw the release, like any.

Source: "UM EN CHARX SEC" revision 08, appendix B3, for firmware 1.9.0 and newer, as aiophoenixcontactcharx tells it;
evcc agrees on 114, x299 and x301.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import Act, DriverError
from ..buses.modbus import Block, Write
from ..options import option
from .on_modbus import ModbusBoard
from .phoenix_words import CHARX_ERRORS, LETTERS, text_of, troubles_of
from .status import LEAST, Offer, Status

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

READ, WRITE = 3, 16  # functions
POINTS = 114  # how many charging points there are
SPAN = 1000  # registers of a charging point begin at its number times this
RELEASE_MODE = 120
ERRORS, SETPOINT, CABLE, STATE, RELEASE, AMPS = 293, 297, 298, 299, 300, 301
LOOKED_AT = AMPS - ERRORS + 1
UNLOCK, FAILSAFE, WATCHDOG = 305, 306, 307

BY_MODBUS = 5
MODES = ("its dashboard", "its own list of cards", "external control", "permanent release", "OCPP", "Modbus")
INITIALISING = "IN"


class Charx(ModbusBoard):
    """One charging point. Several of one controller are several boards on one bus."""

    bus_drivers = ("modbus-tcp",)
    shares_unit = True  # with the controller's other charging points: `claims` keeps them apart
    most = 80.0  # A, x301

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="charx")
        unit: int = option(1, help="the controller's number on the bus", minimum=1, maximum=255)
        point: int = option(1, help="number of the charging point", minimum=1, maximum=12)
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)
        watchdog: int = option(
            5, help="silence of evsed after which it withdraws the release", unit="s", minimum=3, maximum=60
        )
        failsafe: int = option(6, help="the current that it falls back to then", unit="A", minimum=6, maximum=80)

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        super().__init__(settings, where, bus)
        self.settings = settings
        self.renew = settings.watchdog / 3

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        """The charging point: two outlets cannot have the same."""
        return (f"{settings.bus} unit {settings.unit} charging point {settings.point}",)

    @staticmethod
    def fallback(settings: Settings) -> float:
        """A that it offers at most when it is no longer told; the release is withdrawn besides."""
        return float(settings.failsafe)

    async def begin(self) -> None:
        """See that the point is there and listens to Modbus; set its watchdog where that differs."""
        settings = self.settings
        points = (await self._read(Block(READ, POINTS, 1)))[POINTS]
        if settings.point > points:
            raise DriverError(
                f"{self.where}.point = {settings.point}: there is no such charging point, the controller has {points}. "
                "They are numbered from 1, in their order on its backplane."
            )
        mode = (await self._read(self._block(RELEASE_MODE, 1)))[RELEASE_MODE]
        if mode != BY_MODBUS:
            has = MODES[mode] if mode < len(MODES) else f"mode {mode}"
            raise DriverError(
                f"{self.where}: charging point {settings.point} is released by {has}. Set its release mode to Modbus "
                "(web page: Charging Stations, Charge Point, Configuration)."
            )
        wanted = {FAILSAFE: settings.failsafe, WATCHDOG: settings.watchdog}
        words = await self._watchdog()
        if wrong := [self._told(at, word) for at, word in wanted.items() if words[at] != word]:
            await self._write(*wrong)

    async def look(self) -> Status:
        """One request."""
        words = await self._read(self._block(ERRORS, LOOKED_AT))
        if not known(words[STATE]):
            raise DriverError(
                f'{self.where}: charging point {self.settings.point} says its state is "{text_of(words[STATE])}", '
                "which is none of IEC 61851-1. See whether that is a CHARX SEC."
            )
        return status_of(words)

    async def offer(self, offer: Offer) -> None:
        """The current first, then the release; again and again, or the watchdog runs out."""
        writes = [self._told(AMPS, int(offer.amps))] if offer.amps > 0 else []
        await self._write(*writes, self._told(RELEASE, int(offer.amps > 0)))

    async def act(self, evse: int, act: Act) -> str | None:
        """Forces its plug lock open."""
        if act != "unlock":
            return await super().act(evse, act)
        if self._seen is not None and self._seen.closed:
            return "the board charges: its plug stays locked until that is over"
        await self._write(self._told(UNLOCK, 1))
        return None

    async def _watchdog(self) -> dict[int, int]:
        try:
            return await self._read(self._block(FAILSAFE, 2))
        except DriverError as error:
            raise DriverError(
                f"{error} Its watchdog is there: firmware 1.9.0 and newer have one. Update an older one."
            ) from None

    def _block(self, at: int, count: int) -> Block:
        return Block(READ, SPAN * self.settings.point + at, count)

    def _told(self, at: int, word: int) -> Write:
        return Write(WRITE, SPAN * self.settings.point + at, (word,))

    async def _read(self, *blocks: Block) -> dict[int, int]:
        """Words by address; those of a charging point without its number."""
        return {address % SPAN: word for address, word in (await super()._read(*blocks)).items()}


def known(state: int) -> bool:
    """A word that the state may be: a letter and a digit, or "IN" while it initialises."""
    text = text_of(state)
    return text == INITIALISING or (text[0] in LETTERS and text[1] in "012")


def status_of(words: dict[int, int]) -> Status:
    """What x293 to x301 say."""
    state = text_of(words[STATE])
    letter = state[0]
    if state == INITIALISING:
        return Status("F", closed=False, offered=0.0, why="the controller is starting")
    released = words[RELEASE] == 1
    plugged = letter in "BCD"
    offered = float(words[SETPOINT]) if plugged and released and words[SETPOINT] >= LEAST else 0.0
    closed = state in ("C2", "D2")
    troubles = troubles_of(words[ERRORS] << 16 | words[ERRORS + 1], CHARX_ERRORS)
    faults, why = troubles.faults, troubles.why
    if letter == "E" and not faults:
        faults, why = ("pilot out of range",), why or "the controller reports state E"
    return Status(
        letter if letter in "EF" else letter + ("2" if closed or offered else "1"),
        closed,
        offered,
        told=float(words[AMPS]) if released else 0.0,
        faults=faults,
        warnings=troubles.warnings,
        why=why,
        cable=float(words[CABLE]) if plugged and 6 <= words[CABLE] <= 80 else None,
    )
