"""The registers of SunSpec devices, encoded from the models' papers: names and offsets as they stand there."""

from __future__ import annotations

import struct

# Offsets from the model's number, of the tables "Meter (Three Phase)" with integers and "Meter (..) FLOAT".
INTEGER = {
    "A": 2, "AphA": 3, "AphB": 4, "AphC": 5, "A_SF": 6,
    "PhV": 7, "PhVphA": 8, "PhVphB": 9, "PhVphC": 10, "V_SF": 15,
    "Hz": 16, "Hz_SF": 17,
    "W": 18, "WphA": 19, "WphB": 20, "WphC": 21, "W_SF": 22,
    "TotWhExp": 38, "TotWhImp": 46, "TotWh_SF": 54,
}  # fmt: skip
FLOAT = {
    "A": 2, "AphA": 4, "AphB": 6, "AphC": 8, "PhV": 10, "PhVphA": 12, "PhVphB": 14, "PhVphC": 16,
    "Hz": 26, "W": 28, "WphA": 30, "WphB": 32, "WphC": 34, "TotWhExp": 60, "TotWhImp": 68,
}  # fmt: skip
WIDE = ("TotWhExp", "TotWhImp")  # acc32
COMMON = [1, 66, *struct.unpack(">66H", b"Acme".ljust(32, b"\0") + b"Meter 3".ljust(100, b"\0"))]
INVERTER = [103, 50, *[0] * 50]


def integers(model: int, **points: int) -> list[int]:
    """A model with int16 points; what is not named is not implemented."""
    words = [model, 105, *[0x8000] * 105]
    for wide in WIDE:
        words[INTEGER[wide] : INTEGER[wide] + 2] = 0, 0
    for name, value in points.items():
        at = INTEGER[name]
        if name in WIDE:
            words[at : at + 2] = value >> 16, value & 0xFFFF
        else:
            words[at] = value & 0xFFFF
    return words


def floats(model: int, **points: float) -> list[int]:
    """A model with float32 points; what is not named is NaN."""
    words = [model, 124, *[0x7FC0, 0x0000] * 62]
    for name, value in points.items():
        words[FLOAT[name] : FLOAT[name] + 2] = struct.unpack(">HH", struct.pack(">f", value))
    return words


def device(*models: list[int]) -> list[int]:
    """Mark, common model, `models`, end."""
    return [0x5375, 0x6E53, *COMMON, *(word for model in models for word in model), 0xFFFF, 0]


THREE_PHASES = {
    "A": 4725, "AphA": 1600, "AphB": 1600, "AphC": 1525, "A_SF": -2,
    "PhV": 2303, "PhVphA": 2301, "PhVphB": 2310, "PhVphC": 2299, "V_SF": -1,
    "Hz": 4998, "Hz_SF": -2,
    "W": 1086, "WphA": 368, "WphB": 369, "WphC": 349, "W_SF": 1,
    "TotWhExp": 12, "TotWhImp": 1_234_567, "TotWh_SF": 1,
}  # fmt: skip
