"""The histogram of the loop's gaps."""

from __future__ import annotations

import pytest
from evsed.pilot.gaps import Gaps


@pytest.mark.parametrize(
    ("gap", "name"),
    [(0.0, "10.5"), (0.0105, "10.5"), (0.0106, "11"), (0.011, "11"), (0.0111, "12"), (0.013, "15"), (0.02, "20"),
     (0.0201, "30"), (0.0301, "40"), (0.05, "50"), (0.0501, "more"), (7.0, "more")],
)  # fmt: skip
def test_a_gap_is_counted_for_the_first_edge_that_is_not_below_it(gap: float, name: str) -> None:
    gaps = Gaps()
    gaps.hear(gap)
    assert {edge: count for edge, count in gaps.told().items() if count} == {name: 1}


def test_more_than_50_ms_are_a_missed_deadline_and_the_worst_is_kept() -> None:
    gaps = Gaps()
    assert [gaps.hear(gap) for gap in (0.01, 0.05, 0.051, 0.09, 0.01)] == [False, False, True, True, False]
    assert (gaps.missed, gaps.worst) == (2, 0.09)
    assert list(gaps.told()) == ["10.5", "11", "12", "15", "20", "30", "40", "50", "more"]
    assert sum(gaps.told().values()) == 5


def test_three_gaps_that_together_delay_an_opening_as_one_of_50_ms_are_too_long_as_well() -> None:
    gaps = Gaps()
    assert [gaps.hear(gap) for gap in (0.023, 0.023, 0.023, 0.023)] == [False] * 4
    assert [gaps.hear(gap) for gap in (0.01, 0.03, 0.03, 0.03, 0.03, 0.03, 0.03)] == [
        False, False, False, True, False, False, True,
    ]  # fmt: skip
    assert gaps.missed == 0  # no deadline of 50 ms
