"""The lines of the pilot socket, and the station's end of it against a real loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import Permit, PilotBoard, Seen
from evsed.pilot.client import PilotProcess
from evsed.pilot.wire import VERSION, Do, Hello, Message, Refused, WireError, decode, encode
from hypothesis import given
from hypothesis import strategies as st
from pilot_rig import Process

ENDED = "the pilot process has ended, or another station took its place"
SEEN = Seen(1, 1.5, "ab", "C2", 1, True, 16.0, 6.0, 0.26666, 32.0, None, None, "charging", None, 0.5, 10.1)


@pytest.mark.parametrize(
    "message",
    [Hello(VERSION, "d", "b", {"1": 32.0}), Permit(1, 16.0, 3, True, "grace", 5.0), Do(1, "wake"), Refused("a", "b"),
     SEEN],
    ids=lambda message: type(message).__name__,
)  # fmt: skip
def test_a_message_is_the_same_after_the_wire(message: Message) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


def test_fields_of_a_newer_peer_are_ignored_and_numbers_may_be_whole() -> None:
    line = b'{"permit":{"evse":1,"amps":16,"phases":3,"locked":true,"how":"now","until":5,"mood":"good"}}'
    assert decode(line) == Permit(1, 16.0, 3, True, "now", 5.0)


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_message_or_a_reason(line: bytes) -> None:
    with pytest.raises(WireError):
        decode(line)


async def comes_true(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 10))


def test_the_pilot_process_is_a_board_to_the_station(tmp_path: Path) -> None:
    async def scene() -> None:
        said: list[str] = []
        board = PilotProcess(str(tmp_path / "pilot.sock"), "another digest", said.append)
        assert isinstance(board, PilotBoard)
        task = asyncio.create_task(board.run())
        with Process(tmp_path).ready_to_close() as pilot:
            pilot.start()
            pilot.hardware[0].vehicle = "C"
            async for seen in board.seen():
                if seen.closed:
                    break
                await board.permit(Permit(1, 16.0, 3, True, "grace", time.monotonic() + 5))
            assert (seen.state, seen.offered, seen.asking) == ("C2", 16.0, True)
            assert board.hello == Hello(VERSION, "digest", "boot", {"1": 32.0})
            assert board.differs
            assert said[-1].startswith("the pilot runs on other settings than the station")
            await board.act(1, "unlock")
            await comes_true(lambda: said[-1].startswith("pilot refused"))
            assert said[-1] == "pilot refused unlock: this EVSE has no plug lock"
        task.cancel()

    play(scene())


def test_a_lost_pilot_is_told_and_found_again(tmp_path: Path) -> None:
    async def scene() -> None:
        lost: list[str] = []
        path = str(tmp_path / "pilot.sock")
        board = PilotProcess(path, "digest", lambda _: None)
        board.on_lost(lost.append)
        task = asyncio.create_task(board.run())
        await comes_true(lambda: bool(lost))
        assert lost == [f"{path}: No such file or directory; is evsed-pilot running?"]
        for _ in range(2):
            with Process(tmp_path) as pilot:
                pilot.start()
                async for seen in board.seen():
                    assert seen.state == "A1"
                    break
            await comes_true(
                lambda: lost[-1].endswith("the pilot process has ended, or another station took its place")
            )
            await board.permit(Permit(1, 0.0, 3, False, "now", 0.0))  # nothing happens
            while not board._seen.empty():
                board._seen.get_nowait()
            lost.append("")
        task.cancel()

    play(scene())
