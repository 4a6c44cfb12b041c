"""Phoenix Contact's controllers without a watchdog, over real Modbus TCP against controllers with a vehicle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from board_station import Station
from evse_drivers.api import DriverError
from evse_drivers.boards.phoenix import PhoenixController, PhoenixEm, PhoenixEv, PhoenixSer, status_of
from evse_drivers.boards.phoenix_words import troubles_of
from evse_drivers.buses.modbus_tcp import ModbusTcp
from phoenix_peers import Basic, Ethernet, Wallbe, on_the_network

Test = Callable[[Station, Any], Awaitable[None]]
MODELS = {
    "em": (PhoenixEm, Ethernet, {}),
    "ev": (PhoenixEv, Wallbe, {}),
    "wallbe": (PhoenixEv, lambda: Wallbe("SL-01.04.21", 160), {"resolution": 0.1}),
    "ser": (PhoenixSer, Basic, {}),
}


def with_station(
    driver: type[PhoenixController], peer: Any, test: Test, *, timeout_ms: int = 50, **options: Any
) -> None:
    async def run() -> None:
        async with on_the_network(peer) as port:
            bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=timeout_ms), "bus.lan")
            settings = driver.Settings("lan", every=0.25, **options)  # type: ignore[attr-defined]
            station = Station(driver(settings, "evse.1.board", bus))  # type: ignore[arg-type]
            try:
                await test(station, peer)
            finally:
                station.task.cancel()
                bus.close()

    asyncio.run(run())


every_model = pytest.mark.parametrize("model", MODELS)


@every_model
def test_a_charge_from_plug_to_unplug(model: str) -> None:
    async def test(station: Station, peer: Ethernet) -> None:
        tenths = 10 if model == "wallbe" else 1
        await station.permit(0)
        await station.until_seen(lambda seen: seen.state == "A1")
        peer.plug("C")
        await station.until_seen(lambda seen: seen.state == "B1")
        assert (station.now.plug, station.now.closed, station.now.why) == (1, False, "nothing is offered")
        await station.permit(16.6)
        await station.until_seen(lambda seen: seen.state == "C2")
        offered = 16.6 if model == "wallbe" else 16.0
        assert (station.now.offered, station.now.closed) == (offered, True)
        assert peer.holding[peer.amps_at] == round(offered * tenths)
        assert station.now.cable == (None if model in ("ev", "wallbe") else 32)
        await station.permit(10)
        await station.until_seen(lambda seen: seen.offered == 10)
        assert peer.holding[peer.amps_at] == 10 * tenths
        await station.permit(0, "now")
        await station.until_seen(lambda seen: seen.state == "B1")
        assert not peer.coils[peer.enable_at]
        assert station.now.opened_at is not None
        peer.plug("A")
        await station.until_seen(lambda seen: seen.state == "A1")

    driver, peer, options = MODELS[model]
    with_station(driver, peer(), test, **options)  # type: ignore[operator]


@every_model
def test_it_keeps_its_current_when_the_station_dies_and_is_told_to_stop_when_it_ends_in_order(model: str) -> None:
    async def test(station: Station, peer: Ethernet) -> None:
        assert station.board.keeps_current
        peer.plug("C")
        await station.permit(16)
        await station.until_seen(lambda seen: seen.closed)
        station.task.cancel()
        await asyncio.sleep(0.6)
        assert peer.coils[peer.enable_at]
        await station.board.close()
        assert not peer.coils[peer.enable_at]

    driver, peer, options = MODELS[model]
    with_station(driver, peer(), test, **options)  # type: ignore[operator]


@every_model
def test_a_controller_that_is_silent_is_told_as_lost(model: str) -> None:
    async def test(station: Station, peer: Ethernet) -> None:
        await station.until_seen(lambda seen: seen.state == "A1")
        peer.dead = True
        await station.until(lambda: station.lost is not None, 6.0)
        assert "no answer" in str(station.lost) or "no connection" in str(station.lost)

    driver, peer, options = MODELS[model]
    with_station(driver, peer(), test, **options)  # type: ignore[operator]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda frame: frame[:9],  # half of it
        lambda frame: bytes([frame[0] ^ 0xFF]) + frame[1:],  # the answer to another request
        lambda frame: frame[:6] + b"\x07" + frame[7:],  # another device's
    ],
)
def test_what_is_no_answer_to_the_request_is_never_a_status(tamper: Callable[[bytes], bytes]) -> None:
    async def test(station: Station, peer: Ethernet) -> None:
        await station.until_seen(lambda seen: seen.state == "A1")
        peer.tamper = tamper
        seen = len(station.all)
        peer.plug("C")
        await asyncio.sleep(1.0)
        assert all(one.state == "A1" for one in station.all[seen:])
        peer.tamper = bytes
        await station.until_seen(lambda seen: seen.state == "B1", 8.0)

    with_station(PhoenixEm, Ethernet(), test)


def test_a_basic_controller_is_set_once_to_be_enabled_by_the_coil() -> None:
    async def test(station: Station, peer: Basic) -> None:
        await station.until_seen(lambda seen: seen.state == "A1")
        assert peer.holding[4000] == 3
        assert [pdu for pdu in peer.heard if pdu[1:3] == (4000).to_bytes(2, "big")] == [bytes.fromhex("060fa00003")]
        peer.heard.clear()
        await station.board.begin()
        assert peer.heard == []

    with_station(PhoenixSer, Basic(), test)


@pytest.mark.parametrize(
    ("firmware", "amps", "resolution", "words"),
    [
        ("", 160, 1.0, "evse.1.board.resolution = 1.0: its current (register 528) is 160, which are tenths of an "
         "ampere. Set resolution = 0.1."),
        ("", 60, 0.1, "evse.1.board.resolution = 0.1: its current (register 528) is 60 and it has no firmware of "
         "Wallbe's: told 160 for 16 A, a controller that counts in amperes offers all it can. Set resolution = 1.0; "
         "or, where it does count in tenths, set 16 A on its web page once."),
    ],
)  # fmt: skip
def test_a_current_that_does_not_fit_the_resolution_is_refused_before_any_current_is_written(
    firmware: str, amps: int, resolution: float, words: str
) -> None:
    async def test(station: Station, peer: Wallbe) -> None:
        await station.permit(16)
        await station.until(lambda: station.lost is not None, 6.0)
        assert station.lost == words
        assert peer.heard == [bytes.fromhex("0501900000")], "its release is withdrawn, and that is all"

    with_station(PhoenixEv, Wallbe(firmware, amps), test, resolution=resolution)


@pytest.mark.parametrize(("firmware", "amps"), [("SL-01.04.21", 60), ("SL-01.04.21", 0), ("", 160)])
def test_tenths_are_believed_where_the_firmware_or_the_current_says_so(firmware: str, amps: int) -> None:
    async def test(station: Station, peer: Wallbe) -> None:
        await station.until_seen(lambda seen: seen.state == "A1")

    with_station(PhoenixEv, Wallbe(firmware, amps), test, resolution=0.1)


def test_a_device_that_is_none_of_theirs_is_told() -> None:
    async def test(station: Station, peer: Ethernet) -> None:
        await station.until(lambda: station.lost is not None, 6.0)
        assert station.lost == (
            'evse.1.board: unit 180 answers, but not like an EM-CP-PP-ETH: its state is "A1" and not one of A to F. '
            "Set the controller's own driver and unit number."
        )

    class Other(Ethernet):
        def settle(self) -> None:
            self.read_only |= {100: 0x4131, 101: 0}

    with_station(PhoenixEm, Other(), test)


@pytest.mark.parametrize("driver", [PhoenixEm, PhoenixEv, PhoenixSer])
def test_it_needs_a_bus(driver: Any) -> None:
    with pytest.raises(DriverError) as caught:
        driver(driver.Settings("lan"), "evse.1.board")
    assert str(caught.value) == 'evse.1.board: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.'


@pytest.mark.parametrize(
    ("letter", "told", "cable", "state", "offered", "closed"),
    [
        ("A", 16.0, 0, "A1", 0, False),
        ("B", 16.0, 32, "B2", 16, False),
        ("B", 0.0, 32, "B1", 0, False),
        ("C", 16.0, 13, "C2", 13, True),
        ("C", 0.0, 32, "C1", 0, False),
        ("D", 16.0, 63, "D2", 16, True),
        ("E", 16.0, 32, "E", 0, False),
        ("F", 16.0, 32, "F", 0, False),
        ("C", 16.0, 0xFFFF, "C2", 16, True),  # no cable known: its own error tells
    ],
)
def test_letter_order_and_cable_make_the_state(
    letter: str, told: float, cable: int, state: str, offered: float, closed: bool
) -> None:
    its = status_of(letter, told, cable, troubles_of(0))
    assert (its.state, its.offered, its.closed, its.told) == (state, offered, closed, told)
    assert its.cable == (cable if cable in (13, 32, 63) and letter in "BCD" else None)


def test_state_e_is_a_fault_that_its_error_bits_name_better() -> None:
    assert status_of("E", 0.0, 0, troubles_of(0)).faults == ("pilot out of range",)
    its = status_of("E", 0.0, 0, troubles_of(1 << 12))
    assert (its.faults, its.why) == (("diode",), "the vehicle's pilot diode is missing")
    assert status_of("F", 0.0, 0, troubles_of(1 << 4)).faults == ()
