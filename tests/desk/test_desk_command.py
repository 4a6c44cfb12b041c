"""The words of `evsed desk do`, the config a desk writes and the lines its screen shows: no processes needed."""

from __future__ import annotations

import dataclasses
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from evsed import settings
from evsed.desk import command, config, control, running, verbs
from evsed.desk.charge import profile
from evsed.desk.screen import COLUMNS, Screen, state, words
from evsed.settings import PILOT_PARTS

OUTLET: dict[str, Any] = {
    "evse": 1, "high": 6.0, "low": -12.0, "duty": 0.2666, "closed": True, "amps": [16.0, 16.0, 16.0],
    "watts": 11040.0, "energy_wh": 31.4, "plugged": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("plug", {"do": "plug", "evse": 1}),
        ("unplug 2", {"do": "unplug", "evse": 2}),
        ("ask auto", {"do": "ask", "on": None, "evse": 1}),
        ("card 04A1B2C3", {"do": "card", "uid": "04A1B2C3"}),
        ("ev --max-amps 8 --phases 1", {"do": "ev", "evse": 1, "max_amps": 8.0, "phases": 1}),
        ("ev --simplified on --sleeping off", {"do": "ev", "evse": 1, "simplified": True, "sleeping": False}),
        ("ev --reaction 5", {"do": "ev", "evse": 1, "reaction": 5.0}),
        ("toggle", {"do": "toggle", "evse": 1, "times": 3, "seconds": 0.3}),
        ("toggle 2 --times 1 --seconds 0.25", {"do": "toggle", "evse": 2, "times": 1, "seconds": 0.25}),
        ("temperature 62.5", {"do": "temperature", "celsius": 62.5, "evse": 1}),
        ("stall pilot 200", {"do": "stall", "process": "pilot", "seconds": 0.2}),
        ("break-latches", {"do": "break-latches"}),
        ("wear", {"do": "wear"}),
        ("mains off", {"do": "mains", "on": False}),
        ("fault welded on", {"do": "fault", "name": "welded", "on": True, "evse": 1}),
        ("pins release", {"do": "pins", "mode": "release"}),
        ("link down", {"do": "link", "up": False}),
        ("blackhole on", {"do": "blackhole", "on": True}),
        ('csms Reset {"type":"Soft"}', {"do": "csms", "action": "Reset", "payload": {"type": "Soft"}}),
        ('behave {"how":"boot"}', {"do": "behave", "how": "boot"}),
        ("power off", {"do": "power", "on": False}),
        ("kill pilot", {"do": "kill", "process": "pilot"}),
        ("state", {"do": "state"}),
    ],
)
def test_words_become_messages(words: str, message: dict[str, Any]) -> None:
    assert verbs.message(words.split()) == message


def test_an_unknown_word_lists_all_words() -> None:
    with pytest.raises(control.Refused) as refused:
        verbs.message(["plugg"])
    assert str(refused.value) == f'evsed desk do: there is no word "plugg". The words:\n{verbs.HELP}'
    assert all(f"  {word} " in verbs.HELP or f"  {word}\n" in verbs.HELP for word in verbs._WORDS)


def test_a_wrong_argument_says_what_is_allowed() -> None:
    with pytest.raises(control.Refused, match="invalid choice: 'sideways'") as refused:
        verbs.message(["link", "sideways"])
    assert str(refused.value).startswith("evsed desk do link: argument word: ")


def test_json_that_the_shell_ate_is_told() -> None:
    with pytest.raises(control.Refused) as refused:
        verbs.message(["csms", "Reset", "{type:Soft}"])
    assert str(refused.value) == (
        "{type:Soft}: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
        "the shell may have eaten the quotes."
    )


def test_the_written_config_is_one_that_evsed_takes(tmp_path: Path) -> None:
    presets = {"HeartbeatInterval": "300", "TxCtrlr.EVConnectionTimeOut": "60"}
    box = config.Wallbox(tmp_path, tmp_path / "state", "ws://127.0.0.1:9000/ocpp", evses=3, presets=presets)
    loaded = settings.load(config.write(box))
    assert [evse.id for evse in loaded.evses] == [1, 2, 3]
    assert dict(loaded.ocpp.keys) == {"HeartbeatInterval": "300"}
    assert dict(loaded.ocpp.variables) == {"TxCtrlr.EVConnectionTimeOut": "60"}


def test_its_config_has_every_part_unless_it_is_left_out(tmp_path: Path) -> None:
    box = config.Wallbox(tmp_path, tmp_path / "state", "ws://127.0.0.1:9000/ocpp", evses=2, socket=True)
    loaded = settings.load(config.write(box))
    assert not loaded.warnings
    for evse in loaded.evses:
        assert {part.where.rpartition(".")[2] for part in evse.parts()} == {*PILOT_PARTS, "meter"}
        assert evse.connector == "sType2"
        assert evse.contactor is not None
        assert evse.contactor.settings.mirror == "NC"
        assert evse.rcd is not None
        assert (evse.rcd.module, evse.rcd.cuts_coil) == ("X804", True)
    assert loaded.heartbeat is not None
    assert list(loaded.thermometers) == ["outlet-1", "outlet-2"]
    assert list(loaded.readers) == ["front"]
    bare = dataclasses.replace(box, without=frozenset(config.EXTRAS))
    loaded = settings.load(config.write(bare))
    assert [part.where for part in loaded.evses[0].parts()] == ["evse.1.pilot", "evse.1.contactor", "evse.1.meter"]
    assert (loaded.heartbeat, dict(loaded.thermometers), dict(loaded.readers)) == (None, {}, {})


