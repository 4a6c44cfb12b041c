"""Each board of config/boards: what the technician must add, and what `evsed check` then knows of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evsed.settings import Settings
from evsed.settings.boards import SHIPPED, available

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]

# What is of this place and no board's, by board; and the parts that the board then has.
SUPERVISED = '[evse.1.board]\noff_path = "a hardware watchdog takes the contactor\'s supply"\n'
BOARDS = {
    "pi-evse-hat": ("[evse.1.pilot]\nscale = -8.1\noffset = 1.6\n", "pilot contactor rcd"),
    "openwb-series2": (SUPERVISED, "meter board"),
    "openevse": ("", "meter board"),
    "heidelberg-energy-control": ("", "meter board"),
}


def text(name: str, more: str = "") -> str:
    return f'[station]\nboard = "{name}"\nmax_current = 16\n{more}'


def test_each_board_that_is_shipped_is_tried_here() -> None:
    assert set(available("/nowhere")) == set(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_it_can_be_used_with_what_only_the_technician_knows(reads: Reads, name: str) -> None:
    more, parts = BOARDS[name]
    settings = reads(text(name, more))
    (evse,) = settings.evses
    assert [part.where.rpartition(".")[2] for part in evse.parts()] == parts.split()
    assert settings.board is not None
    assert settings.board.path == str(SHIPPED / f"{name}.toml")


def test_more_current_than_it_carries_is_refused(refuses: Refuses) -> None:
    over = '[station]\nboard = "heidelberg-energy-control"\nmax_current = 32\n[evse.1]\nmax_current = 20\n'
    assert refuses(over) == ["  5  evse.1.max_current = 20  board heidelberg-energy-control carries at most 16 A."]


@pytest.mark.parametrize("name", BOARDS)
def test_its_pins_are_not_free_for_anything_else(name: str, refuses: Refuses, reads: Reads) -> None:
    more, _ = BOARDS[name]
    board = reads(text(name, more)).board
    assert board is not None
    for pin, what in board.pins.items():
        door = f'[reader.door]\ndriver = "mfrc522"\nreset_pin = {pin}\n'
        lines = refuses(text(name, more + door))
        assert f"  GPIO {pin} is not free: on board {name} it is {what}. Use another pin." in "\n".join(lines)


def test_an_evse_din_asks_for_a_way_to_switch_it_off(refuses: Refuses) -> None:
    assert len(refuses(text("openwb-series2"))) == 1
