"""The rules of one EVSE in the explorer: all that may come to them, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import explorer_forgets as forget
from evse_drivers.api import Permit
from evsed.pilot.iec61851 import TABLE, Machine, without_ventilation
from evsed.pilot.phases import PhaseRelay
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Look, Rules
from evsed.pilot.supervisor import Limits
from explorer import NOW, Else, Explorer, Frame, Move
from explorer_variants import BOARD, FAILSAFE, Variant


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
            loaded = memory.commanded or self.rules.closed
            assert not loaded, "unlocking under load was accepted"
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
        before.row, before.closed, before.duty = machine.row, machine.closed, machine.duty
        before.relay, before.test = rules.relay, rules.selftest.test
        before.testing = rules.selftest.testing or rules.selftest._first  # in the process before this one
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
            memory.simple, memory.was = False, letter
        elif letter in "CD" and memory.was == "A":
            memory.simple = True
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
            Frame("machine", rules.machine, forget.SETTINGS_OF_MACHINE, forget.in_machine(self.table, self.variant)),
            Frame("permit", rules.supervisor, {"limits", "reason"}, forget.in_permit(self.variant)),
            Frame("contactor", rules.contactor, (), forget.in_contactor if "contrary" in self.variant.looks else None),
            Frame("cable", rules.cable, (), None),
            Frame("lock", rules.lock, (), forget.in_lock(self.variant)),
            Frame("selftest", rules.selftest, {"_steps", "tested_at"}, None),
            Frame("rules", rules, forget.PARTS_OF_RULES, forget.in_rules(self.variant)),
            Frame("memory", self.memory, (), forget.in_memory(self.variant)),
        ]
        if rules.phases is not None:
            frames.append(Frame("relay", rules.phases, {"_break_s"}, forget.fixed(_wanted=None, scale=1.0)))
        return Explorer(frames, self.moves, checked)


def _bind(call: Callable[..., None], *args: Any) -> Callable[[], None]:
    return lambda: call(*args)


def _possible(fields: dict[str, Any]) -> bool:
    """Of a product of looks those that sense.py and wiring.py can make: a proven diode needs a vehicle, and is not
    broken; what cannot be read is trouble."""
    if fields.get("proven") and (fields.get("broken") or fields.get("letter") in ("A", "E")):
        return False
    if fields.get("broken") and fields.get("letter") == "A":
        return False
    troubles = fields.get("troubles", ())
    return not ("tripped" in fields and (fields["tripped"] is None) != ("safety input" in troubles))
