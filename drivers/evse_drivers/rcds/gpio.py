"""A residual-current device (RCM, RDC-DD) with its error output on a GPIO pin, and its test input on another.

Error outputs are mostly open collectors: they need a pull-up, and say tripped by letting go (high). A broken wire then
reads as a trip. A test input that is wired or set the wrong way round tests the device for ever, or kills it: the
self-test, due before the first offer, finds it.

Some devices keep their trip themselves until a pulse on another pin clears it, and some are tested by an alternating
current through a winding of their transformer, which the test pin then makes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..gpio import PIN_HELP, PULLS, input, output
from ..options import option


class GpioRcd:
    """A `ResidualCurrent`. Its test input is at rest from the first moment."""

    @dataclass(frozen=True, slots=True)
    class Settings:
        pin: int = option(help="of the error output: " + PIN_HELP, example=22, minimum=0)
        tripped_when: str = option("high", help="level of that pin that says tripped", choices=("high", "low"))
        pull: str = option("up", help="resistor inside the Pi at that pin", choices=PULLS)
        test_pin: int = option(-1, help="GPIO number of the test input; -1: there is none", minimum=-1)
        test_active: str = option("high", help="level of that pin that tests", choices=("high", "low"))
        test_alternates: bool = option(
            False, help="the test pin changes every 10 ms (50 Hz) while it tests, for a winding of the transformer"
        )
        reset_pin: int = option(
            -1, help="GPIO number that clears a trip which the device itself keeps, by a high pulse; -1: it keeps none",
            minimum=-1,
        )  # fmt: skip

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self.settings = settings
        self._tripped = settings.tripped_when == "high"
        self._tests = settings.test_active == "high"
        self._where = where
        # Before the error output: a test that the process before began ends now.
        self._test = output(settings.test_pin, not self._tests, where) if settings.test_pin >= 0 else None
        self._reset = None
        self._alternates = settings.test_alternates
        self._testing = self._wave = False
        try:
            if settings.reset_pin >= 0:
                self._reset = output(settings.reset_pin, False, where)
            self._error = input(settings.pin, where, settings.pull)
        except DriverError:
            for pin in (self._test, self._reset):
                if pin is not None:
                    pin.close()
            raise

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        return tuple(f"GPIO {pin}" for pin in (settings.pin, settings.test_pin, settings.reset_pin) if pin >= 0)

    def tripped(self) -> bool:
        if self._testing and self._alternates and self._test is not None:  # called every 10 ms
            self._wave = not self._wave
            self._test.set(self._wave is self._tests)
        return self._error.get() is self._tripped

    def test(self, on: bool) -> None:
        self._testing = self._wave = on
        if self._test is not None:
            self._test.set(on is self._tests)
        if self._reset is not None and not on:
            self._reset.set(True)  # a flip-flop takes nanoseconds; the library some microseconds
            self._reset.set(False)
        if self._test is None and on:
            raise DriverError(
                f'{self._where}: cannot be tested, because `test_pin` names no pin. Name it, or set module = "none".'
            )

    def close(self) -> None:
        for pin in (self._error, self._test, self._reset):
            if pin is not None:
                pin.close()
