"""What Phoenix Contact's charging controllers say in letters and error bits: pure.

Source of the bits: "EV Charge Control Basic" (106377_en_04), register 24025, which counts them from 1; the CHARX SEC
has the same sixteen in its upper word and its own in the lower one ("UM EN CHARX SEC", appendix B1). nymea reads the
word as a number from 1 to 15, in the same order: it cannot be both, and the paper says bits.
"""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = "ABCDEF"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`fault`, `warning`: names of the fault catalogue, "" where it has no word for it."""

    words: str
    fault: str = ""
    warning: str = ""


ERRORS: tuple[Trouble | None, ...] = (
    Trouble("it rejects cables for 13 A and 20 A", "cable"),
    Trouble("it rejects cables for 13 A", "cable"),
    Trouble("the cable's proximity resistor is out of range", "cable"),
    Trouble("the control pilot is out of range", "pilot out of range"),
    Trouble("it is told to be out of service (state F)"),
    Trouble("the plug lock did not lock", "plug lock"),
    Trouble("the plug lock did not unlock", warning="plug unlock"),
    Trouble("the position of the plug lock is not known", "plug lock"),
    Trouble("the vehicle drew more than it was offered", "overcurrent"),
    Trouble("its energy meter does not answer it"),
    Trouble("the vehicle asks for ventilation, which it does not allow"),
    Trouble("the contactor does not do as it was told", "contactor"),
    Trouble("the vehicle's pilot diode is missing", "diode"),
    Trouble("its supply has trouble", "pilot line"),
    Trouble("the residual-current device has tripped", "residual current"),
    Trouble("the residual-current device failed its test", "residual-current self-test"),
)
CHARX_ERRORS: tuple[Trouble | None, ...] = (
    Trouble("the controller is too hot", "thermal switch"),
    Trouble("the controller is hot and lowers the current", warning="temperature derating"),
    None,
    Trouble("its configuration is wrong (its web page says what)", "pilot line"),
    Trouble("its own load management has paused the charge"),
    Trouble("its event actions contradict each other"),
    Trouble("its card reader does not answer"),
    *(None,) * 9,
    *ERRORS,
)


@dataclass(frozen=True, slots=True)
class Troubles:
    """Of all error bits that are set."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    why: str


def troubles_of(bits: int, table: tuple[Trouble | None, ...] = ERRORS) -> Troubles:
    """Bit 0 is the first of the table. A bit without a meaning is told, and no fault: the state says what works."""
    found = [
        (table[bit] if bit < len(table) else None) or Trouble(f"error bit {bit + 1}, which no paper explains")
        for bit in range(bits.bit_length())
        if bits >> bit & 1
    ]
    faults = tuple(dict.fromkeys(trouble.fault for trouble in found if trouble.fault))
    warnings = tuple(dict.fromkeys(trouble.warning for trouble in found if trouble.warning))
    found.sort(key=lambda trouble: not trouble.fault)  # stable: the fault's words first
    return Troubles(faults, warnings, "; ".join(trouble.words for trouble in found))


def letter_of(word: int, high: bool) -> str:
    """The state's letter in the upper or the lower octet of a register; "" where there is none."""
    letter = chr(word >> 8 if high else word & 0xFF)
    return letter if letter in LETTERS else ""


def text_of(word: int) -> str:
    """Two characters of a register, for words; what cannot be printed is a dot."""
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in word.to_bytes(2, "big"))
