"""All rules together, in every state that hardware, vehicle, station and time can bring about."""

from __future__ import annotations

import pytest
from explorer import Broken
from explorer_home import Homecoming
from explorer_laws import INVARIANTS, check
from explorer_rules import World
from explorer_variants import QUICK, VARIANTS, WHOLE, Variant, brief


def visit(variant: Variant) -> None:
    world = World(variant)
    explorer = world.explorer(check)
    states = explorer.run()
    home = Homecoming(world, explorer)
    home.run()
    print(f"{variant.name}: {states} states, {explorer.steps} steps, {len(home.homes)} homes")
    # What the explorer forgets decides nothing: other values of it lead to the same states.
    assert explorer.compare_aliases(every=states // 60 + 1) > 60


@pytest.mark.parametrize("name", QUICK)
def test_the_invariants_hold_in_every_state_and_each_leads_home(name: str) -> None:
    visit(QUICK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_the_invariants_hold_under_every_letter_and_permit(name: str) -> None:
    visit(VARIANTS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mirror", "no mirror", "inputs", "state lost"])
def test_the_invariants_hold_under_every_fault(name: str) -> None:
    visit(brief(VARIANTS[name]))


def test_a_broken_rule_is_shown_with_the_way_there() -> None:
    world = World(QUICK["ventilated"])

    def never_closed(world: World) -> tuple[()]:
        assert not world.rules.closed, "it is closed"
        return ()

    explorer = world.explorer(never_closed)
    with pytest.raises(Broken, match="it is closed") as broken:
        explorer.run()
    way = str(broken.value).split("the way there:\n")[1].splitlines()
    assert way[0] == "  start"
    assert "  machine.offer_after" in way
    assert "  permit 16 A, 3 phases, locked, grace" in way
    assert way[-1] == "  letter=C"


def test_every_invariant_is_a_sentence() -> None:
    assert len(INVARIANTS) > 20
    assert all("_" in name and name.islower() for name in INVARIANTS)
