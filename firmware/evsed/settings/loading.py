"""Reads evsed.toml into Settings."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from evse_drivers import registry
from evse_drivers.api import DriverError

from . import boards, rules
from .cards import CardSettings
from .filling import Findings, fill, options_of
from .lines import Path, lines
from .outlet import EvseSettings
from .parts import (
    PARTS,
    BoardSettings,
    ButtonSettings,
    HeartbeatSettings,
    LightSettings,
    Part,
    RcdSettings,
    ReaderSettings,
    ThermometerSettings,
)
from .problems import Problem, SettingsError, near, secret_preset, shown
from .station import LeaseSettings, OcppSettings, StationSettings
from .supervision import SupervisionSettings
from .whole import Settings

TABLES = (
    "station",
    "ocpp",
    "lease",
    "supervision",
    "bus",
    "heartbeat",
    "evse",
    "reader",
    "thermometer",
    "button",
    "light",
    "cards",
)

# Parts of an outlet with options of ours beside their driver's.
BESIDE = {"rcd": RcdSettings, "board": BoardSettings}


# Says which presets the device model does not take: {"keys.HeartbeatIntervall": "is no OCPP 1.6 key. Did you ..."};
# names as in OcppSettings.lines. See evsed.presets.
PresetCheck = Callable[[Settings], Mapping[str, str]]


def load(path: str | FilePath, presets: PresetCheck | None = None, boards_first: str = "") -> Settings:
    """The settings in that file; raises SettingsError whose text names all problems, each with its line.

    The station passes `evsed.presets.refused`; the pilot process, which has no use for presets, passes nothing.
    `boards_first`: a folder whose board files go before all others.
    """
    name = str(path)
    text = _text(name)
    try:
        document = tomllib.loads(text)
        findings = Findings(lines(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(name, [_syntax(text, str(error))]) from None
    except (ValueError, RecursionError):
        raise SettingsError(name, [Problem(None, "the file", boards.BEYOND)]) from None
    if isinstance(document.get("title"), str):  # which no other table of evsed.toml is
        findings.refuse(("title",), boards.not_alone(FilePath(name).stem), document["title"])
        raise SettingsError(name, findings.problems)
    whole, board = boards.lay_under(document, findings, boards_first)
    if findings.problems:  # without its board the rest cannot be judged
        raise SettingsError(name, findings.problems)
    settings = _Reading(name, whole, findings).settings(board, document)
    for preset, why in presets(settings).items() if presets else ():
        _, _, key = preset.partition(".")
        table = "keys" if preset.startswith("keys.") else "variables"
        findings.refuse(("ocpp", table, key), why, _preset(whole["ocpp"][table], key))
    if findings.problems:
        raise SettingsError(name, findings.problems)
    return dataclasses.replace(settings, warnings=tuple(findings.warnings))


def _preset(table: Mapping[str, Any], key: str) -> Any:
    """Its value as it stands in the file, be the name in quotes or not."""
    value: Any = table
    for part in [key] if key in table else key.split("."):
        value = value[part]
    return "..." if secret_preset(key) else value


def _text(name: str) -> str:
    try:
        return FilePath(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        why = "there is no such file. Copy config/evsed.toml there and adapt it, or name another one with -c FILE."
    except IsADirectoryError:
        why = "is a folder. Name the file in it."
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(name, [Problem(line, "the file", "is not UTF-8 text. Save the file as UTF-8.")]) from None
    except OSError as error:
        why = f"cannot be read: {error.strerror}. It must be readable for the user that evsed runs as."
    raise SettingsError(name, [Problem(None, "the file", why)])


def _syntax(text: str, error: str) -> Problem:
    """What tomllib says, in the form of our other problems."""
    what, _, place = error.rpartition(" (at ")
    match = re.match(r"line (\d+), column (\d+)", place)
    number = int(match.group(1)) if match else text.count("\n") + 1
    source = text.splitlines()
    content = source[number - 1].strip() if 0 < number <= len(source) else "the end"
    if "password" in content:
        content = "password ..."
    column = f" at column {match.group(2)}" if match else ""
    return Problem(number, content, f"is not TOML{column}: {what or error}. Nothing after it was looked at.")


class _Reading:
    def __init__(self, path: str, document: Mapping[str, Any], findings: Findings) -> None:
        self.path = path
        self.document = document
        self.findings = findings

    def settings(self, board: boards.Board | None, written: Mapping[str, Any]) -> Settings:
        """What could be read of it; `findings` has the rest. `written`: the file without what its board brings."""
        for name in self.document:
            if name not in TABLES:
                self.findings.refuse((name,), f"is not a table of this file. {near(name, TABLES)}")
        station = fill(StationSettings, self._table(("station",)), ("station",), self.findings)
        ocpp = self._ocpp()
        lease = fill(LeaseSettings, self._table(("lease",)), ("lease",), self.findings)
        buses = {name: self._part("bus", ("bus", name)) for name in self._table(("bus",))}
        supervision = fill(SupervisionSettings, self._table(("supervision",)), ("supervision",), self.findings)
        readers = self._named(ReaderSettings, "reader", "reader")
        thermometers = self._named(ThermometerSettings, "thermometer", "thermometer")
        buttons = self._named(ButtonSettings, "input", "button")
        lights = self._named(LightSettings, "switch", "light")
        beat = self._beside(HeartbeatSettings, "switch", ("heartbeat",)) if "heartbeat" in self.document else None
        evses = self._evses(station)
        # Rules that need several parts look at those that are whole; the others have had their problem named.
        settings = Settings(
            self.path,
            station or StationSettings(),
            ocpp or OcppSettings(),
            lease or LeaseSettings(),
            MappingProxyType({name: bus for name, bus in buses.items() if bus is not None}),
            tuple(evse for evse in evses if evse is not None),
            readers,
            thermometers,
            supervision or SupervisionSettings(),
            beat,
            board,
            buttons,
            lights,
            fill(CardSettings, self._table(("cards",)), ("cards",), self.findings) or CardSettings(),
        )
        rules.check(settings, self.document, self.findings)
        boards.check(settings, written, rules.hardware(settings), self.findings)
        return settings

    def _table(self, path: Path) -> Mapping[str, Any]:
        """The table at `path`; empty when it is absent or, with a problem noted, no table."""
        value: Any = self.document
        for name in path:
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
        if isinstance(value, Mapping):
            return value
        self.findings.refuse(path, f"must be a table: [{'.'.join(path)}].", value)
        return {}

    def _ocpp(self) -> OcppSettings | None:
        presets = {kind: self._presets(kind) for kind in ("keys", "variables")}
        found = {f"{kind}.{name}": line for kind, rows in presets.items() for name, (_, line) in rows.items()}
        values = {kind: MappingProxyType({n: v for n, (v, _) in rows.items()}) for kind, rows in presets.items()}
        table = {name: value for name, value in self._table(("ocpp",)).items() if name not in presets}
        filled: OcppSettings | None = fill(
            OcppSettings,
            table,
            ("ocpp",),
            self.findings,
            beside=tuple(presets),
            keys=values["keys"],
            variables=values["variables"],
            lines=MappingProxyType(found),
        )
        return filled

    def _presets(self, kind: str) -> dict[str, tuple[str, int]]:
        """name -> (value as text, line) of [ocpp.keys] or [ocpp.variables]."""
        found: dict[str, tuple[str, int]] = {}

        def collect(path: Path, value: Any) -> None:
            if isinstance(value, Mapping) and kind == "variables":  # TxCtrlr.EVConnectionTimeOut without quotes
                for name, inner in value.items():
                    collect((*path, name), inner)
            elif isinstance(value, (str, int, float)):
                text = value if isinstance(value, str) else shown(value)
                found[".".join(path[2:])] = (text, self.findings.line(path) or 0)
            else:
                self.findings.refuse(path, "must be a text, a number, true or false.", value)

        for name, value in self._table(("ocpp", kind)).items():
            collect(("ocpp", kind, name), value)
        return found

    def _evses(self, station: StationSettings | None) -> list[EvseSettings | None]:
        numbers: dict[int, str] = {}
        for name in self._table(("evse",)):
            if re.fullmatch(r"[1-9][0-9]{0,2}", name):
                numbers[int(name)] = name
            else:
                self.findings.refuse(("evse", name), "must be numbered: [evse.1], [evse.2] and so on.")
        for expected, number in enumerate(sorted(numbers), start=1):
            if number != expected:
                self.findings.refuse(
                    ("evse", str(number)), f"comes without evse.{expected}: number them from 1 without gaps."
                )
                break
        if not numbers:
            self.findings.refuse(("evse",), "is missing: at least one outlet [evse.1] with its pilot and contactor.")
        return [self._evse(number, numbers[number], station) for number in sorted(numbers)]

    def _evse(self, number: int, name: str, station: StationSettings | None) -> EvseSettings | None:
        path = ("evse", name)
        table = dict(self._table(path))
        parts: dict[str, Any] = {
            part: self._beside(BESIDE[part], kind, (*path, part)) if part in BESIDE else self._part(kind, (*path, part))
            for part, kind in PARTS.items()
            if part in table
        }
        if "max_current" not in table and station is not None:
            table["max_current"] = min(32.0, station.max_current)
        own = {key: value for key, value in table.items() if key not in PARTS}
        line = self.findings.line(path) or 0
        filled: EvseSettings | None = fill(
            EvseSettings, own, path, self.findings, beside=tuple(PARTS), id=number, line=line, **parts
        )
        return filled

    def _named(self, kind: type, of: str, table: str) -> Mapping[str, Any]:
        """Those of [table.NAME] that are whole, by name; see `_beside`."""
        found = {name: self._beside(kind, of, (table, name)) for name in self._table((table,))}
        return MappingProxyType({name: its for name, its in found.items() if its is not None})

    def _beside(self, kind: type, of: str, path: Path) -> Any:
        """Options of ours and of a driver (of the kind `of`) in one table; None after noting why not."""
        part = self._part(of, path, beside=tuple(options_of(kind)))
        table = self._table(path)
        own = {key: table[key] for key in options_of(kind) if key in table}
        filled = fill(kind, own, path, self.findings, part=part)
        return filled if part is not None else None

    def _part(self, kind: str, path: Path, beside: tuple[str, ...] = ()) -> Part | None:
        before = len(self.findings.problems)
        table = self._table(path)
        if len(self.findings.problems) > before:
            return None
        if len(path) > 1 and not re.fullmatch(r"[A-Za-z0-9_-]+", path[1]):
            self.findings.refuse(path, "must be named with letters, digits, - and _ only.")
            return None
        driver = table.get("driver")
        if not isinstance(driver, str):
            # Asked for only now: the listing looks at all installed packages, which costs memory.
            known = ", ".join(entry.name for entry in registry.listing() if entry.kind == kind)
            what = "is missing: which driver it is." if driver is None else "must be a text in quotes."
            self.findings.refuse((*path, "driver"), f"{what} There are: {known or 'none of this kind'}.", driver)
            return None
        try:
            found = registry.find(kind, driver)
        except DriverError as error:
            self.findings.refuse((*path, "driver"), str(error), driver)
            return None
        own = {key: value for key, value in table.items() if key != "driver" and key not in beside}
        bus, buses = own.get("bus"), self._table(("bus",))
        if "bus" in options_of(found.Settings) and isinstance(bus, str) and bus not in buses:
            self.findings.refuse((*path, "bus"), f"there is no [bus.{bus}]. {near(bus, buses)}", bus)
        settings = fill(found.Settings, own, path, self.findings, beside=("driver", *beside))
        if settings is None:
            return None
        return Part(kind, driver, settings, ".".join(path), self.findings.line(path) or 0)
