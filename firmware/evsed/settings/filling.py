"""Checks one table of the file against a settings dataclass and makes an instance of it."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from evse_drivers.api import DriverError
from evse_drivers.options import Option, declared

from .lines import Path
from .problems import Problem, near, shown


class Findings:
    """Collects the problems and warnings of one file. A path is the tuple of key names."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def line(self, path: Path) -> int | None:
        """The line of that key, or of the nearest table around it."""
        if path not in self.lines and path[:2] == ("ocpp", "variables"):
            path = (*path[:2], *(part for name in path[2:] for part in name.split(".")))  # written without quotes
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def refuse(self, path: Path, text: str, value: Any = None) -> None:
        """Note a problem with the key at `path`; `value` is what was found there."""
        self.problems.append(Problem(self.line(path), _subject(path, value), text))

    def warn(self, path: Path, text: str, value: Any = None) -> None:
        """Note what is allowed but seldom meant."""
        self.warnings.append(Problem(self.line(path), _subject(path, value), text))


def _subject(path: Path, value: Any) -> str:
    name = ".".join(part if part and "." not in part and " " not in part else f'"{part}"' for part in path)
    return name if value is None else f"{name} = {shown(value)}"


def fill(
    kind: type, table: Mapping[str, Any], path: Path, findings: Findings, beside: tuple[str, ...] = (), **ready: Any
) -> Any:
    """An instance of `kind` from `table`, or None after noting why not.

    `beside` are keys that stand in the same table and are read elsewhere; `ready` are values for fields that are no
    options.
    """
    options = options_of(kind)
    values = dict(ready)
    for name in table:
        if name not in options and name not in beside:
            findings.refuse((*path, name), f"is not an option. {near(name, (*beside, *options))}")
    before = len(findings.problems)  # what is unknown does not keep the rest from being looked at
    for name, field in options.items():
        option, hint = declared(field), hints_of(kind)[name]
        if name in table:
            value = _checked(table[name], hint, option, (*path, name), findings)
            if value is not None:
                values[name] = value
        elif _required(field):
            findings.refuse((*path, name), f"is missing: {option.help.rstrip('.')}.{_example(option)}")
    if len(findings.problems) > before:
        return None
    try:
        return kind(**values)
    except (DriverError, ValueError) as error:  # what the driver's own __post_init__ says
        findings.refuse(path, str(error))
        return None


@cache
def options_of(kind: type) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a settings class that a file may set."""
    return {field.name: field for field in dataclasses.fields(kind) if "option" in field.metadata}


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """The types of a settings class's fields."""
    return typing.get_type_hints(kind)


def type_name(hint: Any) -> str:
    """A type as the technician reads it."""
    hint = _bare(hint)
    if typing.get_origin(hint) is tuple:
        return f"list of {_PLURAL[_item(hint)]}"
    if typing.get_origin(hint) is typing.Literal:
        return type_name(type(typing.get_args(hint)[0]))
    return _SINGULAR[hint]


def allowed(hint: Any, option: Option) -> str:
    """What may stand there: `6 to 80 A`, `"none" or "even"`, `text of 8 to 40 characters`."""
    choices = _choices(hint, option)
    if choices:
        words = [shown(choice) for choice in choices]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    low, high, hint = option.minimum, option.maximum, _bare(hint)
    unit = f" {option.unit}" if option.unit else ""
    if hint in (int, float):
        if low is not None and high is not None:
            return f"{shown(low)} to {shown(high)}{unit}"
        if low is not None:
            return f"{shown(low)}{unit} or more"
        if high is not None:
            return f"{shown(high)}{unit} or less"
        return f"a {type_name(hint)}{f' of{unit}' if unit else ''}"
    if hint is str and high is not None:
        return f"a text of {low or 0:g} to {high:g} characters"
    return f"a {type_name(hint)}"


_SINGULAR = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_PLURAL = {str: "texts", int: "whole numbers", float: "numbers", bool: "true or false"}


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _example(option: Option) -> str:
    return "" if option.example is None else f" For example {shown(option.example)}."


def _bare(hint: Any) -> Any:
    """`X | None` without the None: absence stands for it in a file."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return hint


def _item(hint: Any) -> Any:
    return typing.get_args(hint)[0]


def _choices(hint: Any, option: Option) -> tuple[Any, ...]:
    hint = _bare(hint)
    if option.choices:
        return option.choices
    return typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()


def _checked(value: Any, hint: Any, option: Option, path: Path, findings: Findings) -> Any:
    """The value in its declared type, or None after noting why not."""
    hint = _bare(hint)
    if typing.get_origin(hint) is not tuple:
        why = _why_not(value, hint, option)
        if why:
            findings.refuse(path, why, "..." if option.secret else value)
            return None
        return float(value) if hint is float else value
    if not isinstance(value, list):
        findings.refuse(path, f"must be a {type_name(hint)}, as {shown([value])}.", value)
        return None
    items = dataclasses.replace(option, minimum=None, maximum=None) if _item(hint) is str else option
    reasons = [f"{shown(item)}: {why}" for item in value if (why := _why_not(item, _item(hint), items))]
    if len(set(map(repr, value))) < len(value):
        reasons.append("names something twice.")
    if not value and option.minimum and _item(hint) is str:
        reasons.append(f"must not be empty. Allowed: {allowed(hint, option)}.")
    for reason in reasons:
        findings.refuse(path, reason, value)
    return None if reasons else tuple(value)


def _why_not(value: Any, hint: Any, option: Option) -> str:
    """What keeps a single value from being taken; empty when nothing does."""
    plain = type(typing.get_args(hint)[0]) if typing.get_origin(hint) is typing.Literal else hint
    fits = isinstance(value, (int, float) if plain is float else plain)
    if not fits or (isinstance(value, bool) and plain is not bool):
        return f"must be {allowed(hint, option)}{'' if option.secret else _quotes(value, plain)}."
    choices = _choices(hint, option)
    if choices:
        if value in choices:
            return ""
        hint_near = f" {near(value, choices)}" if isinstance(value, str) else ""
        return f"must be {allowed(hint, option)}." + (hint_near if "Did you" in hint_near else "")
    measure = len(value) if isinstance(value, str) else value
    if isinstance(measure, float) and not math.isfinite(measure):
        return f"must be {allowed(hint, option)}."
    low = option.minimum if option.minimum is not None else -math.inf
    high = option.maximum if option.maximum is not None else math.inf
    if not isinstance(measure, bool) and not low <= measure <= high:
        if isinstance(value, str):
            return f"has {len(value)} characters; must be {allowed(hint, option)}." if value else "must not be empty."
        return f"must be {allowed(hint, option)}."
    return ""


def _quotes(value: Any, plain: type) -> str:
    if plain is str and not isinstance(value, (dict, list)):
        return f", in quotes: {shown(str(value))}"
    if isinstance(value, str) and plain in (int, float, bool):
        return ", without quotes"
    return ""
