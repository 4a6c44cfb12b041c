"""What crosses the pilot's Unix socket, Hello to Health: one JSON object a line, versioned.

Each line is {"kind": {fields}}. Both sides open with a Hello; version N understands N and N-1, and says nothing to a
peer of N-1 that this does not know (version 1: no Measured, Taken, Health). Unknown fields are ignored, so that a newer
peer may add some; one that is missing takes its default, where it has one; else, and where it is of the wrong type, the
line is refused.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from evse_drivers.api import Permit, Seen

VERSION = 2
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
    """One of the acts of a pilot, see Act."""

    evse: int
    act: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The pilot has taken that Do."""

    evse: int
    act: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The pilot did not take what came: `what` it was (permit, an act, or part of the talk), and why."""

    what: str
    why: str
    evse: int = 0  # 0: it was for none


@dataclass(frozen=True, slots=True)
class Measured:
    """What the station's meter says, for the flight recorder only; nothing is decided by it."""

    evse: int
    amps: float  # of the phase that carries most


@dataclass(frozen=True, slots=True)
class Health:
    """How much on time the pilot's loop is, since the process began; told every 10 s."""

    at: float  # s
    realtime: str  # what Linux did not permit, in words; "" if it permitted everything
    gaps: dict[str, int]  # up to so many ms -> how many gaps between two ticks; "more" is the last
    worst_gap_ms: float
    missed: int  # ticks that came later than 50 ms after the one before


Message = Hello | Permit | Do | Measured | Taken | Refused | Seen | Health

# name on the wire -> class, and its fields: name, accepted types, whether it may be missing
_NUMBER, _TEXT = (int, float), (str,)
_OPTIONAL = (int, float, type(None))
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": _NUMBER, "str": _TEXT, "bool": (bool,), "How": _TEXT, "float | None": _OPTIONAL,
    "str | None": (str, type(None)), "bool | None": (bool, type(None)), "dict[str, float]": (dict,),
    "dict[str, int]": (dict,), "int | None": (int, type(None)), "tuple[str, ...]": (list,),
}  # fmt: skip
KINDS: dict[str, type[Any]] = {
    "hello": Hello, "permit": Permit, "do": Do, "measured": Measured, "taken": Taken,
    "refused": Refused, "seen": Seen, "health": Health,
}  # fmt: skip
NAMES = {cls: name for name, cls in KINDS.items()}
_FIELDS = {
    cls: tuple(
        (f.name, _TYPES[str(f.type)], f.default is not MISSING or f.default_factory is not MISSING) for f in fields(cls)
    )
    for cls in KINDS.values()
}
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_loads = json.JSONDecoder().decode


def encode(message: Message) -> bytes:
    """One line, with its end."""
    cls = type(message)
    body = {name: getattr(message, name) for name, _, _ in _FIELDS[cls]}
    return _dumps({NAMES[cls]: body}).encode() + b"\n"


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


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
        value: Any = body[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise WireError(f"{name}.{key}: {value!r} is not of the right type")
        try:
            values[key] = float(str(value)) if types is _NUMBER else _plain(value)
        except OverflowError:
            raise WireError(f"{name}.{key} is too large a number") from None
    message: Message = cls(**values)
    return message
