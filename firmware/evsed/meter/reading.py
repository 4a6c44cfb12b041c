"""Reads one meter again and again and shows it, by its map or as evsed.toml has it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evse_drivers import registry
from evse_drivers.api import DriverError, Reading
from evse_drivers.meters.modbus_map import WITHIN, ModbusMeter, load
from evse_drivers.meters.register_map import RegisterMap, Words
from evse_drivers.meters.sunspec import SunSpecMeter

from evsed.settings import Part, Settings
from evsed.show import ask

from . import screen
from .places import Place

CLEAR = "\x1b[H\x1b[2J"  # of a terminal
SUNSPEC = "sunspec"  # in place of a map's name
WHERE = "evsed meter read"


@dataclass(frozen=True, slots=True)
class Source:
    """An opened meter; `map` where it is read by one, with what that needs."""

    head: str
    meter: Any
    bus: Any = None
    map: RegisterMap | None = None
    unit: int = 1

    async def read(self) -> tuple[Reading, Words]:
        """A reading, and the registers it was made of where there is a map."""
        if self.map is None:
            return await self.meter.read(), {}
        gap = self.map.line.gap_ms / 1000
        answer = await self.bus.read(self.unit, self.map.blocks, self.meter.where, WITHIN, gap)
        return self.map.reading(answer.at, answer.words), answer.words

    def close(self) -> None:
        """Give the line back."""
        if self.bus is not None:
            self.bus.close()


def by_map(name: str, folder: str, place: Place, unit: int | None, timeout_ms: int) -> Source:
    """DriverError: no such map, or the port cannot be had."""
    if name == SUNSPEC:
        number = unit or 1
        bus = place.open(WHERE, timeout_ms)
        meter = SunSpecMeter(SunSpecMeter.Settings("", number), WHERE, bus)
        return Source(f"SunSpec meter, unit {number} on {place}", meter, bus)
    its = load(name, folder, WHERE)
    number = unit or its.line.unit
    bus = place.open(WHERE, timeout_ms)
    driver = ModbusMeter(ModbusMeter.Settings(name, "", number, maps=folder), WHERE, bus)
    return Source(f"{its.title}, unit {number} on {place}", driver, bus, its, number)


def by_config(settings: Settings, evse: int | None) -> Source:
    """The meter of that EVSE, or the only one. DriverError: there is none, the station has it, it cannot be opened."""
    meters = {its.id: its.meter for its in settings.evses if its.meter is not None}
    if evse is None and len(meters) == 1:
        evse = next(iter(meters))
    if evse not in meters:
        there = f"There are: {', '.join(map(str, meters))}." if meters else "No EVSE has one."
        asked = "which EVSE's meter?" if evse is None else f"evse.{evse} has no meter."
        raise DriverError(f"{WHERE}: {settings.path}: {asked} {there}")
    part = meters[evse]
    if _runs(settings):
        raise DriverError(
            f"{WHERE}: the station runs and owns the line of {part.where}. What it reads is shown by: evsed show "
            f"-c {settings.path}. To read it from here, stop the station first: systemctl stop evsed."
        )
    return _open(settings, part)


def _runs(settings: Settings) -> bool:
    try:
        ask(os.path.join(settings.station.runtime, "station.sock"), {"show": True})
    except (OSError, ValueError):
        return False
    return True


def _open(settings: Settings, part: Part) -> Source:
    bus = None
    if part.bus is not None:
        its = settings.buses[part.bus]
        bus = registry.find("bus", its.driver)(its.settings, its.where)
    meter = registry.find(part.kind, part.driver)(part.settings, part.where, bus)
    if isinstance(meter, ModbusMeter):
        return Source(f"{part.where}: {meter.map.title}", meter, bus, meter.map, meter.settings.unit)
    return Source(f"{part.where}: {part.driver}", meter, bus)


async def show(source: Source, *, once: bool, raw: bool, as_json: bool, every: float) -> int:
    """Print readings until interrupted, or one. 0; 1: the one could not be had."""
    while True:
        began = time.monotonic()
        try:
            reading, words = await source.read()
        except DriverError as error:
            if once:
                print(error, file=sys.stderr)
                return 1
            _print([json.dumps({"error": str(error)})] if as_json else [source.head, "", str(error)], as_json)
        else:
            seconds = time.monotonic() - began
            _print(_lines(source, reading, words, seconds, raw, as_json), as_json or once)
            if once:
                return 0
        await asyncio.sleep(max(0.0, began + every - time.monotonic()))


def _lines(source: Source, reading: Reading, words: Words, seconds: float, raw: bool, as_json: bool) -> Iterator[str]:
    if as_json:
        registers = {f"{function}:{address}": word for (function, address), word in words.items()} if raw else {}
        yield json.dumps(screen.reading_json(reading) | ({"registers": registers} if raw else {}))
        return
    yield from screen.screen(source.head, reading, seconds)
    if raw and source.map is not None:
        yield ""
        yield from screen.raw(source.map, words)


def _print(lines: Any, plain: bool) -> None:
    clear = CLEAR if not plain and sys.stdout.isatty() else ""
    print(clear + "\n".join(lines) + ("" if plain or clear else "\n"), flush=True)
