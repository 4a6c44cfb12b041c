"""The UID in a number that a reader types: hexadecimal or decimal, of a width that is known."""

from __future__ import annotations

import string

DIGITS = ("decimal", "hex")
LONGEST = 10  # bytes of a UID
# decimal digits: bytes; the digits that the largest number of so many bytes has
BYTES = {len(str(256**count - 1)): count for count in range(3, LONGEST + 1)}


def uid_of(text: str, digits: str, count: int) -> str:
    """Upper-case hex of `count` bytes; 0: as many as the text has digits for. ValueError says what is wrong with it.

    A reader that drops leading zeros can be used where `count` is given.
    """
    if not text or not set(text) <= set(string.digits if digits == "decimal" else string.hexdigits):
        raise ValueError(f"no {'decimal' if digits == 'decimal' else 'hexadecimal'} number")
    if not count:
        count = BYTES.get(len(text), 0) if digits == "decimal" else len(text) // 2
        if not 3 <= count <= LONGEST or (digits == "hex" and len(text) % 2):
            raise ValueError(f"{len(text)} digits, which is no known width: say how many `bytes` a UID has")
    # Python takes quadratic time for long decimal numbers, and refuses those of more than 4300 digits.
    number = int(text, 10 if digits == "decimal" else 16) if len(text) <= 64 else 256**LONGEST
    if number >= 256**count:
        raise ValueError(f"more than {count} bytes hold")
    return f"{number:0{2 * count}X}"
