"""The MFRC522 card reader on SPI.

By /dev/spidevB.C and ioctl (spi.py): the kernel knows no MFRC522, and the packages that drive it from Python ask for
`spidev` and clean up all GPIO pins when they end, those of SPI included, after which SPI is dead. The chip hangs or
falls deaf now and then: it is looked after at each look, and reset once a minute while no card is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import spi
from ..options import option
from .asked import AskedReader

if TYPE_CHECKING:
    from .mfrc522_chip import Wires
    from .watch import Device

NO_PIN = -1


class Mfrc522(AskedReader):
    """A `Reader` for ISO 14443 A cards with UIDs of 4, 7 or 10 bytes; of several cards at once it picks one.

    A reader that falls silent is set up again, for ever, at intervals that grow to 10 s; each new trouble is logged
    once, with what to do. An SPI device that is not there at the start is a DriverError of the constructor.
    """

    renewed = 60.0  # s

    @dataclass(frozen=True, slots=True)
    class Settings:
        device: str = option("/dev/spidev0.0", help="the SPI device: 0.0 is chip select CE0, 0.1 is CE1")
        hertz: int = option(1_000_000, help="clock of SPI", unit="Hz", minimum=100_000, maximum=10_000_000)
        reset_pin: int = option(
            NO_PIN,
            help="GPIO of its RST pin, BCM number; -1: not wired to a GPIO (to 3.3 V then)",
            minimum=-1,
            maximum=27,
        )
        gain_db: int = option(
            43, help="gain of its receiver; less where it sees cards that are not there", unit="dB",
            choices=(18, 23, 33, 38, 43, 48),
        )  # fmt: skip
        every_ms: int = option(200, help="how often it looks for a card", unit="ms", minimum=50, maximum=500)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        """What it occupies."""
        pin = () if settings.reset_pin == NO_PIN else (f"GPIO {settings.reset_pin}",)
        return (spi.name(settings.device), *pin)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        spi.check(settings.device, where)
        super().__init__(where, settings.every_ms)
        self.settings = settings

    def wires(self) -> Wires:
        """The open SPI device. DriverError."""
        return spi.Spi(self.settings.device, self.settings.hertz, 0, self.where)

    async def _open(self) -> Device:
        from .. import gpio
        from .mfrc522_chip import Chip

        wires = self.wires()
        name = f"{self.where}: the reader on {self.settings.device}"
        if self.settings.reset_pin == NO_PIN:
            return Chip(wires, name, self.settings.gain_db, None, lambda: None)
        try:
            pin = gpio.output(self.settings.reset_pin, True, f"{self.where}.reset_pin")
        except BaseException:
            wires.close()
            raise
        return Chip(wires, name, self.settings.gain_db, pin.set, pin.close)
