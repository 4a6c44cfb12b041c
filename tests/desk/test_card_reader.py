"""The desk's PN532 by raw bytes: the chip on its own, and on its pty in a real world."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest
from evsed.desk.card_reader import Card, Pn532

from tests.desk.world_process import running

WAKE = b"\x55\x55" + bytes(14)
ACK = bytes.fromhex("0000ff00ff00")
NACK = bytes.fromhex("0000ffff0000")
GET_FIRMWARE = bytes.fromhex("0000ff02fed4022a00")
FIRMWARE = bytes.fromhex("0000ff06fad50332010607e800")
SAM = bytes.fromhex("0000ff05fbd4140100011600")
SAM_DONE = bytes.fromhex("0000ff02fed5151600")
LIST = bytes.fromhex("0000ff04fcd44a0100e100")
NONE_FOUND = bytes.fromhex("0000ff03fdd54b00e000")
RETRIES_2 = bytes.fromhex("0000ff06fad43205000102f200")
FOUR_BYTE_CARD = bytes.fromhex("0000ff0cf4d54b01010004080404a1b2c3b400")


def test_it_wakes_and_tells_its_firmware() -> None:
    assert Pn532().feed(WAKE + GET_FIRMWARE, 0.0) == ACK + FIRMWARE


def test_half_a_frame_waits_for_the_rest() -> None:
    chip = Pn532()
    for byte in range(len(SAM) - 2):
        assert chip.feed(SAM[byte : byte + 1], 0.0) == b""
    assert chip.feed(SAM[-2:], 0.0) == ACK + SAM_DONE


def test_garbage_between_frames_is_passed_over() -> None:
    chip = Pn532()
    assert chip.feed(b"\x00\xff\x13\x13\xa5" + SAM + b"\x13\xff", 0.0) == ACK + SAM_DONE
    assert chip.feed(GET_FIRMWARE, 0.0) == ACK + FIRMWARE


@pytest.mark.parametrize("broken", ["0000ff02fed4022b00", "0000ff02ffd4022a00", "0000ff02fed5022900"])
def test_a_frame_with_a_wrong_checksum_or_direction_gets_no_answer(broken: str) -> None:
    assert Pn532().feed(bytes.fromhex(broken), 0.0) == b""


def test_an_unknown_command_gets_the_syntax_error_frame() -> None:
    assert Pn532().feed(bytes.fromhex("0000ff02fed470bc00"), 0.0) == ACK + bytes.fromhex("0000ff01ff7f8100")


def test_a_nack_repeats_the_last_answer() -> None:
    chip = Pn532()
    chip.feed(GET_FIRMWARE, 0.0)
    assert chip.feed(NACK[:-1], 0.0) == FIRMWARE


def test_a_search_without_end_answers_when_a_card_comes() -> None:
    chip = Pn532()
    assert chip.feed(LIST, 0.0) == ACK
    assert chip.poll(100.0) == b""
    chip.card = Card(bytes.fromhex("04A1B2C3"))
    assert chip.poll(100.1) == FOUR_BYTE_CARD
    assert chip.poll(100.2) == b""
    assert chip.feed(LIST, 100.3) == ACK
    assert chip.poll(100.4) == FOUR_BYTE_CARD  # still held there


def test_a_search_with_retries_ends_without_a_card() -> None:
    chip = Pn532()
    chip.feed(RETRIES_2, 0.0)
    assert chip.feed(LIST, 1.0) == ACK
    assert chip.poll(1.08) == b""
    assert chip.poll(1.1) == NONE_FOUND


@pytest.mark.parametrize("ended_by", [ACK, SAM])
def test_the_host_ends_a_search_by_an_ack_or_by_another_frame(ended_by: bytes) -> None:
    chip = Pn532()
    chip.feed(LIST, 0.0)
    chip.feed(ended_by, 0.1)
    chip.card = Card(bytes(4))
    assert chip.poll(0.2) == b""


@pytest.mark.parametrize("uid", ["04A1B2C3D4E5F6", "04A1B2C3D4E5F6070809"])
def test_longer_uids_come_whole(uid: str) -> None:
    chip = Pn532()
    chip.feed(LIST, 0.0)
    chip.card = Card(bytes.fromhex(uid))
    assert bytes([len(uid) // 2]) + bytes.fromhex(uid) in chip.poll(0.1)


def test_a_dead_reader_says_nothing() -> None:
    chip = Pn532()
    chip.dead = True
    assert chip.feed(WAKE + GET_FIRMWARE, 0.0) == b""
    chip.dead = False
    assert chip.feed(GET_FIRMWARE, 0.0) == ACK + FIRMWARE


def _read(port: int, seconds: float, enough: int) -> bytes:
    received, end = b"", time.monotonic() + seconds
    while len(received) < enough and select.select([port], [], [], max(0.0, end - time.monotonic()))[0]:
        received += os.read(port, 100)
    return received


@pytest.mark.processes
def test_a_tapped_card_is_found_over_the_pty_and_then_gone(tmp_path: Path) -> None:
    with running(tmp_path, "--readers", "2") as world:
        port = os.open(tmp_path / "reader", os.O_RDWR | os.O_NOCTTY)
        os.write(port, WAKE + SAM + RETRIES_2)
        assert _read(port, 1.0, 30).startswith(ACK + SAM_DONE + ACK)
        os.write(port, LIST)
        assert _read(port, 1.0, 16) == ACK + NONE_FOUND
        world.do("card", uid="04a1b2c3")
        assert world.do("state")["cards"] == ["04A1B2C3", None]
        os.write(port, LIST)
        assert _read(port, 1.0, 25) == ACK + FOUR_BYTE_CARD
        time.sleep(0.55)
        os.write(port, LIST)
        assert _read(port, 1.0, 16) == ACK + NONE_FOUND
        assert 0.49 < world.event("card-gone") - world.event("card") < 2.0
        world.do("fault", name="reader-dead", on=True)
        os.write(port, LIST)
        assert _read(port, 0.2, 1) == b""
        os.close(port)
