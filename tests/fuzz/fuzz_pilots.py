"""What comes from the kernel's files and the converters of a pilot line."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import isfinite
from typing import Any

from evse_drivers.pilots.ads1x15 import Ads1x15
from evse_drivers.pilots.iio import Iio
from evse_drivers.pilots.proximity import ProximitySettings
from evse_drivers.pilots.sysfs_pwm import PwmSettings, SysfsPwm
from evse_drivers.thermometers.sysfs import SysfsThermometer
from fuzz_engine import Target

WHERE = "evse.1.pilot"


class Files:
    """A kernel whose files hold, one after the other, the lines of the input; a line "!" is a file that cannot be had,
    "-" one that is not there. Time goes on when somebody looks at it. With `image` instead, files are known by the end
    of their path, and the lines are kept, to make a seed of them."""

    def __init__(self, data: bytes, image: dict[str, bytes] | None = None) -> None:
        self._lines = data.split(b"\n")
        self._now = 0.0
        self._image = image
        self._names: list[str] = []
        self.given: list[bytes] = []

    def _next(self, name: str = "", look: bool = False) -> bytes:
        if self._image is not None:
            its = self._image.get(name.rpartition("/")[2])
            self.given.append(b"" if look and its is not None else b"-" if look else its or b"")
            return self.given[-1]
        return self._lines.pop(0)[:64] if self._lines else b""

    def clock(self) -> float:
        self._now += 0.001
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def list(self, folder: str) -> list[str]:
        return ["chip0"]

    def exists(self, path: str) -> bool:
        return self._next(path, look=True) != b"-"

    def target(self, path: str) -> str:
        return "1f00098000.pwm"

    def open(self, path: str, write: bool = False, read: bool = True) -> int:
        if self._next() == b"!":
            raise PermissionError(13, "Permission denied")
        self._names.append(path)
        return len(self._names) - 1

    def read(self, fd: int) -> str:
        text = self._next(self._names[fd])
        if text == b"!":
            raise OSError(5, "Input/output error")
        return text.decode("ascii", "replace").strip()

    def write(self, fd: int, text: str) -> None:
        if self._next() == b"!":
            raise OSError(22, "Invalid argument")
        text.encode("ascii")

    def lock(self, fd: int) -> None:
        if self._next() == b"!":
            raise BlockingIOError(11, "Resource temporarily unavailable")

    def close(self, fd: int) -> None:
        pass

    def transfer(self, address: int, data: bytes, count: int) -> bytes:
        """Of an I2C bus."""
        return self._next()[:count].ljust(count, b"\0")


def recorded(talk: Callable[[Any], None], image: dict[str, bytes]) -> bytes:
    """What a kernel with these files says."""
    files = Files(b"", image)
    talk(files)
    return b"\n".join(files.given)


def number(value: float) -> None:
    """Neither NaN nor infinite: what the pilot's rules can work with."""
    assert isfinite(value), value


def iio(kernel: Any) -> None:
    """A converter of the kernel, one reading and its peaks."""
    its = Iio("chip0", "/sys/bus/iio/devices", WHERE, kernel)
    its.open(0)
    number(its.volts(0))
    for value in its.peaks(0, 20, 4, 0.002):
        number(value)


def pwm(kernel: Any) -> None:
    """A PWM channel: steady +12 V, then some duty cycles."""
    line = SysfsPwm(PwmSettings(pwm_sysfs="/sys/class/pwm"), WHERE, kernel)
    for duty in (0.0, 0.5, None):
        line.drive(duty)
    line.close()


class Converter(Files):
    """Its files are the converter's answers."""

    def write(self, address: int, data: bytes) -> None:  # type: ignore[override]
        assert 1 <= len(data) <= 3


def ads(data: bytes) -> None:
    """An ADS1115 that answers what it likes."""
    wires = Converter(data)
    its = Ads1x15(wires, 0x48, "ads1115", 4.096, WHERE, wires)  # type: ignore[arg-type]
    for channel in (0, 1, 3):
        its.begin(channel)
        volts = its.volts()
        number(volts)
        ohms = ProximitySettings().ohms(volts)
        assert ohms >= 0.0


class Sensor(SysfsThermometer):
    """Its file is the input."""

    def __init__(self, data: bytes) -> None:
        self._fd = os.memfd_create("sensor")
        os.write(self._fd, data[:200])
        super().__init__(SysfsThermometer.Settings(f"/proc/self/fd/{self._fd}"), "thermometer.box")

    def __enter__(self) -> Sensor:
        return self

    def __exit__(self, *raised: object) -> None:
        os.close(self._fd)


def thermometer(data: bytes) -> None:
    with Sensor(data) as sensor:
        assert -60 <= sensor._read() <= 200


_IIO = {"name": b"chip0", "in_voltage0_scale": b"3.222656", "in_voltage0_raw": b"512"}
_RATES = _IIO | {
    "in_voltage0_sampling_frequency": b"8",
    "sampling_frequency_available": b"8 860",
    "in_voltage_offset": b"-2",
}
_PWM = {"pwm2": b"", "period": b"1000000", "enable": b"1", "polarity": b"normal"}
_FRESH = {"period": b"0", "enable": b"0", "polarity": b"inversed"}

PILOTS = (
    Target(
        "IIO files",
        ("evse_drivers.pilots.iio",),
        lambda data: iio(Files(data)),
        (recorded(iio, _IIO), recorded(iio, _RATES)),
        words=(b"\n", b"!\n", b"-\n", b"3.3\n", b"512\n", b"1e300\n"),
    ),
    Target(
        "PWM files",
        ("evse_drivers.pilots.sysfs_pwm",),
        lambda data: pwm(Files(data)),
        (recorded(pwm, _PWM), recorded(pwm, _FRESH)),
        words=(b"\n", b"!\n", b"-\n", b"normal\n", b"1000000\n"),
        longest=300,
    ),
    Target(
        "ADS1115 answers",
        ("evse_drivers.pilots.ads1x15", "evse_drivers.pilots.proximity"),
        ads,
        (b"\xc3\xe3\n\x40\x00\n\xd3\xe3\n\x80\x00\n\xf3\xe3\n\x7f\xff",),
        longest=60,
    ),
    Target(
        "thermometer files", ("evse_drivers.thermometers.sysfs",), thermometer, (b"21375\n", b"-5000\n"), longest=80
    ),
)
