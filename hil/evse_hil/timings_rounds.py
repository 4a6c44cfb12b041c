"""How each timing of the desk is measured: in rounds, all outlets of a yard side by side.

What the vehicle does itself (it opens S2, it closes it) may be repeated at once. After every other opening the pilot
rests for 10 s, after a fault for 30 s. A round of faults therefore ends with a new pilot process, whose rest after its
start is 10 s: as long as the standard's practice asks for after an opening, and a third of a fault's. The outlets that
had no fault in a round are still closed then: a look that hangs, and the killing of the process, are measured on them.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle

from .timings_rows import ROWS
from .timings_yard import Event, Wanted, Yard, kind

Samples = defaultdict[str, list[float]]  # row: s

RESERVED = 8  # outlets without a fault in a round
OPENS = 3.0  # s after which an opening is given up
LOWER, FAILSAFE = 10.0, 6.0  # A

coil_off, opened, closed = kind("coil-off"), kind("contact-opened"), kind("contact-closed")
x1, state_f = kind("duty", duty=None), kind("duty", duty=0.0)


def offers(least: float, most: float = 80.0) -> Wanted:
    """An offer of so many A, or a little less: a duty cycle is rounded down."""
    return lambda event: event["kind"] == "duty" and least - 0.1 <= event["amps"] <= most


# row: the fault of the desk that begins it, what ends it, and whether it must be acknowledged
FAULTS: dict[str, tuple[str, Wanted, bool]] = {
    "pp_lost_to_open": ("pp-open", opened, False),
    "cp_short_to_open": ("cp-short", opened, False),
    "diode_to_open": ("diode", opened, False),
    "rcd_to_coil_off": ("rcd-trip", coil_off, True),
    "emergency_to_open": ("emergency-stop", opened, True),
    "thermal_to_open": ("thermal", opened, False),
}
UNPLUG = "unplug_to_open"


def each(yard: Yard, evses: Iterable[int], act: Callable[[int], object]) -> int:
    """Do it on each of them, not in step with the pilot's loop; the number of the last event before."""
    mark = yard.mark()
    for evse in evses:
        time.sleep(random.uniform(0.0, 0.02))
        act(evse)
    return mark


def toggles(yard: Yard, samples: Samples) -> None:
    """The vehicle opens S2 and closes it again."""
    yard.charging()
    while len(samples["s2_to_open"]) < ROWS["s2_to_open"].times:
        mark = each(yard, yard.outlets, lambda evse: yard.world("ask", evse=evse, on=False))
        samples["s2_to_open"] += yard.spans(mark, yard.outlets, kind("s2-opened"), opened, OPENS)
        mark = each(yard, yard.outlets, lambda evse: yard.world("ask", evse=evse, on=True))
        samples["s2_to_closed"] += yard.spans(mark, yard.outlets, kind("s2-closed"), closed, 10.0)
        time.sleep(0.3)
    each(yard, yard.outlets, lambda evse: yard.world("ask", evse=evse, on=None))


