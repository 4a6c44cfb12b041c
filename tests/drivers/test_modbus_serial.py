"""A Modbus line against a pymodbus meter on a pty, in good and bad days."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.meters.modbus_map import ModbusMeter
from serial_peers import SDM120, SDM630, Cable, eastron, rtu_frame

ADVICE = (
    "Check the device's power, its unit number, its speed and parity, and whether A and B are swapped; "
    "noise asks for a terminator at both ends and one unit number for each device."
)


def on_the_line(
    tmp_path: Path,
    test: Callable[[Cable, ModbusMeter, ModbusMeter], Awaitable[None]],
    timeout_ms: int = 100,
    **settings: Any,
) -> None:
    """Run `test` with a cable, an SDM630 that is unit 1, and an SDM120 that is unit 2."""

    async def run() -> None:
        port = tmp_path / "ttyUSB0"
        async with eastron(port, (1, SDM630), (2, SDM120)) as cable:
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=timeout_ms, **settings), "bus.rs485")
            first = ModbusMeter(ModbusMeter.Settings("eastron-sdm630", "rs485"), "evse.1.meter", bus)
            second = ModbusMeter(ModbusMeter.Settings("eastron-sdm120", "rs485", unit=2), "evse.2.meter", bus)
            try:
                await test(cable, first, second)
            finally:
                bus.close()

    asyncio.run(run())


async def failure(meter: ModbusMeter) -> str:
    with pytest.raises(DriverError) as caught:
        await meter.read()
    return str(caught.value)


def test_the_peers_frames_have_the_checksum_of_the_paper() -> None:
    assert rtu_frame(1, 3, bytes(2)).hex(" ") == "01 03 02 00 00 b8 44"


def test_two_meters_share_a_line_and_each_gives_its_own_reading(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        before = time.monotonic()
        three, one = await asyncio.gather(first.read(), second.read())
        assert before <= three.at <= time.monotonic()
        assert three == Reading(
            three.at,
            import_wh=pytest.approx(12345.0, abs=0.01),
            export_wh=500.0,
            watts=7325.875,
            watts_by_phase=(3688.0, 3580.5, 57.375),
            amps=(16.0, 15.5, 0.25),
            volts=(230.5, 231.0, 229.5),
            hertz=pytest.approx(49.98, abs=0.001),
        )
        assert one.volts == (230.5, None, None)
        assert one.amps == (10.0, None, None)
        assert one.watts == 2305.0
        assert one.import_wh == 7000.0

    on_the_line(tmp_path, test)


def test_a_silent_meter_costs_two_timeouts_and_then_one(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        cable.tamper = lambda data: b""
        assert await failure(first) == (
            f"evse.1.meter: unit 1 on {cable.port}, 9600 8N1, twice: no answer within 0.15 s. {ADVICE}"
        )
        assert len(cable.heard) == 2
        await asyncio.sleep(0.5)
        assert ", again: " in await failure(first)
        assert len(cable.heard) == 3
        cable.tamper = lambda data: data
        assert ", again: " in await failure(first)
        assert len(cable.heard) == 3  # left alone for 1 s
        await asyncio.sleep(1.0)
        assert (await first.read()).watts == 7325.875

    on_the_line(tmp_path, test)


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("half a frame", lambda data: data[:7]),
        ("a wrong checksum", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ("a flipped bit", lambda data: data[:5] + bytes([data[5] ^ 0x40]) + data[6:]),
        ("another device's answer", lambda data: rtu_frame(7, 4, bytes(36))),
        ("the answer to a longer request", lambda data: rtu_frame(1, 4, bytes(40))),
        ("the answer to another function", lambda data: rtu_frame(1, 3, bytes(36))),
    ],
)
def test_what_is_no_answer_becomes_an_error_and_never_a_reading(
    tmp_path: Path, name: str, tamper: Callable[[bytes], bytes]
) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        cable.tamper = tamper
        text = await failure(first)
        assert " bytes came that are no valid answer (" in text
        assert text.endswith(ADVICE)
        cable.tamper = lambda data: data
        await asyncio.sleep(0.5)
        assert (await first.read()).watts == 7325.875

    on_the_line(tmp_path, test)


@pytest.mark.parametrize("noise", [b"\x00\xff\x13", b"\x01\x04", b"\x01\x04\x24", bytes(60)])
def test_noise_and_echoes_around_a_frame_do_not_hide_it(tmp_path: Path, noise: bytes) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        cable.tamper = lambda data: noise + cable.heard[-1] + data + noise
        assert (await first.read()).volts == (230.5, 231.0, 229.5)
        assert (await second.read()).volts == (230.5, None, None)

    on_the_line(tmp_path, test)


def test_an_answer_that_comes_late_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        # The volts are asked for twice: their first answer is late by a little, so that one who takes it for the
        # second's has asked for the amps when the second's comes.
        cable.delays = [0.33, 0.10, 0.20]
        reading = await second.read()
        assert cable.heard[0] == cable.heard[1]
        assert (reading.volts[0], reading.amps[0], reading.import_wh) == (230.5, 10.0, 7000.0)

    on_the_line(tmp_path, test, timeout_ms=300, gap_ms=0)


def test_a_map_that_does_not_fit_is_told_with_its_registers(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        wrong = ModbusMeter(ModbusMeter.Settings("eastron-sdm630", "rs485", unit=2), "evse.2.meter", second._bus)
        assert await failure(wrong) == (
            f"evse.2.meter: unit 2 on {cable.port}, 9600 8N1 refuses registers 0x0000 to 0x0011 (function 4): "
            "exception 2, illegal data address. "
            "See whether the map or driver is the one of this device's model and version."
        )

    on_the_line(tmp_path, test)


def test_a_port_that_vanishes_and_returns_is_read_again(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        await first.read()
        cable.vanish()
        await failure(first)
        assert await failure(first) == (
            f"bus.rs485: there is no serial port {cable.port}. Plug the adapter in or enable the port. "
            'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.'
        )
        cable.plug_in()
        await asyncio.sleep(1.1)
        assert (await first.read()).watts == 7325.875

    on_the_line(tmp_path, test)


def test_a_reading_waits_2_s_at_most_for_a_crowded_line(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        cable.tamper = lambda data: b""
        results = await asyncio.gather(*(first.read() for _ in range(12)), return_exceptions=True)
        assert str(results[-1]) == (
            f"evse.1.meter: unit 1 on {cable.port}, 9600 8N1 was not read within 2 s: the line is busy or slow. "
            "Look for devices on it that do not answer, or read its devices less often."
        )

    on_the_line(tmp_path, test, gap_ms=100)


def test_there_is_silence_before_each_request(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        start = time.monotonic()
        await first.read()  # three requests
        assert time.monotonic() - start >= 0.2

    on_the_line(tmp_path, test, gap_ms=100)


def test_a_port_that_cannot_switch_by_rts_is_told(tmp_path: Path) -> None:
    async def test(cable: Cable, first: ModbusMeter, second: ModbusMeter) -> None:
        assert await failure(first) == (
            f'bus.rs485: direction = "rts": the driver of {cable.port} cannot switch by RTS (TIOCSRS485). '
            'Set direction = "automatic" and use an adapter that switches itself.'
        )

    on_the_line(tmp_path, test, direction="rts")
