"""An emergency stop, a thermal switch or a button on a GPIO pin.

The options' defaults are wired fail-safe: a normally closed contact from the pin to ground, and a pull-up. Pressed, too
hot, or a wire broken: the pin is high, and counts as active. A button that only asks for something may be a normally
open contact, with `active = "low"`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..gpio import PIN_HELP, PULLS, input
from ..options import option


class GpioInput:
    """An `Input`."""

    @dataclass(frozen=True, slots=True)
    class Settings:
        pin: int = option(help=PIN_HELP, example=6, minimum=0)
        active: str = option("high", help="level of the pin that means pressed, too hot, stop", choices=("high", "low"))
        pull: str = option("up", help="resistor inside the Pi at that pin", choices=PULLS)

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self._active = settings.active == "high"
        self._level = input(settings.pin, where, settings.pull)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        return (f"GPIO {settings.pin}",)

    def active(self) -> bool:
        return self._level.get() is self._active

    def close(self) -> None:
        self._level.close()
