"""What must hold between the options of evsed.toml, one function a rule; what protects has its own page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evse_drivers import registry

from . import opening, pins, protection
from .filling import Findings
from .lines import Path
from .outlet import EvseSettings
from .parts import PILOT_PARTS, Part
from .whole import Settings


def check(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Note every rule that the settings break. Parts that could not be read are not there; `document` has them."""
    for rule in (_central_system, _outlets, _supply, _lease, _readers, _buses, _addresses, _ports, _adapters, _panel):
        rule(settings, document, findings)
    opening.check(settings, findings)
    pins.check(settings, tuple(hardware(settings)), findings)
    protection.check(settings, document, findings)


def _central_system(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    ocpp = settings.ocpp
    if ocpp.url and not re.match(r"wss?://[^/\s]+", ocpp.url):
        findings.refuse(("ocpp", "url"), 'must begin with ws:// or wss:// and a host; "" means none.', ocpp.url)
    elif "@" in ocpp.url.split("//")[-1].split("/")[0]:
        findings.refuse(("ocpp", "url"), "must not hold a password: set identity and password instead.", ocpp.url)
    elif re.search(r"[?#\s]", ocpp.url):
        findings.refuse(("ocpp", "url"), "must not hold blanks, ? or #: the identity comes after it.", ocpp.url)
    if not re.fullmatch(r"[!-9;-~]([ -9;-~]*[!-9;-~])?", ocpp.identity):
        # RFC 7617: a user name cannot hold a colon.
        text = "must be of plain ASCII characters without a colon and without blanks at its ends."
        findings.refuse(("ocpp", "identity"), text, ocpp.identity)
    if ocpp.password and not 8 <= len(ocpp.password) <= 40:
        text = f"has {len(ocpp.password)} characters; HTTP Basic of OCPP takes 8 to 40."
        findings.refuse(("ocpp", "password"), text, "...")
    if ocpp.password and ocpp.url.startswith("ws://") and not re.match(r"ws://(127\.|localhost|\[::1\])", ocpp.url):
        findings.warn(
            ("ocpp", "password"), "goes over ws:// in clear text: anybody on the way can read it. Use wss://."
        )
    if ocpp.ca and ocpp.url.startswith("ws://"):
        findings.warn(("ocpp", "ca"), "is not used with ws://.", ocpp.ca)


def _outlets(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Either a pilot line with a contactor, or a board that does both."""
    tables = document.get("evse", {})
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        if not isinstance(table, Mapping):
            continue
        path = ("evse", str(name))
        own = [part for part in PILOT_PARTS if part in table]
        if "board" in table and own:
            for part in own:
                findings.refuse((*path, part), "cannot stand beside a board: the board drives the pilot itself.")
        elif "board" not in table:
            for part in ("pilot", "contactor"):
                if part not in table:
                    text = f"is missing: an outlet needs a pilot and a contactor. Add [{'.'.join(path)}.{part}]."
                    findings.refuse((*path, part), text)
        if "meter" not in table:
            findings.warn(path, "has no meter: no energy is told to anybody, and no overcurrent is noticed.")
    for evse in settings.evses:
        if evse.connector.startswith("s") and evse.lock is None and evse.board is None:
            text = "is a socket without a lock: the plug can be pulled under load."
            findings.warn((*_path(evse), "connector"), text, evse.connector)


def _supply(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    site = settings.station.max_current
    for evse in settings.evses:
        path = _path(evse)
        if evse.max_current > site:
            text = f"station.max_current is {site:g} A: the outlet cannot have more than the supply."
            findings.refuse((*path, "max_current"), text, evse.max_current)
        if 0 < evse.failsafe_current < 6:
            # IEC 61851-1 table A.7: no duty cycle stands for less than 6 A.
            findings.refuse((*path, "failsafe_current"), "must be 0, or 6 A or more.", evse.failsafe_current)
        elif evse.failsafe_current > evse.max_current:
            text = f"must not be above this outlet's max_current, {evse.max_current:g} A."
            findings.refuse((*path, "failsafe_current"), text, evse.failsafe_current)


def _lease(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Nobody shares the supply out among the outlets while the station is away."""
    site, lease = settings.station.max_current, settings.lease
    boards = {evse.id: evse.board.fallback or 0.0 for evse in settings.evses if evse.board is not None}
    pilots = sum(evse.failsafe_current for evse in settings.evses if evse.board is None)
    goes_on = lease.when_station_is_gone == "go on" and pilots > 0
    together = sum(boards.values()) + (pilots if goes_on else 0.0)
    if goes_on and together > site:
        text = (
            f"the failsafe_current of all outlets is {together:g} A together, station.max_current {site:g} A. "
            'Lower them, or set "stop".'
        )
        findings.refuse(("lease", "when_station_is_gone"), text, lease.when_station_is_gone)
    elif together > site:
        last = max(evse for evse, amps in boards.items() if amps)
        text = (
            f"what the boards of all outlets fall back to is {together:g} A together, station.max_current {site:g} A. "
            "Lower it."
        )
        findings.refuse(("evse", str(last), "board", "failsafe"), text, boards[last])


def _readers(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Readers, thermometers, buttons and lights stand for outlets that there are."""
    tables = document.get("evse", {})
    known = sorted(int(name) for name in tables if str(name).isdigit()) if isinstance(tables, Mapping) else []
    meant = [(("reader", name, "evses"), reader.evses) for name, reader in settings.readers.items()]
    meant += [(("thermometer", name, "evses"), sensor.evses) for name, sensor in settings.thermometers.items()]
    meant += [(("button", name, "evses"), button.evses) for name, button in settings.buttons.items()]
    meant += [(("light", name, "evses"), light.evses) for name, light in settings.lights.items()]
    for path, evses in meant:
        for evse in evses:
            if evse not in known:
                text = f"there is no [evse.{evse}]; there are: {', '.join(map(str, known)) or 'none'}."
                findings.refuse(path, text, evses)
    cards = any(button.does == "card" for button in settings.buttons.values())
    if not settings.readers and not cards and settings.ocpp.url == "":
        findings.warn(("reader",), "is missing and there is no central system: nothing but free vending can start.")


def _buses(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Each bus is of a kind that its devices speak, and has one process as its owner."""
    owners: dict[str, Part] = {}
    for part in hardware(settings):
        if part.bus is None or part.bus not in settings.buses:  # the latter was said when it was read
            continue
        path = (*_split(part), "bus")
        bus = settings.buses[part.bus]
        speaks: tuple[str, ...] = getattr(registry.find(part.kind, part.driver), "bus_drivers", ())
        if speaks and bus.driver not in speaks:
            text = f"is a {bus.driver} bus; the driver {part.driver} needs {' or '.join(speaks)}."
            findings.refuse(path, text, part.bus)
        owner = owners.setdefault(part.bus, part)
        if _process(owner) != _process(part):
            text = (
                f"belongs to the {_process(owner)} process already ({owner.where}), and this part to the "
                f"{_process(part)} process: a bus has one owner. Put it on a bus of its own."
            )
            findings.refuse(path, text, part.bus)
    for name in settings.buses:
        if name not in owners and not findings.problems:
            findings.warn(("bus", name), "is used by nothing.")


def _addresses(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Two devices on one bus never answer to the same address."""
    taken: dict[tuple[str, int], Part] = {}
    for part in hardware(settings):
        unit = getattr(part.settings, "unit", None)
        if part.bus is None or not isinstance(unit, int):
            continue
        other = taken.setdefault((part.bus, unit), part)
        if other is not part and not _one_device(other, part):
            text = f"{other.where} on {part.bus} has this address too; give each device its own."
            findings.refuse((*_split(part), "unit"), text, unit)


def _one_device(one: Part, other: Part) -> bool:
    """A board that measures too is asked at one address by both drivers; others say that they share theirs, and claim
    what is their own behind it."""
    if all(getattr(registry.find(part.kind, part.driver), "shares_unit", False) for part in (one, other)):
        return True
    return {one.kind, other.kind} == {"board", "meter"} and _split(one)[:2] == _split(other)[:2]


def _ports(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """A serial port has one owner."""
    taken: dict[str, Part] = {}
    for part in (*settings.buses.values(), *hardware(settings)):
        port = getattr(part.settings, "port", None)
        if not isinstance(port, str):
            continue
        other = taken.setdefault(port, part)
        if other is not part:
            remedy = "Put both on one [bus.NAME]." if part.kind == other.kind == "bus" else "Use another port."
            findings.refuse((*_split(part), "port"), f"{other.where} owns this port already. {remedy}", port)


def _adapters(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """An I2C adapter is one [bus.NAME] in each process; a device that stretches its clock keeps both waiting."""
    processes = {part.bus: _process(part) for part in hardware(settings)}
    taken: dict[str, str] = {}
    for name, bus in settings.buses.items():
        adapter = getattr(bus.settings, "adapter", None)
        other = taken.setdefault(adapter, name) if isinstance(adapter, str) else name
        if other == name:
            continue
        path = ("bus", name, "adapter")
        if processes.get(name) == processes.get(other):
            findings.refuse(path, f"bus.{other} is this adapter already. Put the devices of both on one.", adapter)
        else:
            text = (
                f"is bus.{other} too, and one of the two is the pilot process's: a device that stretches the clock, as "
                "a PN532 does, keeps the pilot waiting, and its contactor opens. Use another adapter for one of them "
                "(on a Pi dtoverlay=i2c-gpio makes one)."
            )
            findings.warn(path, text, adapter)


def _panel(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """A button that stands for a card knows which; a light that nothing lights is a mistake."""
    for name, button in settings.buttons.items():
        path = ("button", name, "token")
        if button.does == "card" and not re.fullmatch(r"[!-~]{1,36}", button.token):
            text = 'must be the identifier of the card that the button stands for, 1 to 36 characters: does = "card".'
            findings.refuse(path, text, button.token)
        elif button.does != "card" and button.token:
            findings.refuse(path, f'is for does = "card" only; this one does "{button.does}".', button.token)
    for name, light in settings.lights.items():
        if not light.shows and not light.blinks:
            findings.refuse(("light", name), "shows nothing: name states in `shows`, in `blinks` or in both.")
        for state in set(light.shows) & set(light.blinks):
            findings.refuse(("light", name, "blinks"), f'"{state}" is in `shows` already.', light.blinks)


def hardware(settings: Settings) -> Iterator[Part]:
    """All hardware but the buses."""
    for evse in settings.evses:
        yield from evse.parts()
    yield from (reader.part for reader in settings.readers.values())
    yield from (thermometer.part for thermometer in settings.thermometers.values())
    yield from (button.part for button in settings.buttons.values())
    yield from (light.part for light in settings.lights.values())
    if settings.heartbeat is not None:
        yield settings.heartbeat.part


def _process(part: Part) -> str:
    table, _, name = part.where.partition(".")
    return "pilot" if table == "heartbeat" or (table == "evse" and _last(name) in PILOT_PARTS) else "station"


def _last(where: str) -> str:
    return where.rpartition(".")[2]


def _split(part: Part) -> Path:
    return tuple(part.where.split("."))


def _path(evse: EvseSettings) -> Path:
    return ("evse", str(evse.id))
