"""Dataclasses of the model to JSON values and back, led by their type hints.

Unions of dataclasses carry their class name under "is". Unknown fields in old or newer data are ignored and
absent ones take their default, so that a row written by another release can still be read.
"""

from __future__ import annotations

import dataclasses
import types
import typing
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


def load(kind: Any, data: Any, path: str = "") -> Any:
    """The value of type `kind` that `data` stands for; raises CodecError."""
    if kind is Any or kind is object:
        return data
    origin = typing.get_origin(kind)
    if origin is typing.Union or origin is types.UnionType:
        return _load_union(typing.get_args(kind), data, path)
    if origin is tuple:
        return _load_tuple(typing.get_args(kind), data, path)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(data, dict):
            raise CodecError(f"{path or 'value'}: expected a {kind.__name__}, found {data!r}")
        return _load_dataclass(kind, data, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError as error:
            raise CodecError(f"{path or 'value'}: {error}") from None
    if origin is typing.Literal:
        if data not in typing.get_args(kind):
            raise CodecError(f"{path or 'value'}: {data!r} is none of {typing.get_args(kind)}")
        return data
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise CodecError(f"{path or 'value'}: expected {kind.__name__}, found {data!r}")
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _load_dataclass(kind: Any, data: dict[str, Any], path: str) -> Any:
    hints, values = _hints(kind), {}
    for field in dataclasses.fields(kind):
        where = f"{path}.{field.name}" if path else field.name
        if field.name in data:
            values[field.name] = load(hints[field.name], data[field.name], where)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CodecError(f"{where}: is missing")
    return kind(**values)


def _load_tuple(args: tuple[Any, ...], data: Any, path: str) -> Any:
    if not isinstance(data, list):
        raise CodecError(f"{path or 'value'}: expected a list, found {data!r}")
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(load(args[0], item, f"{path}[{i}]") for i, item in enumerate(data))
    if len(args) != len(data):
        raise CodecError(f"{path or 'value'}: expected {len(args)} items, found {len(data)}")
    return tuple(load(arg, item, f"{path}[{i}]") for i, (arg, item) in enumerate(zip(args, data, strict=True)))


def _load_union(args: tuple[Any, ...], data: Any, path: str) -> Any:
    if data is None and type(None) in args:
        return None
    if isinstance(data, dict) and "is" in data:
        for arg in args:
            if isinstance(arg, type) and arg.__name__ == data["is"]:
                return load(arg, data, path)
        raise CodecError(f"{path or 'value'}: {data['is']!r} is none of the expected kinds")
    problems = []
    for arg in args:
        if arg is type(None):
            continue
        try:
            return load(arg, data, path)
        except CodecError as error:
            problems.append(str(error))
    raise CodecError("; ".join(problems) or f"{path or 'value'}: {data!r} does not fit")
