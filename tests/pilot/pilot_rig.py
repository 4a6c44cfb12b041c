"""Pilot line, contactor and lock as hardware would be: peers of the loop, with a vehicle made of numbers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evse_drivers.api import DriverError, Sense
from evsed.pilot import realtime
from evsed.pilot.guard import Guard
from evsed.pilot.iec61851 import Machine, without_ventilation
from evsed.pilot.latches import Latches
from evsed.pilot.loop import Loop
from evsed.pilot.outlet import Outlet
from evsed.pilot.rcd import SelfTest
from evsed.pilot.realtime import Notify
from evsed.pilot.recorder import Recorder
from evsed.pilot.rules import Rules
from evsed.pilot.sense import PilotSense
from evsed.pilot.server import Server
from evsed.pilot.supervisor import Limits
from evsed.pilot.wear import Counts, Wear
from evsed.pilot.wire import VERSION, Hello
from evsed.pilot.wiring import Parts, Wiring

VOLTS = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0}


class Hardware:
    """One EVSE's pins. `vehicle` is its letter; `diode` False mirrors the positive half."""

    sample_ms, release_ms = 1.0, 20.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.vehicle, self.diode, self.ohms = "A", True, None
        self.duty: float | None = 0.5
        self.coil, self.welded, self.stuck = True, False, False
        self.block = 0.0  # s that the next sense takes
        self.error: str | None = None
        self.coil_error: str | None = None
        self.sense_override: Sense | None = None
        self.opened: list[tuple[float, str]] = []  # when, and in which thread

    def sense(self) -> Sense:
        if self.block:
            block, self.block = self.block, 0.0
            time.sleep(block)
        if self.error:
            raise DriverError(self.error)
        if self.sense_override is not None:
            return self.sense_override
        high = VOLTS[self.vehicle]
        if self.duty is None:
            return Sense(self.clock(), high, high, self.ohms)
        if self.duty == 0.0:
            return Sense(self.clock(), -12.0, -12.0, self.ohms)
        return Sense(self.clock(), high, -12.0 if self.diode or self.vehicle == "A" else -high, self.ohms)

    def drive(self, duty: float | None) -> None:
        self.duty = duty

    def set(self, on: bool) -> None:
        if self.coil_error:
            raise DriverError(self.coil_error)
        if self.coil and not on:
            self.opened.append((self.clock(), threading.current_thread().name))
        self.coil = on

    def get(self) -> bool | None:
        return (self.coil and not self.stuck) or self.welded

    def close(self) -> None:
        pass


class Lock:
    """A lock that obeys at once."""

    def __init__(self) -> None:
        self.on = False

    def set(self, on: bool) -> None:
        self.on = on

    def get(self) -> bool | None:
        return self.on

    def close(self) -> None:
        pass


class Process:
    """Loop, guard, socket and latch file around some hardware, in this test's own process."""

    def __init__(self, folder: Path, count: int = 1, clock: Callable[[], float] | None = None, **limits: Any) -> None:
        self.clock = clock or time.monotonic
        self.hardware = [Hardware(self.clock) for _ in range(count)]
        self.path = str(folder / "pilot.sock")
        self.logged: list[str] = []
        self.server = Server(self.path, Hello(VERSION, "digest", "boot", {"1": 32.0}))
        self.latches = Latches(str(folder), self.logged.append)
        self.guard = Guard()
        numbers = tuple(range(1, count + 1))
        latched, counts = self.latches.read(numbers), self.latches.read_counters(numbers)
        facts = {"max_amps": 32.0, "failsafe_amps": 6.0, "go_on": 900.0, **limits}
        self.outlets = [
            self.outlet(pins, Limits(number, **facts), latched.get(number, ()), counts[number])
            for number, pins in enumerate(self.hardware, 1)
        ]
        self.recorder = Recorder(str(folder / "records"), numbers, {"boot": "boot"}, self.logged.append)
        self.loop = Loop(
            self.outlets, self.guard, self.server, self.latches, self.recorder, Notify({}), clock=self.clock
        )
        self.thread: threading.Thread | None = None

    def outlet(self, pins: Hardware, limits: Limits, latched: tuple[str, ...], counts: Counts) -> Outlet:
        now = self.clock()
        rules = Rules(now, limits, Machine(now, without_ventilation()), SelfTest("none"), None, latched)
        wiring = Wiring(Parts(pins, pins), self.guard.close)
        return Outlet(wiring, rules, PilotSense(), Wear(50_000.0, counts), boot="boot", now=now)

    def start(self) -> Process:
        self.latches.start()
        self.recorder.start()
        # As the process does: otherwise other tests' load sets the loop aside for longer than the guard allows.
        self.guard.start(self.hardware, lambda: realtime.fifo(51))
        self.thread = threading.Thread(target=self._run, name="loop")
        self.thread.start()
        return self

    def _run(self) -> None:
        realtime.fifo(50)
        self.loop.run()

    def ready_to_close(self) -> Process:
        """As if it had run for a while: the waits after a start are over. Call before `start`."""
        for outlet in self.outlets:
            outlet.rules.machine.close_after = outlet.rules.machine.offer_after = self.clock()
        return self

    def stop(self) -> None:
        self.loop.stop()
        if self.thread is not None:
            self.thread.join()
            self.guard.stop()
            self.latches.stop()
            self.recorder.stop()
        self.server.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Station:
    """A plain client of the pilot's socket."""

    def __init__(self, path: str, hello: dict[str, Any] | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(3.0)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        if hello is None:
            hello = {"version": VERSION, "digest": "digest"}
        if hello:
            self.say(hello=hello)

    def say(self, **message: Any) -> None:
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def permit(self, amps: float = 16.0, evse: int = 1, how: str = "grace", seconds: float = 5.0) -> None:
        self.say(permit={"evse": evse, "amps": amps, "phases": 3, "locked": True, "how": how,
                         "until": time.monotonic() + seconds})  # fmt: skip

    def hear(self) -> dict[str, Any]:
        """The next line; {} at the end."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return {}
        return json.loads(line) if line else {}

    def wait(self, kind: str, **expected: Any) -> dict[str, Any]:
        """The first message of that kind with such fields, within 10 s."""
        began = time.monotonic()
        while True:
            message = self.hear()
            assert message, "the pilot has hung up"
            assert time.monotonic() < began + 10.0, f"{kind} with {expected} did not come; the last was {message}"
            body = message.get(kind)
            if body is not None and all(body[name] == value for name, value in expected.items()):
                return body  # type: ignore[no-any-return]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def until(condition: Callable[[], bool], seconds: float = 3.0) -> float:
    """Wait for it; returns how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "it did not happen"
        time.sleep(0.002)
    return time.monotonic() - began
