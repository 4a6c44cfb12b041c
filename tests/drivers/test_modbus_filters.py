"""What passes the two filters of a Modbus line: the answer to the open request, whole, and nothing else."""

from __future__ import annotations

import random

import pytest
from evse_drivers.buses import modbus_mbap, modbus_rtu
from evse_drivers.buses.modbus import Block, Request, Write
from modbus_peers import crc

VOLTS = Block(4, 0, 2)
PDU = bytes.fromhex("01 04 04 4366 8000")  # unit 1, function 4, 4 octets: 230.5 V
RTU, MBAP = PDU + crc(PDU), bytes.fromhex("4711 0000 0007") + PDU
ASKED = bytes.fromhex("01 04 0000 0002")


def test_a_frame_in_pieces_passes_when_it_is_whole() -> None:
    rtu, tcp = modbus_rtu.RtuFilter(), modbus_mbap.TcpFilter()
    for its, sent, frame in ((rtu, ASKED + crc(ASKED), RTU), (tcp, MBAP[:4] + b"\0\6" + ASKED, MBAP)):
        its.expect(1, VOLTS)
        assert its(True, sent) == sent
        assert [its(False, frame[:size]) for size in range(1, len(frame))] == [b""] * (len(frame) - 1)
        assert its(False, frame) == frame
        assert its(False, frame) == b""  # once


@pytest.mark.parametrize(
    "before",
    [
        bytes.fromhex("4710 0000 0007") + PDU,  # an earlier request's
        bytes.fromhex("4711 0000 0007 02") + PDU[1:],  # another unit's
        bytes.fromhex("4711 0000 0005 01 04 02 0001"),  # a shorter one's
        bytes.fromhex("4711 0000 0003 01 83 02"),  # another function's refusal
        bytes.fromhex("4711 0000 0001 01"),
    ],
)
def test_over_tcp_other_frames_before_the_answer_are_passed_over(before: bytes) -> None:
    assert modbus_mbap.answer_in(before + MBAP, b"\x47\x11", 1, VOLTS) == MBAP


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n", b"\0" * 40, b"\x47\x11\0\0\xff\xff" + PDU])
def test_what_is_no_modbus_tcp_never_passes(nonsense: bytes) -> None:
    assert modbus_mbap.answer_in(nonsense + MBAP, b"\x47\x11", 1, VOLTS) == b""


def test_what_confirms_another_register_is_passed_over() -> None:
    other, right = bytes.fromhex("01 06 03E9 0010"), bytes.fromhex("01 06 03E8 0010")
    heard = other + crc(other) + right + crc(right)
    assert modbus_rtu.answer_in(heard, 1, Write(6, 1000, (16,))) == right + crc(right)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [(VOLTS, "01 84 02"), (Write(6, 1000, (16,)), "01 86 02"), (Block(1, 0, 9), "01 81 01")],
)
def test_a_refusal_is_an_answer(request_: Request, refusal: str) -> None:
    pdu = bytes.fromhex(refusal)
    assert modbus_rtu.answer_in(b"\xff" + pdu + crc(pdu), 1, request_) == pdu + crc(pdu)
    frame = b"\0\1\0\0\0\3" + pdu
    assert modbus_mbap.answer_in(frame, b"\0\1", 1, request_) == frame


@pytest.mark.parametrize(
    ("request_", "octets"),
    [
        (Block(3, 0, 1), 8 + 7),
        (Block(4, 0, 125), 8 + 255),
        (Block(1, 0, 9), 8 + 7),
        (Write(6, 0, (1,)), 8 + 8),
        (Write(5, 0, (1,)), 8 + 8),
        (Write(16, 0, (1, 2)), 13 + 8),
    ],
)
def test_request_and_answer_take_so_many_octets(request_: Request, octets: int) -> None:
    assert modbus_rtu.octets(request_) == octets


def test_an_echo_is_learnt_from_a_read_and_skipped_from_then_on() -> None:
    its, sent = modbus_rtu.RtuFilter(), ASKED + crc(ASKED)
    its.expect(1, VOLTS)
    its(True, sent)
    assert its.echoes is None
    assert its(False, sent + RTU) == RTU
    assert its.echoes is True
    write = bytes.fromhex("01 06 03E8 0010")
    its.expect(1, Write(6, 1000, (16,)))
    its(True, write + crc(write))
    assert its(False, write + crc(write)) == b""
    assert its.heard() == "only the echo of the request came"
    assert its.echoes is True
    its.expect(1, VOLTS)
    its(True, sent)
    its(False, RTU)
    its.heard()
    assert its.echoes is False  # the adapter was changed


def test_no_bytes_make_them_raise() -> None:
    dice = random.Random(7)
    requests: tuple[Request, ...] = (VOLTS, Block(1, 3, 11), Write(5, 1, (1,)), Write(16, 0, (1, 2)))
    for _ in range(5000):
        data = bytes(dice.choice((0, 1, 4, 16, 0x84, dice.randrange(256))) for _ in range(dice.randrange(30)))
        for its in (modbus_rtu.RtuFilter(), modbus_mbap.TcpFilter()):
            its.expect(1, dice.choice(requests))
            its(True, data[:8])
            its(False, data)
            its.heard()
            its(False, data)
