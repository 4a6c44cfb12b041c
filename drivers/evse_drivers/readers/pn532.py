"""The PN532 card reader, on a serial port or on I2C: a card that comes is one token, however long it is held there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import ports
from ..buses.needed import needed
from ..options import option
from .asked import AskedReader

if TYPE_CHECKING:
    from ..buses.i2c import I2cBus
    from .watch import Device

EVERY: dict[str, Any] = {"help": "how often it looks for a card", "unit": "ms", "minimum": 50, "maximum": 500}
ADDRESS = 0x24  # PN532 user manual, 6.2.4: 0x48 with the bit for reading, fixed


class Pn532(AskedReader):
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
        every_ms: int = option(200, **EVERY)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        ports.check(settings.port, where)
        super().__init__(where, settings.every_ms)
        self.settings = settings

    async def _open(self) -> Device:
        from .pn532_chip import Chip
        from .pn532_uart import Uart

        return Chip(Uart(self.settings.port, self.settings.baudrate, self.where), self.where)


class Pn532I2c(AskedReader):
    """A `Reader` as Pn532, on I2C at its fixed address 0x24.

    The chip stretches the clock, which the I2C of a Raspberry Pi up to model 4 does not bear at 100 kHz: the bus runs
    at 10 kHz, or in software (the overlay i2c-gpio).
    """

    bus_drivers = ("i2c",)

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to, with the driver i2c", example="i2c1")
        every_ms: int = option(250, **EVERY)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        """What it occupies besides its bus."""
        return (f"I2C {settings.bus} 0x{ADDRESS:02x}",)

    def __init__(self, settings: Settings, where: str, bus: I2cBus | None = None) -> None:
        super().__init__(where, settings.every_ms)
        self.settings = settings
        self._bus = needed(bus, where, "the driver i2c")

    async def _open(self) -> Device:
        from .pn532_chip import Chip
        from .pn532_i2c import I2c

        return Chip(I2c(self._bus, ADDRESS, self.settings.bus, self.where), self.where)
