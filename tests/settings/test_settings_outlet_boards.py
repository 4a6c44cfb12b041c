"""An outlet whose board drives the pilot: what must switch it off when evsed dies, and what evsed check says of it."""

from __future__ import annotations

import pytest
from evsed.check import summary

from tests.settings import lab
from tests.settings.conftest import Reads, Refuses

PILOT = 'pilot = { driver = "lab", bus = "wires" }\ncontactor = { driver = "lab", bus = "wires" }\n'
RCD = lab.WHOLE[lab.WHOLE.index("[evse.1.rcd]") : lab.WHOLE.index("[thermometer.housing]")]
BOARD = '[evse.1.board]\ndriver = "{driver}"\nbus = "rs485"\nunit = 2\n{more}\n\n[reader.door]'
OFF = 'off_path = "a relay in its supply, dropped by a watchdog on the line"'


def text(driver: str, more: str = "") -> str:
    """lab.WHOLE with that board instead of a pilot line."""
    board = BOARD.format(driver=driver, more=more)
    return lab.WHOLE.replace(PILOT, "").replace(RCD, "").replace("[reader.door]", board)


def warned(reads: Reads, its: str) -> list[tuple[str, str]]:
    return [(w.subject, w.text) for w in reads(its).warnings if w.subject.startswith("evse.1.board")]


def test_a_board_that_keeps_its_current_is_refused_until_somebody_says_what_switches_it_off(refuses: Refuses) -> None:
    assert refuses(text("lab-keeping")) == [
        ' 35  evse.1.board.driver = "lab-keeping"  keeps its last current when evsed dies or the line to it breaks: '
        "nobody would end the charge. Say in off_path what hardware switches it off then (a relay in its supply that "
        "a watchdog on the line drops, for example), or accept it: unsupervised = true."
    ]
    assert len(refuses(text("lab-keeping", 'off_path = "  "'))) == 1


def test_with_a_hardware_off_path_it_can_be_used(reads: Reads) -> None:
    settings = reads(text("lab-keeping", OFF))
    assert warned(reads, text("lab-keeping", OFF)) == []
    assert settings.unsupervised == ()


def test_unsupervised_is_a_warning_for_ever(reads: Reads) -> None:
    its = text("lab-keeping", "unsupervised = true")
    assert warned(reads, its) == [
        (
            "evse.1.board.unsupervised = true",
            "means: when evsed dies or the line to the board breaks, this outlet charges on with its last current "
            "until somebody comes: nothing else switches it off.",
        )
    ]
    assert reads(its).unsupervised == (1,)


def test_what_a_board_does_by_itself_is_a_warning(reads: Reads) -> None:
    assert warned(reads, text("lab-wilful")) == [
        (
            'evse.1.board.driver = "lab-wilful"',
            "is not watched by evsed all the time: at power-on it does what it likes.",
        )
    ]


def test_a_board_with_a_watchdog_of_its_own_needs_neither(reads: Reads) -> None:
    assert warned(reads, text("lab")) == []
    assert reads(text("lab")).unsupervised == ()


@pytest.mark.parametrize(
    ("driver", "more", "words"),
    [
        ("lab", "", "the board's own watchdog decides without the station"),
        ("lab-falling", "", "stops without the station, by its own watchdog"),
        ("lab-falling", "failsafe = 8", "offers 8 A at most without the station, by its own watchdog"),
        (
            "lab-keeping",
            OFF,
            "switched off without the station by: a relay in its supply, dropped by a watchdog on the line",
        ),
        (
            "lab-keeping",
            "unsupervised = true",
            "GOES ON WITH ITS LAST CURRENT WITHOUT THE STATION, unsupervised",
        ),
    ],
)
def test_the_check_says_what_becomes_of_a_charge_without_the_station(
    reads: Reads, driver: str, more: str, words: str
) -> None:
    lines = list(summary(reads(text(driver, more))))
    start = next(i for i, line in enumerate(lines) if line.startswith("evse 1"))
    assert lines[start : start + 4] == [
        f"evse 1    cType2, 3 phases, 16 A at most, {words}",
        "          its board drives the pilot: the timings of IEC 61851-1 are the board's, not checked here",
        "          meter: lab on rs485",
        f"          board: {driver} on rs485",
    ]


def test_a_board_and_the_meter_in_it_have_one_address(reads: Reads, refuses: Refuses) -> None:
    one = text("lab").replace('bus = "rs485"\nunit = 2', 'bus = "rs485"')
    assert reads(one).evses[0].meter is not None
    second = one + '[evse.2.board]\ndriver = "lab"\nbus = "rs485"\n'
    assert [line for line in refuses(second) if "address" in line] == [
        " 54  evse.2.board.unit = 1  evse.1.meter on rs485 has this address too; give each device its own."
    ]


def test_a_board_does_not_fall_back_to_more_than_its_outlet_carries(refuses: Refuses) -> None:
    assert refuses(text("lab-falling", "failsafe = 20")) == [
        " 38  evse.1.board.failsafe = 20  must not be above this outlet's max_current, 16 A: the board falls back to "
        "it."
    ]


def test_boards_do_not_fall_back_to_more_than_the_supply_has(refuses: Refuses) -> None:
    two = text("lab-falling", "failsafe = 16") + (
        '[evse.2]\nmax_current = 20\n[evse.2.board]\ndriver = "lab-falling"\nbus = "rs485"\nunit = 3\nfailsafe = 20\n'
    )
    assert refuses(two) == [
        " 61  evse.2.board.failsafe = 20  what the boards of all outlets fall back to is 36 A together, "
        "station.max_current 32 A. Lower it."
    ]


def test_points_of_one_board_share_its_address_and_each_belongs_to_one_outlet(reads: Reads, refuses: Refuses) -> None:
    two = text("lab-point") + '[evse.2.board]\ndriver = "lab-point"\nbus = "rs485"\nunit = 2\npoint = {point}\n'
    assert len(reads(two.format(point=2)).evses) == 2
    (line,) = refuses(two.format(point=1))
    assert line.endswith("rs485 unit 2 point 1 belongs to evse.1.board already. Give each its own.")
