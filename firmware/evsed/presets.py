"""The technician's initial values of OCPP keys and variables, as the variables they mean.

Not part of the settings: it reads the device model and the 1.6 key map, which the pilot process must not load.
"""

from __future__ import annotations

from collections.abc import Iterator

from evsed.core.variables import preset_problem
from evsed.ocpp.dialects import v16_keys
from evsed.settings import Settings


def refused(settings: Settings) -> dict[str, str]:
    """What is wrong with which preset, by its name in `settings.ocpp.lines`; empty when all can be used."""
    problems: dict[str, str] = {}
    meant: dict[str, str] = {}
    for origin, variable, value, why in _read(settings):
        other = meant.setdefault(variable.casefold(), origin)
        if why:
            problems[origin] = why
        elif other != origin:
            problems[origin] = f"sets {variable}, as ocpp.{other} does: keep one of them."
        elif found := preset_problem(variable, value):
            problems[origin] = found
    return problems


def variables(settings: Settings) -> dict[str, str]:
    """Variable name -> initial value, of presets that were not refused, and of options that are such."""
    own = {"RandomisedDelayCtrlr.MaxDelay": str(settings.supervision.random_delay)}
    return own | {variable: value for _, variable, value, why in _read(settings) if not why}


def _read(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """(name in the file, variable, value, why it cannot be) of each preset."""
    for key, value in settings.ocpp.keys.items():
        try:
            yield (f"keys.{key}", *v16_keys.preset(key, value), "")
        except ValueError as error:
            yield f"keys.{key}", key, value, str(error)
    for name, value in settings.ocpp.variables.items():
        yield f"variables.{name}", name, value, ""
