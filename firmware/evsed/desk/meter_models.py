"""The meters that the desk can be: which registers each shows, and what it refuses to be asked."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Image = dict[str, Any]  # see readings.meter
Words = dict[int, list[int]]  # address of the first -> the registers from there on


@dataclass(frozen=True, slots=True)
class Model:
    """Input registers, read by function 4."""

    map: str  # the register map of evse_drivers that reads it
    last: int  # the last register that it has
    most: int  # registers in one request
    pairs: bool  # whole quantities of two registers only
    words: Callable[[Image], Words]


def _sdm630(image: Image) -> Words:
    """Float32, high word first."""
    volts, amps, watts = image["volts"], image["amps"], image["watts"]
    total, kwh = sum(watts), image["import_wh"] / 1000.0
    values = {0x34: total, 0x38: total, 0x46: image["hertz"], 0x48: kwh, 0x4A: 0.0, 0x156: kwh, 0x30: sum(amps)}
    values[0x2A], values[0x2E] = sum(volts) / 3.0, sum(amps) / 3.0
    for phase in range(3):
        row = (volts[phase], amps[phase], watts[phase], watts[phase])  # V, A, W, VA: the vehicle draws no VAr
        values |= {start + 2 * phase: value for start, value in zip((0x00, 0x06, 0x0C, 0x12), row, strict=True)}
        values[0x1E + 2 * phase] = 1.0 if image["hertz"] else 0.0  # power factor
    return {address: list(struct.unpack(">HH", struct.pack(">f", value))) for address, value in values.items()}


def _em340(image: Image) -> Words:
    """Whole numbers of two registers, low word first; frequency and the order of the phases of one."""
    volts, amps, watts = image["volts"], image["amps"], image["watts"]
    values = {0x28: sum(watts) * 10, 0x34: image["import_wh"] / 100.0, 0x4E: 0.0}
    for phase in range(3):
        row = (volts[phase] * 10, amps[phase] * 1000, watts[phase] * 10)
        values |= {start + 2 * phase: value for start, value in zip((0x00, 0x0C, 0x12), row, strict=True)}
    words = {address: _low_first(value) for address, value in values.items()}
    words[0x32] = [0xFFFF if image["sequence"] == "L1-L3-L2" else 0]
    words[0x33] = [round(image["hertz"] * 10)]
    return words


def _low_first(value: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">i", round(value)))
    return [low, high]


MODELS = {
    "sdm630": Model("eastron-sdm630", 0x157, 80, True, _sdm630),
    "em340": Model("carlo-gavazzi-em340", 0x5F, 50, False, _em340),
}
