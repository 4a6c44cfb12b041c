"""What a review of the rules tried: residual-current tests that never come, vehicles met half way, acts too early."""

from __future__ import annotations

import pytest
from evsed.pilot.rcd import DAY
from pilot_bench import Bench


class Watched(Bench):
    """With a residual-current device that trips when it is tested."""

    def _obey(self) -> None:
        super()._obey()
        self.look.tripped = self.rules.selftest.test


def test_a_charge_that_never_ends_rests_once_a_day_for_the_test() -> None:
    bench = Watched(module="RCM14").charging()
    tested = bench.rules.selftest.tested_at
    assert tested is not None
    bench.now = tested + DAY - 10.0  # as if it had charged on
    bench.go(9.9).is_in("C2 on")
    bench.go(0.2).is_in("C1 on")
    bench.go(3.0, letter="B")
    assert bench.rules.selftest.tested_at > tested + DAY
    bench.go(3.0).is_in("B2")
    bench.go(1.0, letter="C").is_in("C2 on")


def test_a_vehicle_that_stays_in_b_for_days_is_tested_too() -> None:
    bench = Watched(module="RCM14", machine={"wake_up": "off"}).go(0.1, letter="B").allow().go(10.0).is_in("B2")
    bench.now = bench.rules.selftest.tested_at + DAY - 0.05
    bench.go(0.1).is_in("B1")
    bench.go(5.0).is_in("B2")
    assert not bench.rules.selftest.due


@pytest.mark.parametrize("before", ["start", "E"])
def test_a_vehicle_that_was_never_heard_in_b_is_taken_for_one_without_s2(before: str) -> None:
    bench = Bench(settle=0.05)
    if before == "start":
        bench.go(0.05, heard_a=False, letter="C")  # the pilot was restarted while it charged
    else:
        bench.go(0.05, letter="E").go(0.05, letter="C")  # contacts that bounce while it is plugged
    bench.allow(16.0).go(60.0).is_in("C2 on", 10.0)
    bench.go(0.1, letter="B").is_in("B2", 16.0)
    bench.go(0.1, letter="E").go(31.0, letter="C").is_in("C2 on", 16.0)


def test_nothing_is_acknowledged_while_the_contactor_cannot_be_read() -> None:
    bench = Bench(latched=("contactor welded",)).go(0.1, troubles=("contactor",), mirror=None)
    assert bench.act("acknowledge") == "the contactor cannot be read or told: mend that first"
    assert bench.rules.latched == ("contactor welded",)


def test_a_test_is_not_promised_where_it_will_not_come() -> None:
    bench = Bench(module="RCM14", settle=30.0)  # it never trips
    assert bench.rules.latched == ("residual-current self-test",)
    assert bench.act("selftest") == "the residual-current device has failed: acknowledge that first, which tests it too"
