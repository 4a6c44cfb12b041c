"""Emergency stop or thermal switch of the simulated wallbox."""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..buses.desk import EMERGENCY_STOP, INPUTS, PARTS, THERMAL_SWITCH, DeskWires, evse_of
from ..options import option

BITS = {"emergency_stop": EMERGENCY_STOP, "thermal_switch": THERMAL_SWITCH}


class DeskInput:
    """An Input over the desk's wires; its level comes with the pilot line's look."""

    bus_drivers = ("desk",)

    @dataclass(frozen=True)
    class Settings:
        """The bus, which input, and which EVSE of the desk."""

        bus: str = option(help="the [bus.NAME] of the desk's wires", example="wires")
        part: str = option("", help='which one; "": the last word of the section\'s name', choices=("", *INPUTS))
        evse: int = option(0, help="number of the EVSE on the desk; 0: the one in the section's name", minimum=0)

    def __init__(self, settings: Settings, where: str, bus: DeskWires | None = None) -> None:
        if bus is None:
            raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "desk".')
        part = settings.part or where.rpartition(".")[2]
        if part not in INPUTS:
            raise DriverError(f'{where}: `part` is "{part}"; the desk has {", ".join(INPUTS)}.')
        self._bus, self._part, self._bit = bus, PARTS.index(part), BITS[part]
        self._evse = evse_of(where, settings.evse)
        self.active()  # an EVSE that the desk does not have is told now

    def active(self) -> bool:
        return self._bus.levels(self._evse, self._part) & self._bit != 0

    def close(self) -> None:
        """The bus is closed by whoever opened it."""
