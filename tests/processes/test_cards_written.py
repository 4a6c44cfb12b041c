"""A real station process tells of a card as [cards] says."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

from tests.desk.on_wires import CONTACTOR, FOLDERS, LINE

pytestmark = pytest.mark.processes

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


def test_a_125_khz_card_is_told_by_the_number_that_is_printed_on_it(tmp_path: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    config = tmp_path / "evsed.toml"
    config.write_text(CONFIG.format(tmp_path, port=os.ttyname(slave)))
    station = subprocess.Popen(
        [sys.executable, "-m", "evsed", "run", "-c", str(config)], stderr=subprocess.PIPE, text=True
    )
    said: list[str] = []
    assert station.stderr is not None
    listening = threading.Thread(target=lambda: said.extend(iter(station.stderr.readline, "")))  # type: ignore[union-attr]
    listening.start()
    try:
        deadline = time.monotonic() + 20
        while not any("card " in line for line in said):
            assert time.monotonic() < deadline, said
            os.write(master, b"\x02010063E9AE25\x03")
            time.sleep(0.05)
    finally:
        station.terminate()
        station.wait(10)
        listening.join()
        os.close(slave)
        os.close(master)
    cards = [line for line in said if "card " in line]
    assert len(cards) == 1, "a held card is one event"
    assert "card 0006547886: " in cards[0]
