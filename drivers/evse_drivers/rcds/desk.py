"""The residual-current device of the simulated wallbox."""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..buses.desk import PARTS, TRIPPED, DeskWires, evse_of
from ..options import option

RCD = PARTS.index("rcd")


class DeskRcd:
    """A ResidualCurrent over the desk's wires; its error output comes with the pilot line's look."""

    bus_drivers = ("desk",)

    @dataclass(frozen=True)
    class Settings:
        """The bus, which EVSE of the desk, and how its wires are meant."""

        bus: str = option(help="the [bus.NAME] of the desk's wires", example="wires")
        evse: int = option(0, help="number of the EVSE on the desk; 0: the one in the section's name", minimum=0)
        tripped_when: str = option(
            "high",
            help="level of its error wire that says tripped; the desk's says so by high",
            choices=("high", "low"),
        )

    def __init__(self, settings: Settings, where: str, bus: DeskWires | None = None) -> None:
        if bus is None:
            raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "desk".')
        self._bus, self._tripped_when = bus, settings.tripped_when == "high"
        self._evse = evse_of(where, settings.evse)
        self.tripped()  # an EVSE that the desk does not have is told now

    def tripped(self) -> bool:
        return (self._bus.levels(self._evse, RCD) & TRIPPED != 0) is self._tripped_when

    def test(self, on: bool) -> None:
        self._bus.switch(self._evse, RCD, on)

    def close(self) -> None:
        """The bus is closed by whoever opened it."""
