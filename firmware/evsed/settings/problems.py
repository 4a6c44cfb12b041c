"""What is wrong with a config file, as the technician reads it: all problems at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_WIDEST = 44  # characters of "key = value" that are still aligned


@dataclass(frozen=True, slots=True)
class Problem:
    """One of them. `subject` is the key, with its value where there is one; `text` says what is allowed and to do."""

    line: int | None
    subject: str
    text: str


class SettingsError(Exception):
    """The config file cannot be used; str() is the whole text."""

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        count = len(self.problems)
        noun, until = ("problem", "it is") if count == 1 else ("problems", "they are")
        head = f"{path}: {count} {noun}; the pilot stays off until {until} fixed."
        super().__init__("\n".join([head, *table(self.problems)]))


def table(problems: Sequence[Problem]) -> list[str]:
    """One line of text for each, in columns."""
    width = max((len(p.subject) for p in problems if len(p.subject) <= _WIDEST), default=0)
    return [f"{p.line if p.line else '':>3}  {p.subject:<{width}}  {p.text}" for p in problems]


def shown(value: Any) -> str:
    """A value as it is written in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def secret_preset(name: str) -> bool:
    """Whether that OCPP key or variable is a password."""
    return name.lower() == "authorizationkey" or "password" in name.lower()


def near(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?`, or what there is to choose from."""
    import difflib  # only a faulty file needs it

    names = list(known)
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{lowered[close[0]]}"?'
    return f"There are: {', '.join(names)}." if names else "There are none."
