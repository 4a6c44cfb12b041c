"""An energy meter on a Modbus bus, read by the map of its registers."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..api import DriverError, Reading
from ..buses.needed import needed
from ..options import option

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus
    from .register_map import RegisterMap

PACKAGE_MAPS = Path(__file__).parent / "maps"
WITHIN = 2.0  # s: three requests to a meter that takes 300 ms for each, and others' turns in between


class ModbusMeter:
    """A `Meter` whose reading is arithmetic on registers. What its map lacks, or the meter marks as none, is None."""

    bus_drivers = ("modbus-serial", "modbus-tcp")

    @dataclass(frozen=True, slots=True)
    class Settings:
        map: str = option(help="name of the meter's register map, a file without its .toml", example="eastron-sdm630")
        bus: str = option(help="the [bus.NAME] it is connected to", example="rs485")
        unit: int = option(1, help="the meter's number; above 247 on networks only", minimum=1, maximum=255)
        every: float = option(1.0, help="how often it is read", unit="s", minimum=0.5, maximum=60.0)
        maps: str = option("/etc/evsed/meters", help="folder of your own maps; one named as ours goes before it")

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        self.settings = settings
        self.where = where
        self.map = load(settings.map, settings.maps, where)
        self._bus = needed(bus, where, "a modbus driver")

    async def read(self) -> Reading:
        """One reading, stamped when its first registers arrived; takes WITHIN s at most."""
        gap = self.map.line.gap_ms / 1000
        answer = await self._bus.read(self.settings.unit, self.map.blocks, self.where, WITHIN, gap)
        return self.map.reading(answer.at, answer.words)

    async def close(self) -> None:
        """The bus belongs to the one who opened it."""


def load(name: str, folder: str, where: str) -> RegisterMap:
    """The map of that name, from `folder` (the technician's) before ours. DriverError names the file and its keys."""
    from .map_file import parse

    found = available(folder)
    if name not in found:
        near = difflib.get_close_matches(name, found, 1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise DriverError(
            f'{where}.map = "{name}": there is no such map.{hint} There are: {", ".join(found)}. '
            f"Your own go into {folder}; drivers/README.md says how to write one."
        )
    path = found[name]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DriverError(f"{where}.map: {path} cannot be read: {error}. Make it a readable UTF-8 file.") from None
    return parse(text, f"{where}.map: {path}")


def available(folder: str) -> dict[str, Path]:
    """All maps by name."""
    found = {path.stem: path for root in (PACKAGE_MAPS, Path(folder)) for path in root.glob("*.toml")}
    return dict(sorted(found.items()))
