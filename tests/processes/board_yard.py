"""A station process whose outlet is a board on a pty, with a card reader and the desk's central system."""

from __future__ import annotations

import functools
import json
import operator
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evse_hil.desk_rig import ask
from evse_hil.rig import RigError

T = TypeVar("T")
View = dict[str, Any]
LONG = 30.0  # s, for what happens in any case

CONFIG = """
[station]
vendor = "Yard"
serial = "Y-1"
runtime = "{folder}/run"
state = "{folder}/state"
max_current = 16

[ocpp]
url = "{url}"
versions = ["{version}"]

[ocpp.variables]
SampledDataCtrlr.TxUpdatedInterval = 2

[bus.rs485]
driver = "{bus}"
port = "{folder}/tty"
timeout_ms = 100
{line}

[evse.1]
max_current = 16
{outlet}

[reader.door]
driver = "rdm6300"
port = "{folder}/reader"
"""


class Peer(Protocol):
    """A board at the end of the line, in a thread of its own."""

    def close(self) -> None: ...


class Yard:
    """`close` it. `build` makes the board at the end of that port; `outlet` is the text of [evse.1]'s tables, `line`
    what stands in that of the `bus` besides its port."""

    def __init__(
        self,
        version: str,
        build: Callable[[Path], Peer],
        outlet: str,
        line: str = "gap_ms = 20",
        bus: str = "modbus-serial",
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="yard-"))
        self._reader, slave = os.openpty()
        tty.setraw(slave)
        (self.folder / "reader").symlink_to(os.ttyname(slave))
        os.close(slave)  # the station wants the port for itself
        self.peer = build(self.folder / "tty")
        words = [sys.executable, "-m", "evsed.desk.csms", "--dir", str(self.folder), "--offer", version]
        self._csms = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._csms.stdout is not None
        url = json.loads(self._csms.stdout.readline())["url"]
        config = CONFIG.format(folder=self.folder, url=url, version=version, outlet=outlet, line=line, bus=bus)
        (self.folder / "evsed.toml").write_text(config)
        for name in ("run", "state"):
            (self.folder / name).mkdir()
        self._log = (self.folder / "station.log").open("w")
        self.station: subprocess.Popen[bytes] | None = None
        self.start()
        self.until("the station accepted", lambda: self.show()["registration"]["answer"] == "Accepted")

    def close(self) -> None:
        self.end()
        self._csms.send_signal(signal.SIGTERM)
        self._csms.wait(10)
        self.peer.close()
        os.close(self._reader)
        self._log.close()
        print((self.folder / "station.log").read_text())  # pytest shows it when the test has failed
        shutil.rmtree(self.folder)

    def start(self) -> None:
        words = [sys.executable, "-m", "evsed", "run", "-c", str(self.folder / "evsed.toml")]
        self.station = subprocess.Popen(words, stdout=self._log, stderr=subprocess.STDOUT)

    def end(self, how: int = signal.SIGTERM) -> float:
        """The station, by that signal; when."""
        station, self.station = self.station, None
        if station is not None:
            station.send_signal(how)
            station.wait(10)
        return time.monotonic()

    def show(self) -> View:
        """As `evsed show --json`."""
        return ask(self.folder / "run" / "station.sock", show=True)

    def screen(self) -> str:
        """As `evsed show`."""
        words = [sys.executable, "-m", "evsed", "show", "-c", str(self.folder / "evsed.toml")]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def said(self) -> str:
        """What the station has logged."""
        return (self.folder / "station.log").read_text()

    def csms(self, what: str, **fields: Any) -> View:
        """A message to csms.sock."""
        return ask(self.folder / "csms.sock", do=what, **fields)

    def call(self, action: str, **payload: Any) -> View:
        """A call of the CSMS; the station's answer."""
        answer: View = self.csms("call", action=action, payload=payload)["answer"]
        return answer

    def card(self, uid: str = "010063E9AE") -> None:
        """Hold it before the reader: the frame is the module's, 3c of the facts."""
        xor = functools.reduce(operator.xor, bytes.fromhex(uid))
        os.write(self._reader, b"\x02" + f"{uid}{xor:02X}".encode() + b"\x03")

    def outlet(self) -> View:
        """What the station shows of the board."""
        outlet: View = self.show()["outlets"]["1"]
        return outlet

    def transactions(self) -> list[View]:
        """The CSMS's books."""
        return list(self.csms("ledger")["transactions"])

    def statuses(self) -> list[str]:
        """What the CSMS was told of the connector, oldest first."""
        frames = self.csms("frames", since=0)["frames"]
        told = [json.loads(f["text"])[3] for f in frames if f["action"] == "StatusNotification" and f["kind"] == "call"]
        return [row.get("connectorStatus", row.get("status")) for row in told if row.get("connectorId") == 1]

    def until(self, what: str, look: Callable[[], T | None], seconds: float = LONG) -> T:
        """The first true thing that `look` returns; a station that is silent just then is asked again."""
        deadline = time.monotonic() + seconds
        while True:
            trouble = ""
            try:
                if found := look():
                    return found
            except (RigError, KeyError) as error:
                trouble = f" ({error!r})"
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}{trouble}\n{self.said()}"
            time.sleep(0.05)
