"""A real world process for a test, and its script's socket."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class WorldProcess:
    """`do` sends one action and gives its answer, which must be ok."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evsed.desk.world", "--dir", str(folder), *options],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"},
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self._link = socket.socket(socket.AF_UNIX)
        self._link.connect(str(folder / "world.sock"))
        self._lines = self._link.makefile("rb")

    def send(self, line: bytes) -> dict[str, Any]:
        self._link.sendall(line + b"\n")
        return json.loads(self._lines.readline())

    def do(self, action: str, **fields: Any) -> dict[str, Any]:
        answer = self.send(json.dumps({"do": action, **fields}).encode())
        assert answer.pop("ok"), answer
        return answer

    def refused(self, action: str, **fields: Any) -> str:
        answer = self.send(json.dumps({"do": action, **fields}).encode())
        assert not answer["ok"]
        return answer["error"]

    def evse(self, number: int = 1) -> dict[str, Any]:
        return self.do("state")["evses"][number - 1]

    def wait(self, condition: Any, timeout: float = 5.0, evse: int = 1) -> dict[str, Any]:
        """That EVSE as soon as `condition(evse)` holds."""
        end = time.monotonic() + timeout
        while not condition(state := self.evse(evse)):
            assert time.monotonic() < end, state
            time.sleep(0.01)
        return state

    def event(self, kind: str) -> float:
        """The instant of the last event of that kind."""
        return [event["at"] for event in self.do("events")["events"] if event["kind"] == kind][-1]

    def end(self) -> int:
        self._link.close()
        self.process.terminate()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(5)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[WorldProcess]:
    """A world that ends with the block."""
    world = WorldProcess(folder, *options)
    try:
        yield world
    finally:
        if world.process.poll() is None:
            world.end()
