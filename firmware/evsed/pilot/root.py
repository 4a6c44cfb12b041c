"""`evsed pilot`: builds the pilot process from the settings, runs it, and leaves every contactor open."""

from __future__ import annotations

import getopt
import os
import signal
import sys
import threading
import time
from typing import Any

from evse_drivers.api import DriverError, PilotLine, Switch
from evse_drivers.registry import find

from evsed.settings import EvseSettings, Part, Settings, SettingsError, load

from . import last_settings, realtime
from .guard import Guard
from .iec61851 import without_ventilation
from .latches import Latches
from .loop import Loop
from .outlet import Outlet
from .server import Server, SocketHeld
from .supervisor import Limits
from .wire import VERSION, Hello

CONFIG = 78  # EX_CONFIG: systemd need not try again
USAGE = "usage: evsed pilot -c FILE [--release]"
LOOP_PRIORITY, GUARD_PRIORITY = 50, 51


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
        return release(load(copy))
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
        log(f"{settings.path}: no [evse.N.pilot] is in it, nothing to do")
        return 0
    _check_folder(settings.station.state)
    os.makedirs(settings.station.runtime, exist_ok=True)
    last_settings.keep(settings.path, settings.station.runtime)
    boot = os.urandom(8).hex()
    ceilings = {str(evse.id): evse.max_current for evse in evses}
    server = Server(
        os.path.join(settings.station.runtime, "pilot.sock"), Hello(VERSION, settings.digest, boot, ceilings)
    )
    latches = Latches(settings.station.state, log)
    buses = _Buses(settings)
    outlets: list[Outlet] = []
    try:
        guard = Guard()
        latched = latches.read(tuple(evse.id for evse in evses))
        for evse in evses:
            outlets.append(_outlet(settings, evse, buses, guard, boot, latched.get(evse.id)))
        _work(outlets, guard, server, latches)
    finally:
        for outlet in outlets:
            outlet.release()
            for driver in (outlet.line, outlet.contactor, outlet.lock):
                if driver is not None:
                    driver.close()
        buses.close()
        server.close()
    return 0


def _work(outlets: list[Outlet], guard: Guard, server: Server, latches: Latches) -> None:
    notify = realtime.Notify(dict(os.environ))
    latches.start()  # before this thread is real-time, which its children inherit
    for problem in (realtime.fifo(LOOP_PRIORITY), realtime.lock_memory()):
        if problem:
            log(problem)
    loop = Loop(outlets, guard, server, latches, notify)
    for number in (signal.SIGTERM, signal.SIGINT):
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, lambda *_: loop.stop())
    guard.start([outlet.contactor for outlet in outlets], lambda: realtime.fifo(GUARD_PRIORITY))
    realtime.freeze()
    notify.send("READY=1")
    log(f"{len(outlets)} EVSE at {server.path}")
    try:
        loop.run()
    finally:
        notify.send("STOPPING=1")
        guard.stop()
        latches.stop()
    log("contactors open, ended")


def release(settings: Settings) -> int:
    """Open every contactor and drive X1, whatever else fails. Returns 1 if one could not be reached."""
    buses = _Buses(settings)
    failed = 0
    parts = [part for evse in settings.evses for part in (evse.contactor, evse.pilot) if part is not None]
    for part in parts:
        try:
            driver = buses.build(part)
            if part.kind == "pilot":
                driver.drive(None)
            else:
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


def _outlet(
    settings: Settings, evse: EvseSettings, buses: _Buses, guard: Guard, boot: str, latched: str | None
) -> Outlet:
    if evse.pilot is None or evse.contactor is None:
        raise DriverError(f"evse.{evse.id}: a pilot line needs a contactor; add [evse.{evse.id}.contactor].")
    contactor: Switch = buses.build(evse.contactor)
    contactor.set(False)  # the first act, before anything else can fail
    line: PilotLine = buses.build(evse.pilot)
    lock: Switch | None = buses.build(evse.lock) if evse.lock is not None else None
    lease = settings.lease
    go_on = lease.go_on_minutes * 60.0 if lease.when_station_is_gone == "go on" else 0.0
    limits = Limits(evse.id, evse.max_current, evse.failsafe_current, go_on, lock is not None)
    return Outlet(
        limits, line, contactor, lock,
        table=without_ventilation(), boot=boot, close=guard.close, latched=latched, now=time.monotonic(),
    )  # fmt: skip


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
