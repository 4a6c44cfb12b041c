"""The motor of a plug lock on GPIO pins: a bridge with direction and enable, or one pin for each way.

The motor runs for `pulse_ms` and no longer, for motors that run against their stop burn. The end of the pulse must not
rest on the loop that began it, which may hang: a thread of its own ends it, and `get`, called each 10 ms, ends it too
where that thread is late. A pulse of a process that dies is ended by `evsed pilot --release` or the next start.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any

from ..api import DriverError
from ..gpio import PIN_HELP, PULLS, Level, Output, input, output
from ..options import option

AGAIN = 0.05  # s until a pulse that could not be ended is tried to be ended again


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What both kinds of lock are told."""

    pulse_ms: int = option(600, help="how long the motor runs", unit="ms", minimum=50, maximum=3000)
    feedback_pin: int = option(
        -1, help="GPIO number of the contact that tells the position; -1: there is none", minimum=-1
    )
    locked_when: str = option("high", help="level of feedback_pin while locked", choices=("high", "low"))
    feedback_pull: str = option("up", help="resistor inside the Pi at feedback_pin", choices=PULLS)


class _Pulses:
    """Runs a motor by its `movers` for a time. The motor is off from the first moment; the lock stays where it is."""

    def __init__(self, settings: Any, where: str, movers: tuple[int, ...], active: str) -> None:
        self._active = active == "high"
        self._locked_when = settings.locked_when == "high"
        self._pulse = settings.pulse_ms / 1000.0
        self._guard = threading.Lock()  # held for as long as it takes to write three pins
        self._begun = threading.Event()
        self._ends_at = 0.0  # s; 0: the motor is off
        self._closed = False
        self._held: list[Output | Level] = []
        self._feedback: Level | None = None
        try:
            self._movers = [self._hold(pin, not self._active, where) for pin in movers]
            self._prepare(settings, where)
            if settings.feedback_pin >= 0:
                self._feedback = input(settings.feedback_pin, where, settings.feedback_pull)
                self._held.append(self._feedback)
        except DriverError:
            self._give_back()
            raise
        threading.Thread(target=self._end_pulses, name=f"{where} pulse", daemon=True).start()

    def _prepare(self, settings: Any, where: str) -> None:
        """Take the other pins."""

    def _mover(self, on: bool) -> Output:
        """The pin that begins the move, all others being as the move wants them."""
        raise NotImplementedError

    def set(self, on: bool) -> None:
        """Begin to move; a move that still goes on ends first."""
        with self._guard:
            self._off()
            mover = self._mover(on)
            self._ends_at = time.monotonic() + self._pulse  # before it moves: what began must end
            self._begun.set()
            mover.set(self._active)

    def get(self) -> bool | None:
        if self._ends_at:
            self._end(time.monotonic())
        return None if self._feedback is None else self._feedback.get() is self._locked_when

    def close(self) -> None:
        self._closed = True
        self._begun.set()
        try:
            with self._guard:
                self._off()
        finally:
            self._give_back()

    def _hold(self, pin: int, level: bool, where: str) -> Output:
        held = output(pin, level, where)
        self._held.append(held)
        return held

    def _give_back(self) -> None:
        for pin in self._held:
            pin.close()

    def _off(self) -> None:
        for mover in self._movers:
            mover.set(not self._active)
        self._ends_at = 0.0

    def _end(self, now: float) -> None:
        with self._guard:
            if self._ends_at and now >= self._ends_at:
                self._off()

    def _end_pulses(self) -> None:
        """The thread: one pulse after the other."""
        while not self._closed:
            self._begun.wait()
            self._begun.clear()
            while self._ends_at and not self._closed:
                time.sleep(max(self._ends_at - time.monotonic(), 0.0))
                with contextlib.suppress(DriverError):  # `get` tells it
                    self._end(time.monotonic())
                    continue
                time.sleep(AGAIN)


class GpioBridgeLock(_Pulses):
    """A `Switch` over a bridge with direction and enable; on is locked."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(_Common):
        direction_pin: int = option(help="of the direction: " + PIN_HELP, example=26, minimum=0)
        enable_pin: int = option(help="GPIO number that lets the motor run", example=19, minimum=0)
        active: str = option("high", help="level of enable_pin that lets it run", choices=("high", "low"))
        lock_when: str = option("high", help="level of direction_pin that locks", choices=("high", "low"))

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        self._lock_when = settings.lock_when == "high"
        super().__init__(settings, where, (settings.enable_pin,), settings.active)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        return _claims(settings.direction_pin, settings.enable_pin, settings.feedback_pin)

    def _prepare(self, settings: Settings, where: str) -> None:
        self._direction = self._hold(settings.direction_pin, not self._lock_when, where)

    def _mover(self, on: bool) -> Output:
        self._direction.set(on is self._lock_when)
        return self._movers[0]


class GpioTwoWayLock(_Pulses):
    """A `Switch` with one pin that locks and one that unlocks; on is locked."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(_Common):
        lock_pin: int = option(help="the one that locks: " + PIN_HELP, example=5, minimum=0)
        unlock_pin: int = option(help="GPIO number that unlocks", example=16, minimum=0)
        active: str = option("high", help="level of lock_pin and unlock_pin that moves it", choices=("high", "low"))

    def __init__(self, settings: Settings, where: str, bus: object = None) -> None:
        super().__init__(settings, where, (settings.lock_pin, settings.unlock_pin), settings.active)

    @staticmethod
    def claims(settings: Settings) -> tuple[str, ...]:
        return _claims(settings.lock_pin, settings.unlock_pin, settings.feedback_pin)

    def _mover(self, on: bool) -> Output:
        return self._movers[0 if on else 1]


def _claims(*pins: int) -> tuple[str, ...]:
    return tuple(f"GPIO {pin}" for pin in pins if pin >= 0)
