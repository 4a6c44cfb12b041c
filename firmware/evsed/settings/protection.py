"""What must hold between the options that protect wiring, car and grid, one function a rule."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from evse_drivers import registry

from .filling import Findings
from .lines import Path
from .outlet import EvseSettings
from .parts import SOFTWARE_ONLY, UNSUPERVISED
from .whole import Settings

PEN_EVERY = 1.0  # s between two readings; a broken PEN is one after 4 s (core/voltage.py), open within 5
LEAST = 6.0  # A, IEC 61851-1 table A.7: the smallest current that a duty cycle can offer


def check(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Note every rule that the settings break. Parts that could not be read are not there; `document` has them."""
    tables = document.get("evse", {})
    for evse in settings.evses:
        table = tables.get(str(evse.id), {}) if isinstance(tables, Mapping) else {}
        if "board" in table:
            _board(evse, findings)
            continue  # for the rest it watches itself
        for rule in (_residual_current, _levels, _wake_up, _phase_relay):
            rule(evse, table, findings)
    _heartbeat(settings, document, findings)
    _heat(settings, findings)
    _grid(settings, findings)
    _pen(settings, document, findings)


def _board(evse: EvseSettings, findings: Findings) -> None:
    """A board without a watchdog goes on when the station dies: something else must end that, or somebody say so."""
    board, path = evse.board, (*_path(evse), "board")
    if board is None:
        return
    if board.fallback is not None and board.fallback > evse.max_current:
        text = f"must not be above this outlet's max_current, {evse.max_current:g} A: the board falls back to it."
        findings.refuse((*path, "failsafe"), text, board.fallback)
    alone = getattr(registry.find("board", board.part.driver), "alone", "")
    if alone:
        findings.warn((*path, "driver"), f"is not watched by evsed all the time: {alone}.", board.part.driver)
    if not board.keeps_current:
        return
    if board.nobody_watches and not board.unsupervised:
        text = (
            "keeps its last current when evsed dies or the line to it breaks: nobody would end the charge. Say in "
            "off_path what hardware switches it off then (a relay in its supply that a watchdog on the line drops, for "
            "example), or accept it: unsupervised = true."
        )
        findings.refuse((*path, "driver"), text, board.part.driver)
    elif board.nobody_watches:
        findings.warn((*path, "unsupervised"), f"means: {UNSUPERVISED}.", board.unsupervised)


def _residual_current(evse: EvseSettings, table: Mapping[str, Any], findings: Findings) -> None:
    """Its trip must cut the coil in hardware: software only mirrors it, and may hang."""
    path = (*_path(evse), "rcd")
    if "rcd" not in table:
        text = (
            "has no rcd: residual current is not watched by evsed. The installation must bring a type B RCD, or the "
            "board an RDC-DD."
        )
        findings.warn(_path(evse), text)
    if evse.rcd is None:
        return
    rcd = evse.rcd
    if not rcd.cuts_coil and rcd.software_only != SOFTWARE_ONLY:
        text = (
            "needs in writing that you know what it means: a software that hangs leaves the vehicle on a current to "
            f'earth. Wire the trip into the coil\'s circuit, or add to this table: software_only = "{SOFTWARE_ONLY}".'
        )
        findings.refuse((*path, "cuts_coil"), text, rcd.cuts_coil)
    if rcd.module == "none":
        findings.warn((*path, "module"), "has no test input: whether it still trips is never tested.", rcd.module)


def _levels(evse: EvseSettings, table: Mapping[str, Any], findings: Findings) -> None:
    if evse.pilot_levels != "resistance" or evse.pilot is None:
        return
    if not getattr(registry.find(evse.pilot.kind, evse.pilot.driver), "both_peaks", False):
        text = (
            f"needs a line that sees both peaks of the pilot; the driver {evse.pilot.driver} sees the upper one only. "
            'Use "volts".'
        )
        findings.refuse((*_path(evse), "pilot_levels"), text, evse.pilot_levels)


def _wake_up(evse: EvseSettings, table: Mapping[str, Any], findings: Findings) -> None:
    if evse.wake_up == "F" and not evse.state_f:
        text = 'puts out -12 V, which state_f = false forbids. Use "X1" or "off".'
        findings.refuse((*_path(evse), "wake_up"), text, evse.wake_up)


def _phase_relay(evse: EvseSettings, table: Mapping[str, Any], findings: Findings) -> None:
    if "phase_relay" in table and evse.phases == 1:
        text = "needs an outlet of three phases: phases = 1 leaves it nothing to switch."
        findings.refuse((*_path(evse), "phase_relay"), text)


def _heartbeat(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    if "heartbeat" not in document and any(evse.pilot is not None for evse in settings.evses):
        text = (
            "is missing: when the controller dies with its pins held, nothing opens the contactor. Use a board with "
            "a hardware enable that wants to see a pin moving."
        )
        findings.warn(("heartbeat",), text)


def _heat(settings: Settings, findings: Findings) -> None:
    rules, path = settings.supervision, ("supervision",)
    if any(later <= earlier for earlier, later in pairwise(rules.derate_at)):
        findings.refuse((*path, "derate_at"), "must rise from step to step.", rules.derate_at)
    elif rules.derate_at and rules.derate_at[-1] >= rules.stop_at:
        text = f"must stay below stop_at, {rules.stop_at:g} °C."
        findings.refuse((*path, "derate_at"), text, rules.derate_at)


def _grid(settings: Settings, findings: Findings) -> None:
    rules, path = settings.supervision, ("supervision",)
    if 0 < rules.overvoltage <= 100:
        text = "must be above 100 %, or 0 for never: the supply would always be too high."
        findings.refuse((*path, "overvoltage"), text, rules.overvoltage)
    if 0 < rules.highest_frequency <= rules.lowest_frequency:
        text = f"must be above lowest_frequency, {rules.lowest_frequency:g} Hz, or 0 for never."
        findings.refuse((*path, "highest_frequency"), text, rules.highest_frequency)
    if 0 < rules.max_unbalance < LEAST:
        text = f"lets no vehicle charge on one phase: {LEAST:g} A is the least that can be offered."
        findings.warn((*path, "max_unbalance"), text, rules.max_unbalance)


def _pen(settings: Settings, document: Mapping[str, Any], findings: Findings) -> None:
    """Only a meter that is read often enough sees it in time."""
    tables = document.get("evse", {})
    for evse in settings.evses if settings.supervision.pen_fault else ():
        every = getattr(evse.meter and evse.meter.settings, "every", None) or 1.0
        if evse.meter is None and "meter" not in tables.get(str(evse.id), {}):
            text = "has no meter: pen_fault sees nothing there, and a broken PEN leaves the housing live."
            findings.warn(_path(evse), text)
        elif every > PEN_EVERY:
            text = (
                f"is too seldom for pen_fault: above {PEN_EVERY:g} s a broken PEN is not answered within 5 s "
                "(BS 7671 722.411.4.1)."
            )
            findings.warn((*_path(evse), "meter", "every"), text, every)


def _path(evse: EvseSettings) -> Path:
    return ("evse", str(evse.id))
