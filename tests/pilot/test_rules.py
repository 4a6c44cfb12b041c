"""All the rules of an EVSE together: each fault opens at once, and latches and lets go as the catalogue says."""

from __future__ import annotations

import math
from typing import Any

import pytest
from evsed.model.faults import FAULTS
from evsed.pilot.cable import cable_of
from evsed.pilot.iec61851 import TABLE
from hypothesis import given, settings
from hypothesis import strategies as st
from pilot_bench import Bench

# fault: what raises it, seconds that it may take, what mends it
LIMP: dict[str, tuple[dict[str, Any], float, dict[str, Any]]] = {
    "emergency stop": ({"emergency": True}, 0.01, {"emergency": False}),
    "residual current": ({"tripped": True}, 0.01, {"tripped": False}),
    "thermal switch": ({"too_hot": True}, 0.01, {"too_hot": False}),
    "safety input": ({"troubles": ("safety input",)}, 0.01, {"troubles": ()}),
    "contactor": ({"troubles": ("contactor",)}, 0.01, {"troubles": ()}),
    "phase relay": ({"troubles": ("phase relay",)}, 0.01, {"troubles": ()}),
    "diode": ({"broken": True, "proven": False}, 0.01, {"broken": False, "proven": True}),
    "pilot short": ({"letter": "E", "short": True}, 0.01, {"letter": "C", "short": False}),
    "pilot out of range": ({"letter": "E"}, 0.01, {"letter": "C"}),
    "pilot line": ({"troubles": ("pilot line",)}, 0.01, {"troubles": ()}),
    "cable": ({"ohms": 40.0}, 0.06, {"ohms": 220.0}),
    "cable lost": ({"ohms": math.inf}, 0.06, {"ohms": 220.0}),
    "plug lock": ({"troubles": ("plug lock",)}, 0.01, {"troubles": ()}),
    "heartbeat": ({"troubles": ("heartbeat",)}, 0.01, {"troubles": ()}),
    "loop stalled": ({"stalled": True}, 0.01, {"stalled": False}),
}
ELSEWHERE = {  # raised by tests of their own below
    "contactor welded", "contactor failed to close", "pilot state lost", "residual-current self-test", "plug unlock",
    "contactor worn",
}  # fmt: skip


def test_every_fault_of_the_pilot_is_raised_here() -> None:
    assert set(LIMP) | ELSEWHERE == {name for name, row in FAULTS.items() if row.by == "pilot"}


@pytest.mark.parametrize("fault", LIMP)
def test_a_fault_opens_at_once_and_lets_go_as_the_catalogue_says(fault: str) -> None:
    raising, seconds, mending = LIMP[fault]
    bench = Bench().charging()
    bench.go(0.1, ohms=220.0)
    bench.go(seconds, **raising)
    rules = bench.rules
    assert (rules.closed, rules.fault, fault in rules.faults) == (False, fault, True)
    assert rules.machine.row in ("F", "E")
    bench.go(2.0, stalled=False)
    bench.go(0.05, **mending)
    row = FAULTS[fault]
    assert (rules.latched == (fault,)) == row.latched
    if row.latched:
        bench.go(60.0)
        assert (rules.fault, rules.closed) == (fault, False)
        assert bench.act("acknowledge") is None
        bench.go(0.05)
    assert rules.faults == ()
    bench.go(27.0)
    assert not rules.closed
    bench.go(4.0).is_in("C2 on")


@pytest.mark.parametrize("fault", [name for name, row in FAULTS.items() if row.latched])
def test_a_fault_that_was_latched_before_the_start_keeps_it_off_until_it_is_acknowledged(fault: str) -> None:
    bench = Bench(latched=(fault,))
    bench.go(1.0, letter="B").allow().go(60.0, letter="C")
    assert (bench.rules.closed, bench.rules.fault, bench.rules.latched) == (False, fault, (fault,))
    assert bench.act("acknowledge") is None
    assert (bench.rules.latched, bench.go(0.01).rules.faults) == ((), ())
    bench.go(31.0).is_in("C2 on")


