"""What the desk CSMS's ledger finds: every sentence in it, from reports that cannot be true."""

from __future__ import annotations

from typing import Any

import pytest
from evsed.desk.ledger import Ledger

WHEN = "2026-11-21T08:00:{:02d}Z"
START: dict[str, Any] = {"connectorId": 1, "idTag": "AA", "meterStart": 100, "timestamp": WHEN.format(0)}


def stop(second: int, id: int = 1) -> tuple[str, dict[str, Any]]:
    return "StopTransaction", {"transactionId": id, "meterStop": 300, "timestamp": WHEN.format(second)}


def meter(second: int) -> tuple[str, dict[str, Any]]:
    sample = {"timestamp": WHEN.format(second), "sampledValue": [{"value": "200"}]}
    return "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [sample]}


def event(kind: str, seq: int) -> tuple[str, dict[str, Any]]:
    info, when = {"transactionId": "T"}, WHEN.format(seq)
    body = {"eventType": kind, "seqNo": seq, "timestamp": when, "triggerReason": "Trigger", "transactionInfo": info}
    return "TransactionEvent", body


@pytest.mark.parametrize(
    ("version", "calls", "problems", "conflicts"),
    [
        ("1.6", [("StartTransaction", START), stop(5), meter(9)], ["MeterValues came after the stop."], []),
        ("1.6", [("StartTransaction", START), meter(9), stop(5)],
         ["Stop is of 2026-11-21T08:00:05Z, before the event that came earlier (2026-11-21T08:00:09Z)."], []),
        ("1.6", [("StartTransaction", START), stop(5), stop(6)], [],
         ["CP1: the stop of transaction 1 came again with a new id."]),
        ("1.6", [("StartTransaction", START), stop(5, id=7)], [],
         ["CP1: StopTransaction names transaction 7, which was never started."]),
        ("2.0.1", [event("Started", 0), event("Started", 1)], ["a second Started came, seqNo 1."], []),
        ("2.0.1", [event("Started", 0), event("Ended", 1), event("Updated", 2)],
         ["Updated, seqNo 2, came after Ended."], []),
    ],
)  # fmt: skip
def test_what_cannot_be_true_is_a_sentence_in_the_ledger(
    version: str, calls: list[tuple[str, dict[str, Any]]], problems: list[str], conflicts: list[str]
) -> None:
    ledger = Ledger()
    for action, payload in calls:
        ledger.take("CP1", version, action, payload)
    assert (ledger.transactions[0].problems, ledger.conflicts) == (problems, conflicts)
