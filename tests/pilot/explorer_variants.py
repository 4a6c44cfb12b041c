"""The hardware, alphabets and settings under which all rules together are explored.

What keeps the product small, and why that leaves nothing out:
- one device a variant is free: devices meet in the machine only, through `faults`, `amps` and `proven_open`, and the
  machine alone is explored under every such input, as each device is (explorer_machine, explorer_parts);
- one current but for the first two variants, which have 16 A, 8 A and 6 A (going on), and 10 A (simplified);
- the diode is always proven where a device is what is explored; the first six variants have it free;
- D and E are left out beside devices that do not look at the letter (FEW): they open as A and B do, by a letter.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

BOARD, FAILSAFE, SIMPLE = 32.0, 6.0, 10.0  # A


@dataclass(frozen=True)
class Variant:
    """One kind of hardware, and the alphabet that is free in it; what is not named is at rest.

    `looks`: field of Look to its values; `closed`: how the contactor's driver may answer, see World.obey.
    """

    name: str
    looks: dict[str, tuple[Any, ...]]
    permits: tuple[tuple[float, int, bool, str], ...] = ((16.0, 3, True, "grace"), (0.0, 3, True, "grace"))
    acts: tuple[str, ...] = ("acknowledge",)
    ventilated: bool = False
    state_f: bool = True
    wake_up: str = "off"
    go_on: float = 0.0
    simple: float = BOARD  # A, for a vehicle without S2
    has_lock: bool = False
    unlock_idle: bool = True
    module: str = "none"
    relay: bool = False
    per_day: int = 2
    latched: tuple[str, ...] = ()
    disobeys: bool = False  # the contactor's driver may fail, or the guard not let it close
    rest: dict[str, Any] = field(default_factory=dict)  # of Look, while nothing is wrong


LETTERS = ("A", "B", "C", "D", "E")
BASE: dict[str, tuple[Any, ...]] = {"letter": LETTERS, "proven": (False, True)}
GOOD: dict[str, tuple[Any, ...]] = {"letter": LETTERS}
FEW: dict[str, tuple[Any, ...]] = {"letter": ("A", "B", "C")}  # see brief
PROVEN = {"proven": True}  # always: whether it is has its own variants
INF = float("inf")
NONE_0 = (0.0, 3, True, "grace")
NOW_0 = (0.0, 3, True, "now")
A16 = (16.0, 3, True, "grace")
A8 = (8.0, 3, True, "grace")
OPEN_0 = (0.0, 3, False, "grace")
ONE = (32.0, 1, True, "grace")
STEADY = (A16, NONE_0, NOW_0)
ACK_WAKE = ("acknowledge", "wake")
RICH: dict[str, Any] = {
    "permits": (A16, A8, NONE_0, NOW_0),
    "acts": ACK_WAKE,
    "wake_up": "F",
    "go_on": 900.0,
    "simple": SIMPLE,
}
CONTACTOR = {"contrary": (False, True), "troubles": ((), ("contactor",))}
LOCKED = {"locked": (False, True)}
TRIPPED = {"tripped": (False, True, None)}
RELAY = {"relay": (False, True)}

VARIANTS: dict[str, Variant] = {
    v.name: v
    for v in (
        Variant("ventilated", {**BASE, "heard_a": (True, False)}, ventilated=True, **RICH),
        Variant("no ventilation", {**BASE, "broken": (False, True)}, **RICH),
        Variant("no state F", {**BASE, "too_hot": (False, True)}, STEADY, ACK_WAKE, state_f=False, wake_up="F"),
        Variant("woken by X1", {**BASE, "too_hot": (False, True)}, STEADY, ACK_WAKE, wake_up="X1"),
        Variant("mirror", {**BASE, **CONTACTOR}, STEADY, disobeys=True),
        Variant("no mirror", {**BASE, "stalled": (False, True), "troubles": ((), ("contactor",))}, STEADY,
                disobeys=True),
        Variant("inputs", {**BASE, "emergency": (False, True),
                           "troubles": ((), ("pilot line",), ("heartbeat", "plug lock"))}, STEADY),
        Variant("state lost", {**BASE, "emergency": (False, True)}, STEADY, latched=("pilot state lost",)),
        Variant("cable", {**FEW, "ohms": (None, 220.0, 1500.0, INF)}, (A16, NONE_0), rest=PROVEN),
        Variant("bad cable", {**FEW, "ohms": (50.0, 220.0, INF)}, (A16, NONE_0), rest=PROVEN),
        Variant("lock", {**FEW, **LOCKED}, (A16, OPEN_0), ("unlock",), has_lock=True, rest=PROVEN),
        Variant("blind lock", {**FEW, "locked": (None,), "heard_a": (True, False)}, (A16, NONE_0, OPEN_0),
                ("unlock",), has_lock=True, unlock_idle=False, rest=PROVEN),
        Variant("residual current without a test", {**GOOD, **TRIPPED, "troubles": ((), ("safety input",))},
                (A16, NONE_0), rest=PROVEN),
        *(
            Variant(f"residual current, {module}", {**GOOD, "tripped": (False, True)}, (A16,),
                    ("acknowledge", "selftest"), module=module, rest=PROVEN)
            for module in ("RCM14", "RCMB102", "X804")
        ),
        Variant("phase relay", {**FEW, **RELAY}, (A16, ONE, NONE_0), relay=True, rest={"relay": True, **PROVEN}),
        Variant("blind phase relay", {**FEW, "relay": (None,)}, (A16, ONE, NONE_0, NOW_0), relay=True, rest=PROVEN),
    )
}  # fmt: skip

WHOLE = ("ventilated", "no ventilation", "no state F", "woken by X1")  # explored in full wherever tests run


def brief(variant: Variant) -> Variant:
    """The same with a vehicle that knows A, B and C only, for what must be quick: D without ventilation and E open as A
    and B do, by a letter; the variants of WHOLE have them."""
    if variant.name in WHOLE:
        return variant
    return replace(variant, looks={**variant.looks, "letter": ("A", "B", "C")})


QUICK: dict[str, Variant] = {  # for mutants: each some thousand states
    v.name: v
    for v in (
        Variant("lease", {**FEW, "heard_a": (True, False)}, (A16, NONE_0, NOW_0), ("acknowledge", "wake", "unlock"),
                wake_up="F", go_on=900.0, simple=SIMPLE, rest=PROVEN),
        Variant("letters", {**GOOD, "proven": (False, True), "broken": (False, True)}, (A16,)),
        Variant("ventilated", GOOD, (A16, NOW_0), ventilated=True, rest=PROVEN),
        Variant("mirror", {**FEW, "contrary": (False, True)}, (A16,), disobeys=True, rest=PROVEN),
        Variant("inputs", {**FEW, "emergency": (False, True), "stalled": (False, True), "too_hot": (False, True)},
                (A16,), latched=("pilot state lost",), rest=PROVEN),
        Variant("tripped", {**FEW, **TRIPPED, "troubles": ((), ("safety input",))}, (A16,), rest=PROVEN),
        Variant("cable", {**FEW, "ohms": (220.0, INF)}, (A16,), rest=PROVEN),
        Variant("blind lock", {**FEW, "locked": (None,)}, (A16,), ("unlock",), has_lock=True, rest=PROVEN),
        Variant("blind phase relay", {**FEW, "relay": (None,)}, (A16, ONE), per_day=1, relay=True, rest=PROVEN),
    )
}  # fmt: skip
