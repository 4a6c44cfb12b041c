"""What a USB keyboard types, as text, from the events of the kernel."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

# linux/input.h: struct input_event, two longs of time, type, code, value. A long has the size that this process has.
EVENT = struct.Struct("llHHi")

# linux/input-event-codes.h
SYNC, KEY = 0x00, 0x01  # types
DROPPED = 3  # code of SYNC: the kernel's queue was full, events are lost
PRESSED = 1  # value of KEY; 0 released, 2 repeated because it is held
ENDS = (28, 96, 15)  # ENTER, that of the keypad, TAB
SHIFTS = (42, 54)
LONGEST = 64  # characters

# fmt: off
CHARACTERS = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip(range(16, 26), "qwertyuiop", strict=True)),
    **dict(zip(range(30, 39), "asdfghjkl", strict=True)),
    **dict(zip(range(44, 51), "zxcvbnm", strict=True)),
    71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0",  # the keypad
}
# fmt: on


class Keys:
    """See listening.Parser. `uid_of` makes a UID of a typed text, or raises ValueError with what is wrong with it."""

    def __init__(self, uid_of: Callable[[str], str]) -> None:
        self._uid_of = uid_of
        self._buffer = b""
        self._typed = ""
        self._shifts: set[int] = set()
        self.nonsense = 0
        self.last = ""

    def clear(self) -> None:
        """See Parser."""
        self._buffer, self._typed = b"", ""
        self._shifts.clear()

    def feed(self, data: bytes) -> Iterator[str]:
        """See Parser."""
        self._buffer += data
        whole = len(self._buffer) // EVENT.size * EVENT.size
        events, self._buffer = self._buffer[:whole], self._buffer[whole:]
        for _, _, kind, code, value in EVENT.iter_unpack(events):
            if kind == SYNC and code == DROPPED:
                self._typed = ""
                self._shifts.clear()
            elif kind == KEY:
                yield from self._key(code, value)

    def _key(self, code: int, value: int) -> Iterator[str]:
        if code in SHIFTS:
            (self._shifts.add if value else self._shifts.discard)(code)
        elif value != PRESSED:
            return
        elif code in ENDS:
            text, self._typed = self._typed, ""
            if text:  # ENTER alone, as some readers send one more, is nothing
                yield from self._ended(text)
        else:
            character = CHARACTERS.get(code, "?")
            if self._shifts:
                character = character.upper() if character.isalpha() else "?"
            self._typed = (self._typed + character)[-LONGEST - 1 :]

    def _ended(self, text: str) -> Iterator[str]:
        try:
            uid = self._uid_of(text)
        except ValueError as error:
            self.nonsense += 1
            self.last = f'"{text}": {error}'
        else:
            self.nonsense = 0
            yield uid
