"""A converter that the kernel drives (industrial I/O, /sys/bus/iio): its channels in volts, read one at a time."""

from __future__ import annotations

import contextlib

from ..api import DriverError
from .kernel import Kernel

LARGEST = 1e9  # of a scale (mV) and an offset; NaN is not below it, and beyond it volts may be infinite


class Iio:
    """The device with that name; `open` a channel before its first reading. DriverError where something is missing."""

    def __init__(self, name: str, root: str, where: str, kernel: Kernel) -> None:
        self.where = where
        self._kernel = kernel
        self._folder = _find(name, root, where, kernel)
        self._channels: dict[int, tuple[int, float, float]] = {}  # descriptor, offset, volts of one step

    def open(self, channel: int) -> None:
        """Its scale is read now, and it is set to its fastest rate where it has rates."""
        name = f"in_voltage{channel}"
        self._hurry(name)
        # The kernel's scale is in mV; a device has one for each channel, or one for all.
        scale = self._number(f"{name}_scale", "in_voltage_scale")
        if scale is None:
            raise DriverError(
                f"{self.where}: {self._folder} has no scale for channel {channel}: the kernel does not know its "
                "reference voltage. Give its dtoverlay one (vref-supply)."
            )
        offset = self._number(f"{name}_offset", "in_voltage_offset") or 0.0
        self._channels[channel] = (self._open(f"{name}_raw"), offset, scale / 1000.0)

    def volts(self, channel: int) -> float:
        """V at the converter's input, measured now."""
        fd, offset, scale = self._channels[channel]
        try:
            return (int(self._kernel.read(fd)) + offset) * scale
        except (OSError, ValueError) as error:
            raise self._silent(channel, error) from None

    def peaks(self, channel: int, count: int, run: int, pause: float) -> tuple[float, float]:
        """The highest and the lowest of `count` readings, V, as fast as they come; after each `run` of them it waits
        a part of `pause` (s), each time another one."""
        fd, offset, scale = self._channels[channel]
        kernel = self._kernel
        read, clock = kernel.read, kernel.clock
        part = 0.0
        try:
            highest = lowest = int(read(fd))
            for number in range(1, count):
                if number % run == 0:
                    part = (part + GOLDEN) % 1.0
                    until = clock() + part * pause
                    while clock() < until:
                        pass
                raw = int(read(fd))
                if raw > highest:
                    highest = raw
                elif raw < lowest:
                    lowest = raw
        except (OSError, ValueError) as error:
            raise self._silent(channel, error) from None
        return (highest + offset) * scale, (lowest + offset) * scale

    def close(self) -> None:
        for fd, _, _ in self._channels.values():
            self._kernel.close(fd)
        self._channels.clear()

    def _silent(self, channel: int, error: Exception) -> DriverError:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return DriverError(
            f"{self.where}: channel {channel} of {self._folder} cannot be read: {said}. Check the converter's supply "
            "and its wires."
        )

    def _hurry(self, name: str) -> None:
        """Some begin slow: an ADS1115 makes 128 conversions a second unless it is told otherwise."""
        kernel, path = self._kernel, f"{self._folder}/{name}_sampling_frequency"
        rates = f"{self._folder}/sampling_frequency_available"
        if not (kernel.exists(path) and kernel.exists(rates)):
            return
        there = self._text(rates)
        try:
            fastest = max(there.strip("[]").split(), key=float)  # a list, or [lowest step highest]
        except ValueError:
            raise DriverError(f"{self.where}: {rates} holds {there!r} and no rates.") from None
        try:
            fd = kernel.open(path, write=True)
            try:
                kernel.write(fd, fastest)
            finally:
                kernel.close(fd)
        except OSError as error:
            raise DriverError(
                f"{self.where}: {path} does not take {fastest}: {error.strerror}. Let a udev rule give this file to "
                "the group that evsed runs in."
            ) from None

    def _number(self, *names: str) -> float | None:
        for name in names:
            path = f"{self._folder}/{name}"
            if self._kernel.exists(path):
                text = self._text(path)
                with contextlib.suppress(ValueError):
                    if abs(number := float(text)) <= LARGEST:
                        return number
                raise DriverError(f"{self.where}: {path} holds {text!r} and no number.")
        return None

    def _text(self, path: str) -> str:
        kernel = self._kernel
        try:
            fd = kernel.open(path)
            try:
                return kernel.read(fd)
            finally:
                kernel.close(fd)
        except OSError as error:
            raise DriverError(f"{self.where}: {path} cannot be read: {error.strerror}.") from None

    def _open(self, name: str) -> int:
        path = f"{self._folder}/{name}"
        try:
            return self._kernel.open(path)
        except FileNotFoundError:
            there = [n for n in self._kernel.list(self._folder) if n.startswith("in_voltage") and n.endswith("_raw")]
            raise DriverError(
                f"{self.where}: there is no {path}; the device has {', '.join(there) or 'no voltage channel'}. Check "
                "the channel's number."
            ) from None
        except OSError as error:
            raise DriverError(f"{self.where}: {path} cannot be opened: {error.strerror}.") from None


# The golden section: multiples of it, cut to below 1, fill the unit interval evenly however many are taken.
GOLDEN = 0.618


def _find(name: str, root: str, where: str, kernel: Kernel) -> str:
    """The one device of that name, or that the kernel has under it (iio:device0)."""
    named = {}
    for folder in kernel.list(root):
        path = f"{root}/{folder}"
        if not kernel.exists(f"{path}/name"):
            continue
        try:
            fd = kernel.open(f"{path}/name")
            try:
                named[folder] = kernel.read(fd)
            finally:
                kernel.close(fd)
        except OSError:
            continue  # a device that has just gone
    found = [folder for folder, its in named.items() if name in (its, folder)]
    if len(found) == 1:
        return f"{root}/{found[0]}"
    there = ", ".join(f"{its} ({folder})" for folder, its in named.items()) or "nothing"
    if found:
        raise DriverError(f'{where}: {len(found)} devices are named "{name}" in {root}: {there}. Name the folder.')
    raise DriverError(
        f'{where}: there is no device "{name}" in {root}, only: {there}. Check iio_device and the converter\'s '
        "dtoverlay in /boot/firmware/config.txt."
    )
