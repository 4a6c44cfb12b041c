"""A backlog is what a station would have told, and lies in its database."""

from __future__ import annotations

from itertools import groupby

from evsed.desk.backlog import main, reports
from evsed.model.reports import Kind
from evsed.model.time import Instant
from evsed.store.database import Store

NOW = Instant(mono=50.0, utc=1_800_000_000.0, boot=3)


def test_each_transaction_is_whole_in_order_and_in_the_past():
    told = list(reports(3, 2, NOW))
    transactions = [list(events) for _, events in groupby(told, lambda report: report.transaction)]
    assert len(transactions) == 3
    for events in transactions:
        assert [event.seq for event in events] == [0, 1, 2, 3]
        assert [event.kind for event in events] == [Kind.STARTED, Kind.UPDATED, Kind.UPDATED, Kind.ENDED]
        assert all(event.samples[0].energy_wh() == event.meter_wh for event in events)
    stamps = [report.at.utc for report in told]
    assert stamps == sorted(stamps)
    assert stamps[-1] < NOW.utc
    registers = [report.meter_wh for report in told]
    assert registers == sorted(registers)


def test_it_is_laid_into_the_database_and_durable(tmp_path, capsys):
    assert main(["--state", str(tmp_path), "--transactions", "2", "--meter-values", "1"]) == 0
    assert capsys.readouterr().out == f"6 reports of 2 transactions lie in {tmp_path}/evsed.db.\n"
    store = Store.open(tmp_path)
    assert [row.report.kind for row in store.reports(0, 10)][:3] == [Kind.STARTED, Kind.UPDATED, Kind.ENDED]
    assert main(["--state", str(tmp_path)]) == 1
    assert "another evsed is using this database" in capsys.readouterr().err
    store.close()
