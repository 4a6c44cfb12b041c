"""What is wrong with a config file is told all at once, each with line, value, what is allowed and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from evsed.pilot import loop, sense
from evsed.settings import Settings, SettingsError, load, opening
from evsed.settings.problems import table

from tests.settings import lab

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]

OUTLET = """
[evse.{}]
failsafe_current = 16
pilot = {{ driver = "lab", bus = "wires" }}
contactor = {{ driver = "lab", bus = "wires" }}
"""


def refusals() -> list[tuple[str, str, list[str]]]:
    """The blocks of refusals.txt: what stands in lab.WHOLE, what shall stand there, the error's lines."""
    blocks = (Path(__file__).parent / "refusals.txt").read_text().rstrip().split("\n\n")[1:]
    rows = [block.splitlines() for block in blocks]
    return [
        (
            "\n".join(line[2:] for line in row if line.startswith("-")),
            "\n".join(line[2:] for line in row if line.startswith("+")),
            [line for line in row if line[0] not in "-+"],
        )
        for row in rows
    ]


@pytest.mark.parametrize(("old", "new", "lines"), refusals(), ids=[new[:40] for _, new, _ in refusals()])
def test_a_problem_is_told_with_its_line_its_value_and_what_is_allowed(
    refuses: Refuses, old: str, new: str, lines: list[str]
) -> None:
    assert old in lab.WHOLE
    assert refuses(lab.WHOLE.replace(old, new, 1)) == lines


def test_all_problems_are_told_at_once_in_the_order_of_the_file(reads: Reads, tmp_path: Path) -> None:
    text = lab.WHOLE.replace("max_current = 16.0", "max_current = 48\nmetre = 3").replace("wss:", "http:")
    with pytest.raises(SettingsError) as caught:
        reads(text)
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/evsed.toml: 3 problems; the pilot stays off until they are fixed.",
        '  7  ocpp.url = "http://csms.example/ocpp"  must begin with ws:// or wss:// and a host; "" means none.',
        " 27  evse.1.max_current = 48                "
        "station.max_current is 32 A: the outlet cannot have more than the supply.",
        ' 28  evse.1.metre                           is not an option. Did you mean "meter"?',
    ]


def test_failsafes_that_nobody_shares_out_must_fit_into_the_supply(refuses: Refuses) -> None:
    more = "".join(OUTLET.format(n) for n in (2, 3))
    text = lab.WHOLE.replace("max_current = 16.0", "failsafe_current = 16") + more
    assert refuses(text) == [
        '     lease.when_station_is_gone = "go on"  the failsafe_current of all outlets is 48 A together, '
        'station.max_current 32 A. Lower them, or set "stop".'
    ]


def test_failsafes_may_exceed_the_supply_where_the_charge_stops_anyway(reads: Reads) -> None:
    more = "".join(OUTLET.format(n) for n in (2, 3))
    text = lab.WHOLE.replace("[bus.wires]", '[lease]\nwhen_station_is_gone = "stop"\n[bus.wires]') + more
    assert len(reads(text).evses) == 3


def test_an_empty_file_lacks_an_outlet(refuses: Refuses) -> None:
    assert refuses("") == ["     evse  is missing: at least one outlet [evse.1] with its pilot and contactor."]


def test_a_value_where_a_table_belongs_is_told(refuses: Refuses) -> None:
    assert refuses("lease = 3\n" + lab.WHOLE) == ["  1  lease = 3  must be a table: [lease]."]


def test_a_refused_preset_stands_beside_the_other_problems(tmp_path: Path) -> None:
    path = tmp_path / "evsed.toml"
    path.write_text(lab.WHOLE.replace("max_current = 16.0", "phases = 2"))
    with pytest.raises(SettingsError) as caught:
        load(path, lambda _: {"keys.HeartbeatInterval": "is too lively.", "variables.AuthCtrlr.Enabled": "is so."})
    assert str(caught.value).splitlines()[1:] == [
        " 12  ocpp.keys.HeartbeatInterval = 300          is too lively.",
        ' 16  ocpp.variables."AuthCtrlr.Enabled" = true  is so.',
        " 27  evse.1.phases = 2                          must be 1 or 3.",
    ]


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "evsed.toml")
    assert str(caught.value) == (
        f"{tmp_path}/evsed.toml: 1 problem; the pilot stays off until it is fixed.\n"
        "     the file  there is no such file. Copy config/evsed.toml there and adapt it, "
        "or name another one with -c FILE."
    )


def test_a_folder_in_the_file_s_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert str(caught.value).splitlines()[1:] == ["     the file  is a folder. Name the file in it."]


