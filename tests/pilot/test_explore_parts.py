"""Every state of the machine and of each part alone, under every input; and that the explorer itself can be trusted."""

from __future__ import annotations

from math import inf

import pytest
from evsed.pilot.iec61851 import TABLE, without_ventilation
from explorer import LATER, NOW, OVER, Broken, Explorer, Frame, Move
from explorer_machine import INVARIANTS, KINDS, Alone
from explorer_parts import PARTS


@pytest.mark.parametrize("table", [TABLE, without_ventilation()], ids=["ventilated", "no ventilation"])
@pytest.mark.parametrize("kind", KINDS, ids=[" ".join(map(str, kind.values())) or "F" for kind in KINDS])
def test_the_machine_keeps_its_laws_in_every_state_under_every_input(
    table: dict[str, dict[str, str]], kind: dict[str, object]
) -> None:
    explorer = Alone(table, **kind).explorer()  # type: ignore[arg-type]
    states = explorer.run()
    print(f"{states} states, {explorer.steps} steps, {len(INVARIANTS)} invariants")
    rows = {key[0] for key in explorer.keys}
    place = explorer.frames[0].names.index("row")
    assert {explorer.frames[0].states[number][place] for number in rows} == set(table), "every row is reached"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_keeps_its_laws_in_every_state_under_every_input(part: str) -> None:
    explorer = PARTS[part]()
    print(f"{explorer.run()} states, {explorer.steps} steps")


class Lamp:
    """Lights 5 s after the first press, if it is not pressed again before."""

    TIMERS = ("lights_at",)
    TOLD = ("pressed",)
    __slots__ = ("lights_at", "lit", "pressed")

    def __init__(self) -> None:
        self.lights_at, self.lit, self.pressed = inf, False, 0

    def step(self, now: float, press: bool) -> None:
        self.pressed += press
        if now >= self.lights_at:
            self.lit = True
        if press:
            self.lights_at = now + 5.0 if self.lights_at == inf else inf


def of_the_lamp(holds: bool) -> Explorer:
    lamp = Lamp()

    def check() -> tuple[()]:
        assert holds or not lamp.lit, "it is lit"
        return ()

    moves = [Move("press", lambda: lamp.step(NOW, True)), Move("leave", lambda: lamp.step(NOW, False))]
    return Explorer([Frame("lamp", lamp, (), None)], lambda: moves, check)


def test_every_state_is_visited_once_and_a_count_that_decides_nothing_is_none() -> None:
    explorer = of_the_lamp(holds=True)
    assert explorer.run() == 6
    states = {explorer.frames[0].states[key[0]] for key in explorer.keys}
    assert states == {(at, lit) for at in (inf, LATER, OVER) for lit in (False, True)}


def test_what_breaks_an_invariant_is_shown_with_the_way_there() -> None:
    with pytest.raises(Broken) as broken:
        of_the_lamp(holds=False).run()
    assert str(broken.value).startswith("it is lit\n")
    assert str(broken.value).endswith("\nthe way there:\n  start\n  press\n  lamp.lights_at\n  press")


def test_an_instant_that_no_part_has_is_refused() -> None:
    class Wrong(Lamp):
        __slots__ = ()
        TIMERS = ("dims_at",)

    with pytest.raises(AssertionError, match="lamp: TIMERS names dims_at, which it does not have"):
        Frame("lamp", Wrong(), (), None)
