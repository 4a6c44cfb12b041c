"""A contactor's life: what it counts, and when it is used up."""

from __future__ import annotations

import pytest
from evsed.pilot.wear import Wear


def test_hot_openings_count_against_what_the_maker_allows_and_cold_ones_hardly() -> None:
    wear = Wear(50_000.0)
    for hot in (True, False, False):
        wear.closed()
        wear.opened(hot)
    assert wear.counts == (3, 1, 2)
    assert wear.part == pytest.approx(1 / 50_000 + 2 / 10_000_000)
    assert not wear.worn


@pytest.mark.parametrize(("counts", "worn"), [((1, 49_999, 0), False), ((1, 50_000, 0), True), ((1, 0, 10**7), True)])
def test_it_is_worn_when_its_life_is_used_up(counts: tuple[int, int, int], worn: bool) -> None:
    assert Wear(50_000.0, counts).worn is worn


def test_a_new_contactor_begins_anew() -> None:
    wear = Wear(50_000.0, (7, 50_000, 3))
    wear.renew()
    assert wear.counts == (0, 0, 0)
    assert not wear.worn