def test_several_faults_at_once_are_told_by_their_weight_and_each_goes_by_itself() -> None:
    bench = Bench().charging()
    bench.go(1.0, too_hot=True, letter="E", short=True, troubles=("heartbeat",), tripped=True, emergency=True)
    rules = bench.rules
    assert rules.faults == ("emergency stop", "residual current", "thermal switch", "pilot short", "heartbeat")
    bench.go(0.1, too_hot=False, troubles=(), tripped=False, emergency=False)
    assert rules.faults == ("emergency stop", "residual current", "pilot short")
    assert rules.latched == ("emergency stop", "residual current")
    assert bench.act("acknowledge") is None
    assert bench.go(0.1).rules.faults == ("pilot short",)


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        ({"emergency": True}, "the emergency stop is still pressed: release it first"),
        ({"tripped": True},
         "the residual-current device still says that it has tripped: find the current to earth first"),
        ({"emergency": True, "troubles": ("safety input",)}, "the emergency stop is still pressed: release it first"),
        ({"troubles": ("safety input",), "tripped": None},
         "emergency stop, thermal switch or residual-current device cannot be read: mend that first"),
        ({"mirror": True}, "the mirror contact says that the contactor is still closed: replace it first"),
    ],
)  # fmt: skip
def test_nothing_is_acknowledged_while_a_cause_stands(cause: dict[str, Any], why: str) -> None:
    bench = Bench(latched=("pilot state lost",))
    bench.stuck = {"contactor"}
    bench.go(1.0, **cause)
    faults = bench.rules.faults
    assert bench.act("acknowledge") == why
    assert bench.go(0.1).rules.faults == faults
    assert "pilot state lost" in bench.rules.latched


def test_a_contactor_that_does_not_open_is_welded_and_the_plug_stays_locked() -> None:
    bench = Bench(has_lock=True).charging()
    bench.stuck = {"contactor"}
    bench.allow(0.0, how="now", locked=False)
    bench.is_in("C1")
    bench.go(0.3)
    assert (bench.rules.faults, bench.rules.lock.command) == (("contactor welded",), True)
    bench.go(60.0, letter="A")
    assert (bench.rules.faults, bench.rules.lock.command) == (("contactor welded",), True)
    assert bench.act("unlock") == "the contactor is not proven open: stop the charge first"
    bench.stuck = set()
    bench.go(0.1)
    assert bench.rules.lock.command is False
    assert bench.act("acknowledge") is None
    assert bench.go(0.01).rules.faults == ()


def test_a_contactor_that_does_not_close_stays_off_until_the_plug_is_pulled() -> None:
    bench = Bench()
    bench.stuck = {"contactor"}
    bench.go(0.1, letter="B").allow().go(1.0, letter="C")
    assert (bench.rules.faults, bench.rules.closed, bench.rules.latched) == (("contactor failed to close",), False, ())
    bench.stuck = set()
    bench.go(60.0)
    assert bench.rules.faults == ("contactor failed to close",)
    bench.go(0.1, letter="A")
    assert bench.rules.faults == ()
    bench.go(31.0).charging()


def test_a_stall_while_the_contactor_is_open_is_no_fault() -> None:
    bench = Bench().go(0.1, letter="B", stalled=True)
    assert bench.rules.faults == ()


def test_a_worn_contactor_is_a_warning_that_lets_it_charge() -> None:
    bench = Bench().go(0.01, worn=True).charging()
    assert (bench.rules.warnings, bench.rules.faults) == (("contactor worn",), ())
    assert bench.go(0.01, worn=False).rules.warnings == ()


# --- the offer ----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e6), st.floats(50, 5000) | st.none(), st.floats(6, 80), st.booleans())
def test_never_more_than_permit_cable_and_wiring_allow(amps: float, ohms: float | None, most: float, s2: bool) -> None:
    bench = Bench(max_amps=most).go(0.05, ohms=ohms)
    bench.go(0.05, letter="B" if s2 else "C").allow(amps).go(0.1)
    limits = [amps, most] if s2 else [amps, most, 10.0]
    if ohms is not None:
        cable = cable_of(ohms)
        limits.append(cable if cable is not None and cable < math.inf else 0.0)
    assert bench.rules.amps <= min(limits)
    assert bench.rules.machine.offered <= min(limits) + 0.051
    assert (bench.rules.amps >= 6) == (min(limits) >= 6)


@pytest.mark.parametrize("amps", [0.5, 5.9])
def test_less_than_six_amperes_is_no_offer_and_says_so(amps: float) -> None:
    bench = Bench().go(0.1, letter="B").allow(amps).go(5.0)
    bench.is_in("B1")
    assert bench.rules.reason == "less than 6 A are permitted, and less cannot be offered"


