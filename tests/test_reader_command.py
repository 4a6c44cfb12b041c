"""`evsed reader` as a process, with an RDM6300 that is a pty."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest
from evse_drivers.api import Uid
from evsed import reader
from evsed.check import summary
from evsed.settings import CardSettings, load

from tests.desk.on_wires import CONTACTOR, FOLDERS, LINE

CONFIG = (
    FOLDERS
    + LINE
    + CONTACTOR
    + """
[reader.front]
driver = "rdm6300"
port = "{port}"

[cards]
notation = "decimal"
length = "last 4"
"""
)
SECOND = """
[reader.rear]
driver = "rdm6300"
port = "/dev/nothing"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "evsed.toml"
    path.write_text(CONFIG.format(tmp_path, port="/dev/nothing"))
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evsed", "reader", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def test_a_card_is_shown_in_every_format_and_the_chosen_one_is_marked(tmp_path: Path, config: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    config.write_text(CONFIG.format(tmp_path, port=os.ttyname(slave)))
    over = threading.Event()

    def hold() -> None:
        while not over.wait(0.05):
            os.write(master, b"\x02010063E9AE25\x03")

    holding = threading.Thread(target=hold)
    holding.start()
    result = run("-c", config, "--once")
    over.set()
    holding.join()
    os.close(slave)
    os.close(master)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "reader.front: hold a card before it. Ctrl-C ends this.\n"
    assert result.stdout.splitlines() == [
        "01 00 63 E9 AE   5 bytes, other: told as 0006547886 (Local)",
        "  length   byte_order    notation = hex          notation = decimal",
        "  whole    as read       010063E9AE              0004301515182",
        "  whole    reversed      AEE9630001              0751239888897",
        "  first 3  as read       010063                  00065635",
        "  first 3  reversed      630001                  06488065",
        "  first 4  as read       010063E9                0016802793",
        "  first 4  reversed      E9630001                3915579393",
        "  last 3   as read       63E9AE                  06547886",
        "  last 3   reversed      AEE963                  11463011",
        "  last 4   as read       0063E9AE              > 0006547886",
        "  last 4   reversed      AEE96300                2934530816",
        "",
    ]


def test_what_is_odd_about_a_card_is_said() -> None:
    lines = list(reader.screen(Uid("08A1B2C3"), CardSettings()))
    assert lines[:2] == [
        "08 A1 B2 C3   4 bytes, ISO14443: told as 08A1B2C3 (ISO14443)",
        "  its UID is a random one (a phone?), another each time: it can be on no list",
    ]


def test_a_reader_that_is_not_there_is_told(config: Path) -> None:
    result = run("front", "-c", config)
    assert result.returncode == 1
    assert result.stderr.startswith("reader.front: there is no serial port /dev/nothing.")


def test_which_reader_is_asked_for(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reader.main(["rear", "-c", str(config)]) == 2
    assert capsys.readouterr().err == "evsed reader: there is no [reader.rear]. There are: front.\n"
    config.write_text(CONFIG.format(tmp_path, port="/dev/some") + SECOND)
    assert reader.main(["-c", str(config)]) == 2
    assert capsys.readouterr().err == "evsed reader: which reader? There are: front, rear.\n"
    config.write_text(CONFIG.format(tmp_path, port="/dev/some").replace("[reader.front]", "[bus.other]"))
    assert reader.main(["-c", str(config)]) == 78
    without = CONFIG.split("[reader.front]")[0].format(tmp_path)
    config.write_text(without)
    capsys.readouterr()
    assert reader.main(["-c", str(config)]) == 2
    assert capsys.readouterr().err == f"evsed reader: there is no [reader.NAME] in {config}.\n"


def test_a_running_station_keeps_its_readers(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "station.sock"))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"{}\n")

        station = threading.Thread(target=answer, daemon=True)
        station.start()
        time.sleep(0.05)
        assert reader.main(["-c", str(config)]) == 1
        station.join()
    assert capsys.readouterr().err == (
        "evsed reader: the station is running, and its readers are its own. Stop it first: systemctl stop evsed\n"
    )


def test_evsed_check_shows_an_example_for_each_reader(config: Path) -> None:
    lines = list(summary(load(config)))
    at = next(index for index, line in enumerate(lines) if line.startswith("reader    front: "))
    assert lines[at : at + 2] == [
        "reader    front: rdm6300, for evse all",
        "          the card 01 00 63 E9 AE would be told as 0006547886",
    ]
