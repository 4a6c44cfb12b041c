"""Measures what evsed promises: `python -m evse_hil.bench [group ...]`; a table, and build/bench.json.

Groups: pilot station cpu outbox session disk; without one, all of these: some seven minutes, on a machine that rests
otherwise. Only by name: timings, states and fuzz, a quarter of an hour each.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from . import patience
from .figures import Aim, Figure, keep, spread, table
from .fuzz import fuzz
from .rig import RigError
from .stand import Cost, Stand, busy, since
from .states import states
from .timings import timings

CYCLES = 100  # times that the vehicle leaves C
BOOTS = 5
REST = 30.0  # s
SESSION = 20.0  # s of charging
SESSIONS = 3
IDLE_DISK = 120.0  # s
BACKLOG = 1000  # transactions of 10 reports each
LOADED_BACKLOG = 12_000
DAY = 86_400.0


AIMS = {
    "pilot.gap_loaded_ms": Aim({"p99": 25, "max": 50}),
    "pilot.open_loaded_ms": Aim({"p99": 40, "max": 60}),
    "station.rss_mib": Aim({"value": 60}),
    "pilot.rss_mib": Aim({"value": 22}),
    "cpu.charging_percent": Aim({"value": 3}),
    "cpu.idle_percent": Aim({"value": 3}),
    "outbox.drain_per_s": Aim({"value": 500}, least=True),
}

Open = Callable[..., Stand]


def figure(name: str, unit: str, values: float | dict[str, float]) -> Figure:
    """One figure with its aim."""
    return Figure(name, unit, values if isinstance(values, dict) else {"value": values}, AIMS.get(name))


def pilot(stand: Open) -> Iterator[Figure]:
    """The loop's gaps, and the time from S2 to the coil, idle and under load; the process's memory."""
    with closing(stand()) as desk:
        desk.begin()
        gaps, opened = _cycles(desk)
        yield figure("pilot.gap_ms", "ms", spread(gaps))
        yield figure("pilot.open_ms", "ms", spread(opened))
        yield figure("pilot.rss_mib", "MiB", desk.rss_mib("pilot"))
        desk.loopback.link(False)
        desk.controller.kill("station")
        desk.lay_backlog(LOADED_BACKLOG)
        desk.controller.start("station")
        desk.loopback.link(True)
        with busy(os.cpu_count() or 1):
            patience.until("drain", lambda: desk.loopback.calls["MeterValues"] > 0 or _events(desk) > 10, 60)
            desk.gaps()
            gaps, opened = _cycles(desk)
        if not desk.queued():
            print("bench: the queue was empty before the loaded figures were complete", file=sys.stderr)
        yield figure("pilot.gap_loaded_ms", "ms", spread(gaps))
        yield figure("pilot.open_loaded_ms", "ms", spread(opened))


def _events(desk: Stand) -> int:
    return desk.loopback.calls["TransactionEvent"]


def _cycles(desk: Stand) -> tuple[list[float], list[float]]:
    desk.gaps()
    opened = []
    for _ in range(CYCLES):
        time.sleep(random.uniform(0.2, 0.5))  # so that S2 meets the loop's period anywhere
        opened.append(desk.left())
    return desk.gaps(), opened


def station(stand: Open) -> Iterator[Figure]:
    """From the process's start to its BootNotification on the wire; its memory after a session."""
    with closing(stand()) as desk:
        boots = []
        for _ in range(BOOTS):
            desk.controller.kill("station")
            desk.loopback.forget()
            started = time.monotonic()
            desk.controller.start("station")
            desk.accepted()
            boots.append((desk.loopback.first["BootNotification"] - started) * 1000)
        yield figure("station.boot_to_csms_ms", "ms", spread(boots))
        desk.begin()
        time.sleep(5)
        desk.end()
        yield figure("station.rss_mib", "MiB", desk.rss_mib("station"))


def cpu(stand: Open) -> Iterator[Figure]:
    """Both processes together, in percent of a core."""
    with closing(stand()) as desk:
        time.sleep(5)
        idle = desk.rest(REST)
        yield figure("cpu.idle_percent", "%", 100 * idle.cpu / idle.at)
        desk.begin()
        time.sleep(5)
        charging = desk.rest(REST)
        yield figure("cpu.charging_percent", "%", 100 * charging.cpu / charging.at)


def outbox(stand: Open) -> Iterator[Figure]:
    """Reports confirmed and durably removed per second."""
    with closing(stand()) as desk:
        desk.controller.kill("station")
        desk.lay_backlog(BACKLOG)
        desk.loopback.forget()
        desk.controller.start("station")
        reports = BACKLOG * 10
        patience.until(
            "start of the drain", lambda: {"StartTransaction", "TransactionEvent"} & {*desk.loopback.first}, 30
        )
        began = min(at for action, at in desk.loopback.first.items() if "Transaction" in action)
        patience.until("empty queue", lambda: desk.queued() == 0, 300, every=0.2)
        yield figure("outbox.drain_per_s", "1/s", reports / (time.monotonic() - began))


def session(stand: Open) -> Iterator[Figure]:
    """CPU of the station for one session, without what it needs at rest. The pilot's loop costs the same all day."""
    with closing(stand()) as desk:
        time.sleep(5)
        idle = desk.rest(REST, "station")
        costs = [_session(desk, "station") for _ in range(SESSIONS)]
        extra = [cost.cpu - idle.cpu / idle.at * cost.at for cost in costs]
        yield figure("session.cpu_ms", "ms", 1000 * sum(extra) / SESSIONS)


def _session(desk: Stand, *processes: str) -> Cost:
    before = desk.cost(*processes)
    desk.begin()
    time.sleep(SESSION)
    desk.end()
    time.sleep(2)  # what follows the end is part of it
    return since(before, desk.cost(*processes))


def disk(stand: Open) -> Iterator[Figure]:
    """Bytes that both processes hand to the disk."""
    with closing(stand()) as desk:
        time.sleep(5)
        idle = desk.rest(IDLE_DISK)
        yield figure("disk.idle_mb_per_day", "MB", idle.written / idle.at * DAY / 1e6)
        cost = _session(desk)
        yield figure("disk.session_kb", "kB", (cost.written - idle.written / idle.at * cost.at) / 1e3)


DEFAULT = ("pilot", "station", "cpu", "outbox", "session", "disk")
GROUPS = {one.__name__: one for one in (pilot, station, cpu, outbox, session, disk, timings, states, fuzz)}


def main(argv: list[str] | None = None) -> int:
    """0: measured, and every aim met; 1: not; 2: a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m evse_hil.bench", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "groups", nargs="*", metavar="group", help=f"{' '.join(GROUPS)}; without one: {' '.join(DEFAULT)}"
    )
    parser.add_argument("--ocpp", choices=("1.6", "2.0.1"), default="1.6")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args(argv)
    for group in options.groups:
        if group not in GROUPS:
            parser.error(f"there is no group {group}; there are {', '.join(GROUPS)}.")

    def stand(*arguments: str) -> Stand:
        return Stand(options.out.parent, options.ocpp, *arguments)

    figures: list[Figure] = []
    try:
        for group in options.groups or DEFAULT:
            print(f"measuring {group} ...", file=sys.stderr, flush=True)
            figures += GROUPS[group](stand)
    except RigError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        keep(figures, options.out, others=bool(options.groups))
        print(table(figures))
    for one in figures:
        if one.good is False:
            print(f"bench: {one.verdict()}", file=sys.stderr)
    return 0 if all(one.good is not False for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
