"""The ring of samples: what it holds, when a fault asks for a record, and what reading it late costs."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import pytest
from evsed.pilot.ring import AFTER, AGAIN, CAPACITY, COUNT, FIELDS, NAMES, OLD, PACKED, ROWS, SLACK, Cut, Ring, Sample

TICK = 0.01


def sample(*faults: str, row: str = "C2 on", high: float = 6.0) -> Sample:
    return (high, -12.0, 0.26666, True, True, row, 16.0, None, faults)


def last(ring: Ring) -> dict[str, float]:
    place = (ring.written - 1) % CAPACITY * PACKED.size
    return dict(zip((name for name, _ in FIELDS), PACKED.unpack_from(ring.buffer, place), strict=True))


def run(ring: Ring, begin: float, seconds: float, *faults: str) -> list[Cut]:
    ticks = (ring.hear(begin + tick * TICK, sample(*faults)) for tick in range(round(seconds / TICK)))
    return [cut for cut in ticks if cut is not None]


def test_a_sample_is_kept_as_it_was() -> None:
    ring = Ring(1)
    ring.measured(15.5, 100.0)
    ring.hear(100.0, (5.9, -11.8, 0.26666, True, False, "C2 on", 16.0, True, ("diode", "cable")))
    found = last(ring)
    assert [round(found[name], 3) for name in ("at", "high", "low", "duty", "offered", "amps")] == [
        100.0, 5.9, -11.8, 0.267, 16.0, 15.5
    ]  # fmt: skip
    assert (ROWS[int(found["row"])], found["contactor"], found["lock"]) == ("C2 on", 1 + 2, 2)
    assert NAMES[int(found["fault"]) - 1] == "diode"


def test_what_is_not_known_is_not_a_number() -> None:
    ring = Ring(1)
    ring.hear(0.0, (nan, nan, None, False, None, "A1", 0.0, None, ()))
    found = last(ring)
    assert [name for name, value in found.items() if isnan(value)] == ["high", "low", "duty", "amps"]
    assert (found["contactor"], found["lock"], found["fault"]) == (0, 0, 0)


@pytest.mark.parametrize("volts", [1e300, None, "12 V"])
def test_what_a_driver_of_others_says_is_no_number_and_harms_nobody(volts: Any) -> None:
    ring = Ring(1)
    ring.measured(1e300, 0.0)
    ring.hear(0.0, (volts, volts, 0.5, True, True, "C2 on", 30.0, None, ()))
    found = last(ring)
    assert isnan(found["high"])
    assert isnan(found["amps"])
    assert (found["duty"], found["offered"]) == (0.5, 30.0)


def test_the_meters_word_grows_old() -> None:
    ring = Ring(1)
    ring.measured(15.5, 0.0)
    ring.hear(OLD - TICK, sample())
    assert last(ring)["amps"] == 15.5
    ring.hear(OLD, sample())
    assert isnan(last(ring)["amps"])


def test_a_fault_asks_for_a_record_five_seconds_after_it_rose() -> None:
    ring = Ring(1)
    assert run(ring, 0.0, 10.0) == []
    cuts = run(ring, 10.0, 6.0, "diode")
    assert cuts == [Cut(1, "diode", 10.0, 1000 + round(AFTER / TICK) + 1)]
    assert run(ring, 16.0, 10.0) == []


def test_a_fault_that_stood_at_the_start_asks_for_nothing() -> None:
    ring = Ring(1)
    assert run(ring, 0.0, 10.0, "contactor welded") == []
    assert [cut.fault for cut in run(ring, 10.0, 10.0, "contactor welded", "cable")] == ["cable"]


def test_two_faults_within_five_seconds_are_one_record() -> None:
    ring = Ring(1)
    run(ring, 0.0, 1.0)
    run(ring, 1.0, 1.0, "diode")
    assert [cut.fault for cut in run(ring, 2.0, 20.0, "pilot short", "diode")] == ["diode"]


def test_a_fault_that_comes_and_goes_asks_once_in_three_minutes() -> None:
    ring, cuts = Ring(1), []
    for second in range(0, round(AGAIN) * 2 - 2, 2):
        cuts += run(ring, second, 1.0) + run(ring, second + 1, 1.0, "diode")
    assert [cut.at for cut in cuts] == [1.0, 1.0 + AGAIN]


def test_three_minutes_are_there_and_ten_seconds_to_read_them() -> None:
    ring = Ring(1)
    run(ring, 0.0, 400.0)
    (cut,) = run(ring, 400.0, 5.5, "diode")
    assert ring.samples(cut) == (cut.end - COUNT, cut.end)
    run(ring, 405.5, SLACK - 2.0, "diode")
    assert ring.samples(cut) == (cut.end - COUNT, cut.end)
    run(ring, 500.0, 20.0, "diode")
    begin, end = ring.samples(cut)
    assert end == cut.end
    assert begin > cut.end - COUNT
    run(ring, 600.0, 200.0, "diode")
    assert ring.samples(cut) == (cut.end, cut.end)


def test_an_end_keeps_what_a_fault_has_asked_for() -> None:
    ring = Ring(3)
    run(ring, 0.0, 1.0)
    assert ring.cut() is None
    run(ring, 1.0, 1.0, "diode")
    assert ring.cut() == Cut(3, "diode", 1.0, 200)
    assert ring.cut() is None
