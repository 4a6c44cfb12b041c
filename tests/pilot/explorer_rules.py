"""The rules of one EVSE in the explorer: hardware of several kinds, all that may come to it, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from evse_drivers.api import Permit
from evsed.pilot.iec61851 import LEAST, TABLE, Machine, without_ventilation
from evsed.pilot.phases import PhaseRelay
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Look, Rules
from evsed.pilot.supervisor import Limits

from explorer import NOW, OVER, Else, Explorer, Forget, Frame, Key, Move

BOARD, FAILSAFE, SIMPLE = 32.0, 6.0, 10.0


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


class Memory:
    """What the invariants know of the past, kept beside the rules by the simplest means. A part like the others."""

    __slots__ = (
        "amps", "at_once", "commanded", "emergency", "latched", "mine", "mirror", "phases", "plugged", "simple",
        "tripped", "unreadable", "unwanted", "was",
    )  # fmt: skip

    def __init__(self, latched: Iterable[str]) -> None:
        self.amps, self.phases, self.at_once, self.mine = 0.0, 3, False, False  # the last permit
        self.was = "A"  # the last letter
        self.plugged = self.simple = False
        self.latched = frozenset(latched)
        self.commanded = False  # what the contactor was told, and may have done
        # Of the last look, because an acknowledgement rests on it:
        self.emergency, self.unreadable, self.mirror = False, False, False
        self.tripped: bool | None = False
        self.unwanted = False  # somebody has asked for the plug


@dataclass
class Before:
    """What stood before the step."""

    row: str = "A1"
    closed: bool = False
    duty: float | None = None
    offered: float = 0.0
    relay: bool | None = None
    test: bool = False
    testing: bool = False
    moves: int = 0
    mirror_due: bool = False  # the mirror contact has disagreed, and its time is over
    grace_over: bool = False
    woken: bool = False
    permit_lives: bool = False


class World:
    """Rules, memory, moves. `check(world)` is called after each step."""

    def __init__(self, variant: Variant) -> None:
        self.variant = v = variant
        limits = Limits(1, BOARD, FAILSAFE, v.go_on, v.has_lock, v.unlock_idle, v.simple)
        self.table = TABLE if v.ventilated else without_ventilation()
        machine = Machine(NOW, self.table, state_f=v.state_f, wake_up=v.wake_up)
        relay = PhaseRelay(v.rest.get("relay"), 10.0, v.per_day) if v.relay else None
        self.rules = Rules(NOW, limits, machine, SelfTest(v.module), relay, v.latched)
        self.memory = Memory(v.latched)
        self.before = Before()
        self.calm = self.look_of()
        self.look = self.calm
        self._obeys_not: Sequence[Else] = (("which the contactor did not do", self._disobey),)
        self._make_moves()

    def look_of(self, **fields: Any) -> Look:
        """A look with all else at rest."""
        return Look(**{"heard_a": True, **self.variant.rest, **fields})

    # --- edges ----------------------------------------------------------------------------------------------------

    def _make_moves(self) -> None:
        commands = [
            Move(f"permit {amps:g} A, {phases} phases, {'locked' if locked else 'unlocked'}, {how}",
                 _bind(self.permit, amps, phases, locked, how), step=False)
            for amps, phases, locked, how in self.variant.permits
        ]  # fmt: skip
        commands += [Move(act, _bind(self.act, act), step=False) for act in self.variant.acts]
        names = tuple(self.variant.looks)
        steps = []
        for values in product(*self.variant.looks.values()):
            fields = {n: v for n, v in zip(names, values, strict=True) if n != "contrary"}
            if not _possible(fields):
                continue
            contrary = values[names.index("contrary")] if "contrary" in names else None
            text = " ".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
            steps.append((fields.get("proven"), Move(text, _bind(self.step, self.look_of(**fields), contrary))))
        self._in_pwm = commands + [move for _, move in steps]
        self._else = commands + [move for proven, move in steps if not proven]

    def moves(self) -> list[Move]:
        """All that may come. The diode is proven only by the PWM that stands."""
        return self._in_pwm if self.rules.duty else self._else

    def permit(self, amps: float, phases: int, locked: bool, how: Any) -> None:
        """The station's word."""
        assert self.rules.take(Permit(1, amps, phases, locked, how, NOW + 5.0), NOW) is None
        memory = self.memory
        memory.amps, memory.phases, memory.at_once = amps, phases, how == "now"
        memory.mine = True
        if not locked:
            memory.unwanted = False

    def act(self, act: Any) -> None:
        """Do. What the rules answer to an acknowledgement is checked here."""
        memory = self.memory
        look = self.look_of(
            emergency=memory.emergency, tripped=memory.tripped, closed=memory.commanded,
            troubles=("safety input",) if memory.unreadable else (),
        )  # fmt: skip
        if self.variant.looks.get("contrary"):
            look.mirror = memory.mirror
        refused = self.rules.act(act, look)
        if act == "acknowledge":
            stands = memory.emergency or memory.tripped is True or (memory.mirror and not memory.commanded)
            if refused is None:
                assert not stands, "an acknowledgement was taken while its cause stands"
                memory.latched = frozenset()
            elif not stands and not memory.unreadable and not self.rules.selftest.testing:
                raise AssertionError(f"an acknowledgement was refused without a cause: {refused}")
        elif act == "unlock" and refused is None:
            assert not memory.commanded and not self.rules.closed, "unlocking under load was accepted"
            memory.unwanted = True

    def step(self, look: Look, contrary: bool | None) -> None:
        """One step with this look; `contrary`: the mirror contact says so, against the command."""
        look.closed = self.memory.commanded
        if contrary is not None:
            look.mirror = look.closed is not contrary
        self.look = look
        self.remember_before()
        self.note(look)
        self.rules.step(NOW, look)

    def remember_before(self) -> None:
        """What stands now is what stood before."""
        rules, before = self.rules, self.before
        machine = rules.machine
        before.row, before.closed, before.duty, before.offered = machine.row, machine.closed, machine.duty, machine.offered
        before.relay, before.test, before.testing = rules.relay, rules.selftest.test, rules.selftest.testing
        before.moves = rules.lock.moves
        before.mirror_due = rules.contactor.disagrees_until <= NOW
        before.grace_over = machine.grace_until <= NOW
        before.woken = machine._wake or machine.wake_after <= NOW
        before.permit_lives = rules.supervisor.lease_until > NOW

    def note(self, look: Look) -> None:
        """Remember what this look says, before the rules hear of it."""
        memory, letter = self.memory, look.letter
        if letter in "BCD" and not memory.plugged:
            memory.plugged, memory.mine, memory.unwanted = True, False, False
        elif letter == "A" and memory.plugged:
            memory.plugged = memory.unwanted = False
        if letter in "AB":
            memory.simple = False
        elif letter in "CD" and memory.was == "A" and look.heard_a:
            memory.simple = True
        memory.was = letter
        memory.emergency, memory.tripped = look.emergency, look.tripped
        memory.unreadable = "safety input" in look.troubles
        memory.mirror = look.mirror is True

    def obey(self) -> Sequence[Else]:
        """After the checks: what the contactor's driver makes of it. It may also not be let close by the guard, or fail
        to open, or to close and yet have closed; the loop hears of that as `stalled` or `troubles`."""
        rules, memory = self.rules, self.memory
        if rules.closed is memory.commanded:
            return ()
        memory.commanded = rules.closed
        return self._obeys_not if self.variant.disobeys else ()

    def _disobey(self) -> None:
        self.memory.commanded = not self.memory.commanded

    # --- the explorer's -------------------------------------------------------------------------------------------

    def explorer(self, check: Callable[[World], None]) -> Explorer:
        """Visits all; `check` after each step."""
        rules = self.rules

        def checked() -> Sequence[Else]:
            check(self)
            return self.obey()

        frames = [
            Frame("machine", rules.machine, SETTINGS_OF_MACHINE, _forget_in_machine(self.table, self.variant)),
            Frame("permit", rules.supervisor, {"limits", "reason"}, _forget_in_permit(self.variant)),
            Frame("contactor", rules.contactor, (), _forget_in_contactor if "contrary" in self.variant.looks else None),
            Frame("cable", rules.cable, (), None),
            Frame("lock", rules.lock, (), _forget_in_lock(self.variant)),
            Frame("selftest", rules.selftest, {"_steps", "tested_at"}, None),
            Frame("rules", rules, PARTS_OF_RULES, _forget_in_rules(self.variant)),
            Frame("memory", self.memory, (), _forget_in_memory(self.variant)),
        ]
        if rules.phases is not None:
            frames.append(Frame("relay", rules.phases, {"_break_s"}, _fixed(_wanted=None, scale=1.0)))
        return Explorer(frames, self.moves, checked)


