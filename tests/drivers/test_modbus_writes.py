"""A Modbus line that is written to, and read bit by bit, against devices made from the paper."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus import Block, Write
from evse_drivers.buses.modbus_serial import ModbusSerial
from modbus_peers import Device, Line, crc, serial_line
from serial_peers import Cable

Test = Callable[[Line, Device, ModbusSerial], Awaitable[None]]


def on_a_line(tmp_path: Path, test: Test, echo: bool = False) -> None:
    """Run `test` with a bus and the device that is unit 7 on it."""

    async def run() -> None:
        port = tmp_path / "ttyUSB0"
        device = Device(coils={400: False}, inputs={200 + i: i % 3 == 0 for i in range(11)}, holding={1000: 0, 1001: 6})
        async with serial_line(Cable(port), {7: device}) as line:
            line.echo = echo
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=100), "bus.rs485")
            try:
                await test(line, device, bus)
            finally:
                bus.close()

    asyncio.run(run())


async def failure(asked: Awaitable[object]) -> str:
    with pytest.raises(DriverError) as caught:
        await asked
    return str(caught.value)


@pytest.mark.parametrize("echo", [False, True], ids=["", "with its echo"])
def test_registers_and_a_coil_are_written_in_the_order_told(tmp_path: Path, echo: bool) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        writes = [Write(16, 1000, (16, 65535)), Write(6, 1001, (13,)), Write(5, 400, (1,))]
        await bus.write(7, writes, "evse.1.board")
        assert device.holding == {1000: 16, 1001: 13}
        assert device.coils == {400: True}
        assert [asked for asked in device.asked if asked[0] > 4] == [(16, 1000), (6, 1001), (5, 400)]
        await bus.write(7, [Write(5, 400, (0,))], "evse.1.board")
        assert device.coils == {400: False}

    on_a_line(tmp_path, test, echo)


def test_bits_are_read_one_by_one(tmp_path: Path) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        device.coils = {0: True}
        answer = await bus.read(7, [Block(2, 200, 11), Block(1, 0, 1)], "evse.1.board")
        assert [answer.words[2, 200 + i] for i in range(11)] == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0]
        assert answer.words[1, 0] == 1
        assert len(answer.words) == 12

    on_a_line(tmp_path, test)


@pytest.mark.parametrize("write", [Write(6, 1000, (16,)), Write(5, 400, (1,)), Write(16, 1000, (16,))])
def test_the_echo_of_a_request_is_never_a_dead_devices_consent(tmp_path: Path, write: Write) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        device.dead = True
        text = await failure(bus.write(7, [write], "evse.1.board"))
        assert ": only the echo of the request came. Check the device's power," in text
        device.dead = False
        await bus.write(7, [write], "evse.1.board")
        device.dead = True
        assert "only the echo" in await failure(bus.write(7, [write], "evse.1.board"))

    on_a_line(tmp_path, test, echo=True)


def test_a_write_whose_answer_is_lost_is_told_once_more(tmp_path: Path) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        await bus.read(7, [Block(3, 1000, 1)], "evse.1.board")
        lost = [b""]
        line.tamper = lambda frame: lost.pop() if lost else frame
        await bus.write(7, [Write(6, 1000, (10,))], "evse.1.board")
        assert device.asked[1:] == [(6, 1000), (6, 1000)]

    on_a_line(tmp_path, test)


def test_what_a_device_refuses_to_take_is_told(tmp_path: Path) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        place = f"unit 7 on {tmp_path / 'ttyUSB0'}, 9600 8N1 refuses"
        advice = "exception 2, illegal data address. See whether the map or driver is the one of this device's model"
        assert await failure(bus.write(7, [Write(16, 2000, (6, 0))], "evse.1.board")) == (
            f"evse.1.board: {place} registers 0x07D0 to 0x07D1 (function 16): {advice} and version."
        )
        assert await failure(bus.write(7, [Write(5, 3, (1,))], "evse.1.board")) == (
            f"evse.1.board: {place} bits 0x0003 to 0x0003 (function 5): {advice} and version."
        )

    on_a_line(tmp_path, test)


def test_a_device_that_confirms_another_value_has_not_obeyed(tmp_path: Path) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        await bus.read(7, [Block(3, 1000, 1)], "evse.1.board")
        line.tamper = lambda frame: frame[:4] + b"\x00\x06" + crc(frame[:4] + b"\x00\x06")
        text = await failure(bus.write(7, [Write(6, 1000, (16,))], "evse.1.board"))
        assert ", twice: it confirms 6 at 0x03E8 where 16 went to 0x03E8. Check the device's power" in text

    on_a_line(tmp_path, test)


def test_a_write_that_waits_too_long_for_its_turn_is_told(tmp_path: Path) -> None:
    async def test(line: Line, device: Device, bus: ModbusSerial) -> None:
        device.dead = True
        first = asyncio.create_task(failure(bus.read(7, [Block(3, 1000, 1)], "evse.1.meter")))
        await asyncio.sleep(0)
        assert await failure(bus.write(7, [Write(6, 1000, (0,))], "evse.1.board", within=0.05)) == (
            f"evse.1.board: unit 7 on {tmp_path / 'ttyUSB0'}, 9600 8N1 was not written within 0.05 s: the line is busy "
            "or slow. Look for devices on it that do not answer, or read its devices less often."
        )
        await first

    on_a_line(tmp_path, test)
