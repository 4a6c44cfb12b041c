"""The station's side of the hardware: opens what evsed.toml names, each bus once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from evse_drivers.api import DriverError, Input, Meter, PilotBoard, Reader, Switch, Thermometer
from evse_drivers.registry import find

from evsed.pilot.client import PilotProcess
from evsed.settings import Part, Settings

EVERY = 1.0  # s between two readings of a meter whose driver has no option for it


class Hardware:
    """DriverError from any of them but buttons and lights: it cannot be opened, and why."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buses: dict[str, Any] = {}  # opened, by name

    def boards(self, log: Callable[..., None]) -> tuple[dict[int, PilotBoard], PilotProcess | None]:
        """What drives each EVSE's pilot: its board, or for all others the one pilot process."""
        settings, boards = self._settings, dict[int, PilotBoard]()
        pilot = None
        for evse in settings.evses:
            if evse.board is not None:
                boards[evse.id] = self._open(evse.board.part)
            else:
                if pilot is None:
                    path = os.path.join(settings.station.runtime, "pilot.sock")
                    pilot = PilotProcess(path, settings.digest, log)
                boards[evse.id] = pilot
        return boards, pilot

    def meters(self) -> dict[int, tuple[Meter, float]]:
        """By EVSE, with the seconds between two readings."""
        meters = {evse.id: evse.meter for evse in self._settings.evses if evse.meter is not None}
        every = {evse: getattr(part.settings, "every", None) or EVERY for evse, part in meters.items()}
        return {evse: (self._open(part), every[evse]) for evse, part in meters.items()}

    def readers(self) -> dict[str, tuple[Reader, tuple[int, ...]]]:
        """By name, with the EVSEs that a card there is meant for."""
        readers = self._settings.readers
        return {name: (self._open(its.part), self._settings.meant(its.evses)) for name, its in readers.items()}

    def reader(self, name: str) -> Reader:
        """That one alone."""
        reader: Reader = self._open(self._settings.readers[name].part)
        return reader

    def thermometers(self) -> dict[str, tuple[Thermometer, tuple[int, ...], float]]:
        """By name, with the EVSEs that it stands for and the seconds between two readings."""
        sensors = self._settings.thermometers
        return {
            name: (self._open(its.part), self._settings.meant(its.evses), its.every) for name, its in sensors.items()
        }

    def buttons(self, log: Callable[..., None]) -> dict[str, Input]:
        """By name. One that cannot be opened is told and left out."""
        return self._fittings({name: its.part for name, its in self._settings.buttons.items()}, log)

    def lights(self, log: Callable[..., None]) -> dict[str, Switch]:
        """As `buttons`."""
        return self._fittings({name: its.part for name, its in self._settings.lights.items()}, log)

    def _fittings(self, parts: Mapping[str, Part], log: Callable[..., None]) -> dict[str, Any]:
        opened = {}
        for name, part in parts.items():
            try:
                opened[name] = self._open(part)
            except DriverError as error:
                log(str(error), "error")
            except Exception as error:  # a driver with a bug costs its light, not the station
                log(f"{part.where}: its driver failed: {error!r}", "error")
        return opened

    def _open(self, part: Part) -> Any:
        """The driver of that part; its bus is opened once and shared."""
        bus = None
        name = getattr(part.settings, "bus", "")
        if name:
            its = self._settings.buses[name]
            if name not in self._buses:
                self._buses[name] = find("bus", its.driver)(its.settings, its.where)
            bus = self._buses[name]
        return find(part.kind, part.driver)(part.settings, part.where, bus)

    def close(self) -> None:
        """Close the buses; the drivers on them are closed before, by whoever holds them."""
        for bus in self._buses.values():
            bus.close()
