"""What a station has told of its transactions, and whether that can be true: the desk CSMS's book.

It believes nothing: order, gaps, times and repeats are checked on arrival, and every finding is a sentence in
`problems` (of one transaction) or `conflicts` (of frames). Energies are Wh.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

Payload = dict[str, Any]
REGISTER = "Energy.Active.Import.Register"


@dataclass
class Transaction:
    """One transaction as it arrived."""

    station: str
    version: str
    id: int | str
    evse: int | None = None
    token: str | None = None
    started: str | None = None  # the station's time stamps
    stopped: str | None = None
    start_wh: float | None = None
    stop_wh: float | None = None
    reason: str | None = None
    verdict: str | None = None  # what the CSMS answered to the token at the start
    readings: list[dict[str, Any]] = field(default_factory=list)  # {"at", "wh", "context"}
    events: list[dict[str, Any]] = field(default_factory=list)  # what came, in order
    problems: list[str] = field(default_factory=list)

    @property
    def energy_wh(self) -> float | None:
        """From the first register value to the last."""
        registers = [wh for wh in (self.start_wh, *(r["wh"] for r in self.readings), self.stop_wh) if wh is not None]
        return registers[-1] - registers[0] if registers else None

    def view(self) -> dict[str, Any]:
        """As the ledger gives it away."""
        return asdict(self) | {"energy_wh": self.energy_wh, "open": self.stopped is None}

    def note(self, kind: str, at: str, **facts: Any) -> None:
        """Write down an event, in the order of arrival; its time must not go back."""
        if self.events and seconds(at) < seconds(self.events[-1]["at"]) - 0.001:
            self.problems.append(f"{kind} is of {at}, before the event that came earlier ({self.events[-1]['at']}).")
        self.events.append({"kind": kind, "at": at, **facts})


def seconds(stamp: str) -> float:
    """UTC s of an OCPP dateTime."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def signed(value: Payload) -> bool:
    """A meter's signed record, for whoever verifies it: no number in 1.6, a second one in 2.x."""
    return value.get("format") == "SignedData" or "signedMeterValue" in value


def register_wh(values: list[Payload]) -> float | None:
    """The import register among sampled values of either version; None if it is not there."""
    for value in values:
        if value.get("measurand", REGISTER) == REGISTER and "phase" not in value and not signed(value):
            unit = value.get("unitOfMeasure", {})
            name = unit.get("unit", value.get("unit", "Wh"))
            kilo = 1000.0 if name == "kWh" else 1.0
            scale: float = kilo * 10.0 ** unit.get("multiplier", 0)
            return float(value["value"]) * scale
    return None


