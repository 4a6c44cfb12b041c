"""Buttons and lights in the station's loop: in time, and one that fails costs only itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise

from evse_drivers.api import DriverError
from evsed.panel import Button, Light, Panel
from virtual_time import play


class Lamp:
    """Remembers what it was told; fails while `fails` is an error."""

    def __init__(self) -> None:
        self.told: list[tuple[float, bool]] = []
        self.fails: Exception | None = None
        self.closed = False

    def set(self, on: bool) -> None:
        if self.fails is not None:
            raise self.fails
        self.told.append((round(asyncio.get_running_loop().time(), 2), on))

    def get(self) -> bool | None:
        return None

    def close(self) -> None:
        self.closed = True


class Contact:
    """Pressed or not; fails while `fails` is an error."""

    def __init__(self) -> None:
        self.pressed, self.closed = False, False
        self.fails: Exception | None = None

    def active(self) -> bool:
        if self.fails is not None:
            raise self.fails
        return self.pressed

    def close(self) -> None:
        self.closed = True


class Front:
    """A panel with a light and a button."""

    def __init__(self) -> None:
        self.lamp, self.contact = Lamp(), Contact()
        self.found: frozenset[str] = frozenset({"available"})
        self.presses: list[float] = []
        self.log: list[tuple[str, str]] = []
        light = Light("light.green", self.lamp, ("available",), ("charging",), 1.0, lambda: self.found)
        button = Button("button.front", self.contact, lambda: self.presses.append(asyncio.get_running_loop().time()))
        self.panel = Panel([button], [light], lambda text, level: self.log.append((level, text)))


def story(tell: Callable[[Front], Coroutine[None, None, None]]) -> Front:
    async def whole() -> Front:
        front = Front()
        tasks = front.panel.start()
        await tell(front)
        assert not any(task.done() for task in tasks)
        await front.panel.close()
        return front

    return play(whole())


def test_a_light_follows_within_half_a_second_and_is_told_only_what_changes() -> None:
    async def tell(front: Front) -> None:
        await asyncio.sleep(2.05)
        front.found = frozenset({"fault"})
        await asyncio.sleep(2)

    front = story(tell)
    assert front.lamp.told[0] == (0.0, True)
    at, on = front.lamp.told[1]
    assert not on
    assert 2.05 <= at <= 2.5
    assert front.lamp.told[2:] == [(4.05, False)], "off at the end"
    assert front.lamp.closed
    assert front.contact.closed


def test_a_light_blinks() -> None:
    async def tell(front: Front) -> None:
        front.found = frozenset({"charging"})
        await asyncio.sleep(3.95)

    changes = story(tell).lamp.told[:-1]
    assert [on for _, on in changes] == [True, False] * 4
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(changes)]
    assert all(0.35 <= step <= 0.65 for step in steps)


def test_a_light_that_fails_is_told_once_and_tried_again() -> None:
    async def tell(front: Front) -> None:
        front.lamp.fails = DriverError("light.green: GPIO 20 cannot be had: it is held by another program.")
        await asyncio.sleep(35)
        front.lamp.fails = None
        await asyncio.sleep(11)

    front = story(tell)
    assert front.log == [
        ("error", "light.green: GPIO 20 cannot be had: it is held by another program."),
        ("info", "light.green: works again"),
    ]
    assert front.lamp.told == [(40.0, True), (46.0, False)]


def test_a_driver_with_a_bug_costs_its_light_only() -> None:
    async def tell(front: Front) -> None:
        front.lamp.fails = KeyError("level")
        await asyncio.sleep(1)
        front.contact.pressed = True
        await asyncio.sleep(1)
        front.lamp.fails = None

    front = story(tell)
    assert front.log == [("error", "light.green: its driver failed: KeyError('level')")]
    assert len(front.presses) == 1


def test_a_press_is_told_within_a_tenth_of_a_second() -> None:
    async def tell(front: Front) -> None:
        await asyncio.sleep(1)
        front.contact.pressed = True
        await asyncio.sleep(5)

    (at,) = story(tell).presses
    assert 1.05 <= at <= 1.1


def test_a_button_that_is_stuck_is_told_once() -> None:
    async def tell(front: Front) -> None:
        front.contact.pressed = True
        await asyncio.sleep(500)
        front.contact.pressed = False
        await asyncio.sleep(1)

    front = story(tell)
    assert front.presses == []
    assert front.log == [
        ("warning", "button.front: pressed for 60 s. It is stuck, or `active` names the wrong level."),
        ("info", "button.front: no longer pressed"),
    ]


def test_a_button_that_fails_is_told_once_and_a_press_meanwhile_is_none() -> None:
    async def tell(front: Front) -> None:
        await asyncio.sleep(1)
        front.contact.fails = DriverError("button.front: GPIO 16 cannot be had: 'I/O error'. Check the pin.")
        await asyncio.sleep(30)
        front.contact.fails = None
        await asyncio.sleep(11)
        front.contact.pressed = True
        await asyncio.sleep(1)

    front = story(tell)
    assert front.log == [
        ("error", "button.front: GPIO 16 cannot be had: 'I/O error'. Check the pin."),
        ("info", "button.front: works again"),
    ]
    assert len(front.presses) == 1


def test_a_button_that_comes_back_pressed_after_it_failed_is_not_pressed_until_it_was_free() -> None:
    async def tell(front: Front) -> None:
        await asyncio.sleep(1.0)
        front.contact.fails = DriverError("button.front: GPIO 5 cannot be had: busy.")
        await asyncio.sleep(1.0)
        front.contact.fails, front.contact.pressed = None, True
        await asyncio.sleep(20.0)
        assert front.presses == []
        front.contact.pressed = False
        await asyncio.sleep(0.2)
        front.contact.pressed = True
        await asyncio.sleep(0.2)
        assert len(front.presses) == 1

    story(tell)
