"""An ADS1115 or ADS1015 on an I2C bus, written from the data sheets (SBAS444, SBAS473), on a virtual clock.

Pointer 0 is the conversion register, 1 the configuration. Bit 15 of the configuration begins a conversion when a 1 is
written, and reads 0 as long as it lasts. Bits 14-12 the multiplexer (1xx: input xx against ground), 11-9 the gain,
8 single shot, 7-5 the data rate. Until a conversion is over its register holds the result of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evse_drivers.api import DriverError
from pilot_circuit import Clock

RANGES = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
RATES = {"ads1115": (8, 16, 32, 64, 128, 250, 475, 860), "ads1015": (128, 250, 490, 920, 1600, 2400, 3300, 3300)}
RESET = 0x8583


class AdsPeer:
    """The bus and the converter at `address`; `inputs` are the volts at AIN0 to AIN3."""

    def __init__(
        self, clock: Clock, inputs: Sequence[Callable[[], float]], model: str = "ads1115", hertz: int = 100_000,
        address: int = 0x48,
    ) -> None:  # fmt: skip
        self.clock, self.inputs, self.model, self.speed, self.address = clock, inputs, model, hertz, address
        self.config, self.result, self.pointer = RESET, 0, 0
        self.done_at = 0.0
        self.sampled = 0
        self.slow = 1.0  # its oscillator
        self.dead: str | None = None
        self.supply = 3.3
        self.told: int | None = None
        self.limited = 0
        self.conversions: list[int] = []

    def hertz(self) -> int | None:
        return self.told

    def limit(self, milliseconds: int) -> None:
        self.limited = milliseconds

    def write(self, address: int, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self._wires(address, 1 + len(data))
        self.pointer = data[0]
        if len(data) == 3 and self.pointer == 1:
            self._configure(data[1] << 8 | data[2])

    def read(self, address: int, count: int) -> bytes:
        self._wires(address, 1 + count)
        return self._register()[:count]

    def transfer(self, address: int, data: bytes, count: int) -> bytes:
        assert type(data) is bytes
        self._wires(address, 2 + len(data) + count)
        self.pointer = data[0]
        return self._register()[:count]

    def brown_out(self) -> None:
        """Its supply was gone for a moment."""
        self.config, self.result = RESET, 0

    def _wires(self, address: int, octets: int) -> None:
        self.clock.pass_by(octets * 9 / self.speed)
        if self.dead:
            raise DriverError(self.dead)
        if address != self.address:
            raise DriverError(f"bus.i2c: no device answers at 0x{address:02X}.")
        self._finish()

    def _configure(self, config: int) -> None:
        self.config = config & 0x7FFF
        if config & 0x8000 and config & 0x0100:
            assert config & 0x4000, "an input against another one"
            channel = config >> 12 & 3
            full = RANGES[config >> 9 & 7]
            volts = min(max(self.inputs[channel](), -0.3), self.supply + 0.3)
            raw = min(max(round(volts / full * 32768), -32768), 32767)
            self.sampled = raw & (0xFFF0 if self.model == "ads1015" else 0xFFFF)
            self.conversions.append(channel)
            self.done_at = self.clock() + 0.000025 + self.slow / RATES[self.model][config >> 5 & 7]

    def _finish(self) -> None:
        if self.done_at and self.clock() >= self.done_at:
            self.result, self.done_at = self.sampled, 0.0

    def _register(self) -> bytes:
        value = self.result if self.pointer == 0 else self.config & 0x7FFF | (0 if self.done_at else 0x8000)
        return value.to_bytes(2, "big")