def test_any_option_goes_over_what_the_desk_writes_quoted_or_not(tmp_path: Path) -> None:
    options = {
        "evse.1.max_current": "16",
        "evse.1.wake_up": "off",
        "supervision.pen_fault": "true",
        "supervision.derate_at": "[40.0, 50.0]",
        "station.vendor": '"Lab"',
    }
    box = config.Wallbox(tmp_path, tmp_path / "state", "", options=options)
    loaded = settings.load(config.write(box))
    evse = loaded.evses[0]
    assert (evse.max_current, evse.wake_up, loaded.station.vendor) == (16.0, "off", "Lab")
    assert (loaded.supervision.pen_fault, loaded.supervision.derate_at) == (True, (40.0, 50.0))


def test_an_option_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--once", "--option", "evse.1.wake_up"]) == 2
    assert capsys.readouterr().err == (
        "--option evse.1.wake_up: expected a name, = and a value, such as supervision.pen_fault=true.\n"
    )


def test_no_desk_in_that_folder_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(control.Refused) as refused:
        running.find(tmp_path)
    assert str(refused.value) == f"no desk runs in {tmp_path}. Start one: evsed desk --dir {tmp_path}"


def test_no_desk_at_all_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(control.Refused) as refused:
        running.find(None)
    assert str(refused.value) == "no desk is running. Start one: evsed desk"


def test_a_folder_that_is_not_named_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["do", "--dir"]) == 2
    assert capsys.readouterr().err == "evsed desk do --dir: needs the desk's folder.\n"


def test_a_desk_has_an_outlet(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--once", "--evses", "0"]) == 2
    assert capsys.readouterr().err == "--evses 0: at least 1.\n"


def test_a_socket_path_that_is_too_long_is_refused_at_once() -> None:
    folder = Path("/tmp") / ("x" * 100)
    with pytest.raises(control.Refused) as refused:
        control.socket_path(folder, "desk.sock")
    assert str(refused.value) == (
        f"{folder}/desk.sock: a socket's path has at most 107 bytes; choose a --dir with a shorter name."
    )


def test_the_csms_port_stays_the_same_in_a_folder() -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert command._port(Path(folder)) == command._port(Path(folder))


@pytest.mark.parametrize(
    ("high", "duty", "name"),
    [(12.0, None, "A1"), (9.0, None, "B1"), (9.0, 0.5, "B2"), (6.0, 0.5, "C2"), (6.0, None, "C1"), (3.0, 0.5, "D2"),
     (0.0, 0.5, "E"), (-12.0, 0.0, "F")],
)  # fmt: skip
def test_the_screen_names_the_state_by_volts_and_duty(high: float, duty: float | None, name: str) -> None:
    assert state(OUTLET | {"high": high, "duty": duty}) == name


def test_a_line_of_the_screen_fits_100_columns_after_its_clock() -> None:
    out = io.StringIO()
    screen = Screen(out)
    call = json.dumps([2, "1", "StatusNotification", {"info": "x" * 300}])
    screen.frame({"from": "station", "kind": "call", "action": "StatusNotification", "text": call, "at": screen.began})
    screen.status({"evses": [OUTLET]}, {"queue": {"depth": 3}})
    frame, status = out.getvalue().splitlines()
    assert frame.startswith("   0.00  --> StatusNotification {info:xxx")
    assert len(frame) <= COLUMNS
    assert "C2   +6.0/-12.0 V  26.7 %  contactor closed  16.0 A  11.04 kW  0.0314 kWh   queue 3" in status
    assert len(status) <= COLUMNS + 9


def test_evsed_is_quoted_when_it_has_something_new_to_say() -> None:
    out = io.StringIO()
    screen = Screen(out)
    show = {"outlets": {"1": {"fault": None, "why": "waiting 7 s before closing again"}}}
    show["limits"] = {"1": {"permitted": 10.0, "wins": "profile 1"}}
    assert words(show, 1) == "waiting 7 s before closing again; at most 10 A by profile 1"
    screen.heard(show, 1)
    show["outlets"]["1"]["why"] = "waiting 6 s before closing again"
    screen.heard(show, 1)
    assert len(out.getvalue().splitlines()) == 1
    assert words({}, 1) == "the station does not see its pilot"


def test_the_profile_of_each_version_names_its_transaction() -> None:
    assert profile("1.6", 7)["csChargingProfiles"]["transactionId"] == 7
    assert profile("2.0.1", "T")["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 10.0


def test_a_preset_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--headless", "--set", "HeartbeatInterval"]) == 2
    assert (
        capsys.readouterr().err
        == "--set HeartbeatInterval: expected a name, = and a value, such as HeartbeatInterval=300.\n"
    )


def test_a_foreign_csms_cannot_prove_the_play(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--csms", "ws://127.0.0.1:1/x"]) == 2
    told = "--csms: the play is proved by the desk's own CSMS; with yours, use --headless.\n"
    assert capsys.readouterr().err == told