class Ledger:
    """`take` every call once, in order of arrival, schema-checked or not."""

    def __init__(self, first_id: int = 1) -> None:
        self.transactions: list[Transaction] = []
        self.conflicts: list[str] = []
        self.unbound: list[dict[str, Any]] = []  # reports of a 1.6 transaction whose start never got a number (-1)
        self._next_id = first_id
        self._by_id: dict[tuple[str, int | str], Transaction] = {}
        self._once: dict[tuple[Any, ...], int | str] = {}  # what must not come twice -> its transaction

    def take(self, station: str, version: str, action: str, payload: Payload) -> Transaction | None:
        """Enter a call; returns the transaction that it belongs to, a new one for a start."""
        table = _V16 if version == "1.6" else _V2
        return table[action](self, station, version, payload) if action in table else None

    def find(self, station: str, id: int | str) -> Transaction | None:
        """The transaction of that number at that station."""
        return self._by_id.get((station, id))

    def _add(self, entry: Transaction) -> Transaction:
        self.transactions.append(entry)
        self._by_id[entry.station, entry.id] = entry
        return entry

    # --- 1.6 ---

    def _start(self, station: str, version: str, body: Payload) -> Transaction:
        other = self._once.setdefault((station, body["connectorId"], body["timestamp"], body["idTag"]), self._next_id)
        if other != self._next_id:
            self.conflicts.append(f"{station}: the start of transaction {other} came again with a new id.")
        entry = Transaction(station, version, self._next_id, body["connectorId"], body["idTag"], body["timestamp"])
        entry.start_wh = float(body["meterStart"])
        entry.note("Start", body["timestamp"])
        self._next_id += 1
        return self._add(entry)

    def _meter(self, station: str, version: str, body: Payload) -> Transaction | None:
        if "transactionId" not in body:
            return None
        entry = self._known(station, body["transactionId"], "MeterValues", body)
        if entry is None:
            return None
        if entry.stopped is not None:
            entry.problems.append("MeterValues came after the stop.")
        self._readings(entry, "MeterValues", body["meterValue"])
        return entry

    def _stop(self, station: str, version: str, body: Payload) -> Transaction | None:
        entry = self._known(station, body["transactionId"], "StopTransaction", body)
        if entry is None:
            return None
        if entry.stopped is not None:
            self.conflicts.append(f"{station}: the stop of transaction {entry.id} came again with a new id.")
        for sample in body.get("transactionData", ()):  # of the whole transaction: not in the order of events
            wh = register_wh(sample["sampledValue"])
            entry.readings.append({"at": sample["timestamp"], "wh": wh, "context": "transactionData"})
        entry.stopped, entry.stop_wh = body["timestamp"], float(body["meterStop"])
        entry.reason = body.get("reason", "Local")
        entry.note("Stop", body["timestamp"])
        return entry

    def _known(self, station: str, id: int, action: str, body: Payload) -> Transaction | None:
        entry = self.find(station, id)
        if entry is None:
            self.unbound.append({"station": station, "action": action, "payload": body})
            if id != -1:
                self.conflicts.append(f"{station}: {action} names transaction {id}, which was never started.")
        return entry

    # --- 2.x ---

    def _event(self, station: str, version: str, body: Payload) -> Transaction:
        info, kind, seq = body["transactionInfo"], body["eventType"], body["seqNo"]
        entry = self.find(station, info["transactionId"])
        if entry is None:
            entry = self._add(Transaction(station, version, info["transactionId"]))
            if kind != "Started":
                entry.problems.append(f"its first event is {kind}, seqNo {seq}, and not Started.")
        elif kind == "Started":
            entry.problems.append(f"a second Started came, seqNo {seq}.")
        if (station, entry.id, seq) in self._once:
            self.conflicts.append(f"{station}: seqNo {seq} of transaction {entry.id} came again with a new id.")
        elif entry.events and seq != entry.events[-1]["seq"] + 1:
            entry.problems.append(f"seqNo {seq} came after {entry.events[-1]['seq']}.")
        self._once[station, entry.id, seq] = entry.id
        if entry.stopped is not None:
            entry.problems.append(f"{kind}, seqNo {seq}, came after Ended.")
        facts = {"trigger": body["triggerReason"], "state": info.get("chargingState")}
        entry.note(kind, body["timestamp"], seq=seq, offline=body.get("offline", False), **facts)
        entry.evse = body.get("evse", {}).get("id", entry.evse)
        entry.token = entry.token or body.get("idToken", {}).get("idToken")
        entry.started = body["timestamp"] if kind == "Started" else entry.started
        self._readings(entry, kind, body.get("meterValue", []), within=body["timestamp"])
        if kind == "Ended":
            entry.stopped, entry.reason = body["timestamp"], info.get("stoppedReason", "Local")
        return entry

    def _readings(self, entry: Transaction, kind: str, samples: list[Payload], within: str | None = None) -> None:
        for sample in samples:
            context = next((v["context"] for v in sample["sampledValue"] if "context" in v), "Sample.Periodic")
            reading = {"at": sample["timestamp"], "wh": register_wh(sample["sampledValue"]), "context": context}
            entry.readings.append(reading)
            if within is None:
                entry.note(kind, sample["timestamp"])
                key = (entry.station, entry.id, *reading.values())
                if key in self._once:
                    self.conflicts.append(f"{entry.station}: a reading of {entry.id} came again: {reading}.")
                self._once[key] = entry.id


_V16 = {"StartTransaction": Ledger._start, "MeterValues": Ledger._meter, "StopTransaction": Ledger._stop}
_V2 = {"TransactionEvent": Ledger._event}
