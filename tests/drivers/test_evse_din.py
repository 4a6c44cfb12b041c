"""EVSE DIN: the driver against a board on a pty that does as the maker's register table says."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from board_wall import Wall, wired
from evse_drivers.api import DriverError
from evse_drivers.boards.evse_din import EvseDin, status_of
from evse_drivers.boards.status import Status
from evsed.model.faults import FAULTS

from tests.drivers.board_peers import EvseDinPeer

# facts: a board of firmware 18 with nothing plugged (esphome-evse-wallbox, a recorded frame); config 0x0209
RECORDED = dict(zip(range(1000, 1010), (32, 0, 1, 5, 0, 18, 1, 0, 0, 0), strict=True))


def wall(folder: Path, **peer: Any) -> AbstractAsyncContextManager[Wall[EvseDinPeer]]:
    device = EvseDinPeer(folder / "tty", **peer)
    return wired(device, lambda bus: EvseDin(EvseDin.Settings("rs485", every=0.25), "evse.1.board", bus))


def test_it_is_set_up_once_so_that_a_power_cut_ends_the_offer(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            assert (its.peer.eeprom[2000], its.peer.eeprom[2004]) == (0, 0)
            assert its.peer.eeprom[2005] == 0x0209 | 1 << 7
            written = its.peer.eeprom_writes
            assert written == 3
        async with wall(tmp_path / "..", firmware=18, boot=0) as again:
            again.peer.eeprom |= {2004: 0, 2005: 0x0289}
            again.peer.power_up()
            await again.until(lambda seen: seen.state == "A1")
            assert again.peer.eeprom_writes == 0

    asyncio.run(story())


def test_one_that_takes_a_second_for_its_eeprom_is_told_in_the_steps_that_it_then_has(tmp_path: Path) -> None:
    """openWB waits 1 s after it has written there: read back at once, the board still has its old settings."""

    async def story() -> None:
        async with wall(tmp_path) as its:
            its.peer.settles = 0.9
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.until(lambda seen: seen.state == "B1")
            await its.permit(13.37)
            await its.until(lambda seen: seen.closed)
            assert its.peer.told == 13.37
            assert its.peer.eeprom[2000] == 0
            assert its.peer.eeprom_writes == 3

    asyncio.run(story())


def test_what_its_eeprom_does_not_take_is_not_written_again_after_each_silence(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, least=6) as its:
            its.peer.eeprom[2000] = 32
            its.peer.power_up()
            await its.until(lambda seen: seen.state == "A1")
            written = its.peer.eeprom_writes
            for _ in range(3):
                its.peer.silent = True
                await asyncio.sleep(0.8)
                its.peer.silent = False
                count = len(its.seen)
                await its.until(lambda _, count=count: len(its.seen) > count)  # type: ignore[misc]
            assert its.peer.eeprom[2000] == 6
            assert its.peer.eeprom_writes == written

    asyncio.run(story())


def test_a_whole_charge(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            await its.permit(0.0)
            its.peer.car.plugged = True
            seen = await its.until(lambda seen: seen.state == "B1")
            assert (seen.plug, seen.closed, seen.offered, seen.why) == (1, False, 0.0, "nothing is offered")
            await its.permit(13.37)
            seen = await its.until(lambda seen: seen.closed)
            assert (seen.state, seen.offered) == ("C2", 13.0)  # it tells whole amperes of its output
            assert its.peer.told == 13.37
            await its.permit(6.0)
            await its.until(lambda seen: seen.offered == 6.0)
            await its.permit(0.0)
            seen = await its.until(lambda seen: not seen.closed)
            assert seen.opened_at == pytest.approx(time.monotonic(), abs=1.0)
            its.peer.car.plugged = False
            seen = await its.until(lambda seen: seen.state == "A1")
            assert seen.unplugged_at == pytest.approx(time.monotonic(), abs=1.0)
            assert {seen.fault for seen in its.seen} == {None}

    asyncio.run(story())


def test_now_switches_off_at_once_and_the_next_offer_takes_that_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.reacts = 60.0  # a vehicle that does not let go
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.until(lambda seen: seen.state == "B1")
            await its.permit(16.0)
            await its.until(lambda seen: seen.closed)
            await its.permit(0.0)
            await asyncio.sleep(0.5)
            assert its.peer.relay
            await its.permit(0.0, "now")
            await its.until(lambda seen: not seen.closed)
            assert [row for row in its.peer.writes if row[0] in (1000, 1004)][-2:] == [(1004, 1), (1000, 0)]
            await its.permit(10.0)
            await its.until(lambda seen: seen.closed and seen.offered == 10.0)

    asyncio.run(story())


@pytest.mark.parametrize(("firmware", "told"), [(10, 13.0), (16, 13.0), (17, 13.37), (18, 13.37)])
def test_old_firmware_is_told_whole_amperes(tmp_path: Path, firmware: int, told: float) -> None:
    async def story() -> None:
        async with wall(tmp_path, firmware=firmware) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.until(lambda seen: seen.state == "B1")
            await its.permit(13.37)
            seen = await its.until(lambda seen: seen.closed)
            assert (its.peer.told, seen.offered) == (told, 13.0)

    asyncio.run(story())


def test_bits_that_keep_it_from_charging_are_cleared_and_one_that_old_firmware_does_not_know_is_ignored(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with wall(tmp_path, firmware=16) as its:
            its.peer.eeprom[2005] |= 1 << 14 | 1 << 13 | 1 << 7
            its.peer.power_up()
            await its.until(lambda seen: seen.state == "A1")
            assert its.peer.eeprom[2005] >> 13 == 0
            its.peer.car.plugged = True
            await its.permit(13.37)
            await its.until(lambda seen: seen.closed)
            assert its.peer.told == 13.0

    asyncio.run(story())


def test_a_trip_is_a_fault_until_it_is_acknowledged(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.until(lambda seen: seen.state == "B1")
            await its.permit(16.0)
            await its.until(lambda seen: seen.closed)
            assert await its.board.act(1, "acknowledge") is not None
            its.peer.tripped = True
            seen = await its.until(lambda seen: seen.fault)
            assert (seen.state, seen.closed, seen.faults) == ("F", False, ("residual current",))
            assert await its.board.act(1, "acknowledge") is None
            await its.until(lambda seen: seen.fault is None)

    asyncio.run(story())


def test_a_power_cut_of_the_board_does_not_leave_it_at_what_it_begins_with(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, least=6) as its:
            await its.until(lambda seen: seen.state == "A1")
            its.peer.car.plugged = True
            await its.until(lambda seen: seen.state == "B1")
            assert its.peer.eeprom[2000] == 6  # this one takes no 0
            await its.permit(16.0)
            await its.until(lambda seen: seen.closed)
            its.peer.power_up()
            assert its.peer.told == 6.0
            await its.until(lambda seen: seen.offered == 6.0)
            await its.permit(16.0)
            await its.until(lambda seen: seen.offered == 16.0)

    asyncio.run(story())


def test_another_device_at_its_number_is_not_taken_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, firmware=300) as its:
            await asyncio.sleep(3.8)
            assert its.lost == (
                "evse.1.board: unit 1 on rs485 answers, but not like an EVSE DIN: firmware 300, vehicle state 1, "
                "pilot state 1. Set the board's own unit number."
            )

    asyncio.run(story())


def test_firmware_that_offers_much_after_a_power_cut_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with wall(tmp_path, least=10) as its:
            its.peer.power_up()
            assert its.peer.told == 32.0
            while its.lost is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            assert its.lost == (
                "evse.1.board: offers 10 A after a power cut whatever it is told (register 2000): it would charge "
                "without anybody's permission. Update its firmware."
            )
            assert its.peer.told == 0.0

    asyncio.run(story())


def test_it_needs_a_bus() -> None:
    with pytest.raises(DriverError) as caught:
        EvseDin(EvseDin.Settings("rs485"), "evse.1.board")
    assert str(caught.value) == ('evse.1.board: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.')


def status(**words: int) -> Status:
    numbers = {"told": 1000, "output": 1001, "vehicle": 1002, "cable": 1003, "pilot": 1006, "fails": 1007}
    return status_of(RECORDED | {numbers[name]: word for name, word in words.items()}, 0.01, True)


def test_a_recorded_answer() -> None:
    assert status_of(RECORDED, 1.0, False) == Status("A1", closed=False, offered=0.0, told=32.0)


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ({"vehicle": 5, "fails": 2}, ("diode",)),
        ({"vehicle": 5, "fails": 32}, ("residual current",)),
        ({"vehicle": 5, "fails": 16}, ("residual current",)),  # by the older manual
        ({"vehicle": 1, "fails": 16}, ()),  # under test
        ({"vehicle": 5, "fails": 0}, ("pilot out of range",)),
        ({"vehicle": 5, "fails": 4}, ()),
        ({"vehicle": 9}, ("pilot line",)),
    ],
)
def test_its_failures_are_faults_of_the_catalogue(words: dict[str, int], faults: tuple[str, ...]) -> None:
    found = status(**words)
    assert found.faults == faults
    assert all(name in FAULTS for name in found.faults)
    assert found.why or not found.faults


def test_the_output_is_told_in_amperes_or_in_hundredths() -> None:
    assert status(vehicle=3, output=16, pilot=2, fails=1).offered == 16.0
    assert status(vehicle=3, output=1600, pilot=2, fails=1).offered == 16.0
    assert status(vehicle=2, output=16, pilot=3).offered == 0.0
    assert status(vehicle=5, output=16, pilot=2, fails=32).offered == 0.0


def test_the_cable_is_told_while_one_is_plugged_and_the_board_looks_at_it() -> None:
    assert status(vehicle=2, cable=20).cable == 20.0
    assert status(vehicle=1, cable=20).cable is None
    assert status_of(RECORDED | {1002: 2}, 1.0, False).cable is None


def test_without_a_vehicle_nothing_is_offered_whatever_its_pilot_says() -> None:
    found = status_of(RECORDED | {1001: 16, 1002: 1, 1006: 2}, 1.0, False)
    assert (found.state, found.offered) == ("A1", 0.0)