def test_what_is_allowed_but_odd_is_a_warning(reads: Reads) -> None:
    text = lab.WHOLE.replace("wss:", "ws:").replace("max_current = 16.0", 'connector = "sType2"')
    text = text.replace("[evse.1.meter]", "[bus.spare]").replace('driver = "lab"\nmap = "eastron-sdm630"\nbus', "#", 1)
    text = text.replace('# = "rs485"', 'driver = "lab-line"\nport = "/dev/ttyUSB1"')
    assert table(reads(text).warnings) == [
        "  9  ocpp.password                goes over ws:// in clear text: anybody on the way can read it. Use wss://.",
        " 26  evse.1                       has no meter: no energy is told to anybody, and no overcurrent is noticed.",
        ' 27  evse.1.connector = "sType2"  is a socket without a lock: the plug can be pulled under load.',
        " 22  bus.rs485                    is used by nothing.",
        " 31  bus.spare                    is used by nothing.",
    ]


def test_without_a_reader_and_a_central_system_hardly_anything_can_start(reads: Reads) -> None:
    text = lab.WHOLE.replace("wss://csms.example/ocpp", "").replace("[reader.door]", "#", 1)
    text = text.replace('driver = "lab"\nport = "/dev/ttyS0"\nevses = [1]', "")
    assert [(problem.subject, problem.text) for problem in reads(text).warnings] == [
        ("reader", "is missing and there is no central system: nothing but free vending can start.")
    ]


def test_what_nothing_watches_is_a_warning(reads: Reads) -> None:
    text = lab.WHOLE.partition("[heartbeat]")[0]
    assert table(reads(text).warnings) == [
        " 26  evse.1     has no rcd: residual current is not watched by evsed. The installation must bring a type B "
        "RCD, or the board an RDC-DD.",
        "     heartbeat  is missing: when the controller dies with its pins held, nothing opens the contactor. Use a "
        "board with a hardware enable that wants to see a pin moving.",
    ]


def test_a_broken_pen_that_cannot_be_seen_in_time_is_a_warning(reads: Reads) -> None:
    watching = lab.WHOLE.replace("stop_at = 75", "pen_fault = true")
    assert reads(watching).warnings == ()
    assert table(reads(watching.replace("[evse.1.meter]", "[evse.1.meter]\nevery = 2")).warnings) == [
        " 32  evse.1.meter.every = 2  is too seldom for pen_fault: above 1 s a broken PEN is not answered within 5 s "
        "(BS 7671 722.411.4.1).",
    ]
    second = OUTLET.format(2).replace("failsafe_current = 16", "failsafe_current = 6")
    assert [
        (problem.subject, problem.text) for problem in reads(watching + second).warnings if "PEN" in problem.text
    ] == [("evse.2", "has no meter: pen_fault sees nothing there, and a broken PEN leaves the housing live.")]


def test_a_board_that_drives_the_pilot_itself_watches_itself(reads: Reads) -> None:
    text = lab.WHOLE.partition("[heartbeat]")[0].replace("[bus.wires]", "[bus.other]")
    for part in ("pilot", "contactor"):
        text = text.replace(f'{part} = {{ driver = "lab", bus = "wires" }}\n', "")
    text += '[evse.1.board]\ndriver = "lab"\nbus = "rs485"\nunit = 2\n'
    assert [problem.subject for problem in reads(text).warnings] == ["bus.other"]


def test_the_opening_time_is_reckoned_with_what_the_pilot_does() -> None:
    assert (opening.TICK_MS, opening.DEBOUNCE) == (loop.PERIOD * 1000, sense.SAMPLES_AWAY)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"the file  is a folder\. Name the file in it\.$"):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can put on another user's shoes")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "evsed.toml"
    path.write_text(lab.WHOLE)
    path.chmod(0)
    os.seteuid(65534)
    try:
        with pytest.raises(SettingsError) as caught:
            load(path)
    finally:
        os.seteuid(0)
    assert caught.value.problems[0].text == (
        "cannot be read: Permission denied. It must be readable for the user that evsed runs as."
    )


def test_a_file_that_is_no_utf8_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "evsed.toml"
    path.write_bytes(b'[station]\nvendor = "Stra\xdfe"\n')
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).splitlines()[1:] == ["  2  the file  is not UTF-8 text. Save the file as UTF-8."]


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_what_tomllib_gives_up_on_is_told_too(refuses: Refuses, value: str) -> None:
    what = "has a number of thousands of digits, or hundreds of nested brackets. Correct it."
    assert refuses(f"a = {value}") == [f"     the file  {what}"]


def test_a_password_is_never_repeated(refuses: Refuses) -> None:
    for wrong in ('"short"', "123456789", '"correct horse', '["correct horse"]'):
        assert "horse" not in (told := "\n".join(refuses(lab.WHOLE.replace('"correct horse"', wrong))))
        assert "short" not in told
        assert "12345" not in told
