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
from .rig import Event, Kind, Look, Plan, Process, RigError

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
    if not answer.pop("ok", True):
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

    def be(self, kind: Kind, on: bool) -> None:
        ask(self._desk, do="ev", evse=1, **{kind: on})

    def react(self, seconds: float) -> None:
        ask(self._desk, do="ev", evse=1, reaction=seconds)

    def toggle(self, times: int, seconds: float) -> None:
        ask(self._desk, do="toggle", evse=1, times=times, seconds=seconds)


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

    def heat(self, celsius: float) -> None:
        ask(self._desk, do="temperature", celsius=celsius)

    def stall(self, process: Process, seconds: float) -> float:
        return float(ask(self._desk, do="stall", process=process, seconds=seconds)["at"])


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


class DeskProcess:
    """`evsed desk --headless` with these arguments, in that folder; up when this returns."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-m", "evsed", "desk", "--headless", "--dir", str(folder), *arguments]
        with (folder / "desk.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        if not ready or not self._process.stdout.readline():
            self.close()
            log_text = (folder / "desk.log").read_text(errors="replace").strip()[-2000:]
            raise RigError(f"the desk did not start within {START_SECONDS:g} s: {log_text or 'it said nothing'}")

    def close(self) -> None:
        """End it; it opens its contactor by itself."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class DeskRig:
    """A desk in a new folder that goes with it; kept where the environment says EVSE_HIL_KEEP=1."""

    def __init__(self, plan: Plan, version: str) -> None:
        self.plan = plan
        self.folder = Path(tempfile.mkdtemp(prefix="evsed-hil-"))
        options = plan.options.get("desk", {})
        flags = [word for name, value in options.items() for word in _flag(name, value)]
        self._desk = DeskProcess(self.folder, ["--ocpp", version, *flags])
        desk = self.folder / "desk.sock"
        around = DeskSurroundings(desk)
        self.ev, self.reader, self.mains, self.controller = DeskVehicle(desk), around, around, around
        self.csms = DeskCsms(self.folder / "csms.sock", version)
        self.instruments = DeskInstruments(self.folder / "world.sock")
        try:
            patience.until("StatusNotification of the station", self._accepted, START_SECONDS)
        except BaseException:  # an interrupt too: the desk's processes must not outlive it
            self.close()
            raise

    def _accepted(self) -> bool:
        """The station has told what only an accepted one may tell."""
        return any("StatusNotification" in frame["text"] for frame in self.csms.frames())

    def close(self) -> None:
        """End the desk."""
        self._desk.close()
        if not os.environ.get("EVSE_HIL_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def _flag(name: str, value: object) -> Sequence[str]:
    """An option of the rig's file as `evsed desk` takes it: a table of presets as --set, the rest by name."""
    if isinstance(value, dict):
        return [word for key, preset in value.items() for word in ("--set", f"{key}={preset}")]
    return [f"--{name.replace('_', '-')}", str(value)]
