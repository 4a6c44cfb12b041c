"""That no state is a trap: from each of them there is a way home, and from home a next charge."""

from __future__ import annotations

from typing import Any

from explorer import NOW, Explorer, Key
from explorer_rules import World
from explorer_variants import A16, INF

QUIET, LATE = 4, 60  # steps until hardware has followed; ticks until anything has ended


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
        if world.memory.latched or rules.latched:
            world.act("acknowledge")
        for late in (*[False] * QUIET, True):
            if late:
                self.explorer.later(but="_due_at" if letter != "A" else "")  # the daily test need not come each tick
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
            and rules.machine.offer_after <= NOW and not rules.contactor.failed
            and not rules.lock.failed and not self.world.memory.commanded
        )  # fmt: skip

    def _where(self) -> str:
        rules = self.world.rules
        return f"row {rules.machine.row}, faults {rules.faults}, {rules.reason}"

    def _load(self, key: Key) -> None:
        for frame, number in zip(self.explorer.frames, key, strict=True):
            frame.load(number)

    def _save(self) -> Key:
        return tuple(frame.save() for frame in self.explorer.frames)
