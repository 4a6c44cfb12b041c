"""The lines of the pilot socket, and the station's end of it against a real loop."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import Permit, PilotBoard, Seen
from evsed.pilot.client import PilotProcess
from evsed.pilot.wire import VERSION, Do, Health, Hello, Measured, Message, Refused, Taken, WireError, decode, encode
from hypothesis import given
from hypothesis import strategies as st
from pilot_rig import Process

ENDED = "the pilot process has ended, or another station took its place"
SEEN = Seen(1, 1.5, "ab", "C2", 1, True, 16.0, 6.0, 0.26666, 32.0, None, None, "charging", None, 0.5, 10.1)


@pytest.mark.parametrize(
    "message",
    [Hello(VERSION, "d", "b", {"1": 32.0}), Permit(1, 16.0, 3, True, "grace", 5.0), Do(1, "wake"), Taken(1, "wake"),
     Refused("a", "b", 1), Measured(1, 15.5), Health(1.0, "", {"11": 7}, 12.5, 0), SEEN],
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
            assert (seen.state, seen.offered, seen.asking) == ("C2", 10.0, True)  # it was never in B: no S2
            assert board.hello == Hello(VERSION, "digest", "boot", {"1": 32.0})
            assert board.differs
            assert said[-1].startswith("the pilot runs on other settings than the station")
            assert await board.act(1, "unlock") == "this EVSE has no plug lock"
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
            while board._seen:
                board._seen.take()
            lost.append("")
        task.cancel()

    play(scene())


def test_an_act_is_answered_to_whoever_asked_and_the_meter_is_recorded(tmp_path: Path) -> None:
    async def scene() -> None:
        board = PilotProcess(str(tmp_path / "pilot.sock"), "digest", lambda _: None)
        assert await board.act(1, "acknowledge") == "the pilot process does not answer"
        board.measured(1, (1.0, 2.0, None))  # nothing happens
        task = asyncio.create_task(board.run())
        with Process(tmp_path) as pilot:
            pilot.start()
            await comes_true(lambda: board.hello is not None)
            both = await asyncio.gather(board.act(1, "acknowledge"), board.act(1, "unlock"))
            assert both == [None, "this EVSE has no plug lock"]
            assert await board.act(7, "wake") == "EVSE 7 is not driven by this pilot; it drives 1"
            for amps in ((1.0, 2.5, None), (None, None, None)):
                board.measured(1, amps)
            board.measured(2, (30.0, None, None))  # of a board
            ring = pilot.recorder.rings[1]
            await comes_true(lambda: ring._amps == 2.5)
            await comes_true(lambda: board.health is not None)
            assert board.view() == {"connected": True, "differs": False, "health": dataclasses.asdict(board.health)}
        await comes_true(lambda: board.hello is None)
        assert board.view() == {"connected": False, "differs": False, "health": None}
        task.cancel()

    play(scene())
