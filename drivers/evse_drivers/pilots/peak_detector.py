"""A pilot line with two peak detectors, which hold the highest and the lowest voltage for a slow converter.

Each look reads both detectors and then resets them, so that the next one sees what came since. What rises shows in the
next look, whatever the phase of the PWM. What falls shows one look later, when it fell after the detectors were reset.

How long a look takes (`timing`), ms, on an I2C clock of 100 and of 400 kHz:

                                      ADS1115          ADS1015
                                     100    400       100    400 kHz
    a channel: begin, convert, read  3.05   2.04      2.10   1.10
    two of them                      6.10   4.09      4.21   2.20
    reset 1.5, a sleep's lateness    1.60   1.60      1.60   1.60
    a look                           7.70   5.69      5.81   3.80
    ... with the proximity contact   9.34   6.32      7.45   4.43

The conversion of the proximity contact runs while the detectors are reset, and costs its transfers only. The detectors
need `settle_ms` after their reset until they hold a peak again: they have it between two looks, where a look and this
time fit into 10 ms; or else the next look waits for them. So two EVSEs with an ADS1115 do not fit one loop at 100 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import gpio
from ..api import DriverError, Sense
from ..options import option
from .ads1x15 import CALL, GAINS, Ads1x15, conversion_ms, read_ms, write_ms
from .kernel import Kernel
from .lines import OFFSET_HELP, RELEASE, SCALE_HELP, TICK
from .pwm_line import PwmLine, PwmLineSettings

if TYPE_CHECKING:
    from ..buses.i2c import I2cBus

LIMIT = 20  # ms, for a transfer: a bus that hangs must not keep the loop until the guard opens every contactor
REMEDY = "Raise the bus's clock, take a faster converter, or declare what it needs."


class PeakDetector(PwmLine):
    """A PilotLine."""

    bus_drivers = ("i2c",)

    @dataclass(frozen=True, kw_only=True)
    class Settings(PwmLineSettings):
        adc: str = option(
            help="the converter: on an I2C bus, or one that the kernel drives", choices=("ads1115", "ads1015", "iio"),
            example="ads1115",
        )  # fmt: skip
        bus: str = option("", help='the [bus.NAME] of driver "i2c" with that converter; none with "iio"')
        address: int = option(
            0x48, help="its address: ADDR to GND 0x48, VDD 0x49, SDA 0x4A, SCL 0x4B", minimum=8, maximum=119
        )
        i2c_hertz: int = option(
            100_000,
            help="clock of the I2C bus, by which a look is timed; on a Pi dtparam=i2c_arm_baudrate=400000 raises it",
            unit="Hz", minimum=10_000, maximum=1_000_000,
        )  # fmt: skip
        full_scale: float = option(
            4.096, help="range of the converter; its inputs stay below its supply all the same", unit="V",
            choices=tuple(GAINS),
        )  # fmt: skip
        iio_ms: float = option(
            2.0, help='with "iio": how long the kernel takes for one channel', unit="ms", minimum=0.02, maximum=5
        )
        channel_high: int = option(
            0, help="input of the converter at the detector of the upper peak", minimum=0, maximum=15
        )
        channel_low: int = option(
            1, help="input at the detector of the lower peak, without which no vehicle's diode is known", minimum=0,
            maximum=15,
        )  # fmt: skip
        high_scale: float = option(help=SCALE_HELP, example=7.5)
        high_offset: float = option(help=OFFSET_HELP, unit="V", example=1.65)
        low_scale: float = option(help="the same of the other detector", example=7.5)
        low_offset: float = option(help="the same of the other detector", unit="V", example=1.65)
        reset_pin: int = option(
            -1, help="GPIO (BCM) that resets both detectors; -1: they fall by themselves, within 10 ms", minimum=-1,
        )  # fmt: skip
        reset_active: str = option("high", help="its level that resets them", choices=("high", "low"))
        reset_ms: float = option(1.5, help="how long", unit="ms", minimum=0.05, maximum=5)
        settle_ms: float = option(
            2.0, help="how long after that until both hold a peak again; two periods of the PWM", unit="ms", minimum=1,
            maximum=5,
        )  # fmt: skip

        def __post_init__(self) -> None:
            PwmLineSettings.__post_init__(self)
            if self.adc == "iio":
                if not self.iio_device or self.bus:
                    raise DriverError('adc = "iio" is a converter of the kernel: name iio_device, and no bus.')
            elif not self.bus or self.iio_device:
                raise DriverError(f'adc = "{self.adc}" hangs on an I2C bus: name the bus, and no iio_device.')
            elif max(channels := _channels(self)) > 3:
                raise DriverError(f"the inputs of an {self.adc.upper()} are 0 to 3, not {max(channels)}.")
            if len(set(_channels(self))) < len(_channels(self)):
                raise DriverError("channel_high, channel_low and channel_proximity must be inputs of their own.")
            if not self.high_scale or not self.low_scale:
                raise DriverError("high_scale and low_scale must not be 0: no voltage would be seen.")

    def __init__(self, settings: Settings, where: str, bus: I2cBus | None = None) -> None:
        self.settings = settings
        self.sample_ms = self.timing(settings)[0]
        self._bus = bus
        self._reset: gpio.Output | None = None
        self._ads: Ads1x15 | None = None
        self._resets = settings.reset_active == "high"
        self._settled_at = self.kernel.clock()
        super().__init__(settings, where)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        place = (
            f"IIO {settings.iio_device}" if settings.adc == "iio" else f"I2C {settings.bus} 0x{settings.address:02X}"
        )
        reset = (f"GPIO {settings.reset_pin}",) if settings.reset_pin >= 0 else ()
        return (*settings.pwm_claims(), *reset, *(f"{place} channel {channel}" for channel in _channels(settings)))

    @staticmethod
    def timing(settings: Settings) -> tuple[float, float]:
        """(sample_ms, release_ms). See the table above."""
        hertz, iio = settings.i2c_hertz, settings.adc == "iio"
        begin = 0.0 if iio else write_ms(hertz)
        convert = settings.iio_ms if iio else conversion_ms(settings.adc) + CALL
        read = 0.0 if iio else read_ms(hertz)
        reset = settings.reset_ms + CALL if settings.reset_pin >= 0 else 0.0
        settle = settings.settle_ms if settings.reset_pin >= 0 else 0.0
        look = 2 * (begin + convert + read) + reset
        longest = look
        if settings.channel_proximity >= 0:
            longest += begin + (convert if iio else max(0.0, convert - reset)) + read
        waits = max(0.0, settle - max(0.0, TICK - longest))
        sample = max(longest, look + waits)
        if waits > 0.0 and sample > TICK:  # no rest is left between two looks: each waits for all of it
            sample = longest + settle
        return round(sample, 2), RELEASE

    # --- every 10 ms --------------------------------------------------------------------------------------------------

    def sense(self) -> Sense:
        settings, kernel = self.settings, self.kernel
        rest = self._settled_at - kernel.clock()
        if rest > 0.0:
            kernel.sleep(rest)
        at = kernel.clock()
        high = (self._volts(settings.channel_high) - settings.high_offset) * settings.high_scale
        low = (self._volts(settings.channel_low) - settings.low_offset) * settings.low_scale
        wanted = settings.channel_proximity >= 0 and at >= self._proximity_at
        if wanted and self._ads is not None:
            self._ads.begin(settings.channel_proximity)
        self._restart()
        if not wanted:
            return Sense(at, high, low)
        volts = self._ads.volts() if self._ads is not None else self._volts(settings.channel_proximity)
        return Sense(at, high, low, self._proximity(at, settings.ohms(volts)))

    def close(self) -> None:
        """+12 V stays."""
        super().close()
        if self._reset is not None:
            self._reset.close()

    def _find(self) -> None:
        settings = self.settings
        if settings.reset_pin >= 0:
            self._reset = gpio.output(settings.reset_pin, not self._resets, self.where)
        if settings.adc == "iio":
            self._find_iio(settings, _channels(settings))
        else:
            self._ads = _converter(settings, self.where, self._bus, self.kernel)

    def _remedy(self, look_ms: float) -> str:
        return REMEDY

    def _volts(self, channel: int) -> float:
        if self._ads is not None:
            self._ads.begin(channel)
            return self._ads.volts()
        assert self._iio is not None
        return self._iio.volts(channel)

    def _restart(self) -> None:
        """Both detectors, from where the line is now."""
        reset, settings = self._reset, self.settings
        if reset is None:
            return
        reset.set(self._resets)
        try:
            self.kernel.sleep(settings.reset_ms / 1000.0)
        finally:
            reset.set(not self._resets)
        self._settled_at = self.kernel.clock() + settings.settle_ms / 1000.0


def _channels(settings: PeakDetector.Settings) -> tuple[int, ...]:
    found = (settings.channel_high, settings.channel_low, settings.channel_proximity)
    return tuple(channel for channel in found if channel >= 0)


def _converter(settings: PeakDetector.Settings, where: str, bus: I2cBus | None, kernel: Kernel) -> Ads1x15:
    if bus is None:
        raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "i2c".')
    told = bus.hertz()
    if told is not None and told < settings.i2c_hertz:
        raise DriverError(
            f"{where}: the I2C bus runs at {told} Hz and not at i2c_hertz = {settings.i2c_hertz}. Set "
            f"dtparam=i2c_arm_baudrate={settings.i2c_hertz} in /boot/firmware/config.txt, or correct i2c_hertz."
        )
    bus.limit(LIMIT)
    return Ads1x15(bus, settings.address, settings.adc, settings.full_scale, where, kernel)
