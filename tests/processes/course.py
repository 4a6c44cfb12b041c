"""The catalogue on one wall: every case begun, told, mended and cleared side by side, and what was seen of each.

Nothing is judged here: what did not happen in time is missing in the proof of its case, and the test of that row says
so. The station's word comes from its socket, the contactor's from the world, the central system's from its tape.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from catalogue import BOARD, CASES, UNSEEN, Case, breaks, mends, plug, stalled, unplug
from wall import POLL, View, Wall

BEGIN = 60.0  # s until all charge
RAISED, OPENED, TOLD = 45.0, 12.0, 60.0  # s: three tries of a lock or a self-test, a meter that is silent; 6 s of grace
CLEARED = 60.0  # s: 30 s of lock-out, twice for those that come back while others are mended
# Not told before it is mended: what the disk does not take cannot be, and a contactor is replaced while it is open.
AT_ONCE = {"disk", "contactor worn"}
SLOW = {"frequency droop"}  # rises again by 10 % in a minute, while the board is tried
TAKEN = 20.0  # s: an order may have to wait for the residual-current device's test
AGAIN = 60.0  # s until all charge again: 30 s after the last fault


@dataclass(slots=True)
class Proof:
    """What was seen of one row. Instants are the world's, s."""

    evse: int
    began: float = 0.0
    mended: float = 0.0
    shown: View = field(default_factory=dict)  # by `evsed show`, while it stood
    events: list[View] = field(default_factory=list)  # of the world, from `began` to `mended`
    told: list[View] = field(default_factory=list)  # the station's calls until `mended`: {"action", "payload"}
    since: int = 0  # how many calls there were at `mended`
    refused: str = ""  # why a latched fault was not acknowledged while its cause stood
    gone: bool = False  # from `evsed show`
    told_gone: list[View] = field(default_factory=list)  # the station's calls from `mended` on
    charges: bool = False  # at the end
    transactions: int = 0  # begun at that outlet until it charged again


