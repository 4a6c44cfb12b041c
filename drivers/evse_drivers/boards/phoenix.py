"""Phoenix Contact's charging controllers without a watchdog: EM-CP-PP-ETH, EV-CC-...-ETH (Wallbe) and EV-CC-...-SER.

Theory of operation. All three are the same idea at different addresses: a register for the current, a coil that
enables the charge, a letter for the state. Each keeps both when nobody asks it any more. Their strongest stop ("now")
is the coil too: they have no other. None says whether its contactor is closed: it is taken to be while the vehicle asks
and current is offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..api import DriverError
from ..buses.modbus import Block, Write
from ..options import option
from .on_modbus import ModbusBoard, OnModbus
from .phoenix_words import Troubles, letter_of, text_of, troubles_of
from .status import LEAST, Offer, Status

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

COILS, HOLDING, INPUTS = 1, 3, 4  # functions that read
COIL, REGISTER = 5, 6  # functions that write
MOST = 63.0  # A, "EV Charge Control Basic" register 22000; the others' papers name no more
WALLBE_FIRMWARE = (149, 6)  # input registers, first and how many
CABLES = (13, 20, 32, 63)  # A, IEC 61851-1 table B.2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one model keeps what; None: it has none, or no source says where."""

    status: int  # input register, ASCII
    high: bool  # the letter is in the upper octet, and the lower one has a digit
    amps: int  # holding register
    enable: int  # coil
    cable: int | None = None  # input register, A
    errors: int | None = None  # input register, bits


class PhoenixController(ModbusBoard):
    """What the three have in common."""

    keeps_current = True
    most = MOST
    layout: ClassVar[Layout]
    model: ClassVar[str]

    def __init__(self, settings: OnModbus, where: str, bus: ModbusBus | None = None) -> None:
        super().__init__(settings, where, bus)
        at = self.layout
        inputs = [at.status, at.cable, at.errors]
        self._blocks = [Block(INPUTS, address, 1) for address in inputs if address is not None]
        self._blocks += [Block(HOLDING, at.amps, 1), Block(COILS, at.enable, 1)]

    async def begin(self) -> None:
        """See that it is one."""
        self._status(await self._words(*self._blocks))
        self.identified = True

    async def look(self) -> Status:
        """All registers, one request each: they are far apart."""
        return self._status(await self._words(*self._blocks))

    async def offer(self, offer: Offer) -> None:
        """The current first, then the coil."""
        writes = []
        if offer.amps > 0:
            writes.append(Write(REGISTER, self.layout.amps, (round(offer.amps / self.step),)))
        await self._write(*writes, Write(COIL, self.layout.enable, (int(offer.amps > 0),)))

    def _status(self, words: dict[tuple[int, int], int]) -> Status:
        at = self.layout
        letter = letter_of(words[INPUTS, at.status], at.high)
        if not letter:
            raise DriverError(
                f"{self.where}: unit {self._unit} answers, but not like {self.model}: its state is "
                f'"{text_of(words[INPUTS, at.status])}" and not one of A to F. Set the controller\'s own driver and '
                "unit number."
            )
        errors = 0 if at.errors is None else words[INPUTS, at.errors]
        cable = 0 if at.cable is None else words[INPUTS, at.cable]
        told = words[HOLDING, at.amps] * self.step if words[COILS, at.enable] else 0.0
        return status_of(letter, round(told, 2), cable, troubles_of(errors))


def status_of(letter: str, told: float, cable: int, troubles: Troubles) -> Status:
    """`told`: A, 0 where it is not enabled; `cable`: A, as its register says."""
    plugged = letter in "BCD"
    known = float(cable) if plugged and cable in CABLES else None
    offered = min(told, known or told) if plugged and told >= LEAST else 0.0
    faults, why = troubles.faults, troubles.why
    if letter == "E" and not faults:
        faults, why = ("pilot out of range",), why or "the controller reports state E"
    return Status(
        letter if letter in "EF" else f"{letter}{'2' if offered else '1'}",
        closed=letter in "CD" and offered > 0,
        offered=offered,
        told=told,
        faults=faults,
        warnings=troubles.warnings,
        why=why,
        cable=known,
    )


