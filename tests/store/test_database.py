"""The store against a real file: what was acknowledged is there, what cannot be opened says why."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from evsed.model.journal import Bind, Booted, Bury, Done, Forget, Frame, KeepFrames, Progress, Save, Tell
from evsed.model.reports import ConnectorReport, FaultReport, MeterReport, Report
from evsed.model.time import Instant
from evsed.model.tokens import Standing as S
from evsed.model.tokens import Token, Verdict
from evsed.store.database import Store
from evsed.store.migrations import StoreError
from evsed.store.reset import reset
from evsed.store.statements import text_of

NOON = Instant(12.0, 1_800_000_000.0, 1)


def status(evse: int, info: str = "") -> ConnectorReport:
    return ConnectorReport(NOON, evse, True, info=info)


def test_what_was_submitted_is_there_after_opening_again(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    ids = store.submit([Tell(status(1)), Save("token", "A", Verdict(S.ACCEPTED)), Tell(status(2)), Bind("tx", 7)])
    frame = Frame("id-1", "StatusNotification", '[2,"id-1","StatusNotification",{"ü":1}]')
    store.submit([KeepFrames(ids[1], "1.6", (frame,)), Progress(ids[1], 0, 2)])
    assert store.close()

    store = Store.open(tmp_path)
    assert next((row.id, row.report, row.frames) for row in store.reports(0, 9)) == (ids[0], status(1), ())
    second = store.reports(ids[0], 9)[0]
    assert (second.version, second.frames, second.answered, second.attempts) == ("1.6", (frame,), 0, 2)
    assert store.things("token", Verdict) == {"A": Verdict(S.ACCEPTED)}
    assert store.aliases() == {"tx": 7}
    assert store.count() == 2
    store.close()


def test_ids_ascend_over_restarts_while_anything_is_kept(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    first = store.submit([Tell(status(1)), Tell(status(2))])
    store.submit([Done(first[0]), Bury(first[1], "no")])
    store.close()
    store = Store.open(tmp_path)
    assert store.submit([Tell(status(3))])[0] > first[1]
    store.close()


def test_a_dead_letter_keeps_report_frames_and_reason(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    (row,) = store.submit([Tell(status(1))])
    frame = Frame("m", "StatusNotification", "[]")
    store.submit([KeepFrames(row, "2.0.1", (frame,)), Bury(row, "CALLERROR InternalError")])
    store.close()
    store = Store.open(tmp_path)
    (letter,) = store.dead_letters()
    assert (letter.report, letter.version, letter.frames, letter.why) == (
        status(1),
        "2.0.1",
        (frame,),
        "CALLERROR InternalError",
    )
    assert store.count() == 0
    store.close()


def test_forgetting_removes_one_key_or_the_whole_kind(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.submit([Save("a", "1", Token("X")), Save("a", "2", Token("Y")), Save("b", "1", {"plain": [1, None]})])
    store.submit([Forget("a", "1")])
    store.submit([Forget("nothing", None)])
    store.close()
    store = Store.open(tmp_path)
    assert store.things("a", Token) == {"2": Token("Y")}
    assert store.things("b") == {"1": {"plain": [1, None]}}
    store.close()


def test_reports_come_in_pages_and_lanes(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    reports: list[Report] = [status(1), MeterReport(NOON, 1, ()), status(1), status(2), MeterReport(NOON, 2, ())]
    ids = store.submit([Tell(report) for report in reports])
    store.close()
    store = Store.open(tmp_path)
    assert [row.id for row in store.reports(ids[0], 2)] == ids[1:3]
    assert [row.id for row in store.reports(0, 9, lane=0)] == [ids[1], ids[4]]
    assert [row.id for row in store.reports(0, 9, lane=1)] == [ids[0], ids[2], ids[3]]
    assert store.superseded() == [ids[0]]
    assert store.thinnable() == [ids[1], ids[4]]
    store.close()


def test_faults_have_a_lane_of_their_own_and_are_never_dropped(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    ids = store.submit([Tell(FaultReport(NOON, 1, "diode", standing, n)) for n, standing in ((1, True), (2, False))])
    store.close()
    store = Store.open(tmp_path)
    assert [row.id for row in store.reports(0, 9, lane=2)] == ids
    assert (store.superseded(), store.thinnable()) == ([], [])
    store.close()


def test_a_thing_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.submit([Save("token", "A", {"standing": 7}), Save("token", "B", Verdict(S.ACCEPTED))])
    store.close()
    store = Store.open(tmp_path)
    assert store.things("token", Verdict) == {"B": Verdict(S.ACCEPTED)}
    assert store.complaints == [
        f"{store.path}: token A cannot be read and is left out (standing: 7 is not a valid Standing)"
    ]
    store.close()


def test_a_report_that_cannot_be_read_becomes_a_dead_letter_and_is_told(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    bad, good = store.submit([Tell(status(1)), Tell(status(2))])
    store.close()
    with sqlite3.connect(tmp_path / "evsed.db") as raw:
        raw.execute("UPDATE report SET json = ? WHERE id = ?", ('{"is":"Unheard"}', bad))
    store = Store.open(tmp_path)
    assert [row.id for row in store.reports(0, 1)] == [good]
    assert "report 1 cannot be read and is now a dead letter" in store.complaints[0]
    store.close()
    store = Store.open(tmp_path)
    assert store.dead_letters()[0].text == '{"is":"Unheard"}'
    store.close()


def test_a_restart_without_reboot_keeps_the_boot_number_and_its_offset(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    boot = store.new_boot()
    store.submit([Booted(boot, 1.5e9)])
    store.close()
    with sqlite3.connect(tmp_path / "evsed.db") as raw:
        assert raw.execute("SELECT count(*) FROM boot").fetchone() == (1,)
    store = Store.open(tmp_path)
    assert store.new_boot() == boot
    assert store.offsets() == {boot: 1.5e9}
    store.close()
    with sqlite3.connect(tmp_path / "evsed.db") as raw:
        raw.execute("UPDATE boot SET machine = 'before the reboot'")
    store = Store.open(tmp_path)
    assert store.new_boot() == boot + 1
    store.close()


def test_done_is_called_in_the_loop_in_order_after_the_commit(tmp_path: Path) -> None:
    async def main() -> list[int]:
        store = Store.open(tmp_path)
        order: list[int] = []
        finished = asyncio.Event()
        for number in range(50):
            store.submit(
                [Tell(status(number))], lambda number=number: order.append(number + store.reports(number, 1)[0].id)
            )  # type: ignore[misc]
        store.durable(finished.set)
        await asyncio.wait_for(finished.wait(), 10)
        store.close()
        return order

    assert asyncio.run(main()) == [2 * number + 1 for number in range(50)]


CHILD = """
import sys
from evsed.model.journal import Save, Tell
from evsed.model.reports import ConnectorReport
from evsed.model.time import Instant
from evsed.store.database import Store
store = Store.open(sys.argv[1])
number = 0
def say(n):
    print(n, flush=True)
    more()
