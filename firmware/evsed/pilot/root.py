"""`evsed pilot`: builds the pilot process from the settings, runs it, and leaves every contactor open."""

from __future__ import annotations

import getopt
import os
import signal
import sys
import threading
from typing import Any

from evse_drivers.api import DriverError, Switch
from evse_drivers.registry import find

from evsed.settings import EvseSettings, Part, Settings, SettingsError, load

from . import building, last_settings, realtime
from .guard import Guard
from .heartbeat import Heartbeat
from .latches import Latches
from .loop import PERIOD, Loop
from .outlet import Outlet
from .recorder import Recorder
from .server import Server, SocketHeld
from .wire import VERSION, Hello

CONFIG = 78  # EX_CONFIG: systemd need not try again
IDLE = 77  # nothing to do: nor need it then, and it is no failure
USAGE = "usage: evsed pilot -c FILE [--release]"
# The threads that write files stand below the loop and above everything else: one that was set aside by other work
# while it holds the interpreter's lock would keep the loop waiting.
WRITER_PRIORITY, LOOP_PRIORITY, GUARD_PRIORITY = 10, 50, 51
RECORDS = "records"  # folder in station.state


def log(text: str) -> None:
    """A line for the journal; never called from within the loop."""
    print(f"evsed pilot: {text}", file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT; with --release open all contactors, drive X1 and end. Returns the exit code."""
    try:
        options, rest = getopt.getopt(argv, "c:h", ["config=", "release", "help"])
    except getopt.GetoptError as error:
        log(f"{error}. {USAGE}")
        return 2
    given = dict(options)
    if rest or "-h" in given or "--help" in given:
        print(USAGE)
        return 2 if rest else 0
    path = given.get("-c") or given.get("--config") or "/etc/evsed/evsed.toml"
    try:
        settings = load(path)
    except SettingsError as error:
        print(error, file=sys.stderr, flush=True)
        copy = last_settings.find(path) if "--release" in given else None
        if copy is None:
            return CONFIG
        log(f"releasing by {copy}, which the last pilot was started with")
        return release(load(copy, boards_first=last_settings.boards(copy)))
    if "--release" in given:
        return release(settings)
    try:
        return run(settings)
    except (DriverError, SocketHeld, Refused) as error:
        log(str(error))
    except OSError as error:
        log(f"{error.filename or settings.station.runtime}: {error.strerror or error}")
    return 1


def run(settings: Settings) -> int:
    """The process. DriverError, SocketHeld, Refused, OSError: it cannot be run; whatever was built is released."""
    evses = [evse for evse in settings.evses if evse.pilot is not None]
    if not evses:
        log(f"{settings.path}: no [evse.N.pilot] is in it, nothing to do: boards drive all pilots themselves")
        realtime.Notify(dict(os.environ)).send("READY=1")
        return IDLE
    os.makedirs(settings.station.runtime, exist_ok=True)
    last_settings.keep(settings.path, settings.station.runtime, settings.board.path if settings.board else None)
    boot = os.urandom(8).hex()
    ceilings = {str(evse.id): evse.max_current for evse in evses}
    server = Server(
        os.path.join(settings.station.runtime, "pilot.sock"), Hello(VERSION, settings.digest, boot, ceilings)
    )
    latches = Latches(settings.station.state, log)
    buses = _Buses(settings)
    outlets: list[Outlet] = []
    heartbeat = None
    try:
        for evse in evses:  # all of them, before a line or a file keeps it waiting
            _open(evse, buses)
        _check_folder(settings.station.state)
        guard, numbers = Guard(), tuple(evse.id for evse in evses)
        latched, counters = latches.read(numbers), latches.read_counters(numbers)
        for evse in evses:
            kept = latched.get(evse.id, ()), counters[evse.id]
            outlets.append(building.outlet(settings, evse, buses.build, guard, boot, *kept))
        heartbeat = _heartbeat(settings, buses)
        about: dict[str, object] = {"boot": boot, "config": settings.digest, "release": settings.station.firmware}
        recorder = Recorder(os.path.join(settings.station.state, RECORDS), numbers, about, log)
        _work(outlets, guard, server, latches, recorder, heartbeat)
    finally:
        for outlet in outlets:
            outlet.release()
        for evse in evses[len(outlets) :]:  # where one could not be built
            _open(evse, buses)
        if heartbeat is not None:
            heartbeat.close()
        for outlet in outlets:
            outlet.close()
        buses.close()
        server.close()
    return 0


def _work(
    outlets: list[Outlet], guard: Guard, server: Server, latches: Latches, recorder: Recorder,
    heartbeat: Heartbeat | None,
) -> None:  # fmt: skip
    notify = realtime.Notify(dict(os.environ))
    realtime.fifo(WRITER_PRIORITY)  # which the threads that start now inherit; what it lacks is told by the next
    latches.start()
    recorder.start()
    problems = [problem for problem in (realtime.fifo(LOOP_PRIORITY), realtime.lock_memory()) if problem]
    for problem in problems:
        log(problem)
    loop = Loop(outlets, guard, server, latches, recorder, notify, heartbeat=heartbeat, realtime=" ".join(problems))
    for number in (signal.SIGTERM, signal.SIGINT):
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, lambda *_: loop.stop())
    guard.start([outlet.wiring.parts.contactor for outlet in outlets], lambda: realtime.fifo(GUARD_PRIORITY))
    realtime.freeze()
    notify.send("READY=1")
    log(f"{len(outlets)} EVSE at {server.path}")
    try:
        loop.run()
    finally:
        notify.send("STOPPING=1")
        guard.stop()
        latches.stop()
        recorder.stop()
    log("contactors open, ended")


def _open(evse: EvseSettings, buses: _Buses) -> None:
    """A contactor that nothing else opens now: a dead process may have left it closed. Never raises."""
    try:
        driver = buses.build(evse.contactor) if evse.contactor is not None else None
        if driver is not None:
            driver.set(False)
            driver.close()
    except Exception as error:  # a driver with a bug must not keep the others' contactors closed
        log(str(error) or repr(error))


def release(settings: Settings) -> int:
    """Open every contactor, end what else a killed process has left on (the test of a residual-current device, the
    motor of a lock), drive X1. Whatever of it fails. Returns 1 if one could not be reached."""
    buses = _Buses(settings)
    failed = 0
    # Every contactor first, and the lines, whose bus may hang, last.
    parts = [evse.contactor for evse in settings.evses]
    for evse in settings.evses:
        parts += [evse.rcd.part if evse.rcd else None, evse.lock]
    parts += [evse.pilot for evse in settings.evses]
    for part in filter(None, parts):
        try:
            driver = buses.build(part)
            if part.kind == "pilot":
                driver.drive(None)
            elif part.kind == "rcd":
                driver.test(False)
            elif not part.where.endswith(".lock"):  # which is not to move: its motor is off once the driver is made
                driver.set(False)
            driver.close()
        except Exception as error:  # a driver with a bug must not keep the others' contactors closed
            log(str(error) or repr(error))
            failed = 1
    buses.close()
    return failed


class Refused(Exception):
    """The process cannot run here; the text says what to do."""


class _Buses:
    """Builds drivers, and opens each bus once, when the first driver needs it."""

    def __init__(self, settings: Settings) -> None:
        self._parts = settings.buses
        self._open: dict[str, Any] = {}

    def build(self, part: Part) -> Any:
        driver = find(part.kind, part.driver)
        name = part.bus
        if name is None:
            return driver(part.settings, part.where)
        if name not in self._open:
            bus = self._parts[name]
            self._open[name] = find(bus.kind, bus.driver)(bus.settings, bus.where)
        return driver(part.settings, part.where, self._open[name])

    def close(self) -> None:
        for bus in self._open.values():
            bus.close()


def _heartbeat(settings: Settings, buses: _Buses) -> Heartbeat | None:
    if settings.heartbeat is None:
        return None
    switch: Switch = buses.build(settings.heartbeat.part)
    return Heartbeat(switch, round(settings.heartbeat.every / 1000.0 / PERIOD))


def _check_folder(state: str) -> None:
    """The latched faults must be kept somewhere; Refused if not."""
    probe = os.path.join(state, f".pilot-{os.getpid()}")
    try:
        os.makedirs(state, exist_ok=True)
        with open(probe, "w", encoding="utf-8"):
            pass
        os.unlink(probe)
    except OSError as error:
        raise Refused(
            f"{state}: the pilot must keep its latched faults here, and cannot: {error.strerror}. "
            "Correct station.state or the folder's owner."
        ) from None
