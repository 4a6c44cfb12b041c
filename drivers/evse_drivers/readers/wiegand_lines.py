"""The lines of text that a Wiegand bridge sends: which bits came over its two wires, and whether their parity is right.

Three forms, none of which can be taken for another. All end with CR, LF or both:

- the bits as they came, `10110001...`, 26 or 34 of them, parity included: the form to choose for a bridge of your own;
- how many bits and then all of them as one hexadecimal number, parity included: `26 2C7D35C`, `34:...` or `34,...`;
- what the example sketch of the Arduino library for Wiegand prints, `Wiegand HEX = 63E9AE, DECIMAL = 6547886, Type W26`
  (or W34): that library has checked the parity and left it out, and both numbers must agree.

Of 26 bits (HID's H10301) the first is even parity of the first half, the last is odd parity of the second; 34 bits
are made likewise. What is between is the UID: 3 or 4 bytes of fixed width, leading zeros kept. Keys of a keypad
(4 and 8 bits) are no cards and passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CARDS = (26, 34)  # bits
KEYS = (4, 8)
LONGEST = 120  # characters in a line

_BITS = re.compile(r"[01]{4,64}")
_COUNTED = re.compile(r"(\d{1,2})[ :,] ?(?:0x)?([0-9A-Fa-f]{1,9})")
_SKETCH = re.compile(r"(?:Wiegand )?HEX = ([0-9A-Fa-f]{1,8}), DECIMAL = (\d{1,10}), Type W(\d{1,2})")
_ENDS = re.compile(rb"[\r\n]+")


class Decoder:
    """See listening.Parser."""

    def __init__(self) -> None:
        self._buffer = b""
        self.nonsense = 0
        self.last = ""

    def clear(self) -> None:
        """See Parser."""
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """See Parser."""
        *lines, self._buffer = _ENDS.split(self._buffer + data)
        if len(self._buffer) > LONGEST:
            lines, self._buffer = [*lines, self._buffer], b""
        for line in lines:
            text = line.decode("ascii", "replace").strip()
            if not text:
                continue
            try:
                uid = uid_of(text)
            except ValueError as error:
                self.nonsense += 1
                self.last = f'"{text[:40]}": {error}'
            else:
                if uid is not None:
                    self.nonsense = 0
                    yield uid


def uid_of(line: str) -> str | None:
    """The UID in one line, None: a key. ValueError says in words what is wrong with it."""
    if _BITS.fullmatch(line):
        return _checked(len(line), int(line, 2))
    counted = _COUNTED.fullmatch(line)
    if counted is not None:
        return _checked(int(counted[1]), int(counted[2], 16))
    sketch = _SKETCH.fullmatch(line)
    if sketch is None:
        raise ValueError("no line of a Wiegand bridge")
    number, decimal, count = int(sketch[1], 16), int(sketch[2]), int(sketch[3])
    if number != decimal:
        raise ValueError("its two numbers differ")
    return None if count in KEYS else _whole(count, number)


def _checked(count: int, frame: int) -> str | None:
    """The UID in a frame with its two parity bits."""
    if count in KEYS:
        return None
    if count not in CARDS or frame >> count:
        raise ValueError(f"{count} bits, a card has 26 or 34" if count not in CARDS else f"more than {count} bits")
    half = count // 2
    if (frame >> half).bit_count() % 2 != 0 or (frame & (1 << half) - 1).bit_count() % 2 != 1:
        raise ValueError("wrong parity, a bit was lost or turned")
    return _whole(count, frame >> 1 & (1 << count - 2) - 1)


def _whole(count: int, number: int) -> str:
    if count not in CARDS:
        raise ValueError(f"{count} bits, a card has 26 or 34")
    if number >> count - 2:
        raise ValueError(f"a number of more than {count - 2} bits")
    return f"{number:0{(count - 2) // 4}X}"
