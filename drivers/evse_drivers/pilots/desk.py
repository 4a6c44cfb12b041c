"""The control pilot of the simulated wallbox."""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError, Sense
from ..buses.desk import DeskWires, evse_of
from ..options import option


class DeskPilotLine:
    """A PilotLine over the desk's wires."""

    sample_ms = 0.25  # measured: 32 EVSEs take 4.2 ms together, 8.7 at most beside other load
    release_ms = 20.0
    both_peaks = True
    bus_drivers = ("desk",)

    @dataclass(frozen=True)
    class Settings:
        """The bus, and which EVSE of the desk."""

        bus: str = option(help="the [bus.NAME] of the desk's wires", example="wires")
        evse: int = option(0, help="number of the EVSE on the desk; 0: the one in the section's name", minimum=0)

    def __init__(self, settings: Settings, where: str, bus: DeskWires | None = None) -> None:
        if bus is None:
            raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "desk".')
        self._bus = bus
        self._evse = evse_of(where, settings.evse)
        bus.sense(self._evse)  # an EVSE that the desk does not have is told now

    def sense(self) -> Sense:
        return self._bus.sense(self._evse)

    def drive(self, duty: float | None) -> None:
        self._bus.drive(self._evse, duty)

    def close(self) -> None:
        """The bus is closed by whoever opened it."""