QUIET, LATE = 2, 60  # steps until hardware has followed; ticks until anything has ended


class Homecoming:
    """From every state: unplug, take away what is wrong, acknowledge, let time pass. It must end in A1 without a fault,
    and the next vehicle must be able to charge."""

    def __init__(self, world: World, explorer: Explorer) -> None:
        self.world, self.explorer = world, explorer
        self.ends: dict[Key, Key] = {}  # of each state on a way: where it leads
        self.homes: set[Key] = set()
        self.longest = 0  # ticks

    def run(self) -> None:
        """For every state that the explorer has found; AssertionError shows the one that does not come home."""
        for place, key in enumerate(self.explorer.keys):
            try:
                self._follow(key)
            except AssertionError as lost:
                raise AssertionError(f"{lost}\n{self.explorer.way(place)}") from None
        for home in self.homes:
            self._charge(home)

    def _follow(self, key: Key) -> None:
        way: list[Key] = []
        while key not in self.ends:
            self._load(key)
            if self._is_home():
                self.homes.add(key)
                self.ends[key] = key
                break
            assert len(way) < LATE, f"no way home: {self._where()}"
            way.append(key)
            self.tick("A")
            key = self._save()
        for passed in way:
            self.ends[passed] = self.ends[key]
        self.longest = max(self.longest, len(way))

    def _charge(self, home: Key) -> None:
        world = self.world
        self._load(home)
        for letter, ticks in (("B", 6), ("C", 12)):
            for _ in range(ticks):
                world.permit(*A16)
                self.tick(letter)
        assert world.rules.closed, f"no charge from home: {self._where()}"

    def tick(self, letter: str) -> None:
        """Steps in which the hardware follows, then every timer is over."""
        world, rules = self.world, self.world.rules
        if world.memory.latched:
            world.act("acknowledge")
        for late in (*[False] * QUIET, True):
            if late:
                self.explorer.later()
                if letter != "A":
                    world.permit(*A16)
            looks: dict[str, Any] = {"letter": letter, "proven": bool(rules.duty) and letter != "A"}
            if world.variant.module != "none":
                looks["tripped"] = rules.selftest.test
            if "locked" in world.variant.looks:
                looks["locked"] = None if None in world.variant.looks["locked"] else bool(rules.lock.command)
            if "relay" in world.variant.looks:
                looks["relay"] = None if None in world.variant.looks["relay"] else rules.relay
            if "ohms" in world.variant.looks:
                looks["ohms"] = INF if letter == "A" else 220.0
            contrary = False if "contrary" in world.variant.looks else None
            world.step(world.look_of(**looks), contrary)
            world.memory.commanded = rules.closed

    def _is_home(self) -> bool:
        rules = self.world.rules
        quiet = not rules.selftest.testing and not rules.selftest.due
        return (
            rules.machine.row == "A1" and not rules.latched and not self.world.memory.latched and quiet
            and not self.world.memory.plugged and (rules.phases is None or not rules.phases.hold)
            and rules.machine.offer_after <= NOW and not rules.contactor.failed and not self.world.memory.commanded
        )  # fmt: skip

    def _where(self) -> str:
        rules = self.world.rules
        return f"row {rules.machine.row}, faults {rules.faults}, {rules.reason}"

    def _load(self, key: Key) -> None:
        for frame, number in zip(self.explorer.frames, key, strict=True):
            frame.load(number)

    def _save(self) -> Key:
        return tuple(frame.save() for frame in self.explorer.frames)