def test_a_vehicle_without_s2_gets_ten_amperes_until_it_shows_that_it_has_one() -> None:
    bench = Bench().allow(16.0).go(0.1, letter="C").go(1.0)
    bench.is_in("C2 on", 10.0)
    assert bench.rules.simplified
    bench.go(0.1, letter="B")
    assert not bench.rules.simplified
    bench.go(6.0, letter="C").is_in("C2 on", 16.0)
    bench.go(0.1, letter="A").go(11.0, letter="D").is_in("D1")
    assert bench.rules.simplified
    assert not bench.go(0.1, letter="A").rules.simplified


def test_ventilation_is_as_the_place_has_it() -> None:
    Bench(table=TABLE).charging(letter="D")
    bench = Bench().go(0.1, letter="B").allow().go(60.0, letter="D")
    bench.is_in("D1")


# --- the lock -----------------------------------------------------------------------------------------------------


def test_the_plug_is_locked_before_the_offer() -> None:
    bench = Bench(has_lock=True)
    bench.stuck = {"lock"}
    bench.go(0.1, letter="B").allow().go(1.0)
    bench.is_in("B1")
    assert (bench.rules.lock.command, bench.rules.reason) == (True, "waiting for the plug lock")
    bench.stuck = set()
    bench.go(0.1).is_in("B2", 16.0)


def test_a_plug_that_does_not_lock_is_a_fault_until_it_is_pulled() -> None:
    bench = Bench(has_lock=True)
    bench.stuck = {"lock"}
    bench.go(0.1, letter="B").allow().go(16.0)
    assert bench.rules.faults == ("plug lock",)
    bench.go(60.0)
    assert bench.rules.faults == ("plug lock",)
    bench.stuck = set()
    bench.go(0.1, letter="A")
    assert bench.rules.faults == ()
    bench.go(31.0).charging()


def test_a_lock_that_opens_under_load_ends_the_charge_with_grace() -> None:
    bench = Bench(has_lock=True).charging()
    bench.stuck = {"lock"}
    bench.go(0.4, locked=False).is_in("C2 on")
    bench.go(0.3).is_in("C1 on")
    bench.go(0.1, letter="B").is_in("B1")


def test_a_plug_that_does_not_unlock_is_a_warning_and_no_fault() -> None:
    bench = Bench(has_lock=True).charging()
    bench.stuck = {"lock"}
    bench.allow(0.0, locked=False).go(17.0, letter="B")
    assert (bench.rules.warnings, bench.rules.faults) == (("plug unlock",), ())
    bench.stuck = set()
    assert bench.go(1.0).rules.warnings == ()


def test_unlock_is_done_with_the_contactor_open_only() -> None:
    bench = Bench(has_lock=True).charging()
    assert bench.act("unlock") == "the contactor is not proven open: stop the charge first"
    bench.go(0.1, letter="B")
    assert bench.act("unlock") is None
    bench.go(0.1)
    assert (bench.rules.lock.command, bench.rules.reason) == (False, "plug is unlocked")
    bench.is_in("B1")
    assert Bench().act("unlock") == "this EVSE has no plug lock"


# --- residual current ---------------------------------------------------------------------------------------------


class Watched(Bench):
    """With a device that trips as soon as its test input rises, and comes back as soon."""

    dead = False

    def _obey(self) -> None:
        super()._obey()
        if not self.dead:
            self.look.tripped = self.rules.selftest.test


class Dead(Watched):
    """With one that does not."""

    dead = True


def test_it_is_tested_before_the_first_offer_and_after_each_vehicle() -> None:
    bench = Watched(module="RCM14", settle=0.01)
    bench.go(5.0)
    first = bench.rules.selftest.tested_at
    assert first is not None
    assert not bench.rules.faults
    bench.go(7.0).charging()
    assert bench.rules.selftest.tested_at == first
    bench.go(2.0, letter="A")
    assert bench.rules.selftest.tested_at != first


def test_nothing_is_offered_while_it_is_tested_and_the_test_runs_at_x1_with_the_contactor_open() -> None:
    bench = Watched(module="X804").charging()
    began = False
    bench.go(0.1, letter="B").go(0.1, letter="A").go(0.01, letter="B")
    while bench.rules.selftest.hold:
        began = began or bench.rules.selftest.test
        assert (bench.rules.duty, bench.rules.closed) == (None, False)
        assert bench.rules.reason == "testing the residual-current device" or not bench.rules.supervisor.mine
        bench.go(0.01)
    bench.go(3.1).is_in("B2", 16.0)


