"""What a slow station is told: the newest of each EVSE, and every edge before it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evse_drivers.api import Seen
from evsed.pilot.newest import MOST, Newest

SEEN = Seen(1, 0.0, "boot", "B1", 1, False, 0.0, 9.0, None, None, None, None, "", None, None, 10.0)


def taken(newest: Newest) -> list[Seen]:
    return [newest.take() for _ in range(len(newest))]


def test_what_is_only_measured_or_worded_otherwise_takes_the_place_of_the_one_before() -> None:
    newest = Newest()
    for tick in range(1000):
        newest.put(replace(SEEN, at=tick, volts=9.0 + tick / 1000, why=str(tick), worst_gap_ms=tick, offered=tick))
    assert [seen.at for seen in taken(newest)] == [999]


@pytest.mark.parametrize(
    "edge",
    [{"plug": 2}, {"state": "A1"}, {"closed": True}, {"fault": "diode", "faults": ("diode",)}, {"unplugged_at": 1.0},
     {"warnings": ("contactor worn",)}, {"boot": "another"}, {"locked": True}, {"opened_at": 2.0}, {"phases": 1}],
    ids=lambda edge: ", ".join(edge),
)  # fmt: skip
def test_an_edge_and_its_end_are_both_kept(edge: dict[str, object]) -> None:
    newest = Newest()
    other = replace(SEEN, **edge)  # type: ignore[arg-type]
    for seen in (SEEN, SEEN, other, other, SEEN):
        newest.put(seen)
    assert taken(newest) == [SEEN, other, SEEN]


def test_evses_do_not_take_each_others_place() -> None:
    newest = Newest()
    second = replace(SEEN, evse=2)
    for seen in (SEEN, second, replace(SEEN, at=1.0)):
        newest.put(seen)
    assert taken(newest) == [second, replace(SEEN, at=1.0)]


def test_it_is_bounded_and_counts_what_was_lost() -> None:
    newest = Newest()
    for plug in range(MOST + 10):
        newest.put(replace(SEEN, plug=plug))
    assert newest.lost == 10
    assert [seen.plug for seen in taken(newest)] == list(range(10, MOST + 10))
