"""Figures: ranks, aims, the table and the file; and the central system that they are measured against."""

from __future__ import annotations

import json
import threading

import pytest
from evse_hil.bench import AIMS, GROUPS, main
from evse_hil.figures import Aim, Between, Figure, keep, spread, table
from evse_hil.loopback import Loopback
from evse_hil.rig import RigError
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


def test_a_group_by_itself_leaves_the_figures_of_others_in_the_file(tmp_path):
    keep([GAP, BARE], tmp_path / "bench.json")
    keep([Figure("session.cpu_ms", "ms", {"value": 5.0})], tmp_path / "bench.json", others=True)
    rows = json.loads((tmp_path / "bench.json").read_text())
    assert [(row["name"], row.get("value")) for row in rows] == [("pilot.gap_loaded_ms", None), ("session.cpu_ms", 5.0)]
    keep([BARE], tmp_path / "bench.json")
    assert len(json.loads((tmp_path / "bench.json").read_text())) == 1


def test_a_window_holds_every_sample_and_its_verdict_is_a_sentence():
    values = {"n": 200.0, "min": 5.9, **spread([5.9, 6.0, 6.02])}
    forced = Figure("timings.forced_open", "s", values, Between(6.0, 6.1), "a vehicle that does not obey; seq. 10.2")
    assert forced.good is False
    assert forced.verdict() == (
        "timings.forced_open is n 200, min 5.9, p50 6, p99 6.02, max 6.02 s, allowed 6 to 6.1: "
        "a vehicle that does not obey; seq. 10.2."
    )
    head, row, gap = table([forced, GAP]).splitlines()
    assert head.split() == ["unit", "n", "min", "p50", "p99", "max", "aim"]
    assert row.split()[:7] == ["timings.forced_open", "s", "200", "5.9", "6.0", "6.02", "6.02"]
    assert row.endswith("6 to 6.1  NOT MET         a vehicle that does not obey; seq. 10.2")
    assert gap.split()[:5] == ["pilot.gap_loaded_ms", "ms", "10.04", "12.3", "51.0"]


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
    known = ", ".join(GROUPS)
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


@pytest.mark.parametrize(
    "answer", [[3, "loopback-1", {"status": "Accepted"}], [4, "loopback-1", "NotSupported", "", {}]]
)
def test_the_loopback_central_system_calls_the_station(answer):
    central = Loopback()
    with connect(f"{central.url}/X", subprotocols=["ocpp1.6"]) as station:
        station.send(json.dumps([2, "1", "Heartbeat", {}]))
        station.recv()

        def reply():
            assert json.loads(station.recv()) == [2, "loopback-1", "Reset", {"type": "Soft"}]
            station.send(json.dumps(answer))

        thread = threading.Thread(target=reply)
        thread.start()
        if answer[0] == 3:
            assert central.call("Reset", {"type": "Soft"})[1] == {"status": "Accepted"}
        else:
            with pytest.raises(RigError) as error:
                central.call("Reset", {"type": "Soft"})
            assert str(error.value) == (
                'loopback: the station answered Reset with [4, "loopback-1", "NotSupported", "", {}].'
            )
        thread.join()
        with pytest.raises(RigError) as error:
            central.call("Reset", {}, seconds=0.05)
        assert str(error.value) == "loopback: the station did not answer Reset within 0.05 s."
    central.link(False)


def test_a_call_needs_a_station():
    central = Loopback()
    with pytest.raises(RigError) as error:
        central.call("Reset", {})
    assert str(error.value) == "loopback: no station is connected that could take Reset."
    central.link(False)
