"""Finds the line of every key and table of a TOML text, which tomllib does not tell.

The text must be one that tomllib has accepted: the scanner walks over it without checking it again. A path is the
tuple of bare key names; an element of an array of tables has its index (as text) after the array's name.
"""

from __future__ import annotations

import re

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]*")  # number, boolean, date: ends where the element or the line ends
_STRINGS = {
    '"""': re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})(?!")', re.DOTALL),
    "'''": re.compile(r"'''.*?'''(?:'{0,2})(?!')", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\\n])*)"'),
    "'": re.compile(r"'([^'\n]*)'"),
}


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) on which each key or table header stands; a table that only dotted keys make has the first."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}  # elements seen of each array of tables

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return self.found
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.found.setdefault(path[:length], line)

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def _header(self) -> Path:
        line = self._line()
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path = self._resolved(self._key())
        if many:
            index = self.arrays.get(path, -1) + 1
            self.arrays[path] = index
            self._note(path, line)
            path = (*path, str(index))
        self._note(path, line)
        self.found[path] = line  # its own header counts more than an earlier [path.child]
        self.at = self.text.find("]", self.at) + (2 if many else 1)
        return path

    def _resolved(self, path: Path) -> Path:
        """A header below an array of tables means its last element."""
        whole: Path = ()
        for name in path[:-1]:
            whole = (*whole, name)
            if whole in self.arrays:
                whole = (*whole, str(self.arrays[whole]))
        return (*whole, path[-1])

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            parts.append(self._key_part())
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _key_part(self) -> str:
        quote = self.text[self.at]
        match = _STRINGS.get(quote, _BARE).match(self.text, self.at)
        assert match is not None, "tomllib accepted a key that is none"
        self.at = match.end()
        if quote == "'":
            return match.group(1)
        return _unescaped(match.group(1)) if quote == '"' else match.group()

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = (*table, *self._key())
        self._note(path, line)
        self.at += 1  # "="
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        if self.text.startswith("[", self.at):
            self._array(path)
        elif self.text.startswith("{", self.at):
            self._inline_table(path)
        else:
            self._scalar()

    def _scalar(self) -> None:
        for quote, pattern in _STRINGS.items():
            if self.text.startswith(quote, self.at):
                self._skip(pattern)
                return
        self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text.startswith("]", self.at):
                self.at += 1
                return
            self.found.setdefault((*path, str(index)), self._line())
            self._value((*path, str(index)))
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
            index += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self.text.startswith("}", self.at):
                self.at += 1
                return
            self._pair(path)
            self._skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    import tomllib

    return str(tomllib.loads(f'x = "{text}"')["x"])
