"""The declarations of variables.toml: what each variable is, and whether a value fits it."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from evsed.model.variables import VariableRef

_NAME = re.compile(r"(?P<component>\w+)(?:\[(?P<ci>[^]]+)\])?\.(?P<variable>\w+)(?:\[(?P<vi>[^]]+)\])?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class ValueProblem(ValueError):
    """The value does not fit the variable; the text says what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One row of variables.toml; the comments at its head tell what the fields mean."""

    name: str
    type: str  # string decimal integer dateTime boolean OptionList SequenceList MemberList
    access: str  # ReadOnly ReadWrite WriteOnly
    help: str
    default: str | None = None  # None: no value until one is set or computed
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int = 0
    pattern: str | None = None  # that a text must match
    members: tuple[str, ...] = ()
    per: str = "station"  # station evse connector
    computed: bool = False
    reconnect: bool = False
    momentary: bool = False
    needs: str | None = None

    def ref(self, evse: int | None = None) -> VariableRef:
        """Its name as OCPP 2.x splits it; `evse` for those that each EVSE or connector has."""
        parts = _NAME.fullmatch(self.name)
        assert parts is not None, self.name
        connector = 1 if self.per == "connector" else None
        return VariableRef(parts["component"], parts["variable"], parts["ci"], parts["vi"], evse, connector)

    def canonical(self, value: str) -> str:
        """`value` as it is kept: trimmed, with the spelling of the members; raises ValueProblem."""
        text = value.strip()
        if self.type == "integer":
            if not _INTEGER.fullmatch(text):
                raise ValueProblem(f"{value!r} is not a whole number{self._bounds()}")
            return str(int(self._bounded(text)))
        if self.type == "decimal":
            if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
                raise ValueProblem(f"{value!r} is not a number{self._bounds()}")
            self._bounded(text)
            return text
        if self.type == "boolean":
            if text.casefold() not in ("true", "false"):
                raise ValueProblem(f"{value!r} is neither true nor false")
            return text.casefold()
        if self.type == "OptionList":
            return self._member(text)
        if self.type in ("MemberList", "SequenceList"):
            return self._list(text)
        size = len(value.encode("utf-8", "surrogateescape"))
        if size < self.min_length or (self.maximum is not None and size > self.maximum):
            raise ValueProblem(f"a text of {size} bytes; {self.min_length} to {self.maximum:g} are allowed")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValueProblem(f"{value!r} is not of the form {self.pattern}")
        return value

    def _bounds(self) -> str:
        if self.minimum is None or self.maximum is None:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        return f"; {self.minimum:g} to {self.maximum:g}{unit} is allowed"

    def _bounded(self, text: str) -> float:
        number = float(text)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= number <= high:
            raise ValueProblem(f"{text} is out of bounds{self._bounds()}")
        return number

    def _member(self, text: str) -> str:
        for member in self.members:
            if member.casefold() == text.casefold():
                return member
        raise ValueProblem(f"{text!r} is none of {', '.join(self.members)}")

    def _list(self, text: str) -> str:
        found = [
            self._member(item.strip()) if self.members else item.strip() for item in text.split(",") if item.strip()
        ]
        if len(set(found)) != len(found):
            raise ValueProblem(f"{text!r} names one of them twice")
        if len(found) < self.min_length:
            raise ValueProblem(f"an empty list; at least one of {', '.join(self.members)} is needed")
        return ",".join(found)


@cache
def declarations() -> dict[str, Declaration]:
    """Every declared variable by its name, in the order of the file."""
    rows = tomllib.loads(files("evsed.core").joinpath("variables.toml").read_text("utf-8"))
    return {name: _declaration(name, row) for name, row in rows.items()}


def _declaration(name: str, row: dict[str, Any]) -> Declaration:
    return Declaration(name, **{**row, "members": tuple(row.get("members", ()))})


def preset_problem(name: str, value: str) -> str | None:
    """What is wrong with presetting `name` to `value`, for the technician; None: nothing."""
    declared = {known.casefold(): row for known, row in declarations().items()}
    row = declared.get(name.casefold())
    if row is None:
        near = difflib.get_close_matches(name, list(declarations()), n=1, cutoff=0.6)
        hint = f'Did you mean "{near[0]}"?' if near else '"evsed reference" lists all variables.'
        return f"{name} is no variable of this station. {hint}"
    if row.momentary:
        return f"{row.name} is a push button and cannot be preset: remove it."
    if row.computed or row.per != "station":
        return f"{row.name} is worked out by the station and cannot be preset: remove it."
    try:
        row.canonical(value)
    except ValueProblem as problem:
        return f"{row.name} = {'***' if row.access == 'WriteOnly' else value}: {problem}."
    return None


def problems(presets: Mapping[str, str]) -> list[str]:
    """Every problem of these presets, in their order."""
    return [text for name, value in presets.items() if (text := preset_problem(name, value))]
