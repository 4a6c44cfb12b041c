"""The CHARX SEC's charging points and meters, over real Modbus TCP against a controller with its own watchdog."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from board_station import Station
from evse_drivers.api import DriverError
from evse_drivers.boards.phoenix_charx import Charx as Board
from evse_drivers.boards.phoenix_charx import known, status_of
from evse_drivers.buses.modbus_tcp import ModbusTcp
from evse_drivers.meters.phoenix_charx import CharxMeter
from phoenix_peers import Charx, on_the_network

Test = Callable[[Station, Charx], Awaitable[None]]


def with_station(peer: Charx, test: Test, **options: Any) -> None:
    async def run() -> None:
        async with on_the_network(peer) as port:
            bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=50), "bus.charx")
            station = Station(Board(Board.Settings("charx", every=0.25, **options), "evse.1.board", bus))
            try:
                await test(station, peer)
            finally:
                station.task.cancel()
                bus.close()
                peer.close()

    asyncio.run(run())


@pytest.mark.parametrize("point", [1, 2])
def test_a_charge_from_plug_to_unplug(point: int) -> None:
    async def test(station: Station, peer: Charx) -> None:
        base = 1000 * point
        await station.permit(0)
        await station.until_seen(lambda seen: seen.state == "A1")
        assert (peer.holding[base + 306], peer.holding[base + 307]) == (6, 5)
        peer.plug("C")
        await station.until_seen(lambda seen: seen.state == "B1")
        assert (station.now.plug, station.now.cable) == (1, 32)
        await station.permit(16.9)
        await station.until_seen(lambda seen: seen.closed)
        assert (station.now.state, station.now.offered, peer.holding[base + 301]) == ("C2", 16, 16)
        await station.permit(40)
        await station.until_seen(lambda seen: seen.offered == 32)  # its own load management allows no more
        assert station.now.fault is None
        await station.permit(0)
        await station.until_seen(lambda seen: not seen.closed)
        assert peer.holding[base + 300] == 0
        peer.plug("A")
        await station.until_seen(lambda seen: seen.state == "A1")

    with_station(Charx(at=point), test, point=point)


def test_its_watchdog_is_fed_while_the_station_lives_and_runs_out_when_it_dies() -> None:
    async def test(station: Station, peer: Charx) -> None:
        peer.second = 0.5  # its 3 s last 1.5
        peer.plug("C")
        await station.permit(16)
        await station.until_seen(lambda seen: seen.closed)
        for _ in range(3):
            await asyncio.sleep(1.0)
            await station.permit(16)
        assert (peer.withdrawn, station.now.closed) == (0, True)
        station.task.cancel()
        await station.until(lambda: peer.withdrawn == 1, 2.5)
        assert (peer.holding[1300], peer.holding[1301], peer.holding[1299]) == (0, 6, int.from_bytes(b"B1", "big"))

    with_station(Charx(), test, watchdog=3)


def test_a_release_that_was_withdrawn_in_a_stall_is_given_again() -> None:
    async def test(station: Station, peer: Charx) -> None:
        peer.second = 0.2
        peer.plug("C")
        await station.permit(16)
        await station.until_seen(lambda seen: seen.closed)
        peer.dead = True
        await station.until(lambda: peer.withdrawn == 1)
        peer.dead = False
        await station.permit(16)
        await station.until(lambda: peer.holding[1299] == int.from_bytes(b"C2", "big"))
        assert station.lost is None

    with_station(Charx(), test)


def test_the_plug_is_forced_open_unless_it_charges() -> None:
    async def test(station: Station, peer: Charx) -> None:
        peer.plug("C")
        await station.permit(16)
        await station.until_seen(lambda seen: seen.closed)
        refused = await station.board.act(1, "unlock")
        assert refused == "the board charges: its plug stays locked until that is over"
        await station.permit(0)
        await station.until_seen(lambda seen: not seen.closed)
        assert await station.board.act(1, "unlock") is None
        assert peer.unlocked == 1
        assert await station.board.act(1, "new-contactor") == "this board counts no openings"

    with_station(Charx(), test)


def without(peer: Charx, *addresses: int) -> Charx:
    for address in addresses:
        del peer.holding[address]
    return peer


def having(peer: Charx, address: int, word: int) -> Charx:
    peer.holding[address] = word
    return peer


@pytest.mark.parametrize(
    ("peer", "point", "words"),
    [
        (lambda: Charx(points=1), 2, "evse.1.board.point = 2: there is no such charging point, the controller has 1. "
         "They are numbered from 1, in their order on its backplane."),
        (lambda: having(Charx(), 1120, 4), 1, "evse.1.board: charging point 1 is released by OCPP. Set its release "
         "mode to Modbus (web page: Charging Stations, Charge Point, Configuration)."),
        (lambda: having(Charx(), 1120, 9), 1, "evse.1.board: charging point 1 is released by mode 9. Set its release "
         "mode to Modbus (web page: Charging Stations, Charge Point, Configuration)."),
    ],
)  # fmt: skip
def test_a_charging_point_that_cannot_be_led_is_told(peer: Callable[[], Charx], point: int, words: str) -> None:
    async def test(station: Station, peer: Charx) -> None:
        await station.permit(16)
        await station.until(lambda: station.lost is not None, 6.0)
        assert station.lost == words
        assert peer.heard == []

    async def made() -> Charx:
        return peer()

    with_station(asyncio.run(made()), test, point=point)


def test_firmware_without_a_watchdog_is_refused() -> None:
    async def test(station: Station, peer: Charx) -> None:
        await station.until(lambda: station.lost is not None, 6.0)
        assert str(station.lost).endswith(
            " Its watchdog is there: firmware 1.9.0 and newer have one. Update an older one."
        )
        assert "exception 2, illegal data address" in str(station.lost)
        assert peer.heard == []

    with_station(without(Charx(), 1306, 1307, 1308), test)


def test_a_state_that_is_none_is_told() -> None:
    async def test(station: Station, peer: Charx) -> None:
        peer.settle = lambda: None  # type: ignore[method-assign]
        peer.holding[1299] = 0x5858
        await station.until(lambda: station.lost is not None, 6.0)
        assert station.lost == (
            'evse.1.board: charging point 1 says its state is "XX", which is none of IEC 61851-1. See whether that is '
            "a CHARX SEC."
        )

    with_station(Charx(), test)


def words(state: bytes, *, release: int = 1, amps: int = 16, setpoint: int = 16, errors: int = 0) -> dict[int, int]:
    return {
        293: errors >> 16, 294: errors & 0xFFFF, 297: setpoint, 298: 32, 299: int.from_bytes(state, "big"),
        300: release, 301: amps,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("registers", "state", "closed", "offered", "told"),
    [
        (words(b"A1"), "A1", False, 0, 16),
        (words(b"B1", release=0), "B1", False, 0, 0),
        (words(b"B1"), "B2", False, 16, 16),
        (words(b"C1"), "C2", False, 16, 16),
        (words(b"C2"), "C2", True, 16, 16),
        (words(b"C2", setpoint=0), "C2", True, 0, 16),
        (words(b"D2", setpoint=10), "D2", True, 10, 16),
        (words(b"F0"), "F", False, 0, 16),
    ],
)
def test_the_state_and_the_release_make_the_letters(
    registers: dict[int, int], state: str, closed: bool, offered: float, told: float
) -> None:
    its = status_of(registers)
    assert (its.state, its.closed, its.offered, its.told) == (state, closed, offered, told)
    assert (its.faults, its.warnings, its.why) == ((), (), "")


def test_errors_of_both_words_are_told() -> None:
    its = status_of(words(b"E0", errors=1 << 30 | 1 << 1))
    assert (its.state, its.faults, its.warnings) == ("E", ("residual current",), ("temperature derating",))
    assert its.why == "the residual-current device has tripped; the controller is hot and lowers the current"
    assert status_of(words(b"E0")).faults == ("pilot out of range",)


def test_a_controller_that_starts_is_out_of_service_and_no_error() -> None:
    its = status_of(words(b"IN"))
    assert (its.state, its.why, its.faults) == ("F", "the controller is starting", ())
    assert known(int.from_bytes(b"IN", "big"))
    assert not known(0)


def test_two_points_of_one_controller_claim_each_their_own() -> None:
    one = Board.claims(Board.Settings("charx", point=1))
    assert one == ("charx unit 1 charging point 1",)
    assert one != Board.claims(Board.Settings("charx", point=2))


@pytest.mark.parametrize("driver", [Board, CharxMeter])
def test_it_needs_a_bus(driver: Any) -> None:
    with pytest.raises(DriverError) as caught:
        driver(driver.Settings("charx"), "evse.1.part")
    assert str(caught.value) == 'evse.1.part: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.'


@pytest.mark.parametrize("point", [1, 2])
def test_each_point_has_its_own_meter(point: int) -> None:
    async def run() -> None:
        peer = Charx()
        for at, word in {232: 3, 233: 33892, 238: 0xFFFF, 239: 0xFFFF, 253: 12345}.items():
            peer.holding[1000 * point + at] = word
        for at in set(range(232, 254)) - {232, 233, 238, 239, 253}:
            peer.holding[1000 * point + at] = 0
        async with on_the_network(peer) as port:
            bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=50), "bus.charx")
            reading = await CharxMeter(CharxMeter.Settings("charx", point=point), "evse.1.meter", bus).read()
            assert (reading.volts[0], reading.amps, reading.import_wh) == (230.5, (None, 0.0, 0.0), 12345.0)
            bus.close()

    asyncio.run(run())
