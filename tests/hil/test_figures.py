"""Figures: ranks, aims, the table and the file; and the central system that they are measured against."""

from __future__ import annotations

import json

import pytest
from evse_hil.bench import AIMS, GROUPS, main
from evse_hil.figures import Aim, Figure, keep, spread, table
from evse_hil.loopback import Loopback
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

GAP = Figure("pilot.gap_loaded_ms", "ms", {"p50": 10.04, "p99": 12.3, "max": 51.0}, Aim({"p99": 25, "max": 50}))
DRAIN = Figure("outbox.drain_per_s", "1/s", {"value": 1234.56}, Aim({"value": 500}, least=True))
BARE = Figure("session.cpu_ms", "ms", {"value": 321.0})


def test_percentiles_are_values_that_were_measured():
    assert spread(range(1, 101)) == {"p50": 50, "p99": 99, "max": 100}
    assert spread([7.0]) == {"p50": 7.0, "p99": 7.0, "max": 7.0}
    with pytest.raises(ValueError) as error:
        spread([])
    assert str(error.value) == "nothing was measured"


def test_an_aim_is_met_by_every_statistic_it_names():
    assert [GAP.good, DRAIN.good, BARE.good] == [False, True, None]


def test_the_file_has_name_unit_aim_and_values(tmp_path):
    keep([GAP, DRAIN, BARE], tmp_path / "build" / "bench.json")
    assert json.loads((tmp_path / "build" / "bench.json").read_text()) == [
        {
            "name": "pilot.gap_loaded_ms",
            "unit": "ms",
            "aim": "p99 <= 25, max <= 50",
            "p50": 10.04,
            "p99": 12.3,
            "max": 51,
        },
        {"name": "outbox.drain_per_s", "unit": "1/s", "aim": ">= 500", "value": 1235.0},
        {"name": "session.cpu_ms", "unit": "ms", "aim": None, "value": 321.0},
    ]


def test_the_table_says_which_aims_are_missed():
    _, gap, drain, bare = table([GAP, DRAIN, BARE]).splitlines()
    assert gap.split() == [
        "pilot.gap_loaded_ms",
        "ms",
        "10.04",
        "12.3",
        "51.0",
        "p99",
        "<=",
        "25,",
        "max",
        "<=",
        "50",
        "NOT",
        "MET",
    ]
    assert " ".join(drain.split()) == "outbox.drain_per_s 1/s 1235.0 >= 500 met"
    assert " ".join(bare.split()) == "session.cpu_ms ms 321.0 -"


def test_every_aim_belongs_to_a_group():
    assert {name.partition(".")[0] for name in AIMS} <= set(GROUPS)


def test_a_group_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["pilto"])
    assert ended.value.code == 2
    known = "pilot, station, cpu, outbox, session, disk"
    assert capsys.readouterr().err.endswith(f"error: there is no group pilto; there are {known}.\n")


def test_the_loopback_central_system_accepts_counts_and_can_be_cut():
    central = Loopback()
    with connect(f"{central.url}/X", subprotocols=["ocpp1.6"]) as station:
        for message, action in enumerate(("BootNotification", "Authorize", "StartTransaction", "MeterValues")):
            station.send(json.dumps([2, str(message), action, {}]))
            kind, answered, answer = json.loads(station.recv())
            assert (kind, answered) == (3, str(message))
            if action == "StartTransaction":
                assert answer == {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
        assert central.calls["MeterValues"] == 1
        assert central.first["BootNotification"] < central.first["MeterValues"]
        central.link(False)
        with pytest.raises(ConnectionClosed):
            station.recv(timeout=5)
    with pytest.raises(OSError):
        connect(f"{central.url}/X")
    central.link(True)
    with connect(f"{central.url}/X", subprotocols=["ocpp2.0.1"]) as station:
        station.send(json.dumps([2, "1", "Authorize", {}]))
        assert json.loads(station.recv())[2] == {"idTokenInfo": {"status": "Accepted"}}
    central.link(False)
