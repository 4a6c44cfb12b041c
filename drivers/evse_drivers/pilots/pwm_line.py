"""What the pilot lines of a Pi have in common: the kernel's PWM makes the pilot, and a converter sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from ..api import Sense
from .iio import Iio
from .kernel import Kernel
from .lines import RELEASE, TICK, IioSettings, prove
from .proximity import EVERY, ProximitySettings, alike
from .sysfs_pwm import PwmSettings, SysfsPwm


@dataclass(frozen=True, kw_only=True)
class PwmLineSettings(PwmSettings, IioSettings, ProximitySettings):
    """The options of every such line."""


class PwmLine:
    """A PilotLine. +12 V stands before the converter is looked for, whose absence is a DriverError.

    A subclass sets `sample_ms` and all that it needs, and calls this constructor last; it fulfils `_find`, `_remedy`
    and `sense`.
    """

    sample_ms = TICK
    release_ms = RELEASE
    both_peaks = True
    kernel: ClassVar[Kernel] = Kernel()

    def __init__(self, settings: PwmLineSettings, where: str) -> None:
        kernel = self.kernel
        self.where = where
        self._pwm = SysfsPwm(settings, where, kernel)
        self._iio: Iio | None = None
        self._proximity_at = kernel.clock()  # s, when the proximity contact is measured next
        self._ohms = inf  # as it was measured last
        try:
            self._find()
            prove(self._longest, self.sample_ms, where, kernel, self._remedy)
        except BaseException:
            self.close()
            raise

    def sense(self) -> Sense:
        """As PilotLine.sense."""
        raise NotImplementedError

    def drive(self, duty: float | None) -> None:
        """As PilotLine.drive."""
        self._pwm.drive(duty)

    def close(self) -> None:
        """+12 V stays."""
        self._pwm.close()
        if self._iio is not None:
            self._iio.close()

    def _find(self) -> None:
        """The converter. DriverError."""
        raise NotImplementedError

    def _remedy(self, look_ms: float) -> str:
        """What to do when a look takes so long."""
        raise NotImplementedError

    def _longest(self) -> Sense:
        """A look with everything in it."""
        self._proximity_at = 0.0
        return self.sense()

    def _proximity(self, at: float, ohms: float) -> float:
        """It was measured in the look of `at`; returns `ohms`, and sets when it is due next."""
        self._proximity_at = at + EVERY if alike(ohms, self._ohms) else at
        self._ohms = ohms
        return ohms

    def _find_iio(self, settings: PwmLineSettings, channels: Iterable[int]) -> None:
        """One that the kernel drives."""
        self._iio = Iio(settings.iio_device, settings.iio_root, self.where, self.kernel)
        for channel in channels:
            self._iio.open(channel)
