"""The converter of a pilot line: its options and those of the divider before it, and the proof of its speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ..api import DriverError
from ..options import option
from .kernel import Kernel

TICK = 10.0  # ms, between two looks
RELEASE = 20.0  # ms, what most contactors need to open; the contactor's own, where it declares more, counts
LOOKS = 5  # at the start

SCALE_HELP = (
    "volts on the pilot for one volt at the converter's input. Calibrate: measure the input (a) with +12 V and (b) "
    "with -12 V on the pilot; scale is 24 / (a - b)"
)
OFFSET_HELP = "volts at the converter's input with 0 V on the pilot: (a + b) / 2 of that"


@dataclass(frozen=True, kw_only=True)
class IioSettings:
    """The options of every line whose converter is the kernel's."""

    iio_device: str = option("", help='name of the converter, as "cat /sys/bus/iio/devices/*/name" shows it')
    iio_root: str = option("/sys/bus/iio/devices", help="where the kernel shows its converters")


def prove(
    look: Callable[[], object], sample_ms: float, where: str, kernel: Kernel, remedy: Callable[[float], str]
) -> None:
    """Take some looks, a tick apart; DriverError when not even the fastest keeps to the time that the settings were
    checked with. `look` is the longest that there is; `remedy` says what to do, by the ms that it takes."""
    fastest = inf
    for _ in range(LOOKS):
        began = kernel.clock()
        look()
        took = kernel.clock() - began
        fastest = min(fastest, took * 1000.0)
        kernel.sleep(max(0.001, TICK / 1000.0 - took))
    if fastest > sample_ms:
        raise DriverError(
            f"{where}: one look at the pilot takes {fastest:.1f} ms here and not {sample_ms:.1f} ms, with which the "
            f"time to open was checked. {remedy(fastest)}"
        )
