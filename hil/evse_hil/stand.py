"""The test stand of the figures: a desk at default settings on the loopback central system, and what it costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import patience
from .desk_rig import DeskInstruments, DeskProcess, DeskSurroundings, DeskVehicle, ask
from .loopback import Loopback
from .rig import RigError

CARD = "04A1B2C3"
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024
BOTH = ("pilot", "station")


@dataclass(frozen=True, slots=True)
class Cost:
    """What processes of evsed have used up since they started."""

    at: float  # s
    cpu: float  # s
    written: float  # bytes handed to the disk


class Stand:
    """One desk with one EVSE; close it. The database lies under `disk`, which must not be a RAM disk."""

    def __init__(self, disk: Path, version: str, *arguments: str) -> None:
        self.version = version
        self.loopback = Loopback()
        self.folder = Path(tempfile.mkdtemp(prefix="evsed-stand-"))
        disk.mkdir(parents=True, exist_ok=True)
        self.state = Path(tempfile.mkdtemp(prefix="bench-state-", dir=disk.absolute()))
        try:
            where = ["--csms", self.loopback.url, "--ocpp", version, "--state-dir", str(self.state)]
            self._desk = DeskProcess(self.folder, [*where, *arguments])
        except BaseException:  # an interrupt too: its folders go with it
            self._remove()
            raise
        self.desk = self.folder / "desk.sock"
        self.controller = DeskSurroundings(self.desk)
        self.ev = DeskVehicle(self.desk)
        self.instruments = DeskInstruments(self.folder / "world.sock")
        self.accepted()

    def close(self) -> None:
        self._desk.close()
        self.loopback.link(False)
        self._remove()

    def _remove(self) -> None:
        if not os.environ.get("EVSE_HIL_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.state, ignore_errors=True)

    def accepted(self) -> None:
        """Wait until the station has been accepted."""
        patience.until("StatusNotification", lambda: "StatusNotification" in self.loopback.first, 30)

    # --- a session ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Plug in and present a card, until current flows."""
        self.ev.plug()
        self.controller.tap(CARD)
        patience.look(self.instruments, "current", lambda look: look.amps[0] > 5, 30)

    def end(self) -> None:
        """Present the card again and pull the plug, until the central system has heard of the end."""
        reports = self.loopback.calls["StopTransaction"], self.loopback.calls["TransactionEvent"]
        self.controller.tap(CARD)
        patience.look(self.instruments, "open contactor", lambda look: not look.closed, 15)
        self.ev.unplug()
        patience.look(self.instruments, "12 V", lambda look: look.high > 11, 5)
        calls = self.loopback.calls
        patience.until("end", lambda: (calls["StopTransaction"], calls["TransactionEvent"]) != reports, 15)

    def left(self, seconds: float = 3.0) -> float:
        """The vehicle opens S2 now and closes it again: ms from S2 to the coil."""
        since = self.instruments.mark()
        self.ev.ask(False)
        left = patience.event(self.instruments, "s2-opened", since, seconds)
        coil = patience.event(self.instruments, "coil-off", since, seconds)
        self.ev.ask(True)
        patience.event(self.instruments, "contact-closed", since, 15)
        return (coil.at - left.at) * 1000

    def gaps(self) -> list[float]:
        """ms between the pilot's looks at its line, all since the last time this was asked."""
        told = ask(self.folder / "world.sock", do="gaps")["gaps"]
        return [int(tenths) / 10 for tenths, times in told.items() for _ in range(times)]

    # --- the station's queue ------------------------------------------------------------------------------------

    def show(self) -> dict[str, Any]:
        """What `evsed show` knows."""
        return ask(self.folder / "run" / "station.sock", show=True)

    def queued(self) -> int:
        """Reports not yet taken; RigError while the station does not answer."""
        queue = self.show()["queue"]
        return int(queue["depth"] if isinstance(queue, dict) else queue)

    def lay_backlog(self, transactions: int) -> None:
        """Reports of past transactions into the queue. The station must be dead."""
        command = [sys.executable, "-m", "evsed.desk.backlog", "--state", str(self.state)]
        done = subprocess.run([*command, "--transactions", str(transactions)], capture_output=True, text=True)
        if done.returncode:
            raise RigError(done.stderr.strip())

    # --- costs --------------------------------------------------------------------------------------------------

    def pid(self, process: str) -> int:
        return int(ask(self.desk, do="state")["processes"][process]["pid"])

    def rss_mib(self, process: str) -> float:
        """Resident memory, shared pages included."""
        pages = int(Path(f"/proc/{self.pid(process)}/statm").read_text().split()[1])
        return pages * PAGE_KIB / 1024

    def cost(self, *processes: str) -> Cost:
        """Of these processes (both when none is named) until now."""
        pids = [self.pid(process) for process in processes or BOTH]
        threads = [path for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        cpu = sum(int(path.read_text().split()[0]) for path in threads) / 1e9
        ios = [dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines()) for pid in pids]
        return Cost(time.monotonic(), cpu, sum(float(io["write_bytes"]) for io in ios))

    def rest(self, seconds: float, *processes: str) -> Cost:
        """The cost of so many seconds in which nothing is done; `at` is how long they were."""
        before = self.cost(*processes)
        time.sleep(seconds)
        return since(before, self.cost(*processes))


def since(before: Cost, after: Cost) -> Cost:
    """The difference."""
    return Cost(after.at - before.at, after.cpu - before.cpu, after.written - before.written)


@contextmanager
def busy(cores: int) -> Iterator[None]:
    """So many processes that compute without end."""
    children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()