SETTINGS_OF_MACHINE = ("table", "_minus_by_fault", "_minus_by_wake", "_wake_up_after")
PARTS_OF_RULES = (
    "cable", "contactor", "has_lock", "limits", "lock", "machine", "phases", "selftest", "supervisor", "reason",
)  # fmt: skip


def _bind(call: Callable[..., None], *args: Any) -> Callable[[], None]:
    return lambda: call(*args)


def _fixed(**values: Any) -> Forget:
    """These are written in each step before they are read: what they were is dead."""
    return lambda state: state.update(values)


def _forget_in_rules(variant: Variant) -> Forget:
    def forget(state: dict[str, Any]) -> None:
        # Written in each step before they are read.
        state.update(amps=0.0, _found=0, faults=(), _warned=0, warnings=())
        state["_was"] = "A" if state["_was"] == "A" else "B"  # whether it was A is all that is asked
        if variant.simple >= BOARD:
            state.update(simplified=False, _was="A")
        if variant.module == "none":
            state["_had_plug"] = False  # only a test asks

    return forget


def _forget_in_permit(variant: Variant) -> Forget:
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


def _forget_in_lock(variant: Variant) -> Forget:
    feedback = None not in variant.looks.get("locked", (None,))
    return _fixed(blind_until=OVER) if feedback else _fixed(retry_after=OVER)  # the other one is asked


def _forget_in_contactor(state: dict[str, Any]) -> None:
    state.update(open_after=OVER, _commanded=False)  # the mirror contact is asked instead


def _forget_in_memory(variant: Variant) -> Forget:
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


def _forget_in_machine(table: Any, variant: Variant) -> Forget:
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


