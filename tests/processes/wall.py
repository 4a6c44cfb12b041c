"""A wallbox of real processes on a desk, and the words a test drives it with.

Everything goes through the desk's control sockets. What a test holds against a limit are the world's own stamps.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from evse_hil.desk_rig import DeskProcess, ask
from evse_hil.rig import RigError

T = TypeVar("T")
View = dict[str, Any]
POLL = 0.1  # s
LONG = 40.0  # s, for what happens in any case; a generous deadline costs nothing when all is well
PRESETS = {
    "SampledDataCtrlr.TxUpdatedInterval": "2",
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "3",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "1",
    "OCPPCommCtrlr.MessageTimeout[Default]": "2",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": "0",
    "TxCtrlr.EVConnectionTimeOut": "30",
}


class Wall:
    """A desk in a folder of its own; `close` it. Cards are new ones unless a test names them."""

    _cards = itertools.count(0x04A00001)

    def __init__(self, version: str, *options: str, **presets: str) -> None:
        self.version = version
        self.folder = Path(tempfile.mkdtemp(prefix="wall-"))
        self.arguments = ["--ocpp", version, *options]
        for name, value in (PRESETS | presets).items():
            self.arguments += ["--set", f"{name}={value}"]
        self._desk = DeskProcess(self.folder, self.arguments)
        self.since = 0  # transactions in the ledger when the test began
        self.frame = 0  # likewise the number of the last frame
        self.before: View = {}  # the ledger
        self._sizes: dict[str, int] = {}  # of the logs
        self.until("the station accepted", lambda: self.show()["registration"]["answer"] == "Accepted")

    def close(self) -> None:
        """End everything."""
        self._desk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self) -> None:
        """What an earlier test has left behind is mended: all runs, all is well, nothing is plugged in."""
        self.desk("power", on=True)
        self.csms("behave", clear=True)
        self.csms("blackhole", on=False)
        self.csms("link", up=True)
        self.csms("tokens", blocked=[], groups={})
        for evse in self.world("state")["evses"]:
            for name in evse["faults"]:
                self.world("fault", evse=evse["evse"], name=name, on=False)
            self.world("unplug", evse=evse["evse"])
            self.world("ask", evse=evse["evse"], on=None)
            self.world("ev", evse=evse["evse"], max_amps=32, phases=3, mode="auto", battery_wh=None)
        for name, process in self.desk("state")["processes"].items():
            if not process["alive"]:
                self.start(name)
        self.until("a station that is free", self._free)
        self.before = self.ledger()
        self.since, self.frame = len(self.before["transactions"]), self.csms("state")["frames"]
        self._sizes = {log.name: log.stat().st_size for log in self.folder.glob("*.log")}

    def _free(self) -> bool:
        show = self.show()
        sessions, outlets = show["sessions"].values(), show["outlets"].values()
        free = all(session["phase"] == "free" for session in sessions) and len(outlets) == len(sessions)
        well = all(outlet["state"].startswith("A") and not outlet["fault"] for outlet in outlets)
        return free and well and show["queue"] == 0 and show["registration"]["answer"] == "Accepted"

    # --- the sockets ----------------------------------------------------------------------------------------------

    def desk(self, what: str, **fields: Any) -> View:
        """A message to desk.sock."""
        return ask(self.folder / "desk.sock", do=what, **fields)

    def world(self, what: str, **fields: Any) -> View:
        """A message to world.sock."""
        return ask(self.folder / "world.sock", do=what, **fields)

    def csms(self, what: str, **fields: Any) -> View:
        """A message to csms.sock."""
        return ask(self.folder / "csms.sock", do=what, **fields)

    def call(self, action: str, **payload: Any) -> View:
        """A call of the CSMS; the station's answer."""
        answer: View = self.csms("call", action=action, payload=payload)["answer"]
        return answer

    def show(self) -> View:
        """As `evsed show --json`."""
        return ask(self.folder / "run" / "station.sock", show=True)

    # --- waiting --------------------------------------------------------------------------------------------------

    def until(self, what: str, look: Callable[[], T | None], seconds: float = LONG) -> T:
        """The first true thing that `look` returns; a station that is silent just then is asked again."""
        deadline = time.monotonic() + seconds
        while True:
            trouble = ""
            try:
                if found := look():
                    return found
            except RigError as error:
                trouble = f" ({error})"
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}{trouble}; {self.outlet()}"
            time.sleep(POLL)

    # --- hands ----------------------------------------------------------------------------------------------------

    def plug(self, evse: int = 1) -> None:
        """A vehicle; the station has heard of it when this returns."""
        self.world("plug", evse=evse)
        self.until(
            "a plug that is noticed", lambda: self.show()["sessions"][str(evse)]["phase"] not in ("free", "stopping")
        )

    def unplug(self, evse: int = 1) -> None:
        """Pull it."""
        self.world("unplug", evse=evse)

    def card(self, uid: str = "") -> str:
        """Hold a card there; its number."""
        uid = uid or f"{next(self._cards):08X}"
        self.world("card", uid=uid)
        return uid

    def kill(self, process: str) -> float:
        """SIGKILL; when, on the world's clock. It stays dead."""
        at: float = self.desk("kill", process=process)["at"]
        return at

    def start(self, process: str) -> None:
        """Again; it listens when this returns."""
        self.desk("start", process=process)

    def pid(self, process: str) -> int | None:
        """While it lives."""
        pid: int | None = self.desk("state")["processes"][process]["pid"]
        return pid

    def link(self, up: bool) -> None:
        """Cut or mend it; the station has noticed when this returns."""
        self.csms("link", up=up)
        self.until(f"link {'up' if up else 'down'}", lambda: self.show()["link"]["connected"] == up)

    def ordered(self, what: str, evse: int = 1) -> str:
        """As `evsed do` has it done; why it was refused, or ""."""
        answer = ask(self.folder / "run" / "station.sock", do=what, evse=evse)
        return str(answer.get("refused", answer.get("error", "")))

    # --- instruments ----------------------------------------------------------------------------------------------

    def outlet(self, evse: int = 1) -> View:
        """The electrical model's word on one EVSE."""
        outlet: View = self.world("state")["evses"][evse - 1]
        return outlet

    def last(self, kind: str, evse: int = 1) -> float:
        """The instant of the last event of that kind; 0: never."""
        at: float = self.outlet(evse)["last"].get(kind, 0.0)
        return at

    def closed(self, evse: int = 1) -> View:
        """Wait until current flows."""
        return self.until("current", lambda: (it := self.outlet(evse))["closed"] and max(it["amps"]) > 5 and it)

    def opened(self, evse: int = 1, seconds: float = LONG) -> View:
        """Wait until the contacts are open."""
        return self.until("open contacts", lambda: not (it := self.outlet(evse))["closed"] and it, seconds)

    def ledger(self) -> View:
        """The CSMS's books."""
        return self.csms("ledger")

    def transactions(self) -> list[View]:
        """Those of this test."""
        return list(self.ledger()["transactions"][self.since :])

    def told(self, action: str) -> list[View]:
        """The payloads of this test's calls of that action by the station."""
        frames = self.csms("frames", since=self.frame)["frames"]
        return [
            json.loads(frame["text"])[3]
            for frame in frames
            if frame["from"] == "station" and frame["kind"] == "call" and frame["action"] == action
        ]

    def said(self) -> str:
        """What the processes wrote during this test."""
        logs = sorted(self.folder.glob("*.log"))
        return "".join(f"--- {log.name}\n{log.read_text()[self._sizes.get(log.name, 0) :]}" for log in logs)

    def books_are_clean(self, resent: int = 0, but: str = "") -> None:
        """Nothing in this test was against a schema, out of order, or told twice; `resent` frames may have come twice
        as they were. `but`: words of a finding that is allowed."""
        after = self.ledger()
        for name in ("conflicts", "violations", "strangers"):
            found = [text for text in after[name][len(self.before[name]) :] if not but or but not in text]
            assert not found, f"{name}: {found}"
        for transaction in self.transactions():
            problems = [text for text in transaction["problems"] if not but or but not in text]
            assert not problems, problems
        assert after["resent"] - self.before["resent"] <= resent

    # --- a charge -------------------------------------------------------------------------------------------------

    def charge(self) -> tuple[str, int | str]:
        """Plug, card, current, and a CSMS that knows: the card and the transaction's id."""
        self.plug()
        uid = self.card()
        self.closed()
        return uid, self.transaction()["id"]

    def transaction(self, number: int = 1) -> View:
        """Wait for that many; the last of them."""
        return self.until(f"transaction {number}", lambda: (all := self.transactions())[number - 1 :] and all[-1])

    def ended(self, number: int = 1) -> View:
        """Wait until the CSMS has the end of that transaction of this test and the queue is empty."""
        self.until("the end", lambda: (all := self.transactions())[number - 1 :] and not all[number - 1]["open"])
        self.until("an empty queue", lambda: self.show()["queue"] == 0)
        return self.transactions()[number - 1]

    def finish(self, uid: str, number: int = 1) -> View:
        """The card again, then the plug is pulled; the transaction that this ends. The vehicle has opened S2 by then:
        after an opening under load the pilot would keep the next test waiting for 10 s."""
        self.card(uid)
        ended = self.ended(number)
        self.unplug()
        return ended

    def burn(self, wh: float, evse: int = 1) -> float:
        """Wait until so much more energy has flowed; the register."""
        enough = self.outlet(evse)["energy_wh"] + wh
        return self.until(f"{wh} Wh", lambda: (now := self.outlet(evse)["energy_wh"]) >= enough and now)
