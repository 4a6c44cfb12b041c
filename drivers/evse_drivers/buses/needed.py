"""What a device on a bus says when it was given none."""

from __future__ import annotations

from typing import TypeVar

from ..api import DriverError

Bus = TypeVar("Bus")


def needed(bus: Bus | None, where: str, driver: str) -> Bus:
    """`bus`, which must be there; `driver`: which kind it wants ("a modbus driver")."""
    if bus is None:
        raise DriverError(f'{where}: needs a bus. Set bus = "NAME" to a [bus.NAME] with {driver}.')
    return bus