def faults(yard: Yard, samples: Samples) -> None:
    """Every row of FAULTS, unplugging, and what ends a round."""
    rows = [row for row in (*FAULTS, UNPLUG) for _ in range(ROWS[row].times)]
    random.shuffle(rows)
    ends = cycle((_stall, _stall, _kill))
    while rows or len(samples["stall_to_open"]) < ROWS["stall_to_open"].times:
        yard.charging()
        wanted = {evse: rows.pop() for evse in yard.outlets[:-RESERVED] if rows}
        _inject(yard, wanted, samples)
        yard.charging(yard.outlets[-RESERVED:])
        next(ends)(yard, samples)
        print(f"\r  faults: {len(rows)} outlets left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _inject(yard: Yard, wanted: dict[int, str], samples: Samples) -> None:
    """One of `wanted` (rows) on each of these EVSEs, seen, mended, acknowledged, plugged in again."""

    def begin(evse: int) -> None:
        if wanted[evse] == UNPLUG:
            yard.world("unplug", evse=evse)
        else:
            yard.fault(evse, FAULTS[wanted[evse]][0], True)

    mark = each(yard, wanted, begin)
    for row in sorted({*wanted.values()}):
        name, ends, _ = FAULTS.get(row, ("", opened, False))
        begins = kind("fault-on", name=name) if name else kind("unplugged")
        samples[row] += yard.spans(mark, [evse for evse in wanted if wanted[evse] == row], begins, ends, OPENS)
    time.sleep(0.6)  # let the pulse of state F pass
    samples["f_pulse"] += _pulses(yard.events(mark))
    yard.mend()
    latched = [evse for evse, row in wanted.items() if row != UNPLUG and FAULTS[row][2]]
    for evse in latched:
        yard.acknowledge(evse)
        yard.world("unplug", evse=evse)  # its transaction has ended with the fault
    yard.tested()  # after unplugging, and after a trip
    for evse in (*latched, *(evse for evse, row in wanted.items() if row == UNPLUG)):
        yard.world("plug", evse=evse)


def _pulses(events: Iterable[Event]) -> Iterator[float]:
    """s of each pulse of state F that is over."""
    began: dict[int, float] = {}
    for event in events:
        if state_f(event):
            began[event["evse"]] = event["at"]
        elif event["kind"] == "duty" and event["evse"] in began:
            yield event["at"] - began.pop(event["evse"])


def _stall(yard: Yard, samples: Samples) -> None:
    """A look at one outlet hangs: the guard opens all that are closed."""
    mark = each(yard, yard.outlets[-1:], lambda evse: yard.fault(evse, "sense-blocks", True))
    ends = yard.firsts(mark, yard.outlets[-RESERVED:], opened, OPENS)
    hung = next(event["at"] for event in yard.events(mark) if event["kind"] == "fault-on")
    samples["stall_to_open"] += [at - hung for at in ends.values()]
    yard.mend()
    yard.renew_pilot()


def _kill(yard: Yard, samples: Samples) -> None:
    """SIGKILL; the service manager runs `evsed pilot --release` and starts the next one."""
    mark = yard.mark()
    killed = yard.renew_pilot(signal.SIGKILL)
    ends = yard.firsts(mark, yard.outlets[-RESERVED:], opened, OPENS)
    samples["kill_to_open"] += [at - killed for at in ends.values()]


def stops(yard: Yard, samples: Samples) -> None:
    """The central system withdraws the offer and gives it back, from vehicles that obey and from some that do not."""
    yard.charging()
    mark = each(yard, yard.outlets, lambda evse: yard.limit(evse, 0.0))
    samples["stop_to_open"] += yard.spans(mark, yard.outlets, x1, opened, 20.0)
    each(yard, yard.outlets, yard.lift)
    samples["x1_rest"] += yard.spans(mark, yard.outlets, x1, offers(FAILSAFE), 30.0)
    yard.charging()
    each(yard, yard.outlets, lambda evse: yard.fault(evse, "ev-ignores-stop", True))
    mark = each(yard, yard.outlets, lambda evse: yard.limit(evse, 0.0))
    samples["forced_open"] += yard.spans(mark, yard.outlets, x1, opened, 20.0)
    yard.mend()
    each(yard, yard.outlets, yard.lift)
    samples["again_after_forced"] += yard.spans(mark, yard.outlets, opened, closed, 40.0)


def limits(yard: Yard, samples: Samples) -> None:
    """The central system lowers the current and takes that back at once; the station dies."""
    yard.charging()
    time.sleep(6.0)  # the last change is more than 5 s ago
    mark, sent = yard.mark(), {}
    for evse in yard.outlets:
        sent[evse] = yard.limit(evse, LOWER)
        time.sleep(0.05)
        yard.lift(evse)
    lower = yard.firsts(mark, yard.outlets, offers(LOWER, LOWER), 20.0)
    samples["limit_to_duty"] += [lower[evse] - sent[evse] for evse in yard.outlets]
    samples["raise_spacing"] += yard.spans(mark, yard.outlets, offers(LOWER, LOWER), offers(LOWER + 1.0), 30.0)
    mark = yard.mark()
    killed = yard.stand.controller.kill("station")
    failsafe = yard.firsts(mark, yard.outlets, offers(FAILSAFE, FAILSAFE), 20.0)
    samples["lease_to_failsafe"] += [at - killed for at in failsafe.values()]
    yard.stand.controller.start("station")


def rests(yard: Yard, samples: Samples) -> None:
    """A fault that goes by itself, and nothing that shortens the rest after it."""
    yard.charging()
    mark = each(yard, yard.outlets, lambda evse: yard.fault(evse, "thermal", True))
    yard.firsts(mark, yard.outlets, opened, OPENS)
    mark = each(yard, yard.outlets, lambda evse: yard.fault(evse, "thermal", False))
    samples["again_after_fault"] += yard.spans(mark, yard.outlets, kind("fault-off"), closed, 60.0)


def sleepers(yard: Yard, samples: Samples) -> None:
    """Vehicles that do not ask are woken after 30 s."""
    each(yard, yard.outlets, lambda evse: yard.world("unplug", evse=evse))
    each(yard, yard.outlets, lambda evse: yard.world("ask", evse=evse, on=False))
    mark = each(yard, yard.outlets, lambda evse: yard.world("plug", evse=evse))
    samples["wake_f"] += yard.spans(mark, yard.outlets, state_f, x1, 90.0)
    each(yard, yard.outlets, lambda evse: yard.world("ask", evse=evse, on=None))


PARTS = (toggles, stops, limits, rests, faults, sleepers)
