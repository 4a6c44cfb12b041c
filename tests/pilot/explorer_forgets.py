"""What the explorer may forget of each part: values that are written before they are read again.

That they decide nothing is compared by Explorer.compare_aliases.
"""

from __future__ import annotations

from typing import Any

from evsed.pilot.iec61851 import LEAST
from explorer import OVER, Forget
from explorer_variants import BOARD, Variant

SETTINGS_OF_MACHINE = ("table", "_minus_by_fault", "_minus_by_wake", "_wake_up_after")
PARTS_OF_RULES = (
    "cable", "contactor", "has_lock", "limits", "lock", "machine", "phases", "selftest", "supervisor", "reason",
)  # fmt: skip


def fixed(**values: Any) -> Forget:
    """These are written in each step before they are read: what they were is dead."""
    return lambda state: state.update(values)


def in_rules(variant: Variant) -> Forget:
    def forget(state: dict[str, Any]) -> None:
        # Written in each step before they are read.
        state.update(amps=0.0, _found=0, faults=(), _warned=0, warnings=())
        state["_was"] = "A" if state["_was"] == "A" else "B"  # whether it was A is all that is asked
        if variant.simple >= BOARD:
            state.update(simplified=False, _was="A")
        if variant.module == "none":
            state["_had_plug"] = False  # only a test asks

    return forget


def in_permit(variant: Variant) -> Forget:
    others_ask = variant.has_lock or variant.relay  # also when nothing is plugged

    def forget(state: dict[str, Any]) -> None:
        state.update(amps=0.0, at_once=False, live=False)  # written in each step before they are read
        if state["_permitted"] >= LEAST:
            state["_now"] = False
        if state["_permitted"] < LEAST or not variant.go_on:
            state["gone_until"] = OVER
        if not state["plugged"]:
            state["mine"] = False  # so it is for the next plug
        if not state["mine"] and not others_ask:
            state.update(_permitted=0.0, _now=False, _locked=False, phases=None, lease_until=OVER, gone_until=OVER)
        if not variant.relay:
            state["phases"] = None

    return forget


def in_lock(variant: Variant) -> Forget:
    feedback = None not in variant.looks.get("locked", (None,))
    return fixed(blind_until=OVER) if feedback else fixed(retry_after=OVER)  # the other one is asked


def in_contactor(state: dict[str, Any]) -> None:
    state.update(open_after=OVER, _commanded=False)  # the mirror contact is asked instead


def in_memory(variant: Variant) -> Forget:
    def forget(state: dict[str, Any]) -> None:
        state["was"] = "A" if state["was"] == "A" else "B"
        if variant.simple >= BOARD:
            state.update(simple=False, was="A")
        state["mine"] = state["mine"] and state["plugged"]
        if not state["mine"]:
            state.update(amps=0.0, phases=3, at_once=False)
        if state["amps"] >= LEAST:
            state["at_once"] = False

    return forget


def in_machine(table: Any, variant: Variant) -> Forget:
    amps = {amps for amps, *_ in variant.permits if amps >= LEAST}
    steady = len(amps) == 1 and not variant.go_on and variant.simple >= BOARD and "ohms" not in variant.looks

    def forget(state: dict[str, Any]) -> None:
        row = state["row"]
        if "grace over" not in table[row]:
            state["grace_until"] = OVER  # written on entering those rows
        if row != "F":
            state["held_until"] = OVER  # written on entering F
        if not state["duty"] or (steady and not variant.relay):
            state["raise_after"] = OVER  # written with each offer
        if variant.wake_up == "off":
            state["_woken"] = False

    return forget
