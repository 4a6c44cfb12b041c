"""Every row of the fault catalogue can be caused on the desk, or it is said how else it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from evsed.desk import command, verbs
from evsed.desk.faults import BOARD_FAULTS, ELSEWHERE, FAULTS, listing
from evsed.model import faults as catalogue

TABLE = [f"| `{name}` | {fault.does} | {fault.told} |" for name, fault in (FAULTS | BOARD_FAULTS).items()]


def test_every_row_of_the_catalogue_can_be_caused() -> None:
    caused = {row for fault in (FAULTS | BOARD_FAULTS).values() for row in fault.raises}
    assert set(catalogue.FAULTS) == caused | set(ELSEWHERE)


def test_the_words_that_cause_the_rest_are_words_of_the_desk() -> None:
    for how in ELSEWHERE.values():
        if how.startswith("`evsed desk do "):
            assert how.removeprefix("`evsed desk do ").split("`")[0].split()[0] in verbs._WORDS


def test_the_readme_has_the_same_table() -> None:
    rows = (Path(command.__file__).parent / "README.md").read_text().splitlines()
    assert [row for row in rows if row.startswith("| `") and row in TABLE] == TABLE
    assert all(f"| {name} | {how} |" in rows for name, how in ELSEWHERE.items())


def test_fault_without_a_name_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["do", "fault"]) == 0
    printed = capsys.readouterr().out
    assert printed == listing() + "\n"
    for name, fault in (FAULTS | BOARD_FAULTS).items():
        assert f"  {name} " in printed
        assert all(row in printed for row in fault.raises)
