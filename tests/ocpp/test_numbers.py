"""Numbers as OCPP writes them."""

from __future__ import annotations

import pytest
from evsed.ocpp.dialects.values import numeric, plain


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0.0, "0"), (-0.0, "0"), (-0.0001, "0"), (100.0, "100"), (230.25, "230.25"), (0.0625, "0.062")),
        *((12345678.9, "12345678.9"), (1e9, "1000000000"), (-16.0, "-16")),
    ],
)
def test_a_number_has_neither_padding_nor_exponent(number: float, text: str) -> None:
    assert plain(number) == text


def test_a_whole_number_stays_one_in_json() -> None:
    assert repr(numeric(16.0)) == "16"
    assert repr(numeric(10.6666)) == "10.667"
