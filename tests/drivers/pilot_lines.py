"""The pilot lines of a Pi on a bench made of numbers: kernel, converter, circuit and clock around the real driver."""

from __future__ import annotations

import os
from typing import Any

from ads_peer import AdsPeer
from evse_drivers.pilots.min_max import MinMax
from evse_drivers.pilots.peak_detector import PeakDetector
from kernel_peer import PeerKernel
from pilot_circuit import Circuit, Clock
from pins import Pins

MIDDLE, DIVIDER = 1.65, 7.5  # the bench's amplifier: 1.65 V + line / 7.5
RESET = 25


class Bench:
    """What stands around the line: a Pi 4's PWM (channel 0), the circuit, and the proximity contact on 3.3 V."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.kernel = PeerKernel(self.clock)
        self.channel = self.kernel.chip(0, "fe20c000.pwm", 2)[0]
        self.circuit = Circuit(self.clock, self.channel.pin)
        self.line: Any = None
        self.ads: Any = None
        self.latch = -1  # of the pins, where the reset stands

    def __del__(self) -> None:
        if self.latch >= 0:
            os.close(self.latch)

    def contact(self) -> float:
        """V at the proximity contact, behind 1 kohm."""
        ohm = self.circuit.proximity
        return 3.3 if ohm is None else 3.3 * ohm / (ohm + 1000.0)

    def idle(self, took: float) -> None:
        """The rest of a tick."""
        if took < 0.01:
            self.clock.pass_by(0.01 - took)

    def look(self) -> Any:
        """One tick: a look, and the rest."""
        began = self.clock()
        try:
            return self.line.sense()
        finally:
            self.idle(self.clock() - began)


def peaks(pins: Pins, adc: str = "ads1115", hertz: int = 100_000, bench: Bench | None = None, **options: Any) -> Bench:
    """A line with peak detectors, its converter on I2C or (adc "iio") the kernel's."""
    bench = bench or Bench()
    circuit = bench.circuit
    latch = bench.latch = os.open(pins.folder / "latch", os.O_RDONLY)
    circuit.reset = lambda: os.pread(latch, 1, RESET) == b"1"
    inputs = [
        lambda: MIDDLE + circuit.high / DIVIDER,
        lambda: MIDDLE + circuit.low / DIVIDER,
        bench.contact,
        lambda: 0.0,
    ]
    calibrated = {"high_scale": DIVIDER, "high_offset": MIDDLE, "low_scale": DIVIDER, "low_offset": MIDDLE}
    if adc == "iio":
        bench.kernel.reading = 0.0013
        bench.kernel.converter(0, "ads1115", 0.125, v0=inputs[0], v1=inputs[1], v2=inputs[2])
        calibrated |= {"iio_device": "ads1115"}
    else:
        bench.ads = bench.ads or AdsPeer(bench.clock, inputs, adc, hertz)
        calibrated |= {"bus": "i2c", "i2c_hertz": hertz}
    driver = type("BenchPeakDetector", (PeakDetector,), {"kernel": bench.kernel})
    settings = PeakDetector.Settings(adc=adc, **{"reset_pin": RESET, **calibrated, **options})
    bench.line = driver(settings, "evse.1.pilot", bench.ads)
    return bench


def extremes(bench: Bench | None = None, **options: Any) -> Bench:
    """A line with a fast converter: a reading takes 30 us."""
    bench = bench or Bench()
    circuit = bench.circuit
    bench.kernel.converter(
        1, "mcp3208", 3300 / 4096, v0=lambda: MIDDLE + circuit.volts(bench.clock()) / DIVIDER, v1=bench.contact
    )
    driver = type("BenchMinMax", (MinMax,), {"kernel": bench.kernel})
    settings = MinMax.Settings(**{"iio_device": "mcp3208", "scale": DIVIDER, "offset": MIDDLE, **options})
    bench.line = driver(settings, "evse.1.pilot")
    return bench
