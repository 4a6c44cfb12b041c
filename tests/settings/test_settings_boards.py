"""A board that is known brings its parts, its limits and its pins; the technician's own lines go before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from evsed.pilot import last_settings
from evsed.settings import SettingsError, load

BOARD = """
title = "Lab Board 1"

[limits]
max_current = 16
phases = 1
evses = 1

[pins]
17 = "the contactor"

[station]
model = "lab-1"

[bus.wires]
driver = "lab-wires"
socket = "/tmp/wires.sock"

[evse.1]
max_current = 16
phases = 1
failsafe_current = 6

[evse.1.pilot]
driver = "lab"
bus = "wires"
gain = 1.5

[evse.1.contactor]
driver = "lab"
bus = "wires"

[evse.1.lock]
driver = "lab"
bus = "wires"

[heartbeat]
driver = "lab"
bus = "wires"
"""
HEAD = '[station]\nboard = "lab-1"\nboards = "{folder}"\n'


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    folder = tmp_path / "boards"
    folder.mkdir()
    (folder / "lab-1.toml").write_text(BOARD, encoding="utf-8")
    return folder


def written(boards: Path, text: str = "") -> Path:
    path = boards.parent / "evsed.toml"
    path.write_text(HEAD.format(folder=boards) + text, encoding="utf-8")
    return path


def refused(boards: Path, text: str = "") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(written(boards, text))
    return str(caught.value).splitlines()[1:]


def test_a_file_that_names_its_board_needs_no_more(boards: Path) -> None:
    settings = load(written(boards))
    (evse,) = settings.evses
    assert evse.max_current == 16
    assert evse.lock is not None
    assert settings.station.model == "lab-1"
    assert settings.heartbeat is not None
    assert settings.board is not None
    assert (settings.board.title, settings.board.pins) == ("Lab Board 1", {17: "the contactor"})


def test_what_the_technician_writes_goes_before_it_key_by_key(boards: Path) -> None:
    (evse,) = load(written(boards, "[evse.1]\nmax_current = 10\n[evse.1.pilot]\ngain = 2.0\n")).evses
    assert evse.max_current == 10
    assert evse.pilot is not None
    assert (evse.pilot.settings.gain, evse.pilot.settings.bus) == (2.0, "wires")


def test_another_driver_takes_the_place_of_the_whole_part(boards: Path) -> None:
    assert refused(boards, '[evse.1.pilot]\ndriver = "desk"\n') == [
        '  4  evse.1.pilot.bus  is missing: the [bus.NAME] of the desk\'s wires. For example "wires".'
    ]


def test_a_part_that_is_not_fitted_is_false(boards: Path) -> None:
    settings = load(written(boards, "[evse.1]\nlock = false\n"))
    assert settings.evses[0].lock is None


def test_more_than_the_board_carries_is_refused(boards: Path) -> None:
    assert refused(boards, "[evse.1]\nmax_current = 32\nphases = 3\n") == [
        "  5  evse.1.max_current = 32  board lab-1 carries at most 16 A.",
        "  6  evse.1.phases = 3        board lab-1 has 1.",
    ]


def test_more_outlets_than_the_board_has_are_refused(boards: Path) -> None:
    parts = 'pilot = { driver = "lab", bus = "wires" }\ncontactor = { driver = "lab", bus = "wires" }\n'
    text = f"[evse.2]\nmax_current = 16\nphases = 1\nfailsafe_current = 6\n{parts}"
    assert "  4  evse.2  board lab-1 has 1 outlet only." in refused(boards, text)


def test_a_board_that_nobody_knows_is_told_with_those_that_there_are(boards: Path) -> None:
    path = boards.parent / "evsed.toml"
    path.write_text(HEAD.format(folder=boards).replace("lab-1", "lab-2"), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).splitlines()[1] == (
        f'  2  station.board = "lab-2"  is no board that evsed knows. Did you mean "lab-1"? Your own go into {boards}.'
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('title = "Lab Board 1"', "", 'title is missing: what it is called, like "Heidelberg Energy Control".'),
        (
            "max_current = 16\nphases",
            "maximum = 16\nphases",
            "[limits] maximum is unknown or no number. There are: max_current, phases, evses.",
        ),
        (
            "17 =",
            "35 =",
            '[pins] 35 is no line like 17 = "contactor": GPIO 0 to 27, and what it is used for.',
        ),
        ("17 =", "\u00b2 =", "Invalid statement (at line 10, column 1)."),
        (
            "17 =",
            '"\u00b2" =',
            '[pins] \u00b2 is no line like 17 = "contactor": GPIO 0 to 27, and what it is used for.',
        ),
        (
            "max_current = 16",
            f"max_current = {'9' * 5000}",
            "has a number of thousands of digits, or hundreds of nested brackets. Correct it.",
        ),
        ("[pins]", "[pins", "Expected ']' at the end of a table declaration (at line 9, column 6)."),
    ],
)
def test_a_board_file_with_a_mistake_is_named(boards: Path, old: str, new: str, text: str) -> None:
    file = boards / "lab-1.toml"
    file.write_text(BOARD.replace(old, new, 1), encoding="utf-8")
    assert refused(boards)[0].endswith(f'station.board = "lab-1"  cannot be used: {file}: {text}')


def test_a_pin_that_the_board_uses_is_not_free_for_another_part(boards: Path) -> None:
    assert refused(boards, '[evse.1.lock]\ndriver = "lab-pin"\npin = 17\n') == [
        "  4  evse.1.lock  GPIO 17 is not free: on board lab-1 it is the contactor. Use another pin."
    ]


def test_the_release_knows_the_board_that_the_pilot_was_started_with(boards: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    path = written(boards)
    settings = load(path)
    assert settings.board is not None
    last_settings.keep(settings.path, str(runtime), settings.board.path)
    (boards / "lab-1.toml").write_text("title =", encoding="utf-8")
    copy = str(runtime / last_settings.NAME)
    with pytest.raises(SettingsError):
        load(copy)
    assert load(copy, boards_first=last_settings.boards(copy)).digest == settings.digest


def test_a_boards_own_file_is_told_where_it_belongs(boards: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load(boards / "lab-1.toml")
    assert str(error.value).splitlines()[1:] == [
        '  2  title = "Lab Board 1"  makes this a board\'s file, which is not used by itself. In evsed.toml: [station] '
        'board = "lab-1". Boards of your own go into /etc/evsed/boards.'
    ]
