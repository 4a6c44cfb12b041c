"""From the settings of an EVSE to its outlet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evse_drivers.api import DriverError, Sense
from evsed.pilot.building import outlet
from evsed.pilot.guard import Guard
from evsed.pilot.iec61851 import TABLE, without_ventilation
from evsed.settings import EvseSettings, LeaseSettings, OcppSettings, Part, RcdSettings, Settings, StationSettings

KINDS = {"lock": "switch", "phase_relay": "switch", "emergency_stop": "input", "thermal_switch": "input"}


def part(name: str, kind: str) -> Part:
    return Part(kind, "numbers", None, f"evse.1.{name}", 1)


class Driver:
    """Every driver at once."""

    sample_ms, release_ms = 1.0, 20.0

    def __init__(self, where: str, log: list[str]) -> None:
        self.where, self.log = where, log

    def set(self, on: bool) -> None:
        self.log.append(f"{self.where} {on}")

    def get(self) -> bool | None:
        return False

    def active(self) -> bool:
        return False

    def tripped(self) -> bool:
        return False

    def test(self, on: bool) -> None: ...

    def drive(self, duty: float | None) -> None: ...

    def sense(self) -> Sense:
        return Sense(0.0, 12.0, 12.0)

    def close(self) -> None: ...


BARE = EvseSettings(id=1, pilot=part("pilot", "pilot"), contactor=part("contactor", "switch"))


def build(evse: EvseSettings, lease: LeaseSettings | None = None, **kept: Any) -> tuple[Any, list[str]]:
    log: list[str] = []

    def driver(part: Part) -> Driver:
        log.append(part.where)
        return Driver(part.where, log)

    settings = Settings("evsed.toml", StationSettings(), OcppSettings(), lease or LeaseSettings(), {}, (evse,), {})
    return outlet(settings, evse, driver, Guard(), "boot", **kept), log


def test_the_contactor_is_opened_before_any_other_driver_is_built() -> None:
    _, log = build(replace(BARE, lock=part("lock", "switch")))
    assert log[:2] == ["evse.1.contactor", "evse.1.contactor False"]
    assert "evse.1.lock" in log


def test_every_part_is_built() -> None:
    more: dict[str, Any] = {name: part(name, kind) for name, kind in KINDS.items()}
    rcd = RcdSettings(part("rcd", "rcd"), "RCM14", True, "")
    it, _ = build(replace(BARE, rcd=rcd, **more))
    built = [getattr(it.wiring.parts, name).where for name in ("rcd", *KINDS)]
    assert built == ["evse.1.rcd", *(f"evse.1.{name}" for name in KINDS)]
    assert it.rules.selftest.testable
    assert it.rules.phases.phases == 1
    assert it.rules.has_lock


def test_what_is_not_there_is_not_built() -> None:
    it, log = build(BARE)
    assert log == ["evse.1.contactor", "evse.1.contactor False", "evse.1.pilot", "evse.1.contactor False"]
    assert (it.rules.phases, it.rules.selftest.testable, it.rules.has_lock) == (None, False, False)


def test_the_technicians_word_reaches_the_rules() -> None:
    evse = replace(
        BARE, max_current=20.0, failsafe_current=8.0, simplified_current=7.0, unlock_after_power_loss=False,
        rated_openings=2000.0, connector="sType2",
    )  # fmt: skip
    it, _ = build(evse, LeaseSettings("go on", 2.0), latched=("emergency stop",), counts=(3, 2, 1))
    limits = it.limits
    assert (limits.evse, limits.max_amps, limits.failsafe_amps, limits.go_on) == (1, 20.0, 8.0, 120.0)
    assert (limits.simplified_amps, limits.unlock_idle, limits.has_lock) == (7.0, False, False)
    assert (limits.socket, build(BARE)[0].limits.socket) == (True, False)
    assert (it.latched, it.counts, it.wear.rated) == (("emergency stop",), (3, 2, 1), 2000.0)
    stopping, _ = build(evse, LeaseSettings("stop", 2.0))
    assert stopping.limits.go_on == 0.0


def test_ventilation_picks_the_table() -> None:
    assert build(replace(BARE, ventilation=True))[0].rules.machine.table == TABLE
    assert build(BARE)[0].rules.machine.table == without_ventilation()


def test_a_pilot_line_without_a_contactor_is_an_error_that_says_what_to_add() -> None:
    with pytest.raises(DriverError) as error:
        build(replace(BARE, contactor=None))
    assert str(error.value) == "evse.1: a pilot line needs a contactor; add [evse.1.contactor]."
