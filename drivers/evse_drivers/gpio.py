"""The GPIO pins of a Raspberry Pi's header: each has one owner in this process, over the library RPi.GPIO.

Pins are BCM numbers, as the kernel and all boards' papers have them, never numbers of the header. RPi.GPIO serves the
Pi up to model 4; on a Pi 5 rpi-lgpio brings a module of the same name. Edges are not waited for: RPi.GPIO cannot do
it from kernel 6.6 on, and everything that matters is looked at every 10 ms anyway.

An output is made one together with its level, so that the pin never shows another one. Closing it drives nothing: the
pin stays as it is until the process ends, and what it does then is the kernel's matter (RPi.GPIO: keeps its level;
rpi-lgpio: mostly becomes an input, and the pull that it had at boot is off). Hardware that must be safe then needs a
resistor of its own.
"""

from __future__ import annotations

from typing import Any

from .api import DriverError

PINS = range(28)  # BCM numbers of the 40-pin header
PULLS = ("off", "up", "down")
PIN_HELP = "GPIO number (BCM, 0 to 27; not the header's pin number)"

# The header's pin number: BCM number.
# fmt: off
HEADER = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11,
    24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}
# What the two libraries and the kernel say, and what to do about it; the first that is found in their text counts.
REMEDIES = (
    ("only be run on a Raspberry Pi", "this computer is no Raspberry Pi. Run evsed on one, or use `evsed desk`."),
    ("SOC peripheral base address", "the library RPi.GPIO cannot drive a Raspberry Pi 5. Uninstall RPi.GPIO and "
     "install rpi-lgpio instead, never both: they own the same module."),
    ("No access to /dev/mem", "this user may not use the pins. Add the user to the group gpio and start evsed again."),
    ("can not open gpiochip", "this user may not open /dev/gpiochip*, or it is not there. Add the user to the group "
     "gpio and start evsed again."),
    (".lgd-nfy", "the library lgpio writes a file into the folder where evsed was started, and may not. Start it in "
     "one that this user may write (systemd: WorkingDirectory=/run/evsed)."),
    ("busy", "it is held by the kernel or by another program. Take its interface out of /boot/firmware/config.txt "
     '(SPI, I2C, UART, dtoverlay), stop that program, or use another pin; "gpioinfo" shows who holds it.'),
    ("different mode", "another part of this process counts pins by the header's numbers. evsed counts by BCM "
     "numbers: take that part out."),
)
# fmt: on

_owners: dict[int, str] = {}


def wrong(pin: int) -> str | None:
    """Why that is no pin of the header, in words that follow the number; None where it is one."""
    if pin in PINS:
        return None
    meant = f" The header's pin {pin} is GPIO {HEADER[pin]}." if pin in HEADER else ""
    return f"is no GPIO number: they are BCM numbers, {PINS[0]} to {PINS[-1]}.{meant}"


class Output:
    """A pin that is driven. `output` makes one."""

    __slots__ = ("_library", "_pin", "where")

    def __init__(self, library: Any, pin: int, where: str) -> None:
        self._library, self._pin, self.where = library, pin, where

    def set(self, level: bool) -> None:
        """Drive it high (True) or low. Never blocks; may be called from another thread."""
        try:
            self._library.output(self._pin, 1 if level else 0)
        except Exception as error:  # RuntimeError, or lgpio's own error, which is known only where lgpio is
            raise _trouble(self._pin, self.where, error) from None

    def close(self) -> None:
        """Give the pin back. It stays as it is driven."""
        _owners.pop(self._pin, None)


class Level:
    """A pin that is looked at. `input` makes one."""

    __slots__ = ("_library", "_pin", "where")

    def __init__(self, library: Any, pin: int, where: str) -> None:
        self._library, self._pin, self.where = library, pin, where

    def get(self) -> bool:
        """Whether it is high now. Never blocks."""
        try:
            return bool(self._library.input(self._pin))
        except Exception as error:  # as above
            raise _trouble(self._pin, self.where, error) from None

    def close(self) -> None:
        """Give the pin back."""
        _owners.pop(self._pin, None)


def output(pin: int, level: bool, where: str, keep: bool = False) -> Output:
    """That pin, driven to `level` from the first moment. DriverError: it is no pin, is taken, or cannot be had.

    With `keep`, one that a process before has left as an output goes on as it stands.
    """
    library = _take(pin, where)
    try:
        if keep and library.gpio_function(pin) == library.OUT:
            library.setup(pin, library.OUT)
        else:
            library.setup(pin, library.OUT, initial=1 if level else 0)
            library.output(pin, 1 if level else 0)  # lgpio leaves a pin that this process had before as it was
    except Exception as error:  # as above
        _owners.pop(pin, None)
        raise _trouble(pin, where, error) from None
    return Output(library, pin, where)


def input(pin: int, where: str, pull: str = "off") -> Level:
    """That pin as an input, pulled "up", "down" or not at all ("off"). DriverError as in `output`."""
    library = _take(pin, where)
    pulls = {"off": library.PUD_OFF, "up": library.PUD_UP, "down": library.PUD_DOWN}
    try:
        library.setup(pin, library.IN, pull_up_down=pulls[pull])
    except Exception as error:  # as above
        _owners.pop(pin, None)
        raise _trouble(pin, where, error) from None
    return Level(library, pin, where)


def _take(pin: int, where: str) -> Any:
    """The library, with that pin noted as the part's own."""
    bad = wrong(pin)
    if bad is not None:
        raise DriverError(f"{where}: {pin} {bad}")
    owner = _owners.get(pin)
    if owner not in (None, where):  # the same part may be made anew, to be opened after its outlet could not be
        raise DriverError(f"{where}: GPIO {pin} belongs to {owner} already. Give each its own pin.")
    library = _library(pin, where)
    _owners[pin] = where
    return library


def _library(pin: int, where: str) -> Any:
    """RPi.GPIO, told to count by BCM numbers. Imported here: the config is checked on computers that have none."""
    try:
        # No type stubs, and no package at all where there are no pins.
        import RPi.GPIO as library
    except ModuleNotFoundError:
        raise DriverError(
            f"{where}: the pins need the library RPi.GPIO, which is not installed. On a Raspberry Pi up to model 4 "
            "install RPi.GPIO, on a Raspberry Pi 5 rpi-lgpio instead, never both."
        ) from None
    except Exception as error:  # RuntimeError where there is no Pi; OSError and NotImplementedError of lgpio
        raise _trouble(pin, where, error) from None
    try:
        library.setwarnings(False)  # it warns of pins that the process before has left as outputs, which is usual
        library.setmode(library.BCM)
    except Exception as error:  # as above
        raise _trouble(pin, where, error) from None
    return library


def _trouble(pin: int, where: str, error: Exception) -> DriverError:
    said = str(error)
    for sign, words in REMEDIES:
        if sign.lower() in said.lower():
            return DriverError(f"{where}: GPIO {pin} cannot be had: {words}")
    what = said or type(error).__name__
    return DriverError(f"{where}: GPIO {pin} cannot be had: {what}. Check the pin and its wiring.")
