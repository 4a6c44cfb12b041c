"""Deletes each cell of the table in turn and sees the walks go red: no cell is there without a test."""

from __future__ import annotations

import random

import pytest
from evsed.pilot.iec61851 import TABLE, Table, without_ventilation
from pilot_laws import Laws, Situation
from pilot_walks import WALKS

TABLES = {"ventilated": TABLE, "no ventilation": without_ventilation()}
CELLS = [(name, row, event) for name, table in TABLES.items() for row, cells in table.items() for event in cells]


def caught_by(table: Table) -> list[str]:
    caught = []
    for name, walk in WALKS.items():
        try:
            walk(table)
        except (AssertionError, KeyError):
            caught.append(name)
            return caught
    dice = random.Random(61851)
    for _ in range(40):
        laws = Laws(table)
        try:
            for _ in range(20):
                letter, amps = dice.choice("CCCBBADE"), dice.choice((16.0, 16.0, 32.0, 0.0))
                at_once, fault, ready = dice.random() < 0.1, dice.random() < 0.1, dice.random() < 0.9
                laws.run(Situation(letter, amps, at_once, fault, ready, dice.choice((0.01, 3.0, 6.01, 40.0))))
        except (AssertionError, KeyError):
            return ["laws"]
    return caught


def test_the_whole_tables_are_green() -> None:
    assert [caught_by(table) for table in TABLES.values()] == [[], []]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "row", "event"), CELLS, ids=[" ".join(cell) for cell in CELLS])
def test_a_table_without_this_cell_is_caught(name: str, row: str, event: str) -> None:
    table = {r: {e: to for e, to in cells.items() if (r, e) != (row, event)} for r, cells in TABLES[name].items()}
    assert caught_by(table)
