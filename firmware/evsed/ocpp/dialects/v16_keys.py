"""OCPP 1.6 configuration keys as the variables that they are (v16_keys.toml)."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from evsed.model.variables import Attribute, VariableRef

ONLY_HERE = "OCPP16Ctrlr"  # the component of what OCPP 2.x has no variable for
_NAME = re.compile(r"(\w+)(?:\((\d+)\))?\.(\w+)(?:\[(.+)\])?")


@dataclass(frozen=True, slots=True)
class Converter:
    """How a key and its variable write the same value. What cannot be converted reads "", which no variable takes."""

    to_variable: Callable[[str], str]
    to_key: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Key:
    """One row of v16_keys.toml."""

    name: str
    variable: str
    limit: bool = False
    converter: str = "same"

    @property
    def ref(self) -> VariableRef:
        """The variable's name in parts."""
        parts = _NAME.fullmatch(self.variable)
        assert parts is not None, self.variable
        evse = int(parts[2]) if parts[2] else None
        return VariableRef(parts[1], parts[3], variable_instance=parts[4], evse=evse)

    @property
    def asked(self) -> tuple[VariableRef, Attribute]:
        """What a GetVariables asks for this key. MaxSet, which no variable here has, marks that its limit is meant."""
        return self.ref, Attribute.MAX_SET if self.limit else Attribute.ACTUAL


def _password(value: str) -> str:
    """The bytes that 32 to 40 hex digits stand for; the link sends them with the same "surrogateescape"."""
    if not re.fullmatch(r"([0-9a-fA-F]{2}){16,20}", value):
        return ""
    return bytes.fromhex(value).decode("utf-8", "surrogateescape")


_UNITS = {"A": "Current", "W": "Power"}
_WORDS = {word: unit for unit, word in _UNITS.items()}

CONVERTERS: Mapping[str, Converter] = {
    "same": Converter(str, str),
    "hex": Converter(_password, lambda value: value.encode("utf-8", "surrogateescape").hex().upper()),
    "rate units": Converter(lambda value: _each(value, _WORDS), lambda value: _each(value, _UNITS)),
}


def _each(value: str, words: Mapping[str, str]) -> str:
    return ",".join(words.get(item.strip(), "") for item in value.split(","))


@cache
def keys() -> Mapping[str, Key]:
    """Every key by its name, in the order of the file."""
    rows = tomllib.loads(files("evsed.ocpp.dialects").joinpath("v16_keys.toml").read_text("utf-8"))
    return {name: Key(name, **row) for name, row in rows.items()}


@cache
def _spelling() -> Mapping[str, Key]:
    return {name.casefold(): key for name, key in keys().items()}


def find(name: str) -> Key | None:
    """The key of that name, without regard to case."""
    return _spelling().get(name.casefold())


def unknown(name: str) -> VariableRef:
    """What stands for a key that we do not have: the device model does not know it either."""
    return VariableRef(ONLY_HERE, name)


def preset(key: str, value: str) -> tuple[str, str]:
    """The variable and value that a key preset in the config file means; ValueError for the technician."""
    found = find(key)
    if found is None:
        near = difflib.get_close_matches(key, list(keys()), n=1, cutoff=0.6)
        hint = f'Did you mean "{near[0]}"?' if near else '"evsed reference" lists all keys.'
        raise ValueError(f"{key} is no OCPP 1.6 key of this station. {hint}")
    if found.limit:
        raise ValueError(f"{found.name} is a fixed limit of this station and cannot be preset: remove it.")
    return found.variable, CONVERTERS[found.converter].to_variable(value)
