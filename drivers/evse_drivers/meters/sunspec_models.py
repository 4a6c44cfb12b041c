"""What the registers of a SunSpec AC meter model mean: bytes in, a reading out."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from ..api import Phases, Reading

# Registers by their distance from the model's first (its number); SunSpec models 201 to 204 and 211 to 214.
INTEGER_MODELS, FLOAT_MODELS = (201, 202, 203, 204), (211, 212, 213, 214)
WORDS = {**dict.fromkeys(INTEGER_MODELS, 55), **dict.fromkeys(FLOAT_MODELS, 70)}  # up to the last one needed
LENGTH = {**dict.fromkeys(INTEGER_MODELS, 105), **dict.fromkeys(FLOAT_MODELS, 124)}  # what the model says it has
ONE_PHASE = (201, 211)
# quantity: (total or average, L1, L2, L3, scale factor)
INTEGERS = {"amps": (2, 3, 4, 5, 6), "volts": (7, 8, 9, 10, 15), "watts": (18, 19, 20, 21, 22)}
HERTZ, HERTZ_SCALE = 16, 17
EXPORT, IMPORT, ENERGY_SCALE = 38, 46, 54
FLOATS = {"amps": (2, 4, 6, 8), "volts": (10, 12, 14, 16), "watts": (28, 30, 32, 34)}
FLOAT_HERTZ, FLOAT_EXPORT, FLOAT_IMPORT = 26, 60, 68

NO_INT16 = 0x8000  # also of a scale factor
NO_ACC32 = 0xFFFFFFFF  # the paper's is 0, which is also a new meter's; some tell all ones


def reading(model: int, words: Sequence[int], at: float, positive: str) -> Reading:
    """What these registers of a model's beginning say. `positive`: which flow has the positive sign in the meter."""
    sign = 1.0 if positive == "import" else -1.0
    by_phase, totals = {}, {}
    for quantity in INTEGERS:
        total, *phases = _integers(words, quantity) if model in INTEGER_MODELS else _floats(words, quantity)
        if model in ONE_PHASE and phases[0] is None:
            phases[0] = total
        by_phase[quantity], totals[quantity] = phases, total
    if model in INTEGER_MODELS:
        hertz = _scaled(words[HERTZ], 0 if words[HERTZ_SCALE] == NO_INT16 else words[HERTZ_SCALE])  # it is optional
        exported, imported = (_energy(words, place) for place in (EXPORT, IMPORT))
    else:
        hertz, exported, imported = (_float(words, place) for place in (FLOAT_HERTZ, FLOAT_EXPORT, FLOAT_IMPORT))
    watts = totals["watts"]
    if watts is None:
        watts = _sum(by_phase["watts"], by_phase["volts"])
    return Reading(
        at,
        import_wh=imported,
        export_wh=exported,
        watts=None if watts is None else sign * watts,
        watts_by_phase=_phases(by_phase["watts"], sign),
        amps=_phases(by_phase["amps"], sign),
        volts=_phases(by_phase["volts"], 1.0),
        hertz=hertz,
    )


def _phases(values: Sequence[float | None], sign: float) -> Phases:
    first, second, third = (None if value is None else sign * value for value in values)
    return first, second, third


def _sum(watts: Sequence[float | None], volts: Sequence[float | None]) -> float | None:
    """The total of a meter that tells none: only if each phase that is there tells its own."""
    there = [value for value, voltage in zip(watts, volts, strict=True) if voltage is not None or value is not None]
    told = [value for value in there if value is not None]
    return sum(told) if told and len(told) == len(there) else None


def _integers(words: Sequence[int], quantity: str) -> list[float | None]:
    *places, scale = INTEGERS[quantity]
    return [_scaled(words[place], words[scale]) for place in places]


def _scaled(word: int, scale: int) -> float | None:
    if NO_INT16 in (word, scale):
        return None
    exponent = _signed(scale)
    # -10 to 10 is what the paper allows: more is no scale factor
    return _signed(word) * 10.0**exponent if -10 <= exponent <= 10 else None


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def _energy(words: Sequence[int], place: int) -> float | None:
    raw = words[place] << 16 | words[place + 1]
    scale = words[ENERGY_SCALE]
    exponent = _signed(scale)
    if raw == NO_ACC32 or scale == NO_INT16 or not -10 <= exponent <= 10:
        return None
    return float(raw * 10.0**exponent)


def _floats(words: Sequence[int], quantity: str) -> list[float | None]:
    return [_float(words, place) for place in FLOATS[quantity]]


def _float(words: Sequence[int], place: int) -> float | None:
    value: float = struct.unpack(">f", struct.pack(">HH", words[place], words[place + 1]))[0]
    return value if math.isfinite(value) else None
