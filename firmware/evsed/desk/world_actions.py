"""What a script may do to the world: a table of actions, their fields, and what is allowed in them.

An action is a JSON object {"do": NAME, field: value ...}; `evse` is 1 where it is left out. See README.md.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import circuit, readings
from .faults import BOARD_FAULTS, FAULTS

if TYPE_CHECKING:
    from .world import World

Message = dict[str, Any]

TAP = 0.5  # s that a card is held before the reader


class Refused(Exception):
    """What was asked cannot be done; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Field:
    """`read` raises ValueError for what is not `allowed`."""

    allowed: str
    read: Callable[[Any], Any]
    required: bool = False
    default: Any = None


def _of(*values: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        for known in values:
            if value is known or (value == known and isinstance(value, type(known))):
                return known
        raise ValueError

    return read


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError
        return float(value)

    return read


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return read


def _uid(value: Any) -> bytes:
    uid = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(uid) not in (4, 7, 10):
        raise ValueError
    return uid


def _battery(value: Any) -> float:
    return math.inf if value is None else _number(0.001, 1e9)(value)


ON = Field("true or false", _of(True, False), required=True)
EVSE = Field("a whole number from 1", _whole(1, 255), default=1)
LEFT_OUT = object()
EV_FIELDS = ("max_amps", "phases", "mode", "battery_wh", "ventilation", "simplified", "sleeping", "reaction")

# action: (fields, what it does). `do_NAME` of Actions does it.
ACTIONS: dict[str, tuple[dict[str, Field], str]] = {
    "plug": (
        {"evse": EVSE, "cable": Field("13, 20, 32 or 63", _of(*circuit.PROXIMITY_OHM))},
        "the plug goes in; `cable` (A) only on a desk with --socket",
    ),
    "unplug": ({"evse": EVSE}, "the plug is pulled"),
    "ask": (
        {"evse": EVSE, "on": Field("true, false or null", _of(True, False, None), required=True)},
        "close or open the vehicle's S2 now; null: the vehicle decides again",
    ),
    "ev": (
        {
            "evse": EVSE,
            "max_amps": Field("a number from 0 to 80", _number(0, 80), default=LEFT_OUT),
            "phases": Field("1, 2 or 3", _of(1, 2, 3), default=LEFT_OUT),
            "mode": Field('"auto" or "manual"', _of("auto", "manual"), default=LEFT_OUT),
            "battery_wh": Field("a number above 0, or null for one that never fills", _battery, default=LEFT_OUT),
            "ventilation": Field("true or false", _of(True, False), default=LEFT_OUT),
            "simplified": Field("true or false", _of(True, False), default=LEFT_OUT),
            "sleeping": Field("true or false", _of(True, False), default=LEFT_OUT),
            "reaction": Field("a number from 0.1 to 60", _number(0.1, 60), default=LEFT_OUT),
        },
        "what kind of vehicle it is; battery_wh counts from its plugging in, simplified and sleeping act from then on",
    ),
    "toggle": (
        {
            "evse": EVSE,
            "times": Field("a whole number from 1 to 20", _whole(1, 20), default=3),
            "seconds": Field("a number from 0.02 to 5", _number(0.02, 5), default=0.3),
        },
        "the vehicle closes S2 for `seconds` and opens it again, so many times (BCB toggle)",
    ),
    "temperature": (
        {"evse": EVSE, "celsius": Field("a number from -60 to 200", _number(-60, 200), required=True)},
        "what the temperature sensor of the outlet shows",
    ),
    "card": (
        {
            "uid": Field("hex digits of 4, 7 or 10 bytes", _uid, required=True),
            "seconds": Field("a number from 0.05 to 3600", _number(0.05, 3600), default=TAP),
            "reader": Field("a whole number from 1", _whole(1, 255), default=1),
        },
        "hold a card before the reader for `seconds`",
    ),
    "mains": ({"on": ON}, "volts at every EVSE and its meter; the controller has its own supply"),
    "power": ({"on": ON}, "the controller's supply: without it no pilot voltage, every coil off, drivers unheard"),
    "fault": (
        {
            "evse": EVSE,
            "name": Field(", ".join((*FAULTS, *BOARD_FAULTS)), _of(*FAULTS, *BOARD_FAULTS), required=True),
            "on": ON,
        },
        "break or mend something",
    ),
    "pins": (
        {"mode": Field('"hold" or "release"', _of("hold", "release"), required=True)},
        "what outputs do when the process that holds them ends",
    ),
    "state": ({}, "everything now"),
    "watch": ({}, "everything now and every 0.2 s, until the connection is closed"),
    "events": (
        {"since": Field("a whole number from 0", _whole(0, 1 << 53), default=0)},
        "what changed, after event number `since`",
    ),
    "meter": ({"evse": EVSE}, "what the terminals of the meter show"),
    "gaps": ({"evse": EVSE}, "how often the driver looked after how long (0.1 ms), since the last time this was asked"),
    "actions": ({}, "this table"),
}


def near(word: object, known: Iterable[str]) -> str:
    """ " Did you mean ...?" or nothing."""
    close = difflib.get_close_matches(str(word), list(known), 1)
    return f' Did you mean "{close[0]}"?' if close else ""


def parse(message: Any) -> tuple[str, Message]:
    """The action and its fields, all present and of the right type; raises Refused."""
    if not isinstance(message, dict):
        raise Refused('expected an object such as {"do": "state"}.')
    name = message.get("do")
    if name not in ACTIONS:
        raise Refused(
            f'"do": {json.dumps(name)} is no action of the world.{near(name, ACTIONS)} Allowed: {", ".join(ACTIONS)}.'
        )
    fields, _ = ACTIONS[name]
    for given in message:
        if given != "do" and given not in fields:
            has = f"It has: {', '.join(fields)}." if fields else "It has none."
            raise Refused(f'"{name}" has no field "{given}".{near(given, fields)} {has}')
    values: Message = {}
    for field, declared in fields.items():
        if field not in message:
            if declared.required:
                raise Refused(f'"{name}" needs "{field}": {declared.allowed}.')
            values[field] = declared.default
            continue
        try:
            values[field] = declared.read(message[field])
        except (ValueError, TypeError):
            raise Refused(
                f'"{name}": "{field}" is {json.dumps(message[field])}; allowed: {declared.allowed}.'
                f"{near(message[field], declared.allowed.split(', ')) if field == 'name' else ''}"
            ) from None
    return name, values


def perform(world: World, message: Any, now: float) -> Message:
    """Do it; returns the answer's fields. Raises Refused and has then done nothing."""
    name, values = parse(message)
    if "evse" in values and values["evse"] not in world.outlets:
        known = ", ".join(map(str, world.outlets))
        raise Refused(f'"{name}": there is no EVSE {values["evse"]} on this desk; it has {known}.')
    done: Message | None = _DOERS[name](world, now, values)
    return done or {}


def _plug(world: World, now: float, values: Message) -> None:
    outlet = world.outlets[values["evse"]]
    if values["cable"] is not None:
        if outlet.cable is None:
            raise Refused('"plug": the cable of this desk is fixed to the wall; start it with --socket to choose one.')
        outlet.cable = values["cable"]
    outlet.plug(now)


def _ev(world: World, now: float, values: Message) -> None:
    outlet = world.outlets[values["evse"]]
    outlet.step(now)
    for field in EV_FIELDS:
        if values[field] is not LEFT_OUT:
            setattr(outlet.vehicle, field, values[field])


def _card(world: World, now: float, values: Message) -> None:
    if values["reader"] > len(world.readers):
        raise Refused(f'"card": there is no reader {values["reader"]} on this desk; it has {len(world.readers)}.')
    world.tap(values["reader"] - 1, values["uid"], values["seconds"], now)


def _fault(world: World, now: float, values: Message) -> None:
    if values["name"] in BOARD_FAULTS:
        for reader in world.readers:
            reader.chip.dead = values["on"]
    else:
        world.outlets[values["evse"]].fault(now, values["name"], values["on"])
    facts = {"evse": values["evse"], "name": values["name"]}
    world.note(now, "fault-on" if values["on"] else "fault-off", facts)


def _ask(world: World, now: float, values: Message) -> None:
    world.outlets[values["evse"]].ask(now, values["on"])


def _toggle(world: World, now: float, values: Message) -> None:
    outlet = world.outlets[values["evse"]]
    outlet.step(now)
    outlet.vehicle.toggle(now, values["times"], values["seconds"])


def _temperature(world: World, now: float, values: Message) -> None:
    world.outlets[values["evse"]].temperature = values["celsius"]


def _meter(world: World, now: float, values: Message) -> Message:
    outlet = world.outlets[values["evse"]]
    outlet.step(now)
    return readings.meter(outlet)


def _gaps(world: World, now: float, values: Message) -> Message:
    outlet = world.outlets[values["evse"]]
    gaps = dict(sorted(outlet.line.gaps.items()))
    outlet.line.gaps.clear()
    return {"gaps": gaps}


def _table(world: World, now: float, values: Message) -> Message:
    return {
        "actions": {
            name: {"does": does, "fields": {field: declared.allowed for field, declared in fields.items()}}
            for name, (fields, does) in ACTIONS.items()
        }
    }


_DOERS: dict[str, Callable[[World, float, Message], Message | None]] = {
    "plug": _plug,
    "unplug": lambda world, now, values: world.outlets[values["evse"]].unplug(now),
    "ask": _ask,
    "ev": _ev,
    "toggle": _toggle,
    "temperature": _temperature,
    "card": _card,
    "mains": lambda world, now, values: world.set_mains(now, values["on"]),
    "power": lambda world, now, values: world.set_power(now, values["on"]),
    "fault": _fault,
    "pins": lambda world, now, values: world.set_pins(now, values["mode"]),
    "state": lambda world, now, values: world.snapshot(now),
    "watch": lambda world, now, values: world.snapshot(now),  # the stream is the socket's part
    "events": lambda world, now, values: world.events_since(values["since"]),
    "meter": _meter,
    "gaps": _gaps,
    "actions": _table,
}
