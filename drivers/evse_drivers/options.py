"""Declares an option of a config file once: its default, unit, bounds and the help a technician reads.

Settings are frozen dataclasses whose fields are made by `option`; the loader (evsed.settings) checks values against
the type hint and this declaration, and the reference manual is printed from it.
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """What the loader and the manual know of one option besides its name and type."""

    help: str
    unit: str = ""  # A, s, min, ms ... as the technician reads it
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    example: Any = None  # for the manual, where the default says nothing
    secret: bool = False  # never shown


def option(default: Any = dataclasses.MISSING, *, help: str, **facts: Any) -> Any:
    """A dataclass field that carries an `Option`. Without `default` the option is required."""
    metadata = {"option": Option(help, **facts)}
    if isinstance(default, (list, dict)):
        raise TypeError("use a tuple or a default_factory: settings are frozen")
    return dataclasses.field(default=default, metadata=metadata, repr=not metadata["option"].secret)


def declared(field: dataclasses.Field[Any]) -> Option:
    """The declaration behind a settings field."""
    return field.metadata["option"]  # type: ignore[no-any-return]
