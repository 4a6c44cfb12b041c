"""Heidelberg Energy Control: the driver against a board on a pty that does as the maker's register table says."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from board_wall import Wall, wired
from evse_drivers.api import DriverError
from evse_drivers.boards.heidelberg import Heidelberg, status_of
from evse_drivers.boards.status import Offer, Status
from evse_drivers.buses.modbus import Block
from evsed.model.faults import FAULTS

from tests.drivers.board_peers import HeidelbergPeer


def wall(folder: Path, **options: Any) -> AbstractAsyncContextManager[Wall[HeidelbergPeer]]:
    settings = Heidelberg.Settings("rs485", every=0.25, **options)
    return wired(HeidelbergPeer(folder / "tty"), lambda bus: Heidelberg(settings, "evse.1.board", bus))


def test_its_watchdog_and_what_it_falls_back_to_are_set_and_standby_is_off(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, watchdog=4.0, failsafe=6.0) as its:
            await its.until(lambda seen: seen.state == "A1")
            words = its.peer.words
            assert [words[3, address] for address in (257, 258, 262)] == [4000, 4, 60]
            assert [address for address, _ in its.peer.writes] == [257, 258, 262, 261]
            assert words[3, 261] == 0  # nobody has permitted anything

    asyncio.run(story())


def test_a_whole_charge(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            seen = await its.until(lambda seen: seen.state == "B1")
            assert (seen.plug, seen.closed, seen.offered) == (1, False, 0.0)
            await its.permit(13.37)
            seen = await its.until(lambda seen: seen.closed)
            assert (seen.state, seen.offered) == ("C2", 13.3)
            await its.permit(32.0)
            await its.until(lambda seen: seen.offered == 16.0)  # what it carries
            await its.permit(0.0)
            seen = await its.until(lambda seen: not seen.closed)
            assert seen.opened_at == pytest.approx(time.monotonic(), abs=1.0)
            its.peer.car.plugged = False
            await its.until(lambda seen: seen.state == "A1" and seen.unplugged_at)
            assert {seen.fault for seen in its.seen} == {None}
            assert 259 not in [address for address, _ in its.peer.writes]

    asyncio.run(story())


def test_polling_keeps_its_watchdog_from_running_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, watchdog=3.0) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            for _ in range(8):
                await its.permit(10.0)
                await asyncio.sleep(0.5)
            assert its.peer.relay
            assert not its.peer.fell_back

    asyncio.run(story())


def test_when_nobody_asks_any_more_it_stops_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        peer = HeidelbergPeer(tmp_path / "tty")
        close, peer.close = peer.close, lambda: None  # type: ignore[method-assign]
        settings = Heidelberg.Settings("rs485", watchdog=3.0)
        async with wired(peer, lambda bus: Heidelberg(settings, "evse.1.board", bus)) as its:
            await its.until(lambda seen: seen.state == "A1")
            peer.car.plugged = True
            await its.permit(10.0)
            await its.until(lambda seen: seen.closed)
        await asyncio.sleep(2.0)
        assert peer.relay
        await asyncio.sleep(1.6)
        assert not peer.relay
        assert peer.words[4, 5] == 10
        close()

    asyncio.run(story())


def test_now_locks_it_until_it_is_open(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            its.peer.car.reacts = 60.0  # a vehicle that does not let go
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.permit(10.0)
            await its.until(lambda seen: seen.closed)
            await its.permit(0.0)
            await asyncio.sleep(0.5)
            assert its.peer.relay
            await its.permit(0.0, "now")
            seen = await its.until(lambda seen: not seen.closed)
            assert (seen.state, seen.fault, seen.plug) == ("F", None, 1)
            await its.until(lambda seen: seen.state == "C1")  # 0 A keeps it open
            assert [word for address, word in its.peer.writes if address == 259] == [0, 1]
            await its.permit(0.0)
            await asyncio.sleep(0.4)
            await its.permit(0.0, "now")  # nothing to open: it is not locked for that
            await asyncio.sleep(0.4)
            await its.permit(10.0)
            seen = await its.until(lambda seen: seen.closed)
            assert [word for address, word in its.peer.writes if address == 259] == [0, 1]
            assert seen.plug == 1

    asyncio.run(story())


def test_one_that_was_left_locked_is_unlocked_by_the_first_offer(tmp_path: Path) -> None:
    async def story() -> None:
        peer = HeidelbergPeer(tmp_path / "tty")
        await asyncio.sleep(0.1)
        peer.words[3, 259] = 0
        settings = Heidelberg.Settings("rs485", every=0.25)
        async with wired(peer, lambda bus: Heidelberg(settings, "evse.1.board", bus)) as its:
            await its.until(lambda seen: seen.state == "A1")
            peer.car.plugged = True
            await its.permit(10.0)
            await its.until(lambda seen: seen.closed)

    asyncio.run(story())


@pytest.mark.parametrize("energy", [0, 500], ids=["by its settings", "by its energy"])
def test_a_power_cut_of_the_board_is_noticed(tmp_path: Path, energy: int) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            its.peer.energy = energy
            await its.until(lambda seen: seen.state == "A1")
            await asyncio.sleep(0.4)
            boot = its.seen[-1].boot
            its.peer.power_up()
            assert its.peer.words[3, 261] == 160
            await its.until(lambda seen: seen.boot != boot)
            await its.until(lambda seen: its.peer.words[3, 257] == 5000 and its.peer.words[3, 261] == 0)

    asyncio.run(story())


def test_a_limit_of_its_own_is_not_written_against(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.permit(16.0)
            await its.until(lambda seen: seen.closed)
            its.peer.words[3, 261] = 100
            await its.until(lambda seen: seen.offered == 10.0)
            count = len(its.peer.writes)
            for _ in range(3):
                await its.permit(16.0)
                await asyncio.sleep(1.0)
            assert len(its.peer.writes) == count

    asyncio.run(story())


def test_a_dead_meter_on_its_line_holds_up_neither_its_state_nor_a_limit(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:

            async def ask() -> None:
                while True:
                    with contextlib.suppress(DriverError):
                        await its.bus.read(9, [Block(4, 0, 2)], "evse.2.meter")
                    await asyncio.sleep(0.1)

            await its.until(lambda seen: seen.state == "A1")
            asking = asyncio.ensure_future(ask())
            its.peer.car.plugged = True
            await its.permit(16.0)
            await its.until(lambda seen: seen.closed)
            for amps in (10.0, 6.0, 12.0, 0.0):
                began = time.monotonic()
                await its.permit(amps)
                await its.until(lambda _, amps=amps: its.peer.words[3, 261] == amps * 10)  # type: ignore[misc]
                assert time.monotonic() - began < 1.0
                await asyncio.sleep(0.5)
            gaps = [after.at - before.at for before, after in itertools.pairwise(its.seen)]
            assert max(gaps) < 2.0
            asking.cancel()

    asyncio.run(story())


def test_another_device_at_its_number_is_not_taken_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        peer = HeidelbergPeer(tmp_path / "tty")
        await asyncio.sleep(0.1)
        peer.words[4, 4] = 7
        settings = Heidelberg.Settings("rs485")
        async with wired(peer, lambda bus: Heidelberg(settings, "evse.1.board", bus)) as its:
            await asyncio.sleep(3.8)
            assert its.lost == (
                "evse.1.board: unit 1 on rs485 answers, but not like a Heidelberg Energy Control: layout 0x7, state 3, "
                "at most 16 A. Set the unit number that its switch S4 shows."
            )

    asyncio.run(story())


def test_it_needs_a_bus() -> None:
    with pytest.raises(DriverError) as caught:
        Heidelberg(Heidelberg.Settings("rs485"), "evse.1.board")
    assert str(caught.value) == ('evse.1.board: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.')


def status(state: int, amps: int = 100, written: float = 10.0, stays_out: bool = False, lock: int = 1) -> Status:
    return status_of({5: state, 13: lock, 261: amps}, Offer(written), stays_out, False)


@pytest.mark.parametrize(
    ("number", "state", "closed", "offered"),
    [
        (2, "A1", False, 0.0),
        (3, "A1", False, 0.0),
        (4, "B1", False, 0.0),
        (5, "B2", False, 10.0),
        (6, "C1", False, 0.0),
        (7, "C2", True, 10.0),
        (8, "C2", True, 10.0),
        (9, "E", False, 0.0),
        (10, "F", False, 0.0),
        (11, "F", False, 0.0),
    ],
)
def test_its_states(number: int, state: str, closed: bool, offered: float) -> None:
    found = status(number)
    assert (found.state, found.closed, found.offered) == (state, closed, offered)


@pytest.mark.parametrize(
    ("number", "stays_out", "faults"),
    [
        (9, False, ("pilot out of range",)),
        (10, False, ()),
        (10, True, ("pilot line",)),
        (11, False, ("pilot line",)),
        (1, False, ("pilot line",)),
    ],
)
def test_its_errors_are_faults_of_the_catalogue(number: int, stays_out: bool, faults: tuple[str, ...]) -> None:
    found = status(number, stays_out=stays_out)
    assert found.faults == faults
    assert all(name in FAULTS for name in found.faults)
    assert found.why


def test_derating_is_a_warning_and_the_lock_input_is_said() -> None:
    assert status(8).warnings == ("temperature derating",)
    assert status(8).warnings[0] in FAULTS
    assert status(4, lock=0).why == "locked by its lock input (terminals of the key switch)"


def test_more_than_it_was_told_is_forgotten_less_is_a_limit_of_its_own() -> None:
    assert status(7, amps=160).told == 16.0
    assert status(7, amps=0).told == 0.0
    assert status(7, amps=60).told is None
