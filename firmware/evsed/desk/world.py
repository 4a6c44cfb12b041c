"""The desk's electrical world as a process: `python -m evsed.desk.world --dir DIR --evses N`.

Holds the outlets and their vehicles, and lays into DIR: wires.sock (all that the pilot process is wired to), world.sock
(the script), meter-N and reader (ptys), temperature-N (as the kernel shows a sensor). It plays hardware, so it runs
before evsed's own processes where the system lets it. Says {"ready": true, ...} on standard output when all of that is
there, and takes it away on SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tty
from collections import deque
from pathlib import Path
from typing import Any

from .card_reader import Card, CardReader
from .events import EventLoop
from .meter_models import MODELS
from .outlet import Outlet
from .parent import die_with_parent
from .readings import snapshot
from .residual import MODULES
from .sensor import Sensor
from .vehicle import Vehicle
from .wires import Pins, Wires
from .world_socket import WorldSocket

PRIORITY = 60  # SCHED_FIFO; the pilot process takes 50, and hardware waits for nobody
EVENTS_KEPT = 20_000
LINK_PATH_LIMIT = 107  # sun_path, without its closing zero


class World:
    """Outlets and readers, and what is common to them all. `now` is seconds of CLOCK_MONOTONIC."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        now = time.monotonic()
        self.loop = EventLoop(self._tick)
        self.mains = self.power = True
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._events_ever = 0
        self.outlets: dict[int, Outlet] = {
            number: self._outlet(number, options, now) for number in range(1, options.evses + 1)
        }
        self.wires = Wires(folder / "wires.sock", self.outlets, self.loop)
        self.script = WorldSocket(folder / "world.sock", self)
        self.sensors = [Sensor(folder / f"temperature-{number}") for number in self.outlets]
        self._show_temperatures()
        names = ["reader", *(f"reader-{number}" for number in range(2, options.readers + 1))]
        self.readers = [CardReader(folder / name, self.loop, time.monotonic) for name in names[: options.readers]]

    def _outlet(self, number: int, options: argparse.Namespace, now: float) -> Outlet:
        vehicle = Vehicle(options.max_amps, options.ev_phases, options.ev)
        facts = {"phases": options.phases, "register_wh": options.register_wh, "rcd": options.rcd}
        outlet = Outlet(number, vehicle, self.note, now, **facts)
        outlet.cable = 32 if options.socket else None
        return outlet

    def _tick(self, now: float) -> None:
        for outlet in self.outlets.values():
            outlet.step(now)
        self._show_temperatures()
        for reader in self.readers:
            reader.tick(now)
        self.script.tick(now)

    def _show_temperatures(self) -> None:
        for outlet, sensor in zip(self.outlets.values(), self.sensors, strict=True):
            sensor.shows(outlet.celsius)

    def note(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something changed at that instant."""
        self._events_ever += 1
        self._events.append({"n": self._events_ever, "at": at, "kind": kind, **facts})

    def events_since(self, since: int) -> dict[str, Any]:
        """`next` is what to ask with the next time; `lost` counts events that were too old to be kept."""
        first = self._events[0]["n"] if self._events else self._events_ever + 1
        return {
            "events": [event for event in self._events if event["n"] > since],
            "next": self._events_ever,
            "lost": max(0, first - 1 - since),
        }

    def tap(self, reader: int, uid: bytes, seconds: float, now: float) -> None:
        """Hold a card there; a second one takes the first one's place."""
        chip = self.readers[reader].chip
        card = chip.card = Card(uid)
        facts = {"reader": reader + 1, "uid": uid.hex().upper()}
        self.note(now, "card", facts)

        def take_away() -> None:
            if chip.card is card:
                chip.card = None
                self.note(time.monotonic(), "card-gone", facts)

        self.loop.later(now + seconds, take_away)

    def set_mains(self, now: float, on: bool) -> None:
        """Volts at the outlets."""
        self.mains = on
        for outlet in self.outlets.values():
            outlet.step(now)
            outlet.mains = on
        self.note(now, "mains-on" if on else "mains-off", {})

    def set_power(self, now: float, on: bool) -> None:
        """The controller's supply."""
        self.power = on
        for outlet in self.outlets.values():
            outlet.supply(now, on)
        self.note(now, "power-on" if on else "power-off", {})

    def set_pins(self, now: float, mode: Pins) -> None:
        """What outputs do when the process that holds them ends."""
        self.wires.pins = mode
        self.note(now, f"pins-{mode}", {})

    def snapshot(self, now: float) -> dict[str, Any]:
        """Everything, as JSON values."""
        for outlet in self.outlets.values():
            outlet.step(now)
        return {
            "at": now,
            "mains": self.mains,
            "power": self.power,
            "pins": self.wires.pins,
            "wires": self.wires.connections,
            "cards": [None if r.chip.card is None else r.chip.card.uid.hex().upper() for r in self.readers],
            "events": self._events_ever,
            "evses": [snapshot(outlet) for outlet in self.outlets.values()],
        }


class MeterLines:
    """The ptys of the meters, and the process that answers on them.

    A process of its own, because pymodbus would hold the interpreter while the wires have to answer.
    """

    def __init__(self, folder: Path, evses: int, model: str) -> None:
        self.paths = [folder / f"meter-{number}" for number in range(1, evses + 1)]
        self._host_sides: list[int] = []  # held open, so that a host may come and go
        meter_sides = []
        for path in self.paths:
            meter_side, host_side = os.openpty()
            tty.setraw(host_side)
            path.unlink(missing_ok=True)
            path.symlink_to(os.ttyname(host_side))
            self._host_sides.append(host_side)
            meter_sides.append(meter_side)
        command = [sys.executable, "-m", "evsed.desk.meter", "--model", model]
        command += ["--world", str(folder / "world.sock")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [*command, *map(str, meter_sides)], pass_fds=meter_sides, stdin=subprocess.DEVNULL, env=environment
        )
        for meter_side in meter_sides:
            os.close(meter_side)

    def end(self) -> None:
        """Take the meters away."""
        self.process.terminate()
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for path in self.paths:
            path.unlink(missing_ok=True)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m evsed.desk.world", description=__doc__.partition("\n")[0])
    parser.add_argument("--dir", required=True, type=Path, help="folder for sockets and ptys")
    parser.add_argument("--evses", type=int, default=1, choices=range(1, 33), metavar="1..32")
    parser.add_argument("--readers", type=int, default=1, choices=range(0, 9), metavar="0..8")
    parser.add_argument("--phases", type=int, default=3, choices=(1, 3), help="of every outlet")
    parser.add_argument("--register-wh", type=float, default=0.0, help="what the meters' import registers start at")
    parser.add_argument("--socket", action="store_true", help="outlets with loose cables (PP is measured)")
    parser.add_argument("--rcd", default="X804", choices=tuple(MODULES), help="residual-current device")
    parser.add_argument("--meter", default="sdm630", choices=tuple(MODELS), help="model of the meters")
    parser.add_argument("--ev", default="auto", choices=("auto", "manual"), help="manual: S2 is the script's alone")
    parser.add_argument("--max-amps", type=float, default=32.0, help="of the vehicles, per phase")
    parser.add_argument("--ev-phases", type=int, default=3, choices=(1, 2, 3), help="of the vehicles")
    parser.add_argument(
        "--realtime", action=argparse.BooleanOptionalAction, default=True, help="take SCHED_FIFO where it is permitted"
    )
    return parser


def in_use(folder: Path) -> str | None:
    """Why a world cannot live in that folder, or None."""
    path = folder / "world.sock"
    if len(os.fsencode(path)) > LINK_PATH_LIMIT:
        return f"{path}: a socket's path has at most {LINK_PATH_LIMIT} bytes. Choose a --dir with a shorter name."
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None  # nobody there, or a socket that a killed world left behind
    return f"{folder}: another world lives here (it answers at {path.name}). End it, or choose another --dir."


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 1 when it cannot start."""
    started = time.monotonic()
    options = arguments().parse_args(argv)
    die_with_parent()
    folder: Path = options.dir.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"{folder}: cannot be made ({error.strerror}). Choose another --dir.", file=sys.stderr)
        return 1
    if problem := in_use(folder):
        print(problem, file=sys.stderr)
        return 1
    sockets = [folder / "wires.sock", folder / "world.sock"]
    for path in sockets:
        path.unlink(missing_ok=True)
    world = World(folder, options)
    meters = MeterLines(folder, options.evses, options.meter)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: world.loop.stop())
    realtime = False
    if options.realtime:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
            realtime = True
    gc.freeze()
    _watch_meters(world, meters)
    ready = {"ready": True, "dir": str(folder), "evses": options.evses, "realtime": realtime, "pid": os.getpid()}
    print(json.dumps({**ready, "ms": round((time.monotonic() - started) * 1000)}), flush=True)
    try:
        world.loop.run()
    finally:
        died = meters.process.poll()
        meters.end()
        parts = [*(reader.path for reader in world.readers), *(sensor.path for sensor in world.sensors)]
        for path in [*sockets, *parts]:
            path.unlink(missing_ok=True)
    if died is not None:
        print(f"the meters' process ended by itself (exit code {died}); the desk ends too.", file=sys.stderr)
        return 1
    return 0


def _watch_meters(world: World, meters: MeterLines) -> None:
    """A desk whose meters have died would only look like a dead meter: end it."""
    if meters.process.poll() is not None:
        world.loop.stop()
    world.loop.later(time.monotonic() + 1.0, lambda: _watch_meters(world, meters))


if __name__ == "__main__":
    sys.exit(main())
