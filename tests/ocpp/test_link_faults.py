"""The history of faults over a real websocket: whole, in order, and in nobody's way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from evsed.model.inputs import Answered
from evsed.model.reports import FaultReport, Kind

from tests.ocpp.link_rig import Csms, Rig, at, central, connector, event, running

BUSY = '[4,"%s","InternalError","the database is busy",{}]'
FASTER = {"MessageAttemptInterval": "1"}


def fault(number: int, standing: bool, cause: int | None = None) -> FaultReport:
    return FaultReport(at(number), 1, "overcurrent", standing, number, cause)


def told(csms: Csms) -> list[tuple[int, bool, int | None]]:
    events: list[dict[str, Any]] = [call[3]["eventData"][0] for call in csms.calls("NotifyEvent")]
    return [(event["eventId"], event.get("cleared", False), event.get("cause")) for event in events]


def test_what_came_and_went_offline_is_told_whole_and_in_order_while_old_states_are_dropped(tmp_path: Path) -> None:
    async def main() -> None:
        async with central(Csms(NotifyEvent={}, TransactionEvent={}), ("ocpp2.0.1",)) as csms:
            rig = Rig(tmp_path, csms.url, ("2.0.1",))
            for number in range(1, 9, 2):
                rig.tell(connector(1, f"{number}"), fault(number, True), fault(number + 1, False, number))
            async with running(rig):
                rig.boot()
                await rig.until(lambda: rig.has(Answered))
                assert csms.calls("NotifyEvent") == []  # not before the station was accepted
                rig.link.gate("open")
                await rig.until(lambda: rig.store.count() == 0)
            assert told(csms) == [
                (1, False, None), (2, True, 1), (3, False, None), (4, True, 3),
                (5, False, None), (6, True, 5), (7, False, None), (8, True, 7),
            ]  # fmt: skip
            assert len(csms.calls("StatusNotification")) == 1

    asyncio.run(main())


def test_a_central_system_that_is_busy_gets_its_bills_meanwhile_and_the_history_afterwards(tmp_path: Path) -> None:
    async def main() -> None:
        csms = Csms(NotifyEvent=[BUSY, {}], TransactionEvent={})
        async with central(csms, ("ocpp2.0.1",)) as csms:
            rig = Rig(tmp_path, csms.url, ("2.0.1",), variables=FASTER)
            rig.link.gate("open")
            rig.tell(fault(1, True), fault(2, False, 1), event(0, Kind.STARTED), event(1, Kind.ENDED))
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0, 10)
            assert told(csms) == [(1, False, None), (1, False, None), (2, True, 1)]
            actions = [call[2] for call in csms.calls()]
            assert actions == ["NotifyEvent", "TransactionEvent", "TransactionEvent", "NotifyEvent", "NotifyEvent"]
            first, again = (text for text in csms.texts if '"eventId":1,' in text.replace(" ", ""))
            assert first == again

    asyncio.run(main())
