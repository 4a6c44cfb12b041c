"""One format for the UIDs of all cards, by the complaints that there are about others' formats."""

from __future__ import annotations

from itertools import pairwise

import pytest
from evse_drivers.api import Uid
from evsed.model.cards import Writing, oddity, presented, table, token, too_long, written
from evsed.model.inputs import Presented
from evsed.model.tokens import Token, TokenKind


@pytest.mark.parametrize(
    ("uid", "form", "id"),
    [
        ("04A1B2C3", Writing(), "04A1B2C3"),
        ("04A1B2C3", Writing(case="lower"), "04a1b2c3"),
        ("04A1B2C3", Writing(byte_order="reversed"), "C3B2A104"),  # little endian lists
        ("00010203040506", Writing(), "00010203040506"),  # zeros are not dropped
        ("04112233445566", Writing(length="first 6"), "041122334455"),  # readers that give 6 of 7 bytes
        ("04112233445566", Writing(length="last 4", byte_order="reversed"), "66554433"),
        ("04A1B2", Writing(length="first 4"), "04A1B2"),  # shorter: whole
        ("010063E9AE", Writing("decimal", length="last 4"), "0006547886"),  # as printed on 125 kHz cards
        ("010063E9AE", Writing("decimal"), "0004301515182"),
        ("63E9AE", Writing("decimal"), "06547886"),
        ("04112233445566778899", Writing(), "04112233445566778899"),
    ],
)
def test_a_uid_is_written_as_the_format_says(uid: str, form: Writing, id: str) -> None:
    assert written(uid, form) == id


def test_decimal_keeps_its_width_so_that_no_two_cards_are_the_same() -> None:
    form = Writing("decimal")
    assert [written(uid, form) for uid in ("00000001", "000001", "00000000000001")] == [
        "0000000001", "00000001", "00000000000000001",
    ]  # fmt: skip
    widths = [len(written("FF" * count, form)) for count in range(1, 11)]
    assert all(shorter < longer for shorter, longer in pairwise(widths))


def test_a_token_has_the_kind_that_the_reader_told() -> None:
    assert token(Uid("04A1B2C3"), Writing()) == Token("04A1B2C3", TokenKind.ISO14443)
    assert token(Uid("E00401001122", "ISO15693"), Writing()).kind is TokenKind.ISO15693
    assert token(Uid("010063E9AE", "other"), Writing()).kind is TokenKind.LOCAL


def test_a_random_uid_is_told_and_only_where_it_is_one() -> None:
    text = "its UID is a random one (a phone?), another each time: it can be on no list"
    assert oddity(Uid("08A1B2C3"), Writing(byte_order="reversed")) == text
    assert oddity(Uid("08112233445566"), Writing()) == ""  # a fixed UID of 7 bytes
    assert oddity(Uid("08A1B2C3", "other"), Writing()) == ""
    assert oddity(Uid("04A1B2C3"), Writing()) == ""


def test_what_no_central_system_takes_is_told() -> None:
    uid = Uid("04112233445566778899")
    assert too_long(written(uid.hex, Writing("decimal")))
    assert oddity(uid, Writing("decimal")) == (
        "as [cards] writes it, it has more than the 20 characters of OCPP 1.6 and is not asked for: set "
        'notation = "hex" or a length'
    )
    assert oddity(uid, Writing()) == ""
    assert presented(uid, Writing("decimal"), (1,)).usable is False
    assert presented(uid, Writing(), (1, 2)) == Presented(Token(uid.hex), (1, 2))
    assert not too_long(written("FF" * 8, Writing("decimal")))


def test_all_formats_of_a_uid_are_shown_once_each() -> None:
    assert list(table("04A1B2C3", "lower")) == [
        ("whole", "as read", "04a1b2c3", "0077705923"),
        ("whole", "reversed", "c3b2a104", "3283263748"),
        ("first 3", "as read", "04a1b2", "00303538"),
        ("first 3", "reversed", "b2a104", "11706628"),
        ("last 3", "as read", "a1b2c3", "10597059"),
        ("last 3", "reversed", "c3b2a1", "12825249"),
    ]
    assert len(list(table("04112233445566", "upper"))) == 14
