"""The search for a card's UID against cards that keep the standard's states, one or several, good and bad."""

from __future__ import annotations

import itertools
import random

import pytest
from evse_drivers.readers.iso14443a import Heard, Send, crc_a, find
from mfrc522_peer import Card, bits_of, bytes_of, with_crc

SINGLE, DOUBLE, TRIPLE = "A4B1C2D3", "04112233445566", "04112233445566778899"


def air(send: Send, cards: list[Card]) -> Heard | None:
    """What a reader hears when it sends that."""
    bits = bits_of(send.data)
    if send.bits:
        bits = bits[: len(bits) - 8 + send.bits]
    answers = [answer for card in cards if (answer := card.hear(bits)) is not None]
    if not answers:
        return None
    merged = [int(all(said)) for said in zip(*answers, strict=True)]
    differs = next((at for at, said in enumerate(zip(*answers, strict=True)) if len(set(said)) > 1), None)
    known = max(0, len(bits) - 16)
    return Heard(bytes_of([0] * send.align + merged), None if differs is None else known + differs + 1)


def found(*cards: Card) -> str | None:
    search = find()
    try:
        send = next(search)
        while True:
            send = search.send(air(send, list(cards)))
    except StopIteration as end:
        uid: str | None = end.value
        return uid


def test_the_crc_is_the_one_of_the_standards_examples() -> None:
    assert crc_a(bytes.fromhex("0000")).hex() == "a01e"  # annex B
    assert crc_a(bytes.fromhex("1234")).hex() == "26cf"
    assert with_crc(bytes.fromhex("1234")).hex() == "123426cf"


@pytest.mark.parametrize("uid", [SINGLE, DOUBLE, TRIPLE])
def test_a_uid_of_each_size_is_found_at_every_look(uid: str) -> None:
    card = Card(uid)
    assert [found(card) for _ in range(4)] == [uid] * 4


def test_no_card_is_none() -> None:
    assert found() is None


def one_bit_off(data: bytes, draw: random.Random) -> bytes:
    """So that cards collide at any bit, late ones too."""
    return (int.from_bytes(data) ^ 1 << draw.randrange(8 * len(data))).to_bytes(len(data))


def test_of_two_cards_the_same_one_is_found_at_every_look() -> None:
    cards = [Card("04112233445566"), Card("04112233445567")]
    assert len({found(*cards) for _ in range(6)}) == 1


def test_of_several_cards_the_same_one_is_found_whatever_bits_they_share() -> None:
    draw = random.Random(4)
    for _ in range(300):
        size = draw.choice((4, 7, 10))
        base = draw.randbytes(size - 1)
        uids = {"04" + one_bit_off(base, draw).hex().upper() for _ in range(draw.randint(2, 4))}
        if any("88" in (uid[6:8], uid[12:14]) for uid in uids):
            continue  # a cascade tag in the middle of a UID
        results = {found(*map(Card, order)) for order in itertools.permutations(sorted(uids))}
        assert len(results) == 1
        assert results <= uids


@pytest.mark.parametrize("uid", [SINGLE, DOUBLE, TRIPLE])
def test_a_card_that_leaves_in_the_middle_is_none_and_found_when_it_is_back(uid: str) -> None:
    frames = {SINGLE: 3, DOUBLE: 5, TRIPLE: 7}[uid]
    for stays in range(frames):
        assert found(Card(uid, stays=stays)) is None
    assert found(Card(uid, stays=frames)) == uid


def test_a_wrong_check_byte_or_crc_is_no_uid() -> None:
    assert found(Card(DOUBLE, bcc=1)) is None
    assert found(Card(DOUBLE, sak_crc=1)) is None
    assert found(Card(DOUBLE)) == DOUBLE


def test_a_card_that_says_its_uid_goes_on_though_it_is_whole_is_no_uid() -> None:
    assert found(Card(SINGLE, sak=0x04)) is None
    assert found(Card("88B1C2D3")) is None  # a cascade tag, and nothing follows
    assert found(Card(SINGLE, sak=0x20)) == SINGLE


def test_a_card_that_was_left_selected_is_found_at_the_next_look() -> None:
    card = Card(SINGLE)
    search = find()
    send = next(search)
    for _ in range(3):
        send = search.send(air(send, [card]))
    assert send.data[:2] == b"\x50\x00", "it would be halted now"
    assert found(card) == SINGLE


def test_answers_without_any_sense_are_no_uid_and_no_error() -> None:
    draw = random.Random(2)
    for _ in range(20000):
        search = find()
        next(search)
        ends: list[str | None] = []
        for _ in range(200):
            data = draw.randbytes(draw.randint(0, 8))
            heard = None if draw.random() < 0.1 else Heard(data, draw.choice((None, None, draw.randint(-2, 64))))
            try:
                search.send(heard)
            except StopIteration as end:
                ends.append(end.value)
                break
        assert [uid for uid in ends if uid is None or len(uid) in (8, 14, 20)] == ends != []
