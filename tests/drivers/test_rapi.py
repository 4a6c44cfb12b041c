"""The bus to an OpenEVSE, against one made of bytes on a pty, in good and bad days."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.rapi import Rapi
from openevse_peer import OpenEvse, xor

CHECK = "Check the board's power, its speed, and whether TX and RX are crossed."


def with_board(tmp_path: Path, test: Callable[[OpenEvse, Rapi], Awaitable[None]]) -> None:
    async def run() -> None:
        peer = OpenEvse(tmp_path / "port")
        bus = Rapi(Rapi.Settings(str(tmp_path / "port"), timeout_ms=50), "bus.evse")
        try:
            await test(peer, bus)
        finally:
            bus.close()
            peer.close()

    asyncio.run(run())


def problem(tmp_path: Path, error: BaseException) -> str:
    return str(error).replace(str(tmp_path / "port"), "PORT")


def test_a_command_gets_its_answer_and_when_it_came(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        before = time.monotonic()
        reply = await bus.ask("SC 16 V", "evse.1.board")
        assert (reply.done, reply.words) == (True, ("16",))
        assert before <= reply.at <= time.monotonic()
        assert peer.amps == 16

    with_board(tmp_path, test)


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        reply = await bus.ask("SC 80 V", "evse.1.board")
        assert (reply.done, reply.words) == (False, ("32",))

    with_board(tmp_path, test)


def test_what_the_board_says_between_a_command_and_its_answer_goes_to_who_listens(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        heard: list[str] = []
        bus.listen(lambda event: heard.append(" ".join((event.name, *event.words))))
        peer.interject = "$AT 02 02 16 0100"
        assert (await bus.ask("GV", "evse.1.board")).words == ("8.2.3", "5.2.1")
        peer.interject = ""
        peer.say("$AN 1")
        await bus.ask("GV", "evse.1.board")
        assert heard == ["AT 02 02 16 0100", "AN 1"]

    with_board(tmp_path, test)


def test_two_who_ask_at_once_get_their_own_answers(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        asked = [bus.ask(command, "evse.1.meter") for command in ("GG", "GU", "GE", "GG") * 5]
        replies = [reply.words for reply in await asyncio.gather(*asked)]
        assert replies == [("0", "240000"), ("0", "0"), ("32", "0001"), ("0", "240000")] * 5

    with_board(tmp_path, test)


def test_a_late_answer_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.cable.delays = [0.07, 0.0]  # later than the 50 ms that an answer has
        assert (await bus.ask("GV", "evse.1.board")).words == ("8.2.3", "5.2.1")
        assert (await bus.ask("GE", "evse.1.board")).words == ("32", "0001")
        await asyncio.sleep(0.05)
        assert (await bus.ask("GU", "evse.1.board")).words == ("0", "0")

    with_board(tmp_path, test)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda data: b"\x00\xffnoise$" + data,
        lambda data: b"$OK 1" + data,
        lambda data: b"\r\r" + data + b"\n",
        lambda data: xor("$OK 99 :EE").encode() + data,  # to another command
    ],
)
def test_noise_around_an_answer_does_not_hide_it(tmp_path: Path, tamper: Callable[[bytes], bytes]) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.cable.tamper = tamper
        assert (await bus.ask("GE", "evse.1.board")).words == ("32", "0001")
        assert peer.commands == ["GE"]

    with_board(tmp_path, test)


def test_a_command_that_arrives_damaged_is_sent_again_at_once(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.mishear = 1
        started = time.monotonic()
        assert (await bus.ask("GE", "evse.1.board")).done
        assert time.monotonic() - started < 0.04
        assert peer.commands == ["GE", "GE"]

    with_board(tmp_path, test)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda data: b"", "no answer within 0.05 s"),
        (lambda data: data[:7], "7 octets came that make no sense"),
        (lambda data: data.replace(b"32", b"33"), "18 octets came that make no sense"),
        (lambda data: xor("$NK").encode(), "it heard the command damaged"),
        (lambda data: xor("$GE :01").encode(), "only the command's own echo came: TX and RX are joined, or its other "
         "end is open"),
    ],
)  # fmt: skip
def test_without_an_answer_it_asks_twice_and_says_what_came_instead(
    tmp_path: Path, tamper: Callable[[bytes], bytes], words: str
) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.cable.tamper = tamper
        with pytest.raises(DriverError) as caught:
            await bus.ask("GE", "evse.1.board")
        assert peer.commands == ["GE", "GE"]
        text = problem(tmp_path, caught.value)
        assert text == f"evse.1.board: the OpenEVSE on PORT, asked $GE twice: {words}. {CHECK}"

    with_board(tmp_path, test)


def test_half_an_answer_is_noise(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.cable.tamper = lambda data: data[:7] + b"\r"
        with pytest.raises(DriverError, match="7 octets came that make no sense"):
            await bus.ask("GE", "evse.1.board")
        peer.cable.tamper = lambda data: data
        assert (await bus.ask("GE", "evse.1.board")).words == ("32", "0001")

    with_board(tmp_path, test)


def test_firmware_without_sequence_ids_is_told_as_too_old(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.cable.tamper = lambda data: xor("$OK 4.8.0 2.0.1").encode()
        with pytest.raises(DriverError) as caught:
            await bus.ask("GV", "evse.1.board")
        assert problem(tmp_path, caught.value) == (
            "evse.1.board: the OpenEVSE on PORT answers without sequence ids: its RAPI is older than 3.0.0. Load a "
            "firmware of 7.1.0 or newer."
        )

    with_board(tmp_path, test)


def test_who_waits_too_long_for_the_line_is_told_so(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.deaf = True
        first = asyncio.create_task(bus.ask("GE", "evse.1.board"))
        await asyncio.sleep(0)
        with pytest.raises(DriverError) as caught:
            await bus.ask("GG", "evse.1.meter", 0.03)
        assert problem(tmp_path, caught.value) == (
            f"evse.1.meter: the OpenEVSE on PORT did not answer $GG within 0.03 s: the line is busy or slow. {CHECK}"
        )
        with pytest.raises(DriverError):
            await first

    with_board(tmp_path, test)


def test_a_port_that_vanishes_is_told_and_taken_again_when_it_returns(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        await bus.ask("GE", "evse.1.board")
        peer.cable.vanish()
        with pytest.raises(DriverError) as caught:
            await bus.ask("GE", "evse.1.board")
        assert problem(tmp_path, caught.value) == ("evse.1.board: PORT vanished. Check the adapter and its cable.")
        with pytest.raises(DriverError, match=r"bus\.evse: there is no serial port"):
            await bus.ask("GE", "evse.1.board")
        peer.cable.plug_in()
        await asyncio.sleep(1.05)
        assert (await bus.ask("GE", "evse.1.board")).done

    with_board(tmp_path, test)


def test_a_port_that_vanishes_while_an_answer_is_awaited_is_told_at_once(tmp_path: Path) -> None:
    async def test(peer: OpenEvse, bus: Rapi) -> None:
        peer.deaf = True
        asked = asyncio.create_task(bus.ask("GE", "evse.1.board"))
        await asyncio.sleep(0.02)
        peer.cable.vanish()
        with pytest.raises(DriverError, match=r"evse\.1\.board: .* vanished\."):
            await asyncio.wait_for(asked, 0.02)

    with_board(tmp_path, test)