class PhoenixEm(PhoenixController):
    """EM-CP-PP-ETH, "EV Charge Control Advanced" (ESL Walli and others). Registers by evcc and JNX::PhoenixCharger."""

    bus_drivers = ("modbus-tcp",)
    layout = Layout(status=100, high=False, amps=300, enable=400, cable=101)
    model = "an EM-CP-PP-ETH"

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="walli")
        unit: int = option(180, help="the controller's number on the bus", minimum=1, maximum=255)
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)


class PhoenixEv(PhoenixController):
    """EV-CC-AC1-M3-...-ETH (Wallbe Eco and Pro, Compleo, ESL Walli light, E3/DC): switch 10 must be on. By evcc, nymea.

    A controller that counts whole amperes and is told 160 offers all it can. So tenths are written only where its
    current is more than any cable carries in amperes, or where it has Wallbe's firmware.
    """

    bus_drivers = ("modbus-tcp",)
    layout = Layout(status=100, high=False, amps=528, enable=400, errors=107)
    model = "an EV-CC-...-ETH"

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="wallbe")
        unit: int = option(255, help="the controller's number on the bus", minimum=1, maximum=255)
        resolution: float = option(
            1.0, help="what one count of its current is: 0.1 with Wallbe's firmware", unit="A", choices=(1.0, 0.1)
        )
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        super().__init__(settings, where, bus)
        self.step = settings.resolution

    async def begin(self) -> None:
        """See that it is one, and that it counts as the config says."""
        await super().begin()
        at = self.layout.amps
        found = (await self._words(Block(HOLDING, at, 1)))[HOLDING, at]
        if self.step == 1.0 and found > MOST:
            raise DriverError(
                f"{self.where}.resolution = 1.0: its current (register {at}) is {found}, which are tenths of an "
                "ampere. Set resolution = 0.1."
            )
        if self.step == 0.1 and found <= MOST and not await self._is_wallbe():
            raise DriverError(
                f"{self.where}.resolution = 0.1: its current (register {at}) is {found} and it has no firmware of "
                "Wallbe's: told 160 for 16 A, a controller that counts in amperes offers all it can. Set resolution = "
                "1.0; or, where it does count in tenths, set 16 A on its web page once."
            )

    async def _is_wallbe(self) -> bool:
        """It says the version of Wallbe's firmware, two characters a register."""
        try:
            words = await self._words(Block(INPUTS, *WALLBE_FIRMWARE))
        except DriverError:  # it refuses, as Phoenix Contact's own firmware does
            return False
        text = b"".join(word.to_bytes(2, "big") for word in words.values()).replace(b"\0", b"")
        return len(text) >= 3 and all(0x20 <= octet < 0x7F for octet in text)


class PhoenixSer(PhoenixController):
    """EV-CC-AC1-M...-SER, "EV Charge Control Basic", on RS485. Registers by its manual, 106377_en_04."""

    bus_drivers = ("modbus-serial", "modbus-tcp")
    layout = Layout(status=24000, high=True, amps=22000, enable=20000, cable=24001, errors=24025)
    model = "an EV Charge Control Basic"
    RELEASE, BY_COIL = 4000, 3  # what enables a charge: 0 always, 1 and 2 its input EN, 3 the coil

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to, 9600 or 19200 8N1 (switch S2)", example="rs485")
        unit: int = option(1, help="the controller's number on the bus (switch S2)", minimum=1, maximum=31)
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)

    async def begin(self) -> None:
        """See that it is one, and that the coil is what enables a charge: kept in its EEPROM, so written once."""
        await super().begin()
        if (await self._words(Block(HOLDING, self.RELEASE, 1)))[HOLDING, self.RELEASE] != self.BY_COIL:
            await self._write(Write(REGISTER, self.RELEASE, (self.BY_COIL,)))
