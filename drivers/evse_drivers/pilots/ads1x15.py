"""The converters ADS1115 and ADS1015 of Texas Instruments: one conversion at a time, and its answer is checked.

Each answer is read with the configuration behind it: it must be the one that was written, and say that the conversion
is over. So a converter that is late, or has lost its supply for a moment and begun anew, is an error and never another
channel's voltage. They are far too slow to see a 1 kHz pulse: they belong behind peak detectors.
"""

from __future__ import annotations

from typing import Protocol

from ..api import DriverError
from .kernel import Kernel

CONVERSION, CONFIG = b"\x00", 1  # registers
OVER = 0x8000  # written: begin; read: no conversion is going on
CHANNEL = 0x4000  # multiplexer: a channel against ground; the channel stands in bits 13 and 12
SINGLE = 0x0100  # one conversion and then rest
QUIET = 0x0003  # no comparator

# Bits of the gain amplifier, by the voltage that is the full scale. The input must stay below the supply all the same.
GAINS = {6.144: 0x0000, 4.096: 0x0200, 2.048: 0x0400, 1.024: 0x0600, 0.512: 0x0800, 0.256: 0x0A00}
# Conversions a second at the fastest rate, and that rate's bits.
FASTEST = {"ads1115": (860, 0x00E0), "ads1015": (3300, 0x00C0)}
TOLERANCE = 1.1  # of the rate: the converter's oscillator may be 10 % slow
WAKING = 0.03  # ms, from rest (25 us), rounded up

# Bits on the wires, with START, addresses, acknowledges and STOP.
WRITE_BITS = 4 * 9 + 2  # address, register, two bytes
READ_BITS = 5 * 9 + 3  # address, register, address again, two bytes
CALL = 0.1  # ms, a call into the kernel, with its interrupts, or a sleep's lateness; a Pi 4 needs some 0.06


def conversion_ms(model: str) -> float:
    """From the end of the write until the conversion is over for certain."""
    return 1000.0 / FASTEST[model][0] * TOLERANCE + WAKING


def write_ms(hertz: int) -> float:
    """To begin a conversion."""
    return WRITE_BITS * 1000.0 / hertz + CALL


def read_ms(hertz: int) -> float:
    """To read what it gave: configuration and result."""
    return 2 * (READ_BITS * 1000.0 / hertz + CALL)


class Wires(Protocol):
    """What it wants of the I2C bus."""

    def write(self, address: int, data: bytes) -> None: ...

    def transfer(self, address: int, data: bytes, count: int) -> bytes: ...


class Ads1x15:
    """One converter. `begin`, then `volts` for what was begun. DriverError: it did not answer, or not that."""

    def __init__(self, bus: Wires, address: int, model: str, full_scale: float, where: str, kernel: Kernel) -> None:
        self.where = where
        self._bus, self._address, self._name = bus, address, f"the {model.upper()} at 0x{address:02X}"
        self._kernel = kernel
        self._takes = conversion_ms(model) / 1000.0
        self._volt = full_scale / 32768.0  # of one step; an ADS1015 leaves the lowest four bits 0
        config = SINGLE | GAINS[full_scale] | FASTEST[model][1] | QUIET
        configs = [config | CHANNEL | channel << 12 for channel in range(4)]
        self._asks = [bytes((CONFIG, (OVER | config) >> 8, config & 0xFF)) for config in configs]
        self._over_at = 0.0
        self._channel = 0

    def begin(self, channel: int) -> None:
        """Begin the conversion of that input (0 to 3)."""
        self._bus.write(self._address, self._asks[channel])
        self._channel = channel
        self._over_at = self._kernel.clock() + self._takes

    def volts(self) -> float:
        """Of the input that was begun last, V at the pin."""
        rest = self._over_at - self._kernel.clock()
        if rest > 0.0:
            self._kernel.sleep(rest)
        bus, address, ask = self._bus, self._address, self._asks[self._channel]
        high, low = bus.transfer(address, ask[:1], 2)
        if high != ask[1] or low != ask[2]:
            raise DriverError(self._why(high << 8 | low, ask[1] << 8 | ask[2]))
        high, low = bus.transfer(address, CONVERSION, 2)
        raw = high << 8 | low
        return (raw - 0x10000 if raw & 0x8000 else raw) * self._volt

    def _why(self, found: int, written: int) -> str:
        if found | OVER == written:
            return (
                f"{self.where}: {self._name} is not ready with input {self._channel} after {self._takes * 1000:.2f} "
                "ms. Is it the model that `adc` names?"
            )
        return (
            f"{self.where}: {self._name} is set to 0x{found:04X} and not to 0x{written:04X}, as it was told. Its "
            "supply breaks down, another program uses it, or it is another chip."
        )
