"""What stands in a WM3M4C's registers: numbers by the manual's formats, records that nothing can break."""

from __future__ import annotations

import contextlib
import json

import pytest
from evse_drivers.api import DriverError, Identification, Signed
from evse_drivers.meters import iskra_records as records
from evse_drivers.meters.iskra_records import Output, counter, data_set, measurement, minimal, same_data_set
from hypothesis import given
from hypothesis import strategies as some

BYTES = some.binary(max_size=80)
JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(["RD", "RV", "RU", "TX", "PG", "MS", "ID", "IF"]), inner, max_size=6)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("high", "low", "signed", "value"),
    [
        (0xFF00, 0x08FD, False, 230.1),  # 2301 e-1
        (0xFDFF, 0xFFFF, True, -0.001),
        (0xFDFF, 0xFFFF, False, 16777.215),
        (0x0302, 0x0000, False, 131072000.0),
        (0x0000, 0x04D2, True, 1234.0),
        (0x8000, 0x0001, True, 1e-12),  # nonsense stays finite
    ],
)
def test_a_measurement_is_a_value_of_24_bits_with_a_decimal_exponent(
    high: int, low: int, signed: bool, value: float
) -> None:
    assert measurement(high, low, signed) == value


@pytest.mark.parametrize(
    ("words", "exponent", "wh"), [((0, 1234), 0, 1234.0), ((0, 1234), 1, 12340.0), ((16, 0), 0xFFFF, 104857.6)]
)
def test_a_counter_has_its_exponent_in_a_register_of_its_own(words: tuple[int, int], exponent: int, wh: float) -> None:
    assert counter(*words, exponent) == wh


@pytest.mark.parametrize(
    ("kind", "id", "said"),
    [
        ("ISO14443", "04A1|B2", (True, "ISO14443", ["RFID_PLAIN"], "04A1 B2")),
        ("Central", "remote", (True, "CENTRAL", [], "remote")),
        ("NoAuthorization", "", (False, "NONE", [], "")),
        ("MacAddress", "00:11", (True, "UNDEFINED", [], "00:11")),
    ],
)
def test_the_data_set_says_who_in_the_words_of_ocmf(kind: str, id: str, said: tuple[object, ...]) -> None:
    told = json.loads(data_set(Identification(kind, id), ""))
    assert (told["IS"], told["IT"], told["IF"], told["ID"]) == said
    assert list(told) == ["FV", "GI", "GS", "GV", "IS", "IF", "IT", "ID", "CT", "CI", "RD"]


def output(*rows: dict[str, object], **fields: object) -> Output:
    return Output.read(json.dumps({"PG": "T7", "MS": "1", **fields, "RD": rows}).encode(), "x")


def test_a_reading_that_leaves_something_out_means_what_the_one_before_said() -> None:
    two = output({"TX": "B", "RV": 1.0, "RU": "kWh"}, {"RV": 2.5}, {"TX": "E"})
    assert (two.reasons(), two.wh()) == (["B", "B", "E"], 2500.0)
    assert output({"TX": "E", "RV": 5, "RU": "Wh"}).wh() == 5.0
    assert output({"TX": "E", "RV": 5}).wh() is None
    assert output().wh() is None
    assert output({"TX": "E", "RV": float("nan"), "RU": "Wh"}).wh() is None


def test_the_end_of_a_session_is_later_than_its_begin_and_of_the_same_meter() -> None:
    begun, end = output({"TX": "B"}), {"TX": "E"}
    assert output(end, PG="T8").ends(begun)
    assert not output(end, PG="T7").ends(begun)
    assert not output(end, PG="T8", MS="2").ends(begun)
    assert not output({"TX": "B"}, PG="T8").ends(begun)
    assert not output(end, PG="F").ends(begun)


@pytest.mark.parametrize("data", [b"\xff{}", b"[1]", b"", b"{", b"[" * 100_000])
def test_what_is_no_ocmf_is_an_error_of_the_driver(data: bytes) -> None:
    with pytest.raises(DriverError, match=r"^evse\.1\.meter: the meter's signed data set is no JSON object \("):
        Output.read(data, "evse.1.meter")


@pytest.mark.parametrize(
    ("padded", "der"),
    [
        ("300602010102010f", "300602010102010f"),
        ("30080202000102020 00f".replace(" ", ""), "300602010102010f"),
        ("300702020080020101", "300702020080020101"),  # this zero is needed: the number is not negative
        ("3006020180020101", "300702020080020101"),  # and is put there where it is missing
        ("3007020180020101", "3007020180020101"),  # no length that fits: as it is
        ("00", "00"),
    ],
)
def test_numbers_of_a_signature_have_no_zeros_too_many(padded: str, der: str) -> None:
    assert minimal(bytes.fromhex(padded)).hex() == der


@given(BYTES)
def test_no_signature_breaks_it(der: bytes) -> None:
    once = minimal(der)
    assert minimal(once) == once


@given(BYTES)
def test_no_bytes_break_it(data: bytes) -> None:
    with contextlib.suppress(DriverError):
        Output.read(data, "x")


@given(JSON)
def test_no_payload_breaks_it(payload: object) -> None:
    try:
        found = Output.read(json.dumps(payload).encode(), "x")
    except DriverError:
        return
    signed = found.signed(b"\x30\x00", "AB")
    assert signed.data.split("|")[0] == "OCMF"
    assert signed.data.startswith(f"OCMF|{found.text}|")
    found.ends(found)
    same_data_set(signed)


@given(some.lists(some.integers(0, 65535), min_size=600, max_size=600))
def test_any_registers_are_a_reading(words: list[int]) -> None:
    reading = records.reading(0.0, {(4, address): word for address, word in enumerate(words)})
    assert reading.import_wh is not None


def test_a_record_that_was_not_made_here_has_a_data_set_of_nobody() -> None:
    told = json.loads(same_data_set(Signed("nonsense", "OCMF", "", "")))
    assert (told["IS"], told["IT"]) == (False, "NONE")
