"""The time from the vehicle's leaving C until the contactor is open, by what lines and contactors declare.

All lines of a station are looked at in one loop, one after the other: a look at one of them delays the others. Where
all looks and the steps after them take longer than a tick, the loop turns more slowly, and everything with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evse_drivers import registry

from .filling import Findings
from .parts import Part
from .whole import Settings

TICK_MS = 10.0  # of the pilot's loop
STEP_MS = 1.0  # for all that is no look at a line, of all outlets
DEBOUNCE = 3  # equal samples until a letter counts
SCHEDULING_MS = 30.0  # by which the loop may wake up late
BUSY_MS = 9.0  # of a tick. sched(7): Linux stops real-time work after 950 ms of each second; 50 are for the steps
OPEN_WITHIN_MS = 100.0  # IEC 61851-1 table A.6, sequence 8.1


def check(settings: Settings, findings: Findings) -> None:
    """Refuse each outlet that cannot open in time; warn of lines that slow the loop down."""
    looks = {evse.pilot.where: timing(evse.pilot)[0] for evse in settings.evses if evse.pilot is not None}
    sampling = sum(looks.values())
    _busy(settings, looks, findings)
    tick = max(TICK_MS, sampling + STEP_MS)
    for evse in settings.evses:
        if evse.pilot is None:
            continue
        path = (*evse.pilot.where.split("."), "driver")
        release = max(timing(part)[1] for part in (evse.pilot, evse.contactor) if part is not None)
        total = sampling + DEBOUNCE * tick + SCHEDULING_MS + release
        if total > OPEN_WITHIN_MS:
            each = f" ({', '.join(f'{where} {ms:g}' for where, ms in looks.items())})" if len(looks) > 1 else ""
            loops = f", which is {DEBOUNCE} loops of {tick:g}" if tick > TICK_MS else ""
            text = (
                f"opens within {total:.4g} ms only, IEC 61851-1 wants {OPEN_WITHIN_MS:g}: sampling {sampling:g}{each}, "
                f"debounce {DEBOUNCE * tick:g}{loops}, scheduling {SCHEDULING_MS:g}, contactor {release:g} ms. "
                "Use a faster line or contactor."
            )
            findings.refuse(path, text, evse.pilot.driver)
        elif sampling > TICK_MS and evse.pilot.where == next(iter(looks)):
            text = (
                f"and the other lines take {sampling:g} ms for a look, more than the {TICK_MS:g} ms of a loop, which "
                f"turns every {tick:g} ms then. It opens in time still; faster lines are better."
            )
            findings.warn(path, text, evse.pilot.driver)


def _busy(settings: Settings, looks: Mapping[str, float], findings: Findings) -> None:
    """Refuse lines whose looks are work of the processor, where they leave it no rest."""
    lines = [evse.pilot for evse in settings.evses if evse.pilot is not None]
    busy = [line for line in lines if getattr(registry.find(line.kind, line.driver), "keeps_busy", False)]
    works = sum(looks[line.where] for line in busy)
    if works > BUSY_MS:
        text = (
            f"{'and the others like it keep' if len(busy) > 1 else 'keeps'} the processor busy for {works:.4g} ms of "
            f"each {TICK_MS:g}: above {BUSY_MS:g} the kernel stops the loop for 50 ms in each second "
            "(sched_rt_runtime_us), and every contactor opens. Set `samples` lower, or use peak detectors."
        )
        findings.refuse((*busy[0].where.split("."), "driver"), text, busy[0].driver)


def timing(part: Part) -> tuple[float, float]:
    """(sample_ms, release_ms): what the driver makes of its settings, or the settings say, or its class declares."""
    driver = registry.find(part.kind, part.driver)
    of_settings = getattr(driver, "timing", None)
    if of_settings is not None:
        sample, release = of_settings(part.settings)
        return float(sample), float(release)
    return _declared_ms(part, driver, "sample_ms"), _declared_ms(part, driver, "release_ms")


def _declared_ms(part: Part, driver: type[Any], name: str) -> float:
    value = getattr(part.settings, name, getattr(driver, name, 0.0))
    return float(value) if isinstance(value, (int, float)) else 0.0
