"""From the settings of one EVSE to its outlet: drivers, rules and what was kept of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from evse_drivers.api import DriverError, Switch

from evsed.settings import EvseSettings, Part, Settings

from .guard import Guard
from .iec61851 import TABLE, Machine, without_ventilation
from .outlet import Outlet
from .phases import PhaseRelay
from .rcd import SelfTest
from .rules import Rules
from .sense import PilotSense
from .supervisor import Limits
from .wear import NEW, Counts, Wear
from .wiring import Parts, Wiring

Build = Callable[[Part], Any]


def limits(settings: Settings, evse: EvseSettings) -> Limits:
    """The technician's word on one EVSE."""
    lease = settings.lease
    return Limits(
        evse.id,
        evse.max_current,
        evse.failsafe_current,
        go_on=lease.go_on_minutes * 60.0 if lease.when_station_is_gone == "go on" else 0.0,
        has_lock=evse.lock is not None,
        unlock_idle=evse.unlock_after_power_loss,
        simplified_amps=evse.simplified_current,
        socket=evse.connector.startswith("s"),
    )


def parts(evse: EvseSettings, build: Build) -> Parts:
    """The drivers of one EVSE. Raises DriverError."""
    if evse.pilot is None or evse.contactor is None:
        raise DriverError(f"evse.{evse.id}: a pilot line needs a contactor; add [evse.{evse.id}.contactor].")
    contactor: Switch = build(evse.contactor)
    contactor.set(False)  # the first act, before anything else can fail

    def maybe(part: Part | None) -> Any:
        return build(part) if part is not None else None

    return Parts(
        line=build(evse.pilot),
        contactor=contactor,
        lock=maybe(evse.lock),
        phase_relay=maybe(evse.phase_relay),
        rcd=maybe(evse.rcd.part if evse.rcd is not None else None),
        emergency_stop=maybe(evse.emergency_stop),
        thermal_switch=maybe(evse.thermal_switch),
    )


def outlet(
    settings: Settings, evse: EvseSettings, build: Build, guard: Guard, boot: str,
    latched: tuple[str, ...] = (), counts: Counts = NEW,
) -> Outlet:  # fmt: skip
    """The outlet, its contactor opened and its line at +12 V; `latched`, `counts` were kept. Raises DriverError."""
    found = parts(evse, build)
    wiring = Wiring(found, guard.close)
    now = time.monotonic()
    relay = found.phase_relay
    machine = Machine(
        now, TABLE if evse.ventilation else without_ventilation(),
        state_f=evse.state_f, wake_up=evse.wake_up, wake_up_after=evse.wake_up_after,
    )  # fmt: skip
    rules = Rules(
        now, limits(settings, evse), machine,
        SelfTest(evse.rcd.module if evse.rcd is not None else "none"),
        PhaseRelay(relay.get(), evse.phase_switch_break, evse.phase_switches_per_day) if relay is not None else None,
        latched,
    )  # fmt: skip
    levels = evse.pilot_levels
    pilot = PilotSense("resistance" if levels == "resistance" else "volts")
    return Outlet(wiring, rules, pilot, Wear(evse.rated_openings, counts), boot=boot, now=now)
