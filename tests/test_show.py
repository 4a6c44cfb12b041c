"""`evsed show`: the screens that a technician reads, whole."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import Seen
from evsed import show
from evsed.model.faults import FAULTS
from test_app import CONFIG

SEEN = Seen(1, 4000.0, "b", "C2", 3, True, 16.0, 6.1, 0.2667, None, None, None, "", None, None, 10.4)
PILOT = {
    **asdict(SEEN),
    "tested_at": 400.0,
    "closings": 1234,
    "hot_openings": 3,
    "cold_openings": 1230,
    "wear": 0.00618,
    "faults": [],
    "warnings": [],
}
HEALTH = {
    "at": 4000.0, "realtime": "", "gaps": {"10.5": 399_000, "11": 990, "more": 10}, "worst_gap_ms": 21.44, "missed": 0,
}  # fmt: skip
READING = {"import_wh": 4242.0, "watts": 11040.0, "amps": [16.0, 16.02, None]}


def charging() -> dict[str, Any]:
    """The view of a station that charges."""
    return {
        "station": "T-1",
        "clock": {"known": True, "utc": 1_800_000_000.0},
        "queue": 3,
        "dead_letters": 0,
        "disk": None,
        "unsupervised": [],
        "registration": {"answer": "Accepted"},
        "link": {"url": "ws://csms/ocpp", "connected": True, "version": "2.0.1", "up_s": 61.2, "last_error": ""},
        "profiles": {
            "profiles": [
                {"id": 7, "evse": 0, "purpose": "TxDefaultProfile", "stack_level": 2, "unit": "A", "periods": 3}
            ]
        },
        "pilot": {"connected": True, "differs": False, "health": dict(HEALTH)},
        "faults": {"0": [], "1": []},
        "randomdelay": {"1": {"remaining_s": 0}},
        "supervision": {"1": {"celsius": {"board": 41.26}}},
        "outlets": {"1": dict(PILOT)},
        "sessions": {
            "1": {
                "phase": "active",
                "why": "",
                "charging_state": "Charging",
                "token": "04A1B2C3",
                "transaction": {"id": "tx-1", "since_s": 99.6, "energy_wh": 1234.0, "events": 4},
            }
        },
        "limits": {
            "1": {
                "limits": [{"source": "profile 7", "amps": 16.0}, {"source": "installation", "amps": 32.0}],
                "permitted": 16.0,
                "wins": "profile 7",
            }
        },
        "metering": {"1": {"reading": dict(READING), "age_s": 0.42, "silent": False, "why": ""}},
    }


def text(view: dict[str, Any]) -> list[str]:
    return list(show.screen(view))


def shown(name: str, info: str = "", again: str | None = None) -> dict[str, Any]:
    """A fault as block Faults shows it."""
    row = FAULTS[name]
    told = {"name": name, "warning": row.warning, "text": row.text, "info": info, "check": row.check}
    return {**told, "clears": row.clears, "since_s": 3.0, "again": again}


def why(view: dict[str, Any]) -> str:
    return next(line for line in text(view) if line.startswith("  why")).removeprefix("  why        ")


def test_the_screen_of_a_charge() -> None:
    assert text(charging()) == [
        "station T-1   2027-01-15 08:00:00+00:00",
        "link    OCPP 2.0.1 at ws://csms/ocpp since 61 s, boot notification: Accepted",
        "queue   3 report(s) to be sent",
        "pilot   worst gap 21.4 ms, no tick later than 50 ms of 400000",
        "profile TxDefaultProfile 7 for EVSE all: stack level 2, 3 period(s) in A",
        "",
        "EVSE 1  C2  +6.1 V  26.7% duty  contactor closed  active",
        "  why        charging at no more than 16 A: profile 7 is the smallest limit",
        "  limits     16 A profile 7 | 32 A installation   permitted: 16 A",
        "  meter      4.242 kWh  11.04 kW  16.0 16.0 - A  0.4 s ago",
        "  heat       board 41.3 °C",
        "  contactor  1234 times closed, 3 times opened under load and 1230 times without: 0.6% worn",
        "  RCD        tested 1 h ago",
        "  charge     1.234 kWh in 100 s, Charging, token 04A1B2C3, transaction tx-1",
    ]


def test_the_screen_of_a_station_in_trouble() -> None:
    view = charging()
    view |= {"clock": {"known": False, "utc": None}, "dead_letters": 2, "disk": "database is full", "outlets": {}}
    view["pilot"] = {"connected": False, "differs": False, "health": None}
    view["faults"] = {"0": [shown("disk", "database is full")], "1": [shown("pilot lost", "it has ended")]}
    view["supervision"]["1"]["celsius"] = {"board": None}
    view["link"] |= {"connected": False, "last_error": "ws://csms/ocpp: connection refused"}
    view["metering"]["1"] |= {"reading": None, "silent": True, "why": "evse.1.meter: no answer"}
    view["metering"]["1"]["doubted"] = {
        "power": {"times": 3, "why": "4.29e+07 W"},
        "frequency": {"times": 1, "why": "0 Hz"},
    }
    view["sessions"]["1"]["transaction"] |= {"energy_wh": None, "since_s": None}
    view["profiles"] = {"profiles": []}
    assert text(view) == [
        "station T-1   the clock is not known yet",
        "link    down; ws://csms/ocpp: connection refused",
        "queue   3 report(s) to be sent, 2 given up (dead letters)",
        "pilot   the pilot process is not there",
        "warning disk: The disk does not take what must be kept, or takes too long. database is full",
        "        Free space, the SD card's age, the kernel's log.",
        "",
        "EVSE 1  its pilot is not heard",
        "  FAULT      pilot lost: The pilot process, or the board that drives the pilot, does not answer. it has ended",
        "             `systemctl status evsed-pilot`, or the board's supply and bus.",
        "  why        nothing can be charged without its pilot",
        "  limits     16 A profile 7 | 32 A installation   permitted: 16 A",
        "  meter      no believable reading: evse.1.meter: no answer",
        "  doubted    power, 3 times since the start; the last time 4.29e+07 W",
        "  doubted    frequency, once since the start; the last time 0 Hz",
        "  heat       board does not answer",
        "  charge     energy unknown, Charging, token 04A1B2C3, transaction tx-1",
    ]


@pytest.mark.parametrize(
    ("session", "limits", "pilot", "words"),
    [
        ({"why": "no vehicle is plugged in"}, {}, {}, "no vehicle is plugged in"),
        ({}, {"permitted": 0.0, "wins": "profile 7"}, {}, "less than 6 A are left by profile 7"),
        ({}, {}, {"why": "the EV does not ask"}, "the EV does not ask"),
    ],
)
def test_why_it_does_not_charge(session: Any, limits: Any, pilot: Any, words: str) -> None:
    view = charging()
    view["sessions"]["1"] |= session
    view["limits"]["1"] |= limits
    view["outlets"]["1"] |= {"closed": False, **pilot}
    assert why(view) == words


def test_a_fault_and_a_random_delay_are_reasons_too() -> None:
    view = charging()
    view["outlets"]["1"]["closed"] = False
    view["randomdelay"]["1"]["remaining_s"] = 312
    assert why(view) == "charges in 312 s, after a random delay (at once: evsed do skip-delay 1)"
    view["faults"]["1"] = [shown("diode"), shown("overheated"), shown("contactor worn")]
    assert why(view) == "fault: diode, overheated"


def test_faults_and_warnings_have_their_sentence_and_what_to_look_at() -> None:
    view = charging()
    view["faults"]["1"] = [
        shown("emergency stop"),
        shown("overcurrent", "L2 31.2 A for 7 s, offered 16.0 A.", "gone; charging is tried again in 12 s"),
        shown("contactor worn"),
    ]
    assert text(view)[7:13] == [
        "  FAULT      emergency stop: The emergency stop was pressed.",
        "             Find out why it was pressed; release it; acknowledge. (latched: evsed do acknowledge 1)",
        "  FAULT      overcurrent: The vehicle drew more than it was offered. L2 31.2 A for 7 s, offered 16.0 A.",
        "             The vehicle; whether the meter sees this outlet only. (gone; charging is tried again in 12 s)",
        "  warning    contactor worn: The contactor has switched as often as its maker allows.",
        "             Replace it at the next visit, and begin its counters anew (`evsed do new-contactor`).",
    ]


def test_what_is_odd_on_the_pilot_line_and_a_test_that_runs_are_shown() -> None:
    view = charging()
    view["outlets"]["1"] |= {"phases": 1, "simplified": True, "glitches": 2, "toggles": 3, "testing": True}
    assert "  pilot      1 phase(s) through the relay, no S2 in this vehicle, 2 glitch(es), 3 BCB pulse(s)" in text(
        view
    )
    assert "  RCD        its self-test runs" in text(view)


@pytest.mark.parametrize(
    ("pilot", "words"),
    [
        (
            {"health": {**HEALTH, "missed": 2, "worst_gap_ms": 61.0, "realtime": "no SCHED_FIFO: not permitted"}},
            "worst gap 61.0 ms, 2 ticks later than 50 ms of 400000; no SCHED_FIFO: not permitted",
        ),
        ({"health": {**HEALTH, "missed": 1}}, "worst gap 21.4 ms, 1 tick later than 50 ms of 400000"),
        (
            {"differs": True, "health": None},
            "it runs on other settings than the station: restart evsed-pilot; how much it is on time it has not told "
            "yet",
        ),
    ],
)
def test_how_much_the_pilot_is_on_time(pilot: Any, words: str) -> None:
    view = charging()
    view["pilot"] |= pilot
    assert f"pilot   {words}" in text(view)


def test_a_station_whose_boards_drive_the_pilot_has_no_pilot_process_to_show() -> None:
    view = charging()
    view["pilot"] = None
    assert not [line for line in text(view) if line.startswith("pilot")]


def test_an_outlet_that_nothing_switches_off_when_the_station_dies_is_shown_for_ever() -> None:
    view = charging()
    view["unsupervised"] = [2]
    assert (
        "WARNING EVSE 2: when evsed dies or the line to the board breaks, this outlet charges on with its last current "
        "until somebody comes: nothing else switches it off"
    ) in text(view)


def test_a_board_that_does_not_tell_the_pilots_level_shows_what_it_offers() -> None:
    view = charging()
    view["outlets"]["1"] |= {"volts": None, "duty": None, "closings": 0}
    assert text(view)[6] == "EVSE 1  C2  16 A offered  contactor closed  active"
    assert not [line for line in text(view) if line.startswith("  contactor")]


def test_without_a_central_system_the_link_says_so() -> None:
    view = charging()
    view["link"] |= {"url": "", "connected": False}
    assert text(view)[1] == "link    no central system is set"


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "evsed.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return path


def serve(folder: Path, answer: bytes) -> Callable[[], None]:
    """A station's socket that answers one line; call the result to wait for its end."""
    (folder / "run").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "run/station.sock"))
    server.listen()

    def once() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)
        server.close()

    thread = threading.Thread(target=once)
    thread.start()
    return thread.join


def test_no_station_answers(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show.main(["-c", str(config)]) == 1
    assert capsys.readouterr().err == (
        f"evsed show: no station answers at {tmp_path}/run/station.sock (No such file or directory). "
        "Is evsed running?\n"
    )


def test_a_station_that_is_just_leaving_answers_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = serve(tmp_path, b"")
    assert show.main(["-c", str(config)]) == 1
    end()
    assert capsys.readouterr().err.startswith(f"evsed show: no station answers at {tmp_path}/run/station.sock (")


def test_the_screen_and_the_json_come_from_the_same_view(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = serve(tmp_path, json.dumps(charging()).encode() + b"\n")
    assert show.main(["-c", str(config), "--json"]) == 0
    end()
    assert json.loads(capsys.readouterr().out) == charging()


def test_a_wrong_config_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.toml"
    assert show.main(["-c", str(path)]) == 78
    assert str(path) in capsys.readouterr().err
