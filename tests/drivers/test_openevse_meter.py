"""The meter in an OpenEVSE, against one made of bytes on a pty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import NO_PHASES, DriverError
from evse_drivers.buses.rapi import Rapi
from evse_drivers.meters.openevse import OpenEvseMeter
from openevse_peer import OpenEvse


def with_meter(
    tmp_path: Path, test: Callable[[OpenEvseMeter, OpenEvse], Awaitable[None]], *, voltmeter: bool = False
) -> None:
    async def run() -> None:
        peer = OpenEvse(tmp_path / "port")
        bus = Rapi(Rapi.Settings(str(tmp_path / "port"), timeout_ms=50), "bus.openevse")
        meter = OpenEvseMeter(OpenEvseMeter.Settings("openevse", voltmeter), "evse.1.meter", bus)
        try:
            await test(meter, peer)
        finally:
            bus.close()
            peer.close()

    asyncio.run(run())


def test_a_reading_has_what_the_board_measures_and_nothing_else(tmp_path: Path) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        peer.milliamps, peer.total_wh = 15_940, 1_234_567
        reading = await meter.read()
        assert (reading.amps, reading.import_wh) == ((15.94, None, None), 1_234_567)
        assert (reading.volts, reading.watts, reading.hertz) == (NO_PHASES, None, None)
        assert reading.at > 0

    with_meter(tmp_path, test)


def test_the_voltage_counts_only_where_the_board_measures_it(tmp_path: Path) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        peer.millivolts = 231_500
        assert (await meter.read()).volts == (231.5, None, None)

    with_meter(tmp_path, test, voltmeter=True)


def test_a_board_without_an_ammeter_reports_no_amperes_and_no_zero(tmp_path: Path) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        peer.milliamps = -1
        assert (await meter.read()).amps == NO_PHASES

    with_meter(tmp_path, test)


def test_the_register_never_jumps_when_a_vehicle_comes_charges_and_goes(tmp_path: Path) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        async def register() -> float | None:
            return (await meter.read()).import_wh

        peer.total_wh = 1000
        assert await register() == 1000
        peer.plug("C")
        assert await register() == 1000
        peer.session_ws = 7_199
        assert await register() == 1001
        peer.session_ws = 36_000
        assert await register() == 1010
        peer.plug("A")
        assert (peer.session_ws, peer.total_wh) == (36_000, 1010)  # it still tells the vehicle that has gone
        assert await register() == 1010
        peer.plug("B")
        assert await register() == 1010

    with_meter(tmp_path, test)


def test_a_vehicle_that_is_unplugged_between_two_questions_is_not_counted_twice(tmp_path: Path) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        peer.total_wh = 1000
        peer.plug("C")
        peer.session_ws = 36_000
        do = peer._do

        def unplugged_after(command: str, words: list[str]) -> tuple[bool, str]:
            answer = do(command, words)
            if command == "GS":
                peer.plug("A")
            return answer

        peer._do = unplugged_after  # type: ignore[method-assign]
        assert (await meter.read()).import_wh == 1010

    with_meter(tmp_path, test)


@pytest.mark.parametrize(
    ("command", "says", "words"),
    [
        ("GG", None, "the OpenEVSE refuses $GG: its firmware was built without a meter (AMMETER, KWH_RECORDING). Load "
         "one with it, or connect an energy meter."),
        ("GU", None, "the OpenEVSE refuses $GU: its firmware was built without a meter (AMMETER, KWH_RECORDING). Load "
         "one with it, or connect an energy meter."),
        ("GG", "16000", 'the OpenEVSE answers $GG by "16000", which makes no sense. See whether its firmware is one of '
         "OpenEVSE's."),
        ("GU", "1 2 3", 'the OpenEVSE answers $GU by "1 2 3", which makes no sense. See whether its firmware is one of '
         "OpenEVSE's."),
        ("GU", "-5 1", 'the OpenEVSE answers $GU by "-5 1", which makes no sense. See whether its firmware is one of '
         "OpenEVSE's."),
        ("GS", "fe", 'the OpenEVSE answers $GS by "fe", which makes no sense. See whether its firmware is one of '
         "OpenEVSE's."),
    ],
)  # fmt: skip
def test_what_it_cannot_read_is_told_whole(tmp_path: Path, command: str, says: str | None, words: str) -> None:
    async def test(meter: OpenEvseMeter, peer: OpenEvse) -> None:
        do = peer._do

        def answer(name: str, parameters: list[str]) -> tuple[bool, str]:
            return (says is not None, says or "") if name == command else do(name, parameters)

        peer._do = answer  # type: ignore[method-assign]
        with pytest.raises(DriverError) as caught:
            await meter.read()
        assert str(caught.value) == f"evse.1.meter: {words}"

    with_meter(tmp_path, test)


def test_it_needs_a_bus() -> None:
    with pytest.raises(DriverError) as caught:
        OpenEvseMeter(OpenEvseMeter.Settings("openevse"), "evse.1.meter")
    assert str(caught.value) == 'evse.1.meter: needs a bus. Set bus = "NAME" to a [bus.NAME] with the rapi driver.'
