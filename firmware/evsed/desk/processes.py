"""Children of the desk: started with their output in a log file, ended with their parent, awaited when they die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import evse_drivers

import evsed

from .parent import die_with_parent

READY_SECONDS = 15.0


class Died(Exception):
    """A child ended although nobody told it to; the text shows the end of its log."""


def environment() -> dict[str, str]:
    """Ours, with the way to the very packages that run here, and no service manager that children might talk to."""
    roots = [str(Path(package.__path__[0]).parent) for package in (evsed, evse_drivers)]
    mine = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return mine | {"PYTHONPATH": os.pathsep.join(dict.fromkeys([*roots, *filter(None, [mine.get("PYTHONPATH")])]))}


class Child:
    """One process of the desk, which may be started again and again."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self.wanted = False  # it should be running: whoever sees it dead may start it again

    @property
    def alive(self) -> bool:
        """It runs."""
        return self.process is not None and self.process.returncode is None

    async def start(self, *, tells: bool = False) -> None:
        """Start it. With `tells` its output is piped, for `ready`."""
        parent = os.getpid()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if tells else log,
                stderr=log,
                env=environment(),
                start_new_session=True,  # Ctrl-C is for the desk, which ends its children in order
                preexec_fn=lambda: die_with_parent(parent),
            )
        self.wanted = True

    async def ready(self) -> dict[str, Any]:
        """The line of JSON with which it says that it is up; Died if it ends before."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(READY_SECONDS):
            line = await self.process.stdout.readline()
        if not line:
            await self.process.wait()
            raise Died(self.epitaph())
        told: dict[str, Any] = json.loads(line)
        return told

    async def end(self, sign: signal.Signals = signal.SIGTERM, seconds: float = 8.0) -> int | None:
        """Send `sign`, wait, and kill it when it does not end; its exit code."""
        self.wanted = False
        if self.process is None:
            return None
        if self.process.returncode is None:
            self.signal(sign)
            try:
                async with asyncio.timeout(seconds):
                    await self.process.wait()
            except TimeoutError:
                self.signal(signal.SIGKILL)
                await self.process.wait()
        return self.process.returncode

    def signal(self, sign: signal.Signals) -> None:
        """Send it, and leave the reaping to asyncio: Popen.send_signal would poll, and take the exit code away."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, sign)

    def epitaph(self) -> str:
        """How it ended, with the last lines of its log."""
        code = self.process.returncode if self.process is not None else None
        lines = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.exists() else []
        return "\n".join([f"{self.name} ended with exit code {code}; its log, {self.log}, ends:", *lines])
