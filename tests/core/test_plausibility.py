"""The export register is judged as the import register is, but costs only itself; doubts are counted."""

from __future__ import annotations

from evse_drivers.api import Reading
from evsed.core.plausibility import NEWS, Plausibility
from evsed.core.possible import Outlet


def meter() -> Plausibility:
    return Plausibility(Outlet(16.0, 3, 230.0))


def told(worth: Plausibility, at: float, export_wh: float | None) -> float | None:
    return worth.sift(Reading(at, export_wh=export_wh))[0].export_wh


def test_an_export_register_that_runs_backwards_is_not_told() -> None:
    worth = meter()
    assert told(worth, 0.0, 500.0) == 500.0
    _, found = worth.sift(Reading(1.0, export_wh=400.0))
    assert [(doubt.name, doubt.why) for doubt in found] == [("export register", "went back from 500 Wh to 400 Wh")]
    assert told(worth, 2.0, None) is None
    assert told(worth, 3.0, 499.5) == 499.5  # rounding
    assert told(worth, 4.0, 501.0) == 501.0


def test_an_export_register_that_leaps_is_not_told() -> None:
    worth = meter()
    told(worth, 0.0, 500.0)
    _, found = worth.sift(Reading(1.0, export_wh=42_949_672.0))
    assert found[0].why == "leapt from 500 Wh to 42949672 Wh"
    assert told(worth, 3600.0, 14_000.0) == 14_000.0  # an hour at full power


def test_another_export_register_is_taken_for_true_after_a_minute() -> None:
    worth = meter()
    told(worth, 0.0, 500.0)
    assert [told(worth, float(at), 3.0) for at in range(1, 62)] == [None] * 60 + [3.0]
    assert told(worth, 62.0, 4.0) == 4.0


def test_doubts_are_counted_and_news_only_after_some_minutes_without() -> None:
    worth = meter()
    assert worth.count("power", "42 MW", 0.0)
    assert not worth.count("power", "41 MW", 1.0)
    assert worth.count("frequency", "0 Hz", 1.0)
    assert not worth.count("power", "40 MW", NEWS)
    assert worth.count("power", "39 MW", 2 * NEWS + 1.0)
    assert (worth.doubted["power"].times, worth.doubted["power"].why) == (4, "39 MW")
