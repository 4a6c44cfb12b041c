"""Dataclasses of the model to JSON values and back, led by their type hints.

Unions of dataclasses carry their class name under "is". Unknown fields in old or newer data are ignored and
absent ones take their default, so that a row written by another release can still be read.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any


class CodecError(ValueError):
    """The JSON value does not fit the type; the text names the field."""


def dump(thing: Any) -> Any:
    """JSON values of a dataclass, enum, tuple or plain value. Fields at their default are left out."""
    if isinstance(thing, Enum):
        return thing.value
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        body = {"is": type(thing).__name__}
        for field in dataclasses.fields(thing):
            value = getattr(thing, field.name)
            if field.default is dataclasses.MISSING or value != field.default:
                body[field.name] = dump(value)
        return body
    if isinstance(thing, (list, tuple)):
        return [dump(item) for item in thing]
    if isinstance(thing, dict):
        return {key: dump(value) for key, value in thing.items()}
    return thing


def load(kind: Any, data: Any) -> Any:
    """The value of type `kind` that `data` stands for; raises CodecError."""
    try:
        return _loader(kind)(data)
    except _Misfit as misfit:
        raise CodecError(str(misfit)) from None


Load = Callable[[Any], Any]


class _Misfit(Exception):
    """What does not fit, and where; the place is put together on the way up, so that a good value costs nothing."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what, self.where = what, where

    def within(self, place: str) -> _Misfit:
        """The same, seen from one level up."""
        dot = "." if self.where and not self.where.startswith("[") else ""
        return _Misfit(self.what, f"{place}{dot}{self.where}")

    def __str__(self) -> str:
        return f"{self.where or 'value'}: {self.what}"


@cache
def _loader(kind: Any) -> Load:
    """Made once for each type: a queue of months is read through it."""
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return lambda data: data
    if origin is typing.Union or origin is types.UnionType:
        return _union(typing.get_args(kind))
    if origin is tuple:
        args = typing.get_args(kind)
        return _list(_loader(args[0])) if args[1:] == (Ellipsis,) else _items([_loader(arg) for arg in args])
    if origin is typing.Literal:
        return _literal(typing.get_args(kind))
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, Enum):
        return _enum(kind)
    return _number if kind is float else _plain(kind)


def _plain(kind: type) -> Load:
    def load(data: Any) -> Any:
        if type(data) is not kind:  # True is no int
            raise _Misfit(f"expected {kind.__name__}, found {data!r}")
        return data

    return load


def _number(data: Any) -> float:
    if type(data) is float:
        return data
    if type(data) is not int:
        raise _Misfit(f"expected float, found {data!r}")
    try:
        return float(data)
    except OverflowError:
        raise _Misfit(f"expected float, found a number of {len(str(data))} digits") from None


def _enum(kind: type[Enum]) -> Load:
    members = {member.value: member for member in kind}

    def load(data: Any) -> Any:
        try:
            return members[data]
        except (KeyError, TypeError):
            raise _Misfit(f"{data!r} is not a valid {kind.__name__}") from None

    return load


def _literal(words: tuple[Any, ...]) -> Load:
    def load(data: Any) -> Any:
        if data not in words:
            raise _Misfit(f"{data!r} is none of {words}")
        return data

    return load


def _list(item: Load) -> Load:
    def load(data: Any) -> Any:
        if not isinstance(data, list):
            raise _Misfit(f"expected a list, found {data!r}")
        try:
            return tuple([item(one) for one in data])
        except _Misfit:
            return _items([item] * len(data))(data)  # raises it again, with its place

    return load


def _items(items: list[Load]) -> Load:
    def load(data: Any) -> Any:
        if not isinstance(data, list):
            raise _Misfit(f"expected a list, found {data!r}")
        if len(data) != len(items):
            raise _Misfit(f"expected {len(items)} items, found {len(data)}")
        values = []
        for number, (item, one) in enumerate(zip(items, data, strict=True)):
            try:
                values.append(item(one))
            except _Misfit as misfit:
                raise misfit.within(f"[{number}]") from None
        return tuple(values)

    return load


def _dataclass(kind: Any) -> Load:
    hints = typing.get_type_hints(kind)
    fields = [(field.name, _loader(hints[field.name])) for field in dataclasses.fields(kind)]
    missing = dataclasses.MISSING
    required = {f.name for f in dataclasses.fields(kind) if f.default is missing and f.default_factory is missing}

    def load(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit(f"expected a {kind.__name__}, found {data!r}")
        values = {}
        for name, field in fields:
            if name in data:
                try:
                    values[name] = field(data[name])
                except _Misfit as misfit:
                    raise misfit.within(name) from None
            elif name in required:
                raise _Misfit("is missing", name)
        return kind(**values)

    return load


def _union(kinds: tuple[Any, ...]) -> Load:
    optional = type(None) in kinds
    loaders = [_loader(kind) for kind in kinds if kind is not type(None)]
    named = {kind.__name__: _loader(kind) for kind in kinds if isinstance(kind, type) and kind is not type(None)}

    def load(data: Any) -> Any:
        if data is None and optional:
            return None
        if isinstance(data, dict) and "is" in data:
            if not isinstance(data["is"], str) or data["is"] not in named:
                raise _Misfit(f"{data['is']!r} is none of the expected kinds")
            return named[data["is"]](data)
        problems = []
        for one in loaders:
            try:
                return one(data)
            except _Misfit as misfit:
                problems.append(misfit)
        if not problems:
            raise _Misfit(f"{data!r} does not fit")
        raise _Several(problems)

    return load


class _Several(_Misfit):
    """What each kind of a union had against it."""

    def __init__(self, problems: list[_Misfit]) -> None:
        super().__init__("")
        self.problems = problems

    def within(self, place: str) -> _Misfit:
        return _Several([problem.within(place) for problem in self.problems])

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))