def test_it_is_tested_once_a_day_though_a_vehicle_waits_and_never_under_load() -> None:
    bench = Watched(module="RCM14").charging()
    first = bench.rules.selftest.tested_at
    assert first is not None
    bench.rules.selftest._due_at = bench.now + 1.0
    bench.go(0.9).is_in("C2 on")
    bench.go(1.0).is_in("C1 on")
    assert not bench.rules.selftest.testing
    assert bench.rules.reason == "testing the residual-current device"
    bench.go(0.05, letter="B").is_in("B1")
    bench.go(6.0).is_in("B2", 16.0)
    assert bench.rules.selftest.tested_at != first


def test_a_device_that_does_not_trip_in_its_test_is_a_latched_fault() -> None:
    bench = Dead(module="RCM14", settle=30.0)
    assert bench.rules.latched == ("residual-current self-test",)
    bench.dead = False
    assert bench.act("acknowledge") is None
    bench.go(2.0)
    assert bench.rules.faults == ()
    assert bench.rules.selftest.tested_at is not None


def test_a_selftest_that_is_asked_for_is_done_or_refused_with_words() -> None:
    none = "this EVSE has no residual-current device that can be tested"
    assert Bench().act("selftest") == none
    bench = Watched(module="RCM14").charging()
    assert bench.act("selftest") == (
        "the contactor is not proven open, and must be for the test: stop the charge first"
    )
    first = bench.rules.selftest.tested_at
    bench.go(1.0, letter="B")
    assert bench.act("selftest") is None
    bench.go(3.0)
    assert bench.rules.selftest.tested_at != first


def test_every_part_names_its_timers() -> None:
    """So that the explorer may let any of them run out: each is an instant, and no other slot is one."""
    rules = Watched(relay=True, module="RCM14", has_lock=True).charging().rules
    assert rules.phases is not None
    parts = (rules, rules.machine, rules.supervisor, rules.contactor, rules.cable, rules.lock, rules.selftest)
    for part in (*parts, rules.phases):
        instants = {name for name in part.__slots__ if isinstance(at := getattr(part, name), float) and at > 900.0}
        told = {"opened_at", "unplugged_at", "tested_at"}
        assert instants - told <= set(part.TIMERS) <= set(part.__slots__)
        assert all(isinstance(getattr(part, name), float) for name in part.TIMERS)


# --- phases -------------------------------------------------------------------------------------------------------


def test_a_permit_for_one_phase_never_feeds_three() -> None:
    bench = Bench(relay=True).charging(30.0)
    bench.allow(30.0, phases=1)
    bench.is_in("C1 on")
    bench.go(6.1).is_in("C1")  # this vehicle does not open S2: the old position stays for this plug
    bench.go(12.0).is_in("C2 on", 10.0)
    assert bench.rules.phases is not None
    assert (bench.rules.phases.phases, bench.rules.amps) == (3, 10.0)
    bench.go(11.0, letter="A")
    assert bench.rules.phases.phases == 1
    bench.charging(30.0, phases=1).is_in("C2 on", 30.0)


def test_switching_needs_the_contactor_open_and_x1_and_rests_for_the_break() -> None:
    bench = Bench(relay=False).allow(phases=1).charging(phases=1)
    bench.allow(16.0, phases=3).go(1.0)
    assert bench.look.relay is False
    bench.go(0.2, letter="B")
    assert bench.look.relay is True
    bench.go(9.0).is_in("B1")
    bench.go(2.0).is_in("B2", 16.0)
    assert bench.rules.phases is not None
    assert bench.rules.phases.phases == 3


def test_a_relay_that_does_not_stand_where_it_was_told_to_is_a_fault() -> None:
    bench = Bench(relay=True).charging()
    bench.stuck = {"relay"}
    bench.go(0.6, relay=False)
    assert (bench.rules.faults, bench.rules.closed) == (("phase relay",), False)
    bench.go(0.1, relay=True)
    assert bench.rules.faults == ()


# --- acts ---------------------------------------------------------------------------------------------------------


def test_acts_that_mean_nothing_here_are_refused() -> None:
    assert Bench().act("wake") == "no vehicle is waiting here that could be woken"
    assert Bench().act("new-contactor") == "this hardware has no new-contactor"


def test_a_sleeping_vehicle_is_woken_when_somebody_says_so() -> None:
    bench = Bench().go(0.1, letter="B").allow().go(1.0)
    assert bench.act("wake") is None
    bench.go(0.01).is_in("F")


def test_a_self_test_waits_until_state_f_is_over() -> None:
    bench = Watched(module="RCM14")
    bench.go(0.1, letter="B").allow().go(31.0).is_in("F")
    assert bench.act("selftest") is None
    for _ in range(50):
        bench.go(0.01).is_in("F")
        assert not bench.rules.selftest.testing
