"""Hello, Permit, Do, Refused and Seen as they cross the pilot's Unix socket: one JSON object a line, versioned.

Each line is {"kind": {fields}}. Both sides open with a Hello; version N understands N and N-1. Unknown fields are
ignored, so that a newer peer may add some; a field that is missing, or of the wrong type, refuses the line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from evse_drivers.api import Permit, Seen

VERSION = 1
UNDERSTOOD = (VERSION - 1, VERSION)
LONGEST_LINE = 4096  # bytes


class WireError(ValueError):
    """The line means nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks. The station leaves `boot` and `ceilings` empty."""

    version: int
    digest: str  # of the settings this side has read
    boot: str = ""  # of the pilot process, random
    ceilings: dict[str, float] = field(default_factory=dict)  # EVSE number: A that it can offer at most


@dataclass(frozen=True, slots=True)
class Do:
    """acknowledge, selftest, wake or unlock."""

    evse: int
    act: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The pilot did not take what came: `what` it was, and why."""

    what: str
    why: str


Message = Hello | Permit | Do | Refused | Seen

# name on the wire -> class, and its fields: name, accepted types, whether it may be missing
_NUMBER, _TEXT = (int, float), (str,)
_OPTIONAL = (int, float, type(None))
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": _NUMBER, "str": _TEXT, "bool": (bool,), "How": _TEXT, "float | None": _OPTIONAL,
    "str | None": (str, type(None)), "bool | None": (bool, type(None)), "dict[str, float]": (dict,),
}  # fmt: skip
KINDS: dict[str, type[Any]] = {"hello": Hello, "permit": Permit, "do": Do, "refused": Refused, "seen": Seen}
NAMES = {cls: name for name, cls in KINDS.items()}
_FIELDS = {
    cls: tuple((f.name, _TYPES[str(f.type)], cls is Hello and f.name in ("boot", "ceilings")) for f in fields(cls))
    for cls in KINDS.values()
}
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_loads = json.JSONDecoder().decode


def encode(message: Message) -> bytes:
    """One line, with its end."""
    cls = type(message)
    body = {name: getattr(message, name) for name, _, _ in _FIELDS[cls]}
    return _dumps({NAMES[cls]: body}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line; raises WireError."""
    try:
        whole = _loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a line of JSON: {error}") from None
    if not isinstance(whole, dict) or len(whole) != 1:
        raise WireError(f'expected one object {{"kind": {{...}}}}, found {line[:80]!r}')
    name, body = next(iter(whole.items()))
    if name not in KINDS:
        raise WireError(f'unknown message "{name}"; there are {", ".join(KINDS)}')
    if not isinstance(body, dict):
        raise WireError(f"{name}: expected an object, found {body!r}")
    cls = KINDS[name]
    values = {}
    for key, types, optional in _FIELDS[cls]:
        if key not in body:
            if optional:
                continue
            raise WireError(f"{name}.{key} is missing")
        value = body[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise WireError(f"{name}.{key}: {value!r} is not of the right type")
        try:
            values[key] = float(str(value)) if types is _NUMBER else value
        except OverflowError:
            raise WireError(f"{name}.{key} is too large a number") from None
    message: Message = cls(**values)
    return message