def _possible(fields: dict[str, Any]) -> bool:
    """Of a product of looks those that sense.py and wiring.py can make: a proven diode needs a vehicle, and is not
    broken; what cannot be read is trouble."""
    if fields.get("proven") and (fields.get("broken") or fields.get("letter") in ("A", "E")):
        return False
    if fields.get("broken") and fields.get("letter") == "A":
        return False
    troubles = fields.get("troubles", ())
    return not ("tripped" in fields and (fields["tripped"] is None) != ("safety input" in troubles))


LETTERS = ("A", "B", "C", "D", "E")
BASE: dict[str, tuple[Any, ...]] = {"letter": LETTERS, "proven": (False, True)}
GOOD: dict[str, tuple[Any, ...]] = {"letter": LETTERS}
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
RICH: dict[str, Any] = {"permits": (A16, A8, NONE_0, NOW_0), "acts": ACK_WAKE, "wake_up": "F", "go_on": 900.0,
                        "simple": SIMPLE}
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
        Variant("inputs", {**BASE, "emergency": (False, True), "troubles": ((), ("pilot line",), ("heartbeat", "plug lock"))},
                STEADY),
        Variant("state lost", {**BASE, "emergency": (False, True)}, STEADY, latched=("pilot state lost",)),
        Variant("cable", {**GOOD, "ohms": (None, 220.0, 1500.0, INF)}, (A16, NONE_0), rest=PROVEN),
        Variant("bad cable", {**GOOD, "ohms": (50.0, 220.0, INF)}, (A16, NONE_0), rest=PROVEN),
        Variant("lock", {**GOOD, **LOCKED}, (A16, OPEN_0), ("unlock",), has_lock=True, rest=PROVEN),
        Variant("blind lock", {**GOOD, "locked": (None,), "heard_a": (True, False)}, (A16, NONE_0, OPEN_0),
                ("unlock",), has_lock=True, unlock_idle=False, rest=PROVEN),
        Variant("residual current without a test", {**GOOD, **TRIPPED, "troubles": ((), ("safety input",))},
                (A16, NONE_0), rest=PROVEN),
        *(
            Variant(f"residual current, {module}", {**GOOD, "tripped": (False, True)}, (A16,),
                    ("acknowledge", "selftest"), module=module, rest=PROVEN)
            for module in ("RCM14", "RCMB102", "X804")
        ),
        Variant("phase relay", {**GOOD, **RELAY}, (A16, ONE, NONE_0), relay=True, rest={"relay": True, **PROVEN}),
        Variant("blind phase relay", {**GOOD, "relay": (None,)}, (A16, ONE, NONE_0, NOW_0), relay=True, rest=PROVEN),
    )
}  # fmt: skip

WHOLE = ("ventilated", "no ventilation", "no state F", "woken by X1")  # explored in full wherever tests run


def brief(variant: Variant) -> Variant:
    """The same with a vehicle that knows A, B and C only, for what must be quick: D without ventilation and E open as A
    and B do, by a letter; the variants of WHOLE have them."""
    if variant.name in WHOLE:
        return variant
    return replace(variant, looks={**variant.looks, "letter": ("A", "B", "C")})


_ABC: dict[str, tuple[Any, ...]] = {"letter": ("A", "B", "C")}
QUICK: dict[str, Variant] = {  # for mutants: each some thousand states
    v.name: v
    for v in (
        Variant("lease", {**_ABC, "heard_a": (True, False)}, (A16, NONE_0, NOW_0), ("acknowledge", "wake", "unlock"),
                wake_up="F", go_on=900.0, simple=SIMPLE, rest=PROVEN),
        Variant("letters", {**GOOD, "proven": (False, True), "broken": (False, True)}, (A16,)),
        Variant("ventilated", GOOD, (A16, NOW_0), ventilated=True, rest=PROVEN),
        Variant("mirror", {**_ABC, "contrary": (False, True)}, (A16,), disobeys=True, rest=PROVEN),
        Variant("inputs", {**_ABC, "emergency": (False, True), "stalled": (False, True), "too_hot": (False, True)},
                (A16,), latched=("pilot state lost",), rest=PROVEN),
        Variant("tripped", {**_ABC, **TRIPPED, "troubles": ((), ("safety input",))}, (A16,), rest=PROVEN),
        Variant("cable", {**_ABC, "ohms": (220.0, INF)}, (A16,), rest=PROVEN),
        Variant("blind lock", {**_ABC, "locked": (None,)}, (A16,), ("unlock",), has_lock=True, rest=PROVEN),
        Variant("blind phase relay", {**_ABC, "relay": (None,)}, (A16, ONE), per_day=1, relay=True, rest=PROVEN),
    )
}  # fmt: skip