def more():
    global number
    number += 1
    n = number
    store.submit([Save("count", str(n), n), Tell(ConnectorReport(Instant(n, None), n, True))], lambda: say(n))
for _ in range(8):
    more()
import time
time.sleep(60)
"""


def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    for _ in range(3):
        folder = tmp_path / str(_)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().split()]
        child.wait()
        store = Store.open(folder)
        kept = store.things("count")
        assert {str(number) for number in acknowledged} <= set(kept)
        assert {row.report.evse for row in store.reports(0, 10**6)} == {*map(int, kept)}  # type: ignore[union-attr]
        store.close()


@pytest.fixture
def tiny_disk(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A file system of 300 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs root for a tiny tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost_when_it_has_room_again(tiny_disk: Path) -> None:
    async def main() -> None:
        store = Store.open(tiny_disk)
        troubles: list[str | None] = []
        told = asyncio.Event()
        store.on_trouble(lambda why: (troubles.append(why), told.set()))
        ballast = tiny_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        finished = asyncio.Event()
        ids = store.submit([Tell(status(n, "x" * 400)) for n in range(20)])
        store.durable(finished.set)
        await asyncio.wait_for(told.wait(), 5)
        assert not finished.is_set()
        ballast.unlink()
        await asyncio.wait_for(finished.wait(), 5)
        assert troubles == [
            f"{tiny_disk}/evsed.db: writing fails (database or disk is full). evsed keeps trying; free some space, "
            f"or replace the card.",
            None,
        ]
        assert [row.id for row in store.reports(0, 99)] == ids
        store.close()

    asyncio.run(main())


def test_a_stalled_write_is_told_after_a_second_and_its_end_too(tmp_path: Path) -> None:
    async def main() -> None:
        store = Store.open(tmp_path)
        troubles: list[str | None] = []
        store.on_trouble(troubles.append)
        other = sqlite3.connect(tmp_path / "evsed.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # as if the card were busy
        finished = asyncio.Event()
        store.submit([Tell(status(1))], finished.set)
        await asyncio.sleep(1.3)
        assert troubles
        assert troubles[0] is not None
        assert "the disk has not finished a write for 1.0 s; nothing is lost so far." in troubles[0]
        other.execute("ROLLBACK")
        await asyncio.wait_for(finished.wait(), 5)
        assert troubles[-1] is None
        store.close()

    asyncio.run(main())


def opening_fails(folder: Path) -> str:
    with pytest.raises(StoreError) as error:
        Store.open(folder)
    return str(error.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert opening_fails(tmp_path / "file" / "state") == (
        f"{tmp_path}/file/state: the folder for evsed's database cannot be written (Not a directory). "
        f"Make it belong to the user that runs evsed, or name another one in [station] state."
    )


def test_a_second_evsed_on_the_same_database_is_told(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    assert opening_fails(tmp_path) == (
        f"{tmp_path}/evsed.db: another evsed is using this database. Stop it first (systemctl stop evsed), "
        f"or name another folder in [station] state."
    )
    store.close()
    Store.open(tmp_path).close()


def test_a_database_of_a_newer_release_is_told(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "evsed.db") as raw:
        raw.execute("PRAGMA user_version = 999")
    assert opening_fails(tmp_path) == (
        f"{tmp_path}/evsed.db: was written by a newer evsed (schema 999; this one knows up to 2). "
        f"Install that release or a later one."
    )


def test_a_damaged_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "evsed.db").write_bytes(b"not a database at all" * 500)
    path = f"{tmp_path}/evsed.db"
    assert opening_fails(tmp_path) == (
        f"{path}: is damaged (file is not a database). It may hold charges that were not yet reported, so evsed keeps "
        f"it as it is. Move it away for rescue, mv {path} {path}.damaged and the same for evsed.db-wal, then start "
        f"evsed again: it begins with an empty database."
    )
    assert (tmp_path / "evsed.db").read_bytes().startswith(b"not a database")


def test_a_database_recorded_under_schema_1_opens_with_everything_in_it(tmp_path: Path) -> None:
    recorded = (Path(__file__).parent / "recorded_001.sql").read_text()
    with sqlite3.connect(tmp_path / "evsed.db") as raw:
        raw.executescript(recorded)
        raw.execute("PRAGMA user_version = 1")
        fault = text_of(FaultReport(NOON, 1, "diode", True, 1))
        raw.execute("INSERT INTO report (id, json, free, thin) VALUES (900, ?, 1, 0)", (fault,))
    store = Store.open(tmp_path)
    assert store.aliases() == {"8a0e": 4711}
    names = [[type(row.report).__name__ for row in store.reports(0, 9, lane)] for lane in (0, 1, 2)]
    assert names == [["TransactionReport"], ["ConnectorReport"], ["FaultReport"]]
    assert store.things("variable") == {"TxCtrlr.EVConnectionTimeOut": "60"}
    store.close()


def test_reset_variables_forgets_what_the_central_system_set(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.submit([Save("variable", "A.B", "1"), Save("variable", "C.D", "2"), Save("token", "T", Token("T"))])
    store.close()
    assert reset(str(tmp_path)) == 2
    store = Store.open(tmp_path)
    assert store.things("variable") == {}
    assert len(store.things("token", Token)) == 1
    store.close()


def test_a_password_of_bytes_that_are_no_text_is_kept(tmp_path: Path) -> None:
    secret = bytes.fromhex("00112233445566778899AABBCCDDEEFF").decode("utf-8", "surrogateescape")
    store = Store.open(tmp_path)
    store.submit([Save("variable", "SecurityCtrlr.BasicAuthPassword", secret)])
    assert store.close()
    store = Store.open(tmp_path)
    assert store.things("variable") == {"SecurityCtrlr.BasicAuthPassword": secret}
    store.close()


def test_the_bytes_written_are_counted(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.submit([Save("x", "y", json.loads('["' + "z" * 5000 + '"]'))])
    store.close()
    assert store.bytes_written is None or store.bytes_written > 5000


def test_after_closing_nobody_is_called_that_might_need_the_file(tmp_path: Path) -> None:
    async def main() -> None:
        store = Store.open(tmp_path)
        calls: list[int] = []
        store.submit([Tell(status(1))], lambda: calls.append(1))
        assert store.close()
        await asyncio.sleep(0.05)
        assert calls == []

    asyncio.run(main())
    store = Store.open(tmp_path)
    assert store.count() == 1
    store.close()