class Course:
    """All cases on one wall. `run` it once; `proofs` by row."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.proofs = {name: Proof(1) for name in BOARD} | {it.fault: Proof(n) for n, it in enumerate(CASES, 1)}
        self.findings: list[str] = []  # of the central system's ledger
        self.calls: list[View] = []
        self._frame = 0

    def run(self) -> None:
        """Some two minutes."""
        self._outlets()
        self._board()
        self._end()

    # --- eyes -----------------------------------------------------------------------------------------------------

    def heard(self) -> list[View]:
        """Every call of the station so far: its number on the tape, action and payload."""
        for frame in self.wall.csms("frames", since=self._frame)["frames"]:
            self._frame = frame["n"]
            if frame["from"] == "station" and frame["kind"] == "call":
                self.calls.append({"action": frame["action"], "payload": json.loads(frame["text"])[3]})
        return self.calls

    def standing(self) -> set[tuple[int, str]]:
        """What the station shows as wrong: EVSE (0: the station) and name."""
        return {(int(evse), one["name"]) for evse, all in self.wall.show()["faults"].items() for one in all}

    def wait(self, seconds: float, there: Callable[[], bool]) -> None:
        """Until it is so, or for that long."""
        deadline = time.monotonic() + seconds
        while not there() and time.monotonic() < deadline:
            time.sleep(2 * POLL)

    def charging(self, evses: Iterable[int]) -> set[int]:
        """Those of them that charge."""
        outlets = self.wall.world("state")["evses"]
        return {evse for evse in evses if outlets[evse - 1]["closed"] and max(outlets[evse - 1]["amps"]) > 5}

    # --- the outlets ----------------------------------------------------------------------------------------------

    def _outlets(self) -> None:
        wall = self.wall
        numbered = list(enumerate(CASES, 1))
        busy = [evse for evse, case in numbered if case.charging]
        for evse in busy:
            plug(wall, evse)
        self.wait(BEGIN, lambda: self.charging(busy) == set(busy))
        mark = wall.world("state")["events"]
        self.heard()
        for evse, case in numbered:
            self.proofs[case.fault].began = wall.world("state")["at"]
            for step in case.begin:
                step(wall, evse)
        names = [case.fault for case in CASES]
        self.wait(RAISED, lambda: self._raised(names) == {*names})
        self.wait(OPENED, lambda: not self.charging(evse for evse, case in numbered if case.row.stops != "no"))
        self.wait(TOLD, self._all_told)
        events = wall.world("events", since=mark)["events"]
        for evse, case in numbered:
            self._see(self.proofs[case.fault], case, [one for one in events if one.get("evse") == evse])
        self._mend(numbered)
        self.wait(AGAIN, lambda: len(self.charging(range(1, len(CASES) + 1))) == len(CASES))
        self.wait(TOLD, lambda: self.wall.show()["queue"] == 0)
        for _, proof in self._rows():
            proof.transactions = len(begun(self.heard(), proof.evse))

    def _raised(self, names: Iterable[str]) -> set[str]:
        """Those of these rows that the station has shown where they belong; keeps how."""
        shown = self.wall.show()["faults"]
        for name in names:
            proof = self.proofs[name]
            for one in shown[str(proof.evse)]:
                if one["name"] == name:
                    proof.shown = one
        return {name for name in names if self.proofs[name].shown}

    def _all_told(self) -> bool:
        calls = self.heard()
        return all(mentions(calls, proof.evse, name) for name, proof in self._rows())

    def _rows(self) -> list[tuple[str, Proof]]:
        """Those of one outlet each."""
        return [(case.fault, self.proofs[case.fault]) for case in CASES]

    def _see(self, proof: Proof, case: Case, events: list[View]) -> None:
        """What was seen while it stood; a latched one is not to be acknowledged as long as its cause stands."""
        proof.events = [one for one in events if one["at"] >= proof.began]
        proof.told, proof.since = of(self.calls, proof.evse), len(self.calls)
        if case.row.latched and case.fault not in UNSEEN:
            proof.refused = self.wall.ordered("acknowledge", proof.evse)

    def _mend(self, numbered: list[tuple[int, Case]]) -> None:
        wall = self.wall
        for evse, case in numbered:
            self.proofs[case.fault].mended = wall.world("state")["at"]
            for step in case.mend:
                step(wall, evse)
        for evse, case in numbered:
            if case.row.clears == "unplug":
                unplug(wall, evse)
        time.sleep(0.5)  # a pulled plug is one that the pilot has seen
        for evse, case in numbered:
            if not wall.outlet(evse)["plugged"] and case.fault != "plug unlock":
                plug(wall, evse)
        for evse, case in numbered:
            if case.row.latched:
                self._order("acknowledge", (evse,))
        self._again(evse for evse, case in numbered if case.row.latched)
        wanted = {(proof.evse, name) for name, proof in self._rows() if name not in SLOW}
        self.wait(CLEARED, lambda: not wanted & self.standing())
        plug(wall, self.proofs["plug unlock"].evse)

    def _again(self, evses: Iterable[int]) -> None:
        """Other vehicles: a latched fault has ended the transaction, and one that stays begins no other."""
        gone = list(evses)
        for evse in gone:
            unplug(self.wall, evse)
        time.sleep(0.5)  # a pulled plug is one that the pilot has seen
        for evse in gone:
            plug(self.wall, evse)

    # --- the board ------------------------------------------------------------------------------------------------

    def _board(self) -> None:
        """One after the other: what the whole board has, seen at its first outlet or at the station (0)."""
        wall = self.wall
        every, last = range(1, len(CASES) + 1), len(CASES)
        disk: list[Callable[[], None]] = []

        def broken(name: str, evse: int, what: str, outlet: int = 1) -> None:
            self._one(name, evse, partial(breaks(what), wall, outlet), partial(mends(what), wall, outlet))

        def charging() -> None:
            self.wait(AGAIN, lambda: self.charging(every) == {*every})

        charging()
        broken("contactor", 1, "wire-contactor")
        self._one("contactor worn", 1, lambda: wall.desk("wear"), lambda: self._order("new-contactor", every))
        charging()  # 10 s after that start of the pilot, not 30 s after a fault
        broken("heartbeat", last, "wire-heartbeat", last)  # the board's own wire is seen with the last outlet's look
        self._one("pilot state lost", 1, lambda: wall.desk("break-latches"), lambda: self._order("acknowledge", every))
        self._again(every)
        broken("reader silent", 0, "reader-dead")
        self._one("disk", 0, lambda: disk.append(stalled(wall)), lambda: disk.pop()())
        charging()
        self._one("loop stalled", 1, lambda: wall.desk("stall", process="pilot"), lambda: None)
        wall.kill("pilot")
        wall.start("pilot")
        charging()
        self._one("pilot lost", 1, lambda: wall.kill("pilot"), lambda: wall.start("pilot"))

    def _one(self, name: str, evse: int, begin: Callable[[], object], mend: Callable[[], object]) -> None:
        wall, proof = self.wall, self.proofs[name]
        mark, before = wall.world("state")["events"], len(self.heard())
        proof.evse, proof.began = evse, wall.world("state")["at"]
        begin()
        self.wait(RAISED, lambda: name in self._raised((name,)))
        self.wait(0.0 if name in AT_ONCE else TOLD, lambda: mentions(self.heard()[before:], evse, name))
        proof.events = [one for one in wall.world("events", since=mark)["events"] if one.get("evse") == (evse or 1)]
        proof.mended = wall.world("state")["at"]
        mend()
        self.wait(TOLD, lambda: mentions(self.heard()[before:], evse, name))
        proof.told, proof.since = of(self.heard()[before:], evse), len(self.calls)
        self.wait(CLEARED, lambda: (evse, name) not in self.standing())

    def _order(self, what: str, evses: Iterable[int]) -> None:
        """Until each has done it: a busy pilot process may be late with its answer."""
        for evse in evses:
            self.wait(10.0, lambda evse=evse: not self.wall.ordered(what, evse))  # type: ignore[misc]

    def _end(self) -> None:
        every = range(1, len(CASES) + 1)
        self.wait(AGAIN, lambda: self.charging(every) == {*every})
        self.wait(CLEARED, lambda: not self.standing())
        self.wait(TOLD, lambda: all(dismissed(self.heard(), it.evse, name) for name, it in self.proofs.items()))
        charging, left, book = self.charging(every), self.standing(), self.wall.ledger()
        self.findings = [text for name in ("conflicts", "violations", "strangers") for text in book[name]]
        for name, proof in self.proofs.items():
            proof.told_gone = of(self.calls[proof.since :], proof.evse)
            proof.gone = (proof.evse, name) not in left
            proof.charges = (proof.evse or 1) in charging


# --- what the central system was told -------------------------------------------------------------------------------


def of(calls: Iterable[View], evse: int) -> list[View]:
    """Those about that outlet (0: the station)."""
    return [call for call in calls if evse in _evses(call)]


def _evses(call: View) -> set[int]:
    payload = call["payload"]
    if call["action"] == "StatusNotification":
        return {payload.get("evseId", payload["connectorId"])}
    if call["action"] == "NotifyEvent":
        return {event["component"].get("evse", {}).get("id", 0) for event in payload["eventData"]}
    return set()


def begun(calls: Iterable[View], evse: int) -> set[str]:
    """The transactions that were begun at that outlet, however often that was told."""
    told = [(call["action"], call["payload"]) for call in calls]
    ids = {it["timestamp"] for action, it in told if action == "StartTransaction" and it["connectorId"] == evse}
    events = [it for action, it in told if action == "TransactionEvent" and it["eventType"] == "Started"]
    return ids | {it["transactionInfo"]["transactionId"] for it in events if it.get("evse", {}).get("id") == evse}


def words(call: View) -> str:
    """What is wrong, in the words of a StatusNotification or of a NotifyEvent; "" where nothing is."""
    payload = call["payload"]
    if call["action"] == "NotifyEvent":
        event: View = payload["eventData"][0]
        return "" if event.get("cleared") else str(event["techInfo"])
    return str(payload.get("info", "")) if payload.get("errorCode", "NoError") != "NoError" else ""


def means(text: str, name: str) -> bool:
    """Words such as "cable: ..." are about that row; "cable lost: ..." are about another."""
    return text == name or text.startswith(f"{name}:")


def mentions(calls: Iterable[View], evse: int, name: str) -> bool:
    """One of them tells that this row stands there."""
    return any(means(words(call), name) for call in of(calls, evse))


def dismissed(calls: Iterable[View], evse: int, name: str) -> bool:
    """The last word on that row is that it is gone: a NotifyEvent, or in 1.6 a status without it."""
    mine = of(calls, evse)
    events = [one["payload"]["eventData"][0] for one in mine if one["action"] == "NotifyEvent"]
    if events:
        last = [event for event in events if means(event["techInfo"], name)]
        return bool(last) and bool(last[-1].get("cleared"))
    told = [words(call) for call in mine if "errorCode" in call["payload"]]
    return any(means(text, name) for text in told) and not means(told[-1], name)
