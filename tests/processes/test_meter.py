"""The meter dies, answers zeros, jumps backwards, comes back: no reading is invented, and stale is said to be stale."""

from __future__ import annotations

from typing import Any

import pytest
from both import in_both_versions
from wall import Wall


def meter(wall: Wall) -> dict[str, Any]:
    """What the station says of it."""
    view: dict[str, Any] = wall.show()["metering"]["1"]
    return view


@in_both_versions
def test_a_dead_meter_is_stale_and_the_bill_ends_with_what_was_read(wall: Wall) -> None:
    card, _ = wall.charge()
    wall.burn(4.0)
    wall.world("fault", name="meter-dead", on=True)
    dead_wh = wall.outlet()["energy_wh"]
    before = len(wall.transactions()[0]["readings"])
    wall.until("silence that is told", lambda: meter(wall)["silent"])
    assert meter(wall)["reading"] is None
    assert "no answer" in meter(wall)["why"]
    told = len(wall.transactions()[0]["readings"])
    assert told - before <= 2  # of 5 that were due: one was under way, one quotes the last reading
    wall.burn(8.0)  # the vehicle charges on: meter_silent = "go on"
    assert [it for it in wall.transactions()[0]["readings"][told:] if it["wh"] is not None] == []
    transaction = wall.finish(card)
    values = [it["wh"] for it in transaction["readings"] if it["wh"] is not None] + [transaction["stop_wh"] or 0.0]
    assert max(values) <= dead_wh + 1.0
    wall.books_are_clean()


@pytest.mark.parametrize("fault", ["meter-zero", "meter-back"])
def test_what_cannot_be_true_is_not_used_and_the_meter_is_believed_again(wall: Wall, fault: str) -> None:
    began_wh = wall.outlet()["energy_wh"]
    card, _ = wall.charge()
    wall.burn(4.0)
    wall.world("fault", name=fault, on=True)
    words = {"meter-zero": "answers nothing but zeros", "meter-back": "its import register went back from "}
    wall.until("a doubt", lambda: words[fault] in meter(wall)["why"])
    held = len(wall.transactions()[0]["readings"])
    wall.burn(8.0)
    wall.world("fault", name=fault, on=False)
    wall.until("belief", lambda: not meter(wall)["why"] and meter(wall)["age_s"] < 3)
    transaction = wall.finish(card)
    readings = sorted(transaction["readings"], key=lambda it: it["at"])  # the end tells the beginning again
    values = [it["wh"] for it in readings if it["wh"] is not None]
    assert values == sorted(values)
    assert values[0] >= began_wh - 1.0
    assert held >= 1
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    wall.books_are_clean()
