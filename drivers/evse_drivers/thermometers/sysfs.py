"""A temperature sensor that the kernel shows as a file with a number: hwmon, thermal_zone, 1-Wire (w1) or IIO."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..api import DriverError
from ..options import option

LOWEST, HIGHEST = -60.0, 200.0  # °C; beyond is no temperature of a wallbox but a wrong file or scale
LONGEST = 64  # bytes; such a file holds one number


class SysfsThermometer:
    """A `Thermometer`. A file that is not there at the start is a DriverError of the constructor."""

    @dataclass(frozen=True, slots=True)
    class Settings:
        path: str = option(
            help="the file with the number", example="/sys/bus/w1/devices/28-000005e2fdc3/temperature", minimum=1
        )
        scale: float = option(0.001, help="degrees that one of its units is; the kernel mostly tells thousandths")
        offset: float = option(0.0, help="added to that, to correct the sensor", unit="K", minimum=-50, maximum=50)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self.settings = settings
        self.where = where
        if not os.path.isfile(settings.path):
            raise DriverError(
                f"{where}: there is no file {settings.path}. Check the sensor's wire, its kernel driver (on a Pi its "
                'dtoverlay) and `path`; "ls /sys/class/hwmon /sys/class/thermal /sys/bus/w1/devices" shows what '
                "there is."
            )

    async def read(self) -> float:
        """degrees Celsius. In a thread: a 1-Wire sensor takes 750 ms to answer."""
        # Here and not above: the pilot process checks these settings too and has no room for asyncio.
        import asyncio

        return await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """Nothing is held open."""

    def _read(self) -> float:
        path = self.settings.path
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                text = os.read(fd, LONGEST).decode("ascii", "replace").strip()
            finally:
                os.close(fd)
        except OSError as error:
            raise DriverError(
                f"{self.where}: {path} cannot be read: {error.strerror}. Check the sensor and its wire."
            ) from None
        try:
            celsius = float(text) * self.settings.scale + self.settings.offset
        except ValueError:
            raise DriverError(f"{self.where}: {path} holds {text!r} and no number. Check `path`.") from None
        if not LOWEST <= celsius <= HIGHEST:
            raise DriverError(
                f"{self.where}: {path} says {celsius:g} °C; {LOWEST:g} to {HIGHEST:g} can be. Check `scale` and the "
                "sensor's wire."
            )
        return celsius
