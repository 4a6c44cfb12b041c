"""The letters and error bits of Phoenix Contact's controllers."""

from __future__ import annotations

import pytest
from evse_drivers.boards.phoenix_words import CHARX_ERRORS, ERRORS, letter_of, text_of, troubles_of
from evsed.model.faults import FAULTS


def test_every_bit_has_names_of_the_catalogue_or_none() -> None:
    for trouble in (*ERRORS, *CHARX_ERRORS):
        if trouble is not None:
            assert trouble.words
            assert {name for name in (trouble.fault, trouble.warning) if name} <= FAULTS.keys()
            assert not trouble.warning or FAULTS[trouble.warning].warning
    assert (len(ERRORS), len(CHARX_ERRORS)) == (16, 32)


# The manual of the EV Charge Control Basic, register 24025, counts from bit 1.
@pytest.mark.parametrize(
    ("bit", "fault"),
    [(2, "cable"), (3, "cable"), (4, "pilot out of range"), (6, "plug lock"), (8, "plug lock"), (12, "contactor"),
     (13, "diode"), (15, "residual current"), (16, "residual-current self-test")],
)  # fmt: skip
def test_a_bit_of_the_manual_is_its_fault(bit: int, fault: str) -> None:
    assert troubles_of(1 << bit - 1).faults == (fault,)
    assert troubles_of(1 << bit - 1 + 16, CHARX_ERRORS).faults == (fault,)


def test_what_is_no_fault_is_words_or_a_warning() -> None:
    assert troubles_of(1 << 4) == type(troubles_of(0))((), (), "it is told to be out of service (state F)")
    assert troubles_of(1 << 6).warnings == ("plug unlock",)
    assert troubles_of(1 << 1, CHARX_ERRORS).warnings == ("temperature derating",)
    assert troubles_of(1 << 2, CHARX_ERRORS).why == "error bit 3, which no paper explains"
    assert troubles_of(1 << 16).why == "error bit 17, which no paper explains"


def test_several_bits_are_told_with_the_faults_first_and_each_name_once() -> None:
    found = troubles_of(0b1010_0000_0011)
    assert found.faults == ("cable", "contactor")
    assert found.why == (
        "it rejects cables for 13 A and 20 A; it rejects cables for 13 A; the contactor does not do as it was told; "
        "its energy meter does not answer it"
    )


def test_letters_and_texts_of_a_register() -> None:
    assert letter_of(0x0043, high=False) == "C"
    assert letter_of(0x4232, high=True) == "B"
    assert letter_of(0x0047, high=False) == ""
    assert letter_of(0xFFFF, high=True) == ""
    assert text_of(0x4232) == "B2"
    assert text_of(0x0043) == ".C"
