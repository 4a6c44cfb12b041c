"""Boards on a serial line that fails them: silence, a port that vanishes, answers that are none, garbage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from board_wall import Wall, wired
from evse_drivers.boards.evse_din import EvseDin
from evse_drivers.boards.heidelberg import Heidelberg

from tests.drivers.board_peers import EvseDinPeer, HeidelbergPeer

Walled = Callable[[Path], AbstractAsyncContextManager[Wall[Any]]]


def evse_din(folder: Path) -> AbstractAsyncContextManager[Wall[EvseDinPeer]]:
    settings = EvseDin.Settings("rs485", every=0.25)
    return wired(EvseDinPeer(folder / "tty"), lambda bus: EvseDin(settings, "evse.1.board", bus))


def heidelberg(folder: Path) -> AbstractAsyncContextManager[Wall[HeidelbergPeer]]:
    settings = Heidelberg.Settings("rs485", every=0.25)
    return wired(HeidelbergPeer(folder / "tty"), lambda bus: Heidelberg(settings, "evse.1.board", bus))


pytestmark = pytest.mark.parametrize("wall", [evse_din, heidelberg])


def test_silence_then_the_port_vanishes_then_it_is_back(tmp_path: Path, wall: Walled) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.silent = True
            await asyncio.sleep(4.5)
            assert its.lost is not None
            assert its.lost.startswith("evse.1.board: unit 1 on ")
            its.peer.silent = False
            its.peer.vanish()
            again = asyncio.ensure_future(its.listen())
            await asyncio.sleep(0.5)
            its.peer.plug_in()
            count = len(its.seen)
            await its.until(lambda _: len(its.seen) > count)
            assert its.seen[-1].boot != its.seen[0].boot
            again.cancel()

    asyncio.run(story())


@pytest.mark.parametrize(
    "tamper",
    [
        lambda answer: answer[: len(answer) // 2],
        lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]),
        lambda answer: bytes([2]) + answer[1:],
    ],
    ids=["half a frame", "wrong CRC", "another device's answer"],
)
def test_what_is_no_answer_is_never_believed(tmp_path: Path, wall: Walled, tamper: Callable[[bytes], bytes]) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.tamper = tamper
            its.peer.car.plugged = True
            await asyncio.sleep(1.0)
            assert its.seen[-1].state == "A1"
            its.peer.tamper = bytes
            await its.until(lambda seen: seen.state == "B1")
            assert its.lost is None

    asyncio.run(story())


def test_garbage_between_frames_does_not_matter(tmp_path: Path, wall: Walled) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            its.peer.tamper = lambda answer: b"\x00\xff\x01" + answer + b"\xfe"
            await its.until(lambda seen: seen.state == "B1")

    asyncio.run(story())
