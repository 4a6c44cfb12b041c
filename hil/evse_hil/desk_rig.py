"""The desk as a rig: `evsed desk --headless` for the wallbox and everything electrical, the desk CSMS apart from it."""

from __future__ import annotations

import contextlib
import json
import os
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
        answer = ask(self._path, do="call", action=action, payload=payload)
        if "error_code" in answer or "callerror" in answer:
            raise RigError(f"{action} was answered by CALLERROR: {answer}")
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
    """A desk and a central system of its own, in a new folder that goes with it."""

    def __init__(self, plan: Plan, version: str) -> None:
        self.plan = plan
        self.folder = Path(tempfile.mkdtemp(prefix="evsed-hil-"))
        self._children: list[subprocess.Popen[bytes]] = []
        try:
            url = self._start_csms(version)
            self._start_desk(version, url, plan.options.get("desk", {}))
        except BaseException:
            self.close()
            raise
        desk = self.folder / "desk" / "desk.sock"
        around = DeskSurroundings(desk)
        self.ev, self.reader, self.mains, self.controller = DeskVehicle(desk), around, around, around
        self.csms = DeskCsms(self.folder / "csms.sock", version)
        self.instruments = DeskInstruments(self.folder / "desk" / "world.sock")
        self._await_station()

    def _run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "csms" else log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def _start_csms(self, version: str) -> str:
        child = self._run("csms", "evsed.desk.csms", "--dir", str(self.folder), "--offer", version)
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise RigError(f"the desk CSMS did not start: {self._log('csms')}")
        return str(json.loads(line)["url"])

    def _start_desk(self, version: str, url: str, options: Mapping[str, Any]) -> None:
        command = ["evsed", "desk", "--headless", "--csms", url, "--id", "RIG1", "--ocpp", version]
        command += ["--dir", str(self.folder / "desk"), "--state-dir", str(self.folder / "state")]
        command += [word for name, value in options.items() for word in _flag(name, value)]
        child = self._run("desk", *command)
        path = self.folder / "desk" / "desk.sock"

        def up() -> bool:
            if child.poll() is not None:
                raise RigError(f"the desk ended with exit code {child.returncode}: {self._log('desk')}")
            return path.exists()

        patience.until(f"{path}: {self._log('desk')}", up, START_SECONDS)

    def _await_station(self) -> None:
        """Until the central system has answered a report that a station may send only when it is accepted."""

        def accepted() -> bool:
            return any("StatusNotification" in frame["text"] for frame in self.csms.frames())

        try:
            patience.until("StatusNotification of the station", accepted, START_SECONDS)
        except BaseException:
            self.close()
            raise

    def _log(self, name: str) -> str:
        text = (self.folder / f"{name}.log").read_text(errors="replace").strip()
        return text[-2000:] or "it said nothing"

    def close(self) -> None:
        """End the desk first: it opens its contactor by itself."""
        for child in reversed(self._children):
            _end(child)
        if not os.environ.get("EVSE_HIL_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def _flag(name: str, value: object) -> Sequence[str]:
    """An option of the rig's file as `evsed desk` takes it: a table of presets as --set, the rest by name."""
    if isinstance(value, dict):
        return [word for key, preset in value.items() for word in ("--set", f"{key}={preset}")]
    return [f"--{name.replace('_', '-')}", str(value)]


def _end(child: subprocess.Popen[bytes], seconds: float = 10.0) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    if child.poll() is None:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
