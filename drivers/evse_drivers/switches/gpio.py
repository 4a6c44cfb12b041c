"""A contactor, phase relay, solenoid lock, heartbeat output or light on a GPIO pin, with its mirror contact on another.

The contact is told by two words: which one is wired (`mirror`, the normally open or the normally closed one) and the
level that its pin has while that contact is closed (`mirror_active`, low for a contact to ground under a pull-up). A
broken wire then reads as a contact that is open: "did not close" on an NO contact, "welded" on an NC one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..gpio import PIN_HELP, PULLS, input, output
from ..options import option

# Parts that must not move because a process starts: what holds a plug, and what may only move with the contactor open.
KEPT = ("lock", "phase_relay")


class GpioSwitch:
    """A `Switch`. It is off from the first moment; a lock and a phase relay stay as the process before left them."""

    @dataclass(frozen=True, slots=True)
    class Settings:
        pin: int = option(help=PIN_HELP, example=17, minimum=0)
        active: str = option("high", help="level of the pin that switches on", choices=("high", "low"))
        mirror_pin: int = option(
            -1, help="GPIO number of the contact that tells the position; -1: there is none", minimum=-1
        )
        mirror: str = option(
            "NO", help="which contact that is: normally open, or normally closed", choices=("NO", "NC")
        )
        mirror_active: str = option(
            "low", help="level of its pin while that contact is closed", choices=("high", "low")
        )
        mirror_pull: str = option("up", help="resistor inside the Pi at that pin", choices=PULLS)
        release_ms: float = option(
            20.0,
            help="how long the contactor takes to open once its coil is off; its datasheet says so, with the coil's "
            "suppressor (a diode alone may triple it)",
            unit="ms",
            minimum=1,
            maximum=100,
        )

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self._on = settings.active == "high"
        keep = where.rpartition(".")[2] in KEPT
        self._output = output(settings.pin, not self._on, where, keep)
        self._mirror = None
        # The contact's level while the switch is on.
        self._shows_on = (settings.mirror_active == "high") is (settings.mirror == "NO")
        if settings.mirror_pin >= 0:
            try:
                self._mirror = input(settings.mirror_pin, where, settings.mirror_pull)
            except DriverError:
                self._output.close()
                raise

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        pins = (settings.pin, settings.mirror_pin)
        return tuple(f"GPIO {pin}" for pin in pins if pin >= 0)

    def set(self, on: bool) -> None:
        self._output.set(on is self._on)

    def get(self) -> bool | None:
        return None if self._mirror is None else self._mirror.get() is self._shows_on

    def close(self) -> None:
        self._output.close()
        if self._mirror is not None:
            self._mirror.close()
