"""The link against a real websocket server: what goes out, in which order, and what is heard of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from evsed.clock import Clock
from evsed.core.effects import Ask
from evsed.model.commands import Refused, Status, TriggerMessage, VariablesGot
from evsed.model.inputs import Answered, Buried, Called, Delivered, Input, LinkDown, LinkUp, Unanswered
from evsed.model.journal import Bind
from evsed.model.questions import Authorize, BootAnswer
from evsed.model.reports import InventoryReport, Kind
from evsed.model.tokens import Token
from evsed.ocpp.outbox import Outcome

from tests.ocpp.link_rig import TAKEN, Csms, Rig, at, central, connector, event, running

STARTED = {"transactionId": 77, **TAKEN}


def test_a_charge_recorded_offline_goes_out_in_order_with_the_number_bound_late(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(StartTransaction=STARTED, StopTransaction={})) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.tell(connector(1, "old"), event(0, Kind.STARTED), event(1, Kind.UPDATED), connector(1, "new"))
            rig.tell(event(2, Kind.ENDED, wh=1500.0))
            async with running(rig):
                rig.boot()
                await rig.until(lambda: rig.has(Answered))
                assert [call[2] for call in csms.calls()] == ["BootNotification"]
                rig.link.gate("open")
                await rig.until(lambda: sum(isinstance(i, Delivered) for i in rig.inputs) == 4)
                assert rig.store.count() == 0
            actions = [call[2] for call in csms.calls()][1:]
            assert actions == ["StartTransaction", "MeterValues", "StatusNotification", "StopTransaction"]
            assert csms.calls("MeterValues")[0][3]["transactionId"] == 77
            assert csms.calls("StopTransaction")[0][3]["transactionId"] == 77
            assert [type(i).__name__ for i in rig.inputs[:2]] == ["LinkUp", "Answered"]
            answer = rig.inputs[1]
            assert isinstance(answer, Answered)
            assert answer.reply == BootAnswer("Accepted", 1795248000.0, 300)

    asyncio.run(main())


def test_a_frame_cut_off_in_flight_goes_again_byte_for_byte_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        answers = [{"close": True}, STARTED]
        async with central(Csms(StartTransaction=answers, StopTransaction={})) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.link.gate("open")
            rig.tell(connector(1), event(0, Kind.STARTED), event(1, Kind.ENDED))
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0, 10)
            starts = [text for text in csms.texts if '"StartTransaction"' in text]
            assert len(starts) == 2
            assert starts[0] == starts[1]
            assert len(csms.texts) == 4
            changes = [i for i in rig.inputs if isinstance(i, (LinkUp, LinkDown))]
            assert changes[:3] == [LinkUp("1.6"), LinkDown("the central system closed it (1000)"), LinkUp("1.6")]

    asyncio.run(main())


def test_a_frame_goes_again_as_it_was_after_a_restart_of_the_station(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(StartTransaction=[None, STARTED])) as csms:
            rig = Rig(tmp_path, csms.url, variables={"MessageTimeout": "60"})
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED))
            async with running(rig):
                await rig.until(lambda: csms.calls("StartTransaction"))
            again = Rig(tmp_path, csms.url)
            again.link.gate("open")
            async with running(again):
                await again.until(lambda: again.store.count() == 0)
            assert csms.texts[0] == csms.texts[1]

    asyncio.run(main())


def test_errors_garbage_and_silence_are_failed_attempts_and_a_dead_start_leaves_the_rest_sendable(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        bad = ['[4,"%s","InternalError","no",{}]', '[3,"%s"', None]
        async with central(Csms(StartTransaction=bad, StopTransaction={})) as csms:
            rig = Rig(tmp_path, csms.url, variables={"MessageTimeout": "0.2"})
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED), event(1, Kind.ENDED))
            async with running(rig):
                await rig.until(lambda: rig.has(Delivered))
                (letter,) = rig.store.dead_letters()
                assert letter.why == "StartTransaction sent 3 times: no answer in 0.2 s"
                assert rig.store.aliases() == {"tx-1": None}
            starts = [text for text in csms.texts if '"StartTransaction"' in text]
            assert len(starts) == 3
            assert len(set(starts)) == 1
            assert csms.calls("StopTransaction")[0][3]["transactionId"] == -1
            assert [type(i) for i in rig.inputs if isinstance(i, (Buried, Delivered))] == [Buried, Delivered]

    asyncio.run(main())


def test_an_answer_that_comes_too_late_still_counts(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(StartTransaction=None)) as csms:
            slow = {"MessageTimeout": "0.1", "MessageAttemptInterval": "60"}
            rig = Rig(tmp_path, csms.url, variables=slow)
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED))
            async with running(rig):
                await rig.until(lambda: any("no answer in 0.1 s" in line for line in rig.logs))
                await csms.sockets[0].send(json.dumps([3, csms.calls()[0][1], STARTED]))
                await rig.until(lambda: rig.has(Delivered))
                assert rig.store.aliases() == {"tx-1": 77}

    asyncio.run(main())


def test_answers_that_nobody_asked_for_are_counted_and_harm_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                await csms.sockets[0].send('[3,"what",{}]')
                await csms.sockets[0].send('[4,"what","InternalError","",{}]')
                rig.boot()
                await rig.until(lambda: rig.has(Answered))
            assert rig.link.state()["unasked_answers"] == 2

    asyncio.run(main())


def test_a_call_is_answered_while_ours_is_outstanding(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(BootNotification=None)) as csms:
            rig = Rig(tmp_path, csms.url, variables={"MessageTimeout": "30"})
            rig.on_input = lambda input: (
                rig.link.reply(input.call, Status("Accepted")) if isinstance(input, Called) else None
            )
            async with running(rig):
                rig.boot()
                await rig.until(lambda: csms.calls("BootNotification"))
                await csms.sockets[0].send('[2,"q1","ClearCache",{}]')
                await rig.until(csms.replies)
                assert csms.replies() == [[3, "q1", {"status": "Accepted"}]]
                assert not rig.has(Answered)

    asyncio.run(main())


def test_bad_calls_get_the_right_callerror(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.on_input = lambda input: (
                rig.link.reply(input.call, Refused("SecurityError", "no")) if isinstance(input, Called) else None
            )
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                for text in (
                    '[2,"a","NoSuchAction",{}]',
                    '[2,"b","Reset",{"type":"Sideways"}]',
                    '[2,"c","Reset",{',
                    "hello",
                    '[2,"d","ClearCache",{}]',
                ):
                    await csms.sockets[0].send(text)
                await rig.until(lambda: len(csms.replies()) == 4)
            codes = {reply[1]: reply[2] for reply in csms.replies()}
            assert codes["a"] == "NotImplemented"
            assert codes["b"] in ("PropertyConstraintViolation", "TypeConstraintViolation")
            assert codes["c"] in ("FormationViolation", "ProtocolError", "GenericError")
            assert codes["d"] == "SecurityError"

    asyncio.run(main())


def test_an_answer_that_cannot_be_spelt_becomes_an_error_and_a_line_in_the_log(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.on_input = lambda input: (
                rig.link.reply(input.call, VariablesGot(())) if isinstance(input, Called) else None
            )
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                await csms.sockets[0].send('[2,"a","ClearCache",{}]')
                await rig.until(csms.replies)
            why = "the station has no answer that fits the schema"
            assert csms.replies() == [[4, "a", "InternalError", why, {}]]
            mistake = "TypeError('VariablesGot(results=()) is no answer to ClearCache()')"
            assert f"ClearCache a: no answer that fits the schema ({mistake})" in rig.logs

    asyncio.run(main())


def test_questions_come_back_unanswered_and_never_stay_open(tmp_path: Path) -> None:
    async def main() -> None:
        csms = Csms(Authorize=[None, '[4,"%s","InternalError","down",{}]', {}])
        async with central(csms) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.link.gate("open")
            rig.link.ask(Ask(1, Authorize(Token("A")), Clock().mono() + 60))
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                for number in (2, 3, 4):
                    rig.link.ask(Ask(number, Authorize(Token("A")), Clock().mono() + 60))
                    await rig.until(lambda n=number: len([i for i in rig.inputs if isinstance(i, Unanswered)]) == n)  # type: ignore[misc]
                rig.link.gate("closed")
                rig.link.ask(Ask(5, Authorize(Token("A")), Clock().mono() + 0.1))
                await rig.until(lambda: len([i for i in rig.inputs if isinstance(i, Unanswered)]) == 5)
            assert [i.why for i in rig.inputs if isinstance(i, Unanswered)] == [
                "there is no connection to the central system",
                "no answer in 0.5 s",
                "InternalError: down",
                "the answer to Authorize says nothing usable",
                "it could not be asked in time",
            ]

    asyncio.run(main())


def test_a_status_overtakes_a_transaction_report_that_does_not_get_through(tmp_path: Path) -> None:
    async def main() -> None:
        failing = ['[4,"%s","InternalError","",{}]']
        async with central(Csms(StartTransaction=failing)) as csms:
            rig = Rig(tmp_path, csms.url, variables={"MessageAttemptInterval": "60"})
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED), event(1, Kind.UPDATED), connector(1))
            async with running(rig):
                await rig.until(lambda: csms.calls("StatusNotification"))
                await asyncio.sleep(0.1)
            assert [call[2] for call in csms.calls()] == ["StartTransaction", "StatusNotification"]

    asyncio.run(main())


@pytest.mark.parametrize(("version", "answers"), [("1.6", []), ("2.0.1", ["SecurityError"])])
def test_a_rejected_station_serves_no_call(tmp_path: Path, version: str, answers: list[str]) -> None:
    async def main() -> None:
        async with central(Csms(), (f"ocpp{version}",)) as csms:
            rig = Rig(tmp_path, csms.url, (version,))
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                rig.link.gate("rejected")
                await csms.sockets[0].send('[2,"c1","ClearCache",{}]')
                await rig.until(lambda: any("ClearCache c1: not served" in line for line in rig.logs))
                rig.link.gate("open")
                await csms.sockets[0].send('[2,"c2","Nonsense",{}]')
                await rig.until(lambda: any(reply[1] == "c2" for reply in csms.replies()))
            assert [reply[2] for reply in csms.replies() if reply[1] == "c1"] == answers
            assert not rig.has(Called)

    asyncio.run(main())


def test_the_answer_to_what_makes_us_reconnect_goes_first(tmp_path: Path) -> None:
    """1.6 security whitepaper A01: AuthorizationKey is Accepted, then comes the new connection."""

    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)

            def station(input: Input) -> None:
                if isinstance(input, Called):
                    rig.link.reply(input.call, Status("Accepted"))
                    rig.link.reconnect()

            rig.on_input = station
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                await csms.sockets[0].send('[2,"c1","ClearCache",{}]')
                await rig.until(lambda: len(csms.sockets) == 2)
            assert csms.replies() == [[3, "c1", {"status": "Accepted"}]]

    asyncio.run(main())


def test_a_restart_waits_until_what_was_told_is_taken(tmp_path: Path) -> None:
    """B12.FR.04 (TC_B_22_CS): the end of the transaction comes before the reboot."""

    async def main() -> None:
        async with central(Csms(StartTransaction=STARTED, StopTransaction={})) as csms:
            rig = Rig(tmp_path, csms.url)
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                rig.link.gate("open")
                rig.tell(event(0, Kind.STARTED), event(1, Kind.ENDED))
                await asyncio.wait_for(rig.link.flush(), 5)
                assert (len(csms.calls("StopTransaction")), rig.store.count()) == (1, 0)
                rig.link.gate("closed")
                rig.tell(connector(1))
                await asyncio.wait_for(rig.link.flush(), 5)  # what may not go is not waited for

    asyncio.run(main())


def test_while_pending_a_report_that_was_asked_for_goes_out(tmp_path: Path) -> None:
    """B02.FR.02."""

    async def main() -> None:
        async with central(Csms(NotifyReport={}), ("ocpp2.0.1",)) as csms:
            rig = Rig(tmp_path, csms.url, ("2.0.1",))
            rig.tell(connector(1))

            def station(input: Input) -> None:
                if isinstance(input, Called):
                    rig.link.reply(input.call, Status("Accepted"))
                    rig.tell(InventoryReport(at(0), 7, ()))

            rig.on_input = station
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                rig.link.gate("pending")
                await csms.sockets[0].send('[2,"c1","GetBaseReport",{"requestId":7,"reportBase":"FullInventory"}]')
                await rig.until(lambda: csms.calls("NotifyReport"))
            assert [call[2] for call in csms.calls()] == ["NotifyReport"]

    asyncio.run(main())


def test_while_pending_only_what_was_triggered_goes_out(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms()) as csms:
            rig = Rig(tmp_path, csms.url)

            def station(input: object) -> None:
                if isinstance(input, Called) and isinstance(input.command, TriggerMessage):
                    rig.tell(connector(1, "triggered"), connector(2, "by itself"))
                    rig.link.reply(input.call, Status("Accepted"))

            rig.on_input = station
            rig.tell(event(0, Kind.STARTED), connector(1, "before"))
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                rig.link.gate("pending")
                trigger = {"requestedMessage": "StatusNotification", "connectorId": 1}
                await csms.sockets[0].send(json.dumps([2, "t", "TriggerMessage", trigger]))
                await rig.until(lambda: csms.calls("StatusNotification"))
                await asyncio.sleep(0.2)
            assert [call[3]["info"] for call in csms.calls()] == ["triggered"]

    asyncio.run(main())


def test_an_open_transaction_keeps_the_version_that_carried_its_start(tmp_path: Path) -> None:
    async def main() -> None:
        csms = Csms(StartTransaction=STARTED, StopTransaction={})
        async with central(csms, ["ocpp2.0.1", "ocpp1.6"]) as csms:
            rig = Rig(tmp_path, csms.url, ["1.6"])
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED))
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0)
            rig = Rig(tmp_path, csms.url, ["2.0.1", "1.6"])
            assert rig.link.state()["offered"] == ["1.6"]
            rig.link.gate("open")
            async with running(rig):
                await rig.until(lambda: LinkUp("1.6") in rig.inputs)
                rig.tell(event(1, Kind.ENDED))
                await rig.until(lambda: rig.store.count() == 0)
                assert rig.link.state()["offered"] == ["2.0.1", "1.6"]
                rig.link.reconnect()
                await rig.until(lambda: LinkUp("2.0.1") in rig.inputs)
            assert csms.calls("StopTransaction")[0][3]["transactionId"] == 77

    asyncio.run(main())


class LaterClock(Clock):
    """A clock whose time the test moves on."""

    later = 0.0

    def mono(self) -> float:
        return super().mono() + self.later


def test_after_a_day_without_anybody_who_speaks_its_version_a_transaction_is_abandoned(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(StartTransaction=STARTED)) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED))
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0)
        async with central(Csms(), ["ocpp2.0.1"]) as csms:
            clock = LaterClock()
            rig = Rig(tmp_path, csms.url, ["2.0.1"], clock=clock)
            rig.link.gate("open")
            rig.tell(event(1, Kind.ENDED), connector(1))
            async with running(rig):
                await rig.until(lambda: rig.logs)
                clock.later = 25 * 3600.0
                await rig.until(lambda: rig.has(Buried), 10)
                (letter,) = rig.store.dead_letters()
                assert letter.why == "nobody takes its transaction in the version that carried the start"
                await rig.until(lambda: csms.calls("StatusNotification"))
            assert [call[2] for call in csms.calls()] == ["StatusNotification"]

    asyncio.run(main())


def test_a_charge_in_2_0_1_goes_out_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(TransactionEvent={}), ["ocpp2.0.1"]) as csms:
            rig = Rig(tmp_path, csms.url, ["2.0.1", "1.6"])
            rig.link.gate("open")
            rig.tell(event(0, Kind.STARTED), event(1, Kind.UPDATED), event(2, Kind.ENDED))
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0)
            events = [call[3] for call in csms.calls("TransactionEvent")]
            assert [event["seqNo"] for event in events] == [0, 1, 2]
            assert [event["eventType"] for event in events] == ["Started", "Updated", "Ended"]

    asyncio.run(main())


def test_a_2_0_1_central_system_hears_of_a_frame_whose_id_could_not_be_read(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(), ["ocpp2.0.1"]) as csms:
            rig = Rig(tmp_path, csms.url, ["2.0.1"])
            async with running(rig):
                await rig.until(lambda: rig.has(LinkUp))
                await csms.sockets[0].send("hello")
                await rig.until(csms.replies)
            assert csms.replies()[0][:3] == [4, "-1", "RpcFrameworkError"]

    asyncio.run(main())


def test_what_comes_with_several_inputs_is_durable_before_anything_follows_it(tmp_path: Path) -> None:
    async def main() -> None:
        rig = Rig(tmp_path, "")
        other = sqlite3.connect(tmp_path / "evsed.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # the disk is busy
        durable = asyncio.Event()
        inputs: list[Delivered | Buried] = [Delivered(connector(1), None), Buried(connector(2), "no")]
        rig.link._lasting.write(Outcome([Bind("tx-1", 5)], inputs), durable.set)
        await asyncio.sleep(0.2)
        assert not durable.is_set()
        other.execute("ROLLBACK")
        await asyncio.wait_for(durable.wait(), 5)
        assert rig.store.aliases() == {"tx-1": 5}
        assert rig.inputs == inputs
        rig.store.close()

    asyncio.run(main())
