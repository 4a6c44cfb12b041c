"""A station that is killed while it drains its queue: nothing lost, and only the frame in flight may come twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from evsed.model.reports import Kind

from tests.ocpp.link_rig import TAKEN, Csms, Rig, central, event, running

STATION = """
import asyncio, sys
from pathlib import Path
from tests.ocpp.link_rig import Rig, running
async def main():
    rig = Rig(Path(sys.argv[1]), sys.argv[2])
    rig.link.gate("open")
    async with running(rig):
        await asyncio.sleep(60)
asyncio.run(main())
"""


def ids_of(csms: Csms, repeats: bool = False) -> list[str]:
    """Message ids in the order they came."""
    ids = [json.loads(text)[1] for text in csms.texts]
    return ids if repeats else list(dict.fromkeys(ids))


@pytest.mark.processes
def test_killed_again_and_again_every_report_arrives_in_order_and_repeats_are_identical(tmp_path: Path) -> None:
    reports = 600

    async def main() -> None:
        async with central(Csms(StartTransaction={"transactionId": 7, **TAKEN})) as csms:
            rig = Rig(tmp_path, csms.url)
            rig.tell(event(0, Kind.STARTED), *(event(n, Kind.UPDATED, wh=1000.0 + n) for n in range(1, reports)))
            assert rig.store.close()
            environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(Path.cwd())])}
            kills = 0
            while len(ids_of(csms)) < reports - 130:
                enough = len(csms.texts) + random.randint(40, 120)
                arguments = [sys.executable, "-c", STATION, str(tmp_path), csms.url]
                station = await asyncio.create_subprocess_exec(*arguments, env=environment)
                try:
                    await rig.until(lambda enough=enough: len(csms.texts) >= enough, patience=20)  # type: ignore[misc]
                finally:
                    station.send_signal(signal.SIGKILL)
                    await station.wait()
                kills += 1
            rig = Rig(tmp_path, csms.url)  # and what is left without a kill
            rig.link.gate("open")
            async with running(rig):
                await rig.until(lambda: rig.store.count() == 0)

            ids = ids_of(csms, repeats=True)
            by_id: dict[str, set[str]] = {}
            for id, text in zip(ids, csms.texts, strict=True):
                by_id.setdefault(id, set()).add(text)
            assert all(len(texts) == 1 for texts in by_id.values())
            assert all(ids[n] == ids[n - 1] for n in range(1, len(ids)) if ids[n] in ids[:n])
            assert len(ids) - reports <= kills
            energies = [
                float(json.loads(next(iter(by_id[id])))[3]["meterValue"][0]["sampledValue"][0]["value"])
                for id in list(dict.fromkeys(ids))[1:]
            ]
            assert energies == [1000.0 + n for n in range(1, reports)]

    asyncio.run(main())
