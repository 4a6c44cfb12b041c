"""Processes of evsed beside a desk's world, started one by one, in a folder of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.desk.world_process import ROOT

FOLDERS = """
[station]
state = "{0}/state"
runtime = "{0}/run"
"""
LINE = """
[bus.wires]
driver = "desk"
socket = "{0}/wires.sock"
[evse.1.pilot]
driver = "desk"
bus = "wires"
"""
CONTACTOR = """
[evse.1.contactor]
driver = "desk"
bus = "wires"
"""


class OnWires:
    """The world runs when this is made; `end` it. `settings` is the config, {0} its folder."""

    def __init__(
        self,
        folder: Path,
        settings: str,
        path: str = "",
        environ: Mapping[str, str] | None = None,
        evses: int = 1,
    ) -> None:
        """`path`: a folder whose modules go before those installed."""
        self.folder, self.file = folder, folder / "evsed.toml"
        self.file.write_text(settings.format(folder))
        paths = [f"{ROOT}/firmware", f"{ROOT}/drivers", *([path] if path else [])]
        self.environ = {**os.environ, "PYTHONPATH": ":".join(paths), **(environ or {})}
        self.processes: list[subprocess.Popen[str]] = []
        world = self.spawn("-m", "evsed.desk.world", "--dir", str(folder), "--evses", str(evses))
        assert world.stdout is not None
        assert json.loads(world.stdout.readline())["ready"]

    def spawn(self, *arguments: str, stderr: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """Of Python."""
        command = [sys.executable, *arguments]
        process = subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.processes.append(process)
        return process

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        """One action of the world, which must be ok."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.folder / "world.sock"))
            link.sendall(json.dumps({"do": what, **fields}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(link.makefile().readline())
        assert answer["ok"], answer
        return answer

    def end(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=10)
