"""Contactor, plug lock, phase relay or heartbeat output of the simulated wallbox."""

from __future__ import annotations

from dataclasses import dataclass

from ..api import DriverError
from ..buses.desk import LOCKED, NC, NO, SWITCHES, THREE_PHASES, DeskWires, evse_of
from ..options import option

# (part, which contact tells its position): (bit of the wires' levels, the bit when it is on). None: nothing tells it.
TOLD_BY: dict[tuple[str, str], tuple[int, bool] | None] = {
    ("contactor", "NO"): (NO, True),
    ("contactor", "NC"): (NC, False),
    ("contactor", "none"): None,
    ("lock", "NO"): (LOCKED, True),
    ("lock", "none"): None,
    ("phase_relay", "NO"): (THREE_PHASES, True),
    ("phase_relay", "none"): None,
    ("heartbeat", "NO"): None,
    ("heartbeat", "none"): None,
}


class DeskSwitch:
    """A Switch over the desk's wires; its feedback comes with the pilot line's look."""

    bus_drivers = ("desk",)

    @dataclass(frozen=True)
    class Settings:
        """The bus, which part, and which EVSE of the desk."""

        bus: str = option(help="the [bus.NAME] of the desk's wires", example="wires")
        part: str = option("", help='which one; "": the last word of the section\'s name', choices=("", *SWITCHES))
        evse: int = option(0, help="number of the EVSE on the desk; 0: the one in the section's name", minimum=0)
        mirror: str = option(
            "NO",
            help="which contact tells the position: the normally open one, the normally closed one (only of the "
            "contactor: its mirror contact), or none",
            choices=("NO", "NC", "none"),
        )

    def __init__(self, settings: Settings, where: str, bus: DeskWires | None = None) -> None:
        if bus is None:
            raise DriverError(f'{where}: needs an open bus "{settings.bus}" of the driver "desk".')
        part = settings.part or where.rpartition(".")[2]
        if part not in SWITCHES:
            raise DriverError(f'{where}: `part` is "{part}"; the desk has {", ".join(SWITCHES)}.')
        if (part, settings.mirror) not in TOLD_BY:
            raise DriverError(
                f'{where}: `mirror` is "{settings.mirror}", and a {part} of the desk has no such contact. '
                'Allowed: "NO", "none".'
            )
        self._bus, self._part = bus, SWITCHES.index(part)
        self._told_by = TOLD_BY[part, settings.mirror]
        self._evse = 0 if part == "heartbeat" else evse_of(where, settings.evse)  # one of the whole board
        if self._evse:
            bus.levels(self._evse, self._part)  # an EVSE that the desk does not have is told now

    def set(self, on: bool) -> None:
        self._bus.switch(self._evse, self._part, on)

    def get(self) -> bool | None:
        if self._told_by is None:
            return None
        bit, on = self._told_by
        return (self._bus.levels(self._evse, self._part) & bit != 0) is on

    def close(self) -> None:
        """The bus is closed by whoever opened it."""
