"""Buttons and lights of the housing, in the station's loop: looks at the ones, drives the others.

A button or light that fails costs itself: it is told once in the log, and tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import DriverError, Input, Switch

from evsed.buttons import STUCK, Press
from evsed.lights import lit

LOOK = 0.02  # s between two looks at a button
SHOW = 0.1  # s between two looks at what a light shows; it must follow within 0.5
AGAIN = 10.0  # s until a light that failed is tried again


@dataclass(frozen=True, slots=True)
class Button:
    """`press` is called once for each press."""

    where: str  # "button.front"
    input: Input
    press: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Light:
    """`found` gives the states of its EVSEs."""

    where: str  # "light.green"
    switch: Switch
    shows: tuple[str, ...]
    blinks: tuple[str, ...]
    per_second: float
    found: Callable[[], frozenset[str]]


class Panel:
    """`log` takes a text and its level."""

    def __init__(self, buttons: Sequence[Button], lights: Sequence[Light], log: Callable[[str, str], None]) -> None:
        self._buttons, self._lights, self._log = buttons, lights, log
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self) -> list[asyncio.Task[Any]]:
        """None of these tasks ends by itself."""
        works = [self._look(button) for button in self._buttons] + [self._show(light) for light in self._lights]
        self._tasks = [asyncio.ensure_future(work) for work in works]
        return self._tasks

    async def close(self) -> None:
        """Lights off; everything is given back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for light in self._lights:
            drive = _Driver(light.where, self._log)
            drive.do(light.switch.set, False)
            drive.do(light.switch.close)
        for button in self._buttons:
            _Driver(button.where, self._log).do(button.input.close)

    async def _look(self, button: Button) -> None:
        loop, press, drive = asyncio.get_running_loop(), Press(), _Driver(button.where, self._log)
        while True:
            active = drive.do(button.input.active)
            if drive.trouble:
                press = Press()  # nobody knows what it did meanwhile: it must be seen free first
            event = None if drive.trouble else press.step(loop.time(), bool(active))
            if event == "pressed":
                button.press()
            elif event == "stuck":
                text = f"{button.where}: pressed for {STUCK:g} s. It is stuck, or `active` names the wrong level."
                self._log(text, "warning")
            elif event == "free again":
                self._log(f"{button.where}: no longer pressed", "info")
            await asyncio.sleep(AGAIN if drive.trouble else LOOK)

    async def _show(self, light: Light) -> None:
        loop, drive = asyncio.get_running_loop(), _Driver(light.where, self._log)
        is_on: bool | None = None
        while True:
            on = lit(light.shows, light.blinks, light.per_second, light.found(), loop.time())
            if on is not is_on:
                drive.do(light.switch.set, on)
                is_on = None if drive.trouble else on
            await asyncio.sleep(AGAIN if drive.trouble else SHOW)


class _Driver:
    """What is asked of one driver: that it fails is told when that begins, and when it ends."""

    def __init__(self, where: str, log: Callable[[str, str], None]) -> None:
        self.trouble = ""  # what went wrong the last time, in words
        self._where, self._log = where, log

    def do(self, call: Callable[..., Any], *args: object) -> Any:
        """What it answers; None where it failed."""
        before = self.trouble
        try:
            answer = call(*args)
        except DriverError as error:
            answer, self.trouble = None, str(error)
        except Exception as error:  # a driver with a bug costs its light, not the station
            answer, self.trouble = None, f"{self._where}: its driver failed: {error!r}"
        else:
            self.trouble = ""
        if self.trouble and self.trouble != before:
            self._log(self.trouble, "error")
        elif before and not self.trouble:
            self._log(f"{self._where}: works again", "info")
        return answer
