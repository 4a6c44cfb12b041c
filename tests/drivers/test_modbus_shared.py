"""A line with quick, slow, dead and fussy devices on it: who waits for whom, and how long."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus import Block
from evse_drivers.buses.modbus_serial import ModbusSerial
from modbus_peers import Device, crc, serial_line
from serial_peers import Cable

METER = [Block(4, 0, 18), Block(4, 52, 2), Block(4, 70, 6)]  # what an SDM630 is asked for
REGISTERS = dict.fromkeys(range(100), 0x4366)
WIRE = 0.05  # s that request and answer of such a block take at 9600 bit/s


async def every_second(bus: ModbusSerial, unit: int, seconds: int) -> list[float]:
    """How long each of `seconds` readings took; one that failed counts as infinite."""
    took = []
    for _ in range(seconds):
        start = time.monotonic()
        try:
            await bus.read(unit, METER, f"evse.{unit}.meter", within=2.0)
            took.append(time.monotonic() - start)
        except DriverError:
            took.append(float("inf"))
        await asyncio.sleep(max(0.0, start + 1.0 - time.monotonic()))
    return took


def test_a_slow_and_a_dead_meter_do_not_starve_two_quick_ones(tmp_path: Path) -> None:
    async def run() -> None:
        devices = {unit: Device(read_only=REGISTERS, delay=WIRE) for unit in (1, 2)}
        devices |= {3: Device(read_only=REGISTERS, delay=0.28), 4: Device(dead=True)}
        port = tmp_path / "ttyUSB0"
        async with serial_line(Cable(port), devices):
            bus = ModbusSerial(ModbusSerial.Settings(str(port)), "bus.rs485")
            quick, other, slow, dead = await asyncio.gather(*(every_second(bus, unit, 7) for unit in (1, 2, 3, 4)))
            bus.close()
        assert max(quick + other) < 2.0  # none was lost
        assert max(slow[4:]) < 2.0  # once it is known who is dead
        assert statistics.median(quick[2:] + other[2:]) < 0.9  # of which 0.3 s are their own
        assert dead == [float("inf")] * 7

    asyncio.run(run())


def test_a_dead_meter_is_asked_less_and_less_often_but_at_least_every_5_s(tmp_path: Path) -> None:
    async def run() -> None:
        dead = Device(read_only=REGISTERS, dead=True)
        port = tmp_path / "ttyUSB0"
        async with serial_line(cable := Cable(port), {4: dead}):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=50), "bus.rs485")
            start, asked = time.monotonic(), []
            while time.monotonic() - start < 8.5:
                before = len(cable.heard)
                with pytest.raises(DriverError, match=r"evse\.4\.meter: unit 4 on .*: no answer within 0\.1 s\."):
                    await bus.read(4, METER, "evse.4.meter")
                if len(cable.heard) > before:
                    asked.append(time.monotonic() - start)
                await asyncio.sleep(0.05)
            gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
            assert gaps == pytest.approx([0.6, 1.1, 2.1, 4.1], abs=0.25)
            dead.dead = False
            await asyncio.sleep(4.0)
            await bus.read(4, METER, "evse.4.meter")
            bus.close()

    asyncio.run(run())


def test_a_device_gets_the_silence_that_it_needs_before_each_request(tmp_path: Path) -> None:
    async def run() -> None:
        devices = {1: Device(read_only=REGISTERS), 2: Device(read_only=REGISTERS, needs=0.1)}
        port = tmp_path / "ttyUSB0"
        async with serial_line(Cable(port), devices):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=50, gap_ms=5), "bus.rs485")
            for _ in range(3):
                await bus.read(1, METER, "evse.1.meter")
                await bus.read(2, METER, "evse.2.meter", within=2.0, gap=0.1)
            assert len(devices[2].asked) == 9  # none was lost
            start = time.monotonic()
            await bus.read(1, METER, "evse.1.meter")
            assert time.monotonic() - start < 0.1  # nobody else waits for it
            bus.close()

    asyncio.run(run())


def test_one_who_gave_up_waiting_does_not_leave_its_answer_to_the_next(tmp_path: Path) -> None:
    async def run() -> None:
        device = Device(read_only={address: address for address in range(20)}, delay=0.15)
        port = tmp_path / "ttyUSB0"
        async with serial_line(Cable(port), {1: device}):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), gap_ms=0), "bus.rs485")
            with pytest.raises(DriverError):
                await bus.read(1, [Block(4, 0, 2)], "evse.1.meter", within=0.05)
            answer = await bus.read(1, [Block(4, 10, 2)], "evse.1.meter")
            assert answer.words == {(4, 10): 10, (4, 11): 11}
            bus.close()

    asyncio.run(run())


@pytest.mark.parametrize("delay", [0.17, 0.23, 0.26, 0.33, 0.4, 0.5])
def test_a_meter_that_is_always_late_never_has_its_answers_mixed_up(tmp_path: Path, delay: float) -> None:
    """Three blocks of one size, so that only the time tells which is which. The limit is 0.13 s and twice that."""

    async def run() -> None:
        device = Device(read_only={address: address for address in range(40)}, delay=delay)
        port = tmp_path / "ttyUSB0"
        blocks = [Block(4, 0, 2), Block(4, 10, 2), Block(4, 20, 2)]
        async with serial_line(Cable(port), {1: device}):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=110, gap_ms=0), "bus.rs485")
            for _ in range(3):
                try:
                    answer = await bus.read(1, blocks, "evse.1.meter", within=2.0)
                except DriverError:
                    await asyncio.sleep(0.1)
                else:
                    assert all(address == word for (_, address), word in answer.words.items())
            bus.close()

    asyncio.run(run())


def test_another_devices_late_answer_is_not_this_ones(tmp_path: Path) -> None:
    async def run() -> None:
        devices = {1: Device(read_only={0: 1, 1: 1}, delay=0.2), 2: Device(read_only={0: 2, 1: 2}, delay=0.05)}
        port = tmp_path / "ttyUSB0"
        async with serial_line(Cable(port), devices):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), timeout_ms=60), "bus.rs485")
            with pytest.raises(DriverError):
                await bus.read(1, [Block(4, 0, 2)], "evse.1.meter", within=0.1)
            assert (await bus.read(2, [Block(4, 0, 2)], "evse.2.meter")).words == {(4, 0): 2, (4, 1): 2}
            bus.close()

    asyncio.run(run())


def test_the_checksum_of_these_peers_is_that_of_the_paper() -> None:
    assert crc(bytes.fromhex("0203000000 01".replace(" ", ""))).hex() == "8439"
