"""The desk CSMS, spoken to by a plain websocket client: a process of its own, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evsed.desk import control
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

WHEN = "2026-11-21T08:00:{:02d}Z"


class Csms:
    """The process, its url and its control socket."""

    def __init__(self, *more: str) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="csms"))
        command = [sys.executable, "-m", "evsed.desk.csms", "--dir", str(self.dir), *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())

    def ask(self, **message: Any) -> dict[str, Any]:
        return control.ask_now(self.dir / "csms.sock", message)

    async def do(self, **message: Any) -> dict[str, Any]:
        return await control.ask(self.dir / "csms.sock", message)

    def connect(self, version: str = "1.6", **more: Any) -> connect:
        return connect(f"{self.ready['url']}/CP1", subprotocols=[Subprotocol(f"ocpp{version}")], **more)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(5) == 0
        shutil.rmtree(self.dir)


@pytest.fixture
def csms() -> Iterator[Csms]:
    desk = Csms()
    yield desk
    desk.end()


async def say(link: ClientConnection, id: str, action: str, **payload: Any) -> list[Any]:
    """Send a call and return the next frame, parsed."""
    await link.send(json.dumps([2, id, action, payload]))
    return json.loads(await asyncio.wait_for(link.recv(), 5))  # type: ignore[no-any-return]


def start(second: int = 0, **more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "04AA", "meterStart": 100, "timestamp": WHEN.format(second)} | more


def event(kind: str, seq: int, wh: float | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"eventType": kind, "timestamp": WHEN.format(seq), "triggerReason": "Authorized"}
    body |= {"seqNo": seq, "transactionInfo": {"transactionId": "T1"}, "evse": {"id": 1, "connectorId": 1}} | more
    if wh is not None:
        value = {"value": wh, "unitOfMeasure": {"unit": "kWh"}, "context": "Sample.Periodic"}
        body["meterValue"] = [{"timestamp": WHEN.format(seq), "sampledValue": [value]}]
    return body


def test_a_charge_in_1_6_is_in_the_ledger_with_its_energy(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect() as link:
            boot = await say(link, "1", "BootNotification", chargePointVendor="V", chargePointModel="M")
            assert boot[2]["status"] == "Accepted"
            assert boot[2]["interval"] == 300
            number = (await say(link, "2", "StartTransaction", **start()))[2]["transactionId"]
            sample = {"timestamp": WHEN.format(5), "sampledValue": [{"value": "150"}]}
            await say(link, "3", "MeterValues", connectorId=1, transactionId=number, meterValue=[sample])
            stop = {"transactionId": number, "meterStop": 200, "timestamp": WHEN.format(9), "idTag": "04AA"}
            assert (await say(link, "4", "StopTransaction", **stop))[2] == {"idTagInfo": {"status": "Accepted"}}

    asyncio.run(charge())
    ledger = csms.ask(do="ledger")
    assert ledger["clean"], ledger
    (transaction,) = ledger["transactions"]
    assert transaction["energy_wh"] == 100
    assert [e["kind"] for e in transaction["events"]] == ["Start", "MeterValues", "Stop"]
    assert not transaction["open"]


def test_a_charge_in_2_0_1_is_in_the_ledger_with_its_energy(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect("2.0.1") as link:
            token = {"idToken": "04AA", "type": "ISO14443"}
            answer = await say(link, "1", "TransactionEvent", **event("Started", 0, 1.0, idToken=token))
            assert answer[2] == {"idTokenInfo": {"status": "Accepted"}}
            await say(link, "2", "TransactionEvent", **event("Updated", 1, 1.2))
            await say(link, "3", "TransactionEvent", **event("Ended", 2, 1.5))

    asyncio.run(charge())
    ledger = csms.ask(do="ledger")
    assert ledger["clean"], ledger
    assert ledger["transactions"][0]["energy_wh"] == pytest.approx(500)
    assert ledger["transactions"][0]["token"] == "04AA"


def test_an_identical_frame_is_a_resend_and_gets_the_same_answer_again(csms: Csms) -> None:
    async def charge() -> tuple[Any, Any]:
        async with csms.connect() as link:
            return await say(link, "2", "StartTransaction", **start()), await say(
                link, "2", "StartTransaction", **start()
            )

    first, second = asyncio.run(charge())
    ledger = csms.ask(do="ledger")
    assert first == second
    assert (ledger["resent"], ledger["conflicts"], len(ledger["transactions"])) == (1, [], 1)


def test_another_body_under_the_same_id_is_a_conflict(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect() as link:
            await say(link, "2", "StartTransaction", **start(0))
            await say(link, "2", "StartTransaction", **start(1))

    asyncio.run(charge())
    assert "CP1: id 2 came with another body" in csms.ask(do="ledger")["conflicts"][0]


def test_the_same_start_under_a_new_id_is_a_conflict(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect() as link:
            await say(link, "2", "StartTransaction", **start(0))
            await say(link, "3", "StartTransaction", **start(0))

    asyncio.run(charge())
    assert csms.ask(do="ledger")["conflicts"] == ["CP1: the start of transaction 1 came again with a new id."]


def test_gaps_and_repeats_of_seq_no_are_found(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect("2.0.1") as link:
            for id, (kind, seq) in enumerate([("Updated", 1), ("Updated", 3), ("Updated", 3), ("Ended", 4)]):
                await say(link, str(id), "TransactionEvent", **event(kind, seq))

    asyncio.run(charge())
    ledger = csms.ask(do="ledger")
    assert ledger["transactions"][0]["problems"] == [
        "its first event is Updated, seqNo 1, and not Started.",
        "seqNo 3 came after 1.",
    ]
    assert ledger["conflicts"] == ["CP1: seqNo 3 of transaction T1 came again with a new id."]
    assert not ledger["clean"]


def test_a_payload_against_the_schema_is_a_violation_and_gets_a_callerror(csms: Csms) -> None:
    async def charge() -> list[Any]:
        async with csms.connect() as link:
            return await say(link, "2", "StartTransaction", connectorId="one")

    assert asyncio.run(charge())[:3] == [4, "2", "FormationViolation"]
    assert "StartTransaction" in csms.ask(do="ledger")["violations"][0]


def test_blocked_tokens_and_groups_are_told(csms: Csms) -> None:
    csms.ask(do="tokens", blocked=["BAD"], groups={"04AA": "FAMILY"})

    async def present(token: str) -> Any:
        async with csms.connect() as link:
            return (await say(link, token, "Authorize", idTag=token))[2]["idTagInfo"]

    assert asyncio.run(present("BAD")) == {"status": "Blocked"}
    assert asyncio.run(present("04AA")) == {"status": "Accepted", "parentIdTag": "FAMILY"}


def test_a_call_to_the_station_brings_its_answer_or_its_callerror(csms: Csms) -> None:
    async def both() -> tuple[Any, Any]:
        async with csms.connect() as link:
            await say(link, "1", "Heartbeat")
            asked = asyncio.create_task(csms.do(do="call", action="ClearCache", payload={}))
            call = json.loads(await link.recv())
            await link.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            refused = asyncio.create_task(csms.do(do="call", action="Nonsense", payload={}))
            call = json.loads(await link.recv())
            await link.send(json.dumps([4, call[1], "NotImplemented", "", {}]))
            return await asked, await refused

    accepted, refused = asyncio.run(both())
    assert accepted == {"ok": True, "answer": {"status": "Accepted"}}
    assert not refused["ok"]
    assert refused["callerror"]["code"] == "NotImplemented"
    frames = csms.ask(do="frames", since=2)["frames"]
    assert [(f["from"], f["kind"], f["action"]) for f in frames][:2] == [
        ("csms", "call", "ClearCache"),
        ("station", "result", "ClearCache"),
    ]


def test_misbehaviour_is_used_up_and_forgotten_calls_may_come_again(csms: Csms) -> None:
    csms.ask(do="behave", how="callerror", action="StartTransaction", times=2, code="InternalError")
    csms.ask(do="behave", how="garbage", action="StartTransaction")
    csms.ask(do="behave", how="stranger", action="StartTransaction")

    async def insist() -> list[Any]:
        async with csms.connect() as link:
            first = [await say(link, "7", "StartTransaction", **start()) for _ in range(2)]
            await link.send(json.dumps([2, "7", "StartTransaction", start()]))
            garbage = await link.recv()
            stranger = await say(link, "7", "StartTransaction", **start())
            return [*first, garbage, stranger, json.loads(await link.recv())]

    one, two, garbage, stranger, right = asyncio.run(insist())
    assert one[:3] == two[:3] == [4, "7", "InternalError"]
    assert garbage == "%!garbage"
    assert stranger[1] != "7"
    assert right[2]["transactionId"] == 1
    ledger = csms.ask(do="ledger")
    assert (ledger["retried"], ledger["resent"], len(ledger["transactions"])) == (3, 0, 1)


def test_a_start_is_refused_although_authorize_was_accepted(csms: Csms) -> None:
    csms.ask(do="behave", how="refuse")

    async def begin() -> Any:
        async with csms.connect() as link:
            await say(link, "1", "Authorize", idTag="04AA")
            return (await say(link, "2", "StartTransaction", **start()))[2]

    assert asyncio.run(begin()) == {"transactionId": 1, "idTagInfo": {"status": "Blocked"}}
    assert csms.ask(do="ledger")["transactions"][0]["verdict"] == "Blocked"


def test_boot_may_be_pending_for_a_while(csms: Csms) -> None:
    csms.ask(do="behave", how="boot", status="Pending", interval=2)

    async def boot() -> list[Any]:
        async with csms.connect() as link:
            body = {"chargePointVendor": "V", "chargePointModel": "M"}
            return [(await say(link, str(n), "BootNotification", **body))[2] for n in range(2)]

    first, second = asyncio.run(boot())
    assert (first["status"], first["interval"]) == ("Pending", 2)
    assert second["status"] == "Accepted"


def test_the_link_goes_down_and_comes_back_on_the_same_port(csms: Csms) -> None:
    async def cut() -> None:
        async with csms.connect() as link:
            await say(link, "1", "Heartbeat")
            await csms.do(do="link", up=False)
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(link.recv(), 2)
            with pytest.raises(OSError, match="Connect call failed"):
                await csms.connect()
        await csms.do(do="link", up=True)
        async with csms.connect() as link:
            assert (await say(link, "2", "Heartbeat"))[0] == 3

    asyncio.run(cut())


def test_in_a_black_hole_tcp_stands_and_nothing_comes_through(csms: Csms) -> None:
    async def vanish() -> None:
        async with csms.connect() as link:
            await say(link, "1", "Heartbeat")
            await csms.do(do="blackhole", on=True)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(await link.ping(), 0.5)
            await link.send(json.dumps([2, "2", "Heartbeat", {}]))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(link.recv(), 0.5)
            with pytest.raises(TimeoutError):
                await csms.connect(open_timeout=0.5)
            await csms.do(do="blackhole", on=False)
            assert json.loads(await asyncio.wait_for(link.recv(), 2))[1] == "2"

    asyncio.run(vanish())


def test_with_a_password_only_http_basic_comes_in() -> None:
    desk = Csms("--password", "a-long-password")

    async def knock() -> None:
        with pytest.raises(InvalidStatus, match="401"):
            await desk.connect()
        with contextlib.suppress(ConnectionClosed):
            url = desk.ready["url"].replace("ws://", "ws://CP1:a-long-password@")
            async with connect(f"{url}/CP1", subprotocols=[Subprotocol("ocpp1.6")]) as link:
                assert (await say(link, "1", "Heartbeat"))[0] == 3

    try:
        asyncio.run(knock())
    finally:
        desk.end()


def test_an_unknown_control_word_is_answered_with_those_that_are_known(csms: Csms) -> None:
    assert csms.ask(do="dance") == {
        "ok": False,
        "error": '"do": "dance" is not known here; allowed are call, raw, ledger, state, frames, watch, behave, '
        "tokens, link, blackhole, interval.",
    }


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("3", '3: expected an object such as {"do": "state"}.'),
        ("{]", "{]: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))."),
    ],
)
def test_a_line_that_is_no_message_is_answered_with_what_is_expected(csms: Csms, line: str, error: str) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(csms.dir / "csms.sock"))
        link.sendall(line.encode() + b"\n")
        assert json.loads(link.makefile().readline()) == {"ok": False, "error": error}


def test_what_is_no_frame_is_a_violation_and_the_station_may_go_on(csms: Csms) -> None:
    async def talk() -> list[Any]:
        async with csms.connect() as link:
            await link.send("hello")
            return await say(link, "1", "Heartbeat")

    assert "currentTime" in asyncio.run(talk())[2]
    assert csms.ask(do="ledger")["violations"][0].startswith("CP1: hello: not an OCPP frame: ")


def test_a_call_to_nobody_says_who_is_there(csms: Csms) -> None:
    assert csms.ask(do="call", action="Reset", payload={}, station="CP9") == {
        "ok": False,
        "error": '"station": "CP9" is not connected; connected now: none.',
    }


def test_the_same_reading_under_a_new_id_is_a_conflict(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect() as link:
            await say(link, "1", "StartTransaction", **start())
            sample = {"timestamp": WHEN.format(5), "sampledValue": [{"value": "150"}]}
            for id in ("2", "3"):
                await say(link, id, "MeterValues", connectorId=1, transactionId=1, meterValue=[sample])

    asyncio.run(charge())
    (conflict,) = csms.ask(do="ledger")["conflicts"]
    assert conflict.startswith("CP1: a reading of 1 came again: {'at': '2026-11-21T08:00:05Z', 'wh': 150.0")


def test_reports_of_a_transaction_that_never_got_a_number_are_kept_apart(csms: Csms) -> None:
    async def charge() -> None:
        async with csms.connect() as link:
            stop = {"transactionId": -1, "meterStop": 200, "timestamp": WHEN.format(9)}
            assert (await say(link, "4", "StopTransaction", **stop))[2] == {}

    asyncio.run(charge())
    ledger = csms.ask(do="ledger")
    assert ledger["unbound"][0]["action"] == "StopTransaction"
    assert (ledger["conflicts"], ledger["transactions"]) == ([], [])
