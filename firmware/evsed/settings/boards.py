"""Boards as data: what a known board brings to evsed.toml, laid under what the technician has written.

A board file is a piece of evsed.toml (its parts, its nameplate, what it can carry) with three keys more: `title`,
`[limits]`, which the technician's file must keep, and `[pins]`, what each GPIO pin of it is used for. The technician's
value goes before the board's, key by key; another `driver` in a part's table replaces the whole part, and `false`
in the place of a part says that it is not fitted.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .filling import Findings
from .parts import PARTS, Part
from .problems import near

if TYPE_CHECKING:
    from .whole import Settings

FOLDER = "/etc/evsed/boards"
_PACKAGE = Path(__file__).parent.parent / "boards"  # in the wheel
SHIPPED = _PACKAGE if _PACKAGE.is_dir() else Path(__file__).parents[3] / "config" / "boards"  # else in the repository

# What tomllib says of neither as it says of the rest.
BEYOND = "has a number of thousands of digits, or hundreds of nested brackets. Correct it."

LIMITS = {"max_current": (int, float), "phases": (int,), "evses": (int,)}


@dataclass(frozen=True, slots=True)
class Board:
    """A board that evsed knows."""

    name: str
    title: str
    path: str
    max_current: float | None  # A per phase and outlet
    phases: int | None
    evses: int | None
    pins: Mapping[int, str]  # GPIO (BCM number): what the board uses it for


def lay_under(
    document: Mapping[str, Any], findings: Findings, elsewhere: str = ""
) -> tuple[Mapping[str, Any], Board | None]:
    """The document with its board's below it, and that board; the document as it is where it names none.

    `elsewhere`: a folder whose boards go before all others.
    """
    station = document.get("station")
    name = station.get("board", "") if isinstance(station, Mapping) else ""
    folder = station.get("boards", FOLDER) if isinstance(station, Mapping) else FOLDER
    if not isinstance(name, str) or not name or not isinstance(folder, str):
        return document, None  # of another type: said where [station] is read
    known = available(folder) | (available(elsewhere) if elsewhere else {})
    if name not in known:
        text = f"is no board that evsed knows. {near(name, known)} Your own go into {folder}."
        findings.refuse(("station", "board"), text, name)
        return document, None
    path = known[name]
    try:
        board = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        findings.refuse(("station", "board"), f"cannot be used: {path}: {error}.", name)
        return document, None
    except (ValueError, RecursionError):
        findings.refuse(("station", "board"), f"cannot be used: {path}: {BEYOND}", name)
        return document, None
    problems = list(_problems(board))
    if problems:
        findings.refuse(("station", "board"), f"cannot be used: {path}: {' '.join(problems)}", name)
        return document, None
    limits = board.pop("limits", {})
    pins = {int(pin): what for pin, what in board.pop("pins", {}).items()}
    title = board.pop("title")
    known_board = Board(
        name, title, str(path), limits.get("max_current"), limits.get("phases"), limits.get("evses"), pins
    )
    return _laid(board, document), known_board


def not_alone(name: str) -> str:
    """Why the file of board `name` cannot be used as an evsed.toml."""
    return (
        f'makes this a board\'s file, which is not used by itself. In evsed.toml: [station] board = "{name}". Boards '
        f"of your own go into {FOLDER}."
    )


def available(folder: str) -> dict[str, Path]:
    """All boards by name, those of `folder` (the integrator's) before ours."""
    paths = [*sorted(SHIPPED.glob("*.toml")), *sorted(Path(folder).glob("*.toml"))]
    return {path.stem: path for path in paths}


def _problems(board: Mapping[str, Any]) -> list[str]:
    found = []
    if not isinstance(board.get("title"), str):
        found.append('title is missing: what it is called, like "Heidelberg Energy Control".')
    limits, pins = board.get("limits", {}), board.get("pins", {})
    for name, value in limits.items() if isinstance(limits, Mapping) else [("", None)]:
        if isinstance(value, bool) or not isinstance(value, LIMITS.get(name, ())):
            found.append(f"[limits] {name} is unknown or no number. There are: {', '.join(LIMITS)}.")
    for pin, what in pins.items() if isinstance(pins, Mapping) else [("", None)]:
        if not (re.fullmatch("[0-9]{1,2}", pin) and int(pin) < 28 and isinstance(what, str)):
            found.append(f'[pins] {pin} is no line like 17 = "contactor": GPIO 0 to 27, and what it is used for.')
    return found


def _laid(below: Mapping[str, Any], above: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    laid = dict(below)
    for name, value in above.items():
        under = laid.get(name)
        if value is False and isinstance(under, Mapping) and _is_part((*path, name)):
            del laid[name]
        elif isinstance(value, Mapping) and isinstance(under, Mapping):
            other = "driver" in value and value["driver"] != under.get("driver")
            laid[name] = value if other else _laid(under, value, (*path, name))
        else:
            laid[name] = value
    return laid


def _is_part(path: tuple[str, ...]) -> bool:
    return path == ("heartbeat",) or path[0] in ("reader", "thermometer", "button", "light", "bus") or path[-1] in PARTS


def check(settings: Settings, written: Mapping[str, Any], parts: Iterable[Part], findings: Findings) -> None:
    """Note what goes beyond the board. `written` is the technician's file alone, `parts` all hardware but the buses."""
    board = settings.board
    if board is None:
        return
    if board.evses is not None and len(settings.evses) > board.evses:
        text = f"board {board.name} has {board.evses} outlet{'s' if board.evses > 1 else ''} only."
        findings.refuse(("evse", str(settings.evses[-1].id)), text)
    for evse in settings.evses:
        path = ("evse", str(evse.id))
        if board.max_current is not None and evse.max_current > board.max_current:
            text = f"board {board.name} carries at most {board.max_current:g} A."
            findings.refuse((*path, "max_current"), text, evse.max_current)
        if board.phases is not None and evse.phases > board.phases:
            findings.refuse((*path, "phases"), f"board {board.name} has {board.phases}.", evse.phases)
    for part in parts:
        if "driver" in _table(written, part.where):  # else the board itself has it there
            for pin, what in board.pins.items():
                if f"GPIO {pin}" in part.claims:
                    text = f"GPIO {pin} is not free: on board {board.name} it is {what}. Use another pin."
                    findings.refuse(tuple(part.where.split(".")), text)


def _table(document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    table: Any = document
    for name in where.split("."):
        table = table.get(name, {}) if isinstance(table, Mapping) else {}
    return table if isinstance(table, Mapping) else {}
