"""A pilot line with a fast converter on SPI (MCP3004/3008, MCP3204/3208, ADS79xx) that the kernel drives: the highest
and the lowest of many readings.

Theory of operation
-------------------
A look is some 200 readings, one after the other and not in step with the PWM. At the least offer (6 A) the pilot is
high for 100 us of each 1 ms: a reading at any instant misses that with a chance of 0.9, n independent ones all miss it
with 0.9^n, which is 3e-5 for 100 and 7e-10 for 200. Readings that come 40 us apart cannot miss it at all, as long as
nothing interrupts them: so two readings are never meant to be more than APART from each other, and a look that was
over before one period of the PWM is an error. What is interrupted has its chance in the next periods; three looks in
a row must miss before the vehicle's letter is gone. At 80 A the pilot is low for 40 us: 0.96^200 is 3e-4 a look.

Readings that take a whole part of 1 ms would meet the same points of each period. So there is a pause after each RUN
of them, by the golden section each time another one, which moves the points.

The kernel's triggered buffers are not used: its drivers for the MCP chips have none, and a trigger of its own timer is
not in step with the PWM either, so that nothing is won for the certainty; only the readings would cost less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ..api import DriverError, Sense
from ..options import option
from .ads1x15 import CALL
from .lines import OFFSET_HELP, RELEASE, SCALE_HELP
from .pwm_line import PwmLine, PwmLineSettings

RUN = 16  # readings between two pauses
APART = 90.0  # us, the most between two readings: shorter than the high part of the least offer
ONE_PERIOD = 0.001  # s, of the PWM

SLOWEST = 80  # us, one reading: a pause behind it must still end before APART
ROOM = 8300.0  # us, what `samples` of a slower converter may take together; with pauses less than 9 ms
FEWEST = 100


class MinMax(PwmLine):
    """A PilotLine."""

    keeps_busy = True

    @dataclass(frozen=True, kw_only=True)
    class Settings(PwmLineSettings):
        channel: int = option(0, help="input of the converter at the pilot's divider", minimum=0, maximum=15)
        scale: float = option(help=SCALE_HELP, example=7.5)
        offset: float = option(help=OFFSET_HELP, unit="V", example=1.65)
        samples: int = option(200, help="readings of one look", minimum=FEWEST, maximum=2000)
        sample_us: float = option(
            40.0, help="how long one reading may take; the start measures it", unit="us", minimum=2, maximum=SLOWEST
        )

        def __post_init__(self) -> None:
            PwmLineSettings.__post_init__(self)
            if not self.iio_device:
                raise DriverError("iio_device is missing: the name of the converter.")
            if self.channel == self.channel_proximity:
                raise DriverError("channel and channel_proximity must be inputs of their own.")
            if not self.scale:
                raise DriverError("scale must not be 0: no voltage would be seen.")

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self.settings = settings
        self.sample_ms = self.timing(settings)[0]
        self._pause = _pause_us(settings) / 1e6
        super().__init__(settings, where)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        place = f"IIO {settings.iio_device} channel"
        return (*settings.pwm_claims(), *(f"{place} {channel}" for channel in _channels(settings)))

    @staticmethod
    def timing(settings: Settings) -> tuple[float, float]:
        """(sample_ms, release_ms): the readings, the pauses, and one reading of the proximity contact."""
        readings = settings.samples + (settings.channel_proximity >= 0)
        pauses = (settings.samples - 1) // RUN
        return round((readings * settings.sample_us + pauses * _pause_us(settings)) / 1000.0 + CALL, 2), RELEASE

    # --- every 10 ms --------------------------------------------------------------------------------------------------

    def sense(self) -> Sense:
        settings, iio, clock = self.settings, self._iio, self.kernel.clock
        assert iio is not None
        at = clock()
        high, low = iio.peaks(settings.channel, settings.samples, RUN, self._pause)
        took = clock() - at
        if took < ONE_PERIOD:
            raise DriverError(
                f"{self.where}: {settings.samples} readings took {took * 1000:.2f} ms, less than one period of the "
                "pilot's 1 kHz, and may have missed its peaks. Set `samples` higher."
            )
        first = (high - settings.offset) * settings.scale
        second = (low - settings.offset) * settings.scale
        if settings.scale < 0.0:  # an inverting amplifier
            first, second = second, first
        if settings.channel_proximity < 0 or at < self._proximity_at:
            return Sense(at, first, second)
        ohms = settings.ohms(iio.volts(settings.channel_proximity))
        return Sense(at, first, second, self._proximity(at, ohms))

    def _find(self) -> None:
        self._find_iio(self.settings, _channels(self.settings))

    def _remedy(self, look_ms: float) -> str:
        """What to set, by how long a look takes."""
        settings = self.settings
        took = ceil(look_ms * 1000.0 / (settings.samples + (settings.channel_proximity >= 0)))
        fit = int(ROOM / took)
        if took > SLOWEST or fit < FEWEST:
            return (
                f"A reading takes {took} us: the high part of a small offer could fall between two of them. Raise the "
                "converter's SPI clock, or take another converter."
            )
        return f"Set sample_us = {took} and samples = {fit}, or raise the converter's SPI clock."


def _channels(settings: MinMax.Settings) -> tuple[int, ...]:
    return tuple(channel for channel in (settings.channel, settings.channel_proximity) if channel >= 0)


def _pause_us(settings: MinMax.Settings) -> float:
    """The longest pause between two readings: a whole reading where that keeps them near enough."""
    return min(settings.sample_us, APART - settings.sample_us)
