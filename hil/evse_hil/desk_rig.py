"""The desk as a rig: `evsed desk --headless`, with everything electrical and the central system simulated."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import patience
from .rig import Event, Look, Plan, Process, RigError

START_SECONDS = 15.0


def ask(path: Path, seconds: float = 40.0, **message: Any) -> dict[str, Any]:
    """Send one message to a control socket and return its answer; RigError with its words when it refuses."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(seconds)
            link.connect(os.fspath(path))
            link.sendall(json.dumps(message).encode() + b"\n")
            with link.makefile("rb") as lines:
                line = lines.readline()
    except OSError as error:
        raise RigError(f"{path}: {message} got no answer ({error}).") from None
    answer: dict[str, Any] = json.loads(line) if line else {"ok": False, "error": "closed without an answer"}
    if not answer.pop("ok"):
        raise RigError(f"{path.name}: {answer.get('error')}")
    return answer


class DeskVehicle:
    """The simulated EV at EVSE 1."""

    def __init__(self, desk: Path) -> None:
        self._desk = desk

    def plug(self) -> None:
        ask(self._desk, do="plug", evse=1)

    def unplug(self) -> None:
        ask(self._desk, do="unplug", evse=1)

    def ask(self, on: bool | None) -> None:
        ask(self._desk, do="ask", evse=1, on=on)

    def take(self, amps: float, phases: int) -> None:
        ask(self._desk, do="ev", evse=1, max_amps=amps, phases=phases)


class DeskSurroundings:
    """Reader, mains and controller of a desk."""

    def __init__(self, desk: Path) -> None:
        self._desk = desk

    def tap(self, uid: str) -> None:
        ask(self._desk, do="card", uid=uid)

    def switch(self, on: bool) -> None:
        ask(self._desk, do="mains", on=on)

    def power(self, on: bool) -> None:
        ask(self._desk, do="power", on=on)

    def kill(self, process: Process) -> float:
        return float(ask(self._desk, do="kill", process=process)["at"])

    def start(self, process: Process) -> None:
        ask(self._desk, do="start", process=process)

    def fault(self, name: str, on: bool) -> None:
        ask(self._desk, do="fault", name=name, on=on)


class DeskCsms:
    """The desk CSMS over its control socket."""

    def __init__(self, path: Path, version: str) -> None:
        self._path = path
        self.version = version

    def call(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = ask(self._path, do="call", action=action, payload=payload)["answer"]
        return answer

    def ledger(self) -> dict[str, Any]:
        return ask(self._path, do="ledger")

    def frames(self, since: int = 0) -> list[dict[str, Any]]:
        return list(ask(self._path, do="frames", since=since)["frames"])

    def link(self, up: bool) -> None:
        ask(self._path, do="link", up=up)


class DeskInstruments:
    """The desk's electrical model: it stamps every change on CLOCK_MONOTONIC when it computes it."""

    def __init__(self, world: Path) -> None:
        self._world = world

    def mark(self) -> int:
        return int(ask(self._world, do="state")["events"])

    def events(self, since: int) -> list[Event]:
        found = ask(self._world, do="events", since=since)["events"]
        return [Event(one.pop("n"), one.pop("at"), one.pop("kind"), one) for one in found]

    def look(self) -> Look:
        evse = ask(self._world, do="state")["evses"][0]
        evse["amps"] = tuple(evse["amps"])
        return Look(**{name: evse[name] for name in Look.__dataclass_fields__})


class DeskRig:
    """A desk in a new folder that goes with it; kept where the environment says EVSE_HIL_KEEP=1."""

    def __init__(self, plan: Plan, version: str) -> None:
        self.plan = plan
        self.folder = Path(tempfile.mkdtemp(prefix="evsed-hil-"))
        self._process = self._start(version, plan.options.get("desk", {}))
        desk = self.folder / "desk.sock"
        around = DeskSurroundings(desk)
        self.ev, self.reader, self.mains, self.controller = DeskVehicle(desk), around, around, around
        self.csms = DeskCsms(self.folder / "csms.sock", version)
        self.instruments = DeskInstruments(self.folder / "world.sock")
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def _start(self, version: str, options: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "evsed", "desk", "--headless", "--ocpp", version, "--dir", str(self.folder)]
        command += [word for name, value in options.items() for word in _flag(name, value)]
        with (self.folder / "desk.log").open("wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )

    def _await_ready(self) -> None:
        """Until the desk stands, and the station has told what only an accepted one may tell."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        if not ready or not self._process.stdout.readline():
            log = (self.folder / "desk.log").read_text(errors="replace").strip()[-2000:]
            raise RigError(f"the desk did not start within {START_SECONDS:g} s: {log or 'it said nothing'}")

        def accepted() -> bool:
            return any("StatusNotification" in frame["text"] for frame in self.csms.frames())

        patience.until("StatusNotification of the station", accepted, START_SECONDS)

    def close(self) -> None:
        """End the desk, which opens its contactor by itself."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if not os.environ.get("EVSE_HIL_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def _flag(name: str, value: object) -> Sequence[str]:
    """An option of the rig's file as `evsed desk` takes it: a table of presets as --set, the rest by name."""
    if isinstance(value, dict):
        return [word for key, preset in value.items() for word in ("--set", f"{key}={preset}")]
    return [f"--{name.replace('_', '-')}", str(value)]
