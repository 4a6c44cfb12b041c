"""Visits every state that a machine made of parts can reach, and shows the way to one that breaks an invariant.

Theory of operation
-------------------
A part is an object whose class names its instants in `TIMERS`. Time stands still at NOW; an instant is only "over"
(-inf), "running" (LATER) or "never" (+inf), and any running one may fire before any other: whatever order real clocks
allow is among those tried, and the number of states is finite. The state is all other attributes of all parts, but for
those of `TOLD` (they decide nothing), and for what a `Forget` says is dead in that state.

Edges that take no time come first: a timer fires, a command arrives. The others are one step each, with one look at
the hardware. So any number of commands and timers may lie between two steps, which is what the loop does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from typing import Any

NOW = 1000.0
LATER = 1e9
OVER = -inf

Raw = tuple[Any, ...]
Key = tuple[int, ...]
Forget = Callable[[dict[str, Any]], None]  # sets what is dead in this state to some fixed value


@dataclass(frozen=True, slots=True)
class Move:
    """One edge. A command (`step` False) takes no time."""

    name: str
    do: Callable[[], None]
    step: bool = True


class Broken(AssertionError):
    """An invariant does not hold; the text is the way there."""


def attributes(thing: object) -> list[str]:
    """All of them: of the slots of its classes, or of its dictionary."""
    slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
    return sorted({*slots, *getattr(thing, "__dict__", {})})


class Frame:
    """One part: its state as a number, and back."""

    def __init__(self, name: str, part: Any, still: Iterable[str], forget: Forget | None) -> None:
        """`still`: attributes that are no state (settings, other parts)."""
        self.name, self.part, self.forget = name, part, forget
        self.timers = frozenset(getattr(part, "TIMERS", ()))
        away = {*still, *getattr(part, "TOLD", ())}
        self.names = tuple(name for name in attributes(part) if name not in away)
        missing = sorted(self.timers - set(self.names))
        assert not missing, f"{name}: TIMERS names {', '.join(missing)}, which it does not have"
        self.boxes = frozenset(
            n
            for n in self.names
            if isinstance(getattr(part, n), list | set | dict) or type(getattr(part, n)).__name__ == "deque"
        )
        self.numbers: dict[Raw, int] = {}  # of raw and canonical tuples
        self.states: list[Raw] = []
        self.aliases: dict[int, Raw] = {}  # of a state, another one that is taken for it
        self.fires: list[list[tuple[str, int]] | None] = []
        self.overs: dict[tuple[int, str], int] = {}
        if len(self.names) == 1:
            one = attrgetter(self.names[0])
            self._get: Callable[[Any], Raw] = lambda part: (one(part),)
        elif self.names:
            self._get = attrgetter(*self.names)
        else:
            self._get = lambda part: ()
        scope: dict[str, Any] = {}
        lines = ", ".join(f"p.{name}" for name in self.names)
        exec(f"def load(p, v):\n {f'({lines},) = v' if lines else 'pass'}", scope)  # the engine's innermost loop
        self._set: Callable[[Any, Raw], None] = scope["load"]

    def save(self) -> int:
        """The number of the state that the part is in."""
        raw = self._get(self.part)
        if self.boxes:
            raw = tuple(_frozen(v) if n in self.boxes else v for n, v in zip(self.names, raw, strict=True))
        number = self.numbers.get(raw)
        if number is None:
            number = self.numbers[raw] = self._number(self._canonical(raw))
            if raw != self.states[number]:
                self.aliases[number] = raw
        return number

    def load(self, number: int, alias: bool = False) -> None:
        """Put the part into that state, or into one that is taken for it."""
        state = self.aliases.get(number, self.states[number]) if alias else self.states[number]
        if self.boxes:
            state = tuple(_thawed(v) if n in self.boxes else v for n, v in zip(self.names, state, strict=True))
        self._set(self.part, state)

    def firings(self, number: int) -> list[tuple[str, int]]:
        """Each running timer, and the state once it is over."""
        known = self.fires[number]
        if known is None:
            state = dict(zip(self.names, self.states[number], strict=True))
            running = [name for name in self.names if name in self.timers and state[name] == LATER]
            known = self.fires[number] = [(f"{self.name}.{name}", self._of({**state, name: OVER})) for name in running]
        return known

    def all_over(self, number: int, but: str) -> int:
        """The state once every running timer but that one is over."""
        known = self.overs.get((number, but))
        if known is None:
            state = dict(zip(self.names, self.states[number], strict=True))
            over = {name: OVER for name in self.timers if state[name] == LATER and name != but}
            known = self.overs[number, but] = self._of({**state, **over})
        return known

    def _of(self, state: dict[str, Any]) -> int:
        raw = tuple(state[name] for name in self.names)
        return self._number(self._canonical(raw))

    def _canonical(self, raw: Raw) -> Raw:
        state = dict(zip(self.names, raw, strict=True))
        for name in self.timers:
            at = state[name]
            if at is not None and at != inf:
                state[name] = LATER if at > NOW else OVER
        if self.forget is not None:
            self.forget(state)
        return tuple(state[name] for name in self.names)

    def _number(self, canonical: Raw) -> int:
        number = self.numbers.get(canonical)
        if number is None or self.states[number] != canonical:
            number = self.numbers[canonical] = len(self.states)
            self.states.append(canonical)
            self.fires.append(None)
        return number


def _frozen(box: Any) -> Any:
    """Instants in it are all the same one: how many there are is the state."""
    kind = type(box)
    if kind is dict:
        return (kind, tuple(box.items()))
    if kind is set:
        return (kind, tuple(sorted(box)))
    return (lambda items: (kind, getattr(box, "maxlen", None), items))(
        tuple(NOW if isinstance(item, float) else item for item in box)
    )


def _thawed(frozen: Any) -> Any:
    kind = frozen[0]
    if kind in (dict, set):
        return kind(frozen[1])
    return kind(frozen[2]) if frozen[1] is None else kind(frozen[2], frozen[1])


Else = tuple[str, Callable[[], None]]


class Explorer:
    """`moves()` says what may come in the state that the parts are in. `check()` runs after every step: it raises
    AssertionError when an invariant does not hold, and returns what else the step may have led to: each is called in
    turn, and changes the parts as they are left."""

    def __init__(
        self, frames: Sequence[Frame], moves: Callable[[], Sequence[Move]], check: Callable[[], Sequence[Else]]
    ) -> None:
        self.frames, self.moves, self.check = tuple(frames), moves, check
        self.numbers: dict[Key, int] = {}
        self.keys: list[Key] = []
        self.parents: list[tuple[int, str]] = []
        self.steps = 0

    def run(self, most: int = 10_000_000) -> int:
        """Visit all from the state that the parts are in now; returns how many there are. `most` is a stop."""
        frames, numbers, keys, check = self.frames, self.numbers, self.keys, self.check
        savers = [frame.save for frame in frames]
        loaders = [frame.load for frame in frames]
        self._found(tuple(save() for save in savers), -1, "start")
        place = 0
        while place < len(keys):
            assert place < most, f"more than {most} states"
            key = keys[place]
            for index, frame in enumerate(frames):
                for name, number in frame.firings(key[index]):
                    self._found((*key[:index], number, *key[index + 1 :]), place, name)
            self.load(place)
            moves = self.moves()
            for move in moves:
                for load, number in zip(loaders, key):  # noqa: B905  # the innermost loop
                    load(number)
                more: Sequence[Else] = ()
                try:
                    move.do()
                    if move.step:
                        more = check()
                except AssertionError as broken:
                    raise Broken(f"{broken}\n{self.way(place, move.name)}") from None
                after = tuple([save() for save in savers])
                if after not in numbers:
                    self._found(after, place, move.name)
                for name, change in more:
                    change()
                    self._found(tuple([save() for save in savers]), place, f"{move.name}, {name}")
            self.steps += len(moves)
            place += 1
        return len(keys)

    def load(self, place: int) -> None:
        """Put the parts into the state of that number."""
        for frame, number in zip(self.frames, self.keys[place], strict=True):
            frame.load(number)

    def compare_aliases(self, every: int) -> int:
        """Of each `every`-th state: what is taken for it must lead where it leads. Returns how many edges were
        compared; AssertionError shows one that differs."""
        compared = 0
        for place in range(0, len(self.keys), every):
            key = self.keys[place]
            self.load(place)
            for move in self.moves():
                ends = []
                for alias in (False, True):
                    for frame, number in zip(self.frames, key, strict=True):
                        frame.load(number, alias)
                    move.do()
                    if move.step:
                        self.check()
                    ends.append(tuple(frame.save() for frame in self.frames))
                assert ends[0] == ends[1], (
                    f"what was forgotten decides: {self._difference(*ends)}; {self.way(place, move.name)}"
                )
                compared += 1
        return compared

    def _difference(self, one: Key, other: Key) -> str:
        for frame, a, b in zip(self.frames, one, other, strict=True):
            for name, left, right in zip(frame.names, frame.states[a], frame.states[b], strict=True):
                if left != right:
                    return f"{frame.name}.{name} is {left} or {right}"
        return ""

    def later(self, but: str = "") -> None:
        """Every running timer but that one fires, in the parts as they stand."""
        for frame in self.frames:
            frame.load(frame.all_over(frame.save(), but))

    def way(self, place: int, *more: str) -> str:
        """How to get there, one edge a line."""
        names: list[str] = []
        while place >= 0:
            place, name = self.parents[place]
            names.append(name)
        return "the way there:\n  " + "\n  ".join([*names[::-1], *more])

    def _found(self, key: Key, parent: int, name: str) -> None:
        if key not in self.numbers:
            self.numbers[key] = len(self.keys)
            self.keys.append(key)
            self.parents.append((parent, name))
