"""Contactor or plug lock of the simulated wallbox."""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..buses.desk import PARTS, DeskWires, evse_of
from ..options import option


class DeskSwitch:
    """A Switch over the desk's wires; its feedback comes with the pilot line's look."""

    bus_drivers = ("desk",)

    @dataclass(frozen=True)
    class Settings:
        """The bus, which part, and which EVSE of the desk."""

        bus: str = option(help="the [bus.NAME] of the desk's wires", example="wires")
        part: str = option("", help='which one; "": the last word of the section\'s name', choices=("", *PARTS))
        evse: int = option(0, help="number of the EVSE on the desk; 0: the one in the section's name", minimum=0)

    def __init__(self, settings: Settings, where: str, bus: DeskWires | None = None) -> None:
        if bus is None:
            raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "desk".')
        part = settings.part or where.rpartition(".")[2]
        if part not in PARTS:
            raise DriverError(f'{where}: `part` is "{part}"; the desk has {" and ".join(PARTS)}.')
        self._bus, self._part = bus, PARTS.index(part)
        self._evse = evse_of(where, settings.evse)
        bus.position(self._evse, self._part)  # an EVSE that the desk does not have is told now

    def set(self, on: bool) -> None:
        self._bus.switch(self._evse, self._part, on)

    def get(self) -> bool | None:
        return self._bus.position(self._evse, self._part)

    def close(self) -> None:
        """The bus is closed by whoever opened it."""
