"""From the settings to the buttons and lights of the housing: what a press does, and of whom a light tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from evse_drivers import api

from evsed.core.connectors import Connectors
from evsed.lights import states
from evsed.model.inputs import Input, Presented
from evsed.model.tokens import Token, TokenKind
from evsed.panel import Button, Light, Panel
from evsed.settings import ButtonSettings, Settings


@dataclass(frozen=True, slots=True)
class Around:
    """What the station knows and does, as buttons and lights need it."""

    heard: Callable[[int], bool]  # the pilot of that EVSE tells what it sees
    online: Callable[[], bool]  # the central system is reached, or there is none
    put: Callable[[Input], None]  # into the inbox
    order: Callable[[int, str], Awaitable[str | None]]  # as `evsed do`: why it is not done, or None
    log: Callable[[str, str], None]  # a text and its level


def panel(
    settings: Settings,
    buttons: Mapping[str, api.Input],
    lights: Mapping[str, api.Switch],
    connectors: Connectors,
    around: Around,
) -> Panel:
    """`buttons` and `lights` are those that could be opened, by name."""

    def found(evses: tuple[int, ...]) -> frozenset[str]:
        station, online = connectors.snapshot(0), around.online()
        each = (states(connectors.snapshot(evse), station, around.heard(evse), online) for evse in evses)
        return frozenset[str]().union(*each)

    presses = _Presses(around)
    made = []
    for name, contact in buttons.items():
        its = settings.buttons[name]
        press = partial(presses.press, f"button.{name}", its, settings.meant(its.evses))
        made.append(Button(f"button.{name}", contact, press))
    lamps = []
    for name, switch in lights.items():
        light = settings.lights[name]
        of = partial(found, settings.meant(light.evses))
        lamps.append(Light(f"light.{name}", switch, light.shows, light.blinks, light.blinks_per_second, of))
    return Panel(made, lamps, around.log)


class _Presses:
    """What pressing a button does."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._orders: set[asyncio.Future[None]] = set()  # held: the loop itself would let them go

    def press(self, where: str, button: ButtonSettings, evses: tuple[int, ...]) -> None:
        if button.does == "card":
            self._around.put(Presented(Token(button.token, TokenKind.LOCAL), evses))
            return
        for evse in evses:
            order = asyncio.ensure_future(self._order(where, evse, button.does))
            self._orders.add(order)
            order.add_done_callback(self._orders.discard)

    async def _order(self, where: str, evse: int, what: str) -> None:
        why = await self._around.order(evse, what)
        self._around.log(f"{where}: EVSE {evse}: {what} {'done' if why is None else f'was refused: {why}'}", "info")
