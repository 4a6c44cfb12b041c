"""Every register map against example frames of its meter, by themselves and over a line."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path

import pytest
from evse_drivers.api import Reading
from evse_drivers.buses.modbus import Block
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.buses.modbus_tcp import ModbusTcp
from evse_drivers.meters.modbus_map import PACKAGE_MAPS, ModbusMeter, load
from evse_drivers.meters.register_map import RegisterMap
from evse_drivers.options import declared
from meter_peers import EXAMPLES, Whimsical, asked, example, meter, networked, words_in
from serial_peers import Cable

from tests.drivers.rtu_crc import crc

MAPS = sorted(path.stem for path in PACKAGE_MAPS.glob("*.toml"))


def loaded(name: str) -> RegisterMap:
    return load(name, "/nowhere", "evse.1.meter")


def test_every_map_has_its_example_frames() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.toml")) == MAPS


def test_the_checksum_is_that_of_frames_heard_from_a_meter() -> None:
    frame = bytes.fromhex("01 03 0c 08 e1 00 00 08 f2 00 00 08 b7 00 00 41 bf")
    assert crc(frame[:-2]) == frame[-2:]


@pytest.mark.parametrize("name", MAPS)
def test_an_examples_frames_are_whole(name: str) -> None:
    found = example(name)
    for request, answer in [*found.frames, *([found.identity] if found.identity else [])]:
        assert crc(request[:-2]) == request[-2:]
        assert crc(answer[:-2]) == answer[-2:]
        assert request[:2] == answer[:2]


@pytest.mark.parametrize("name", MAPS)
def test_a_map_asks_for_its_examples_registers_and_reads_them(name: str) -> None:
    found, frames = loaded(name), example(name)
    assert list(found.blocks) == [Block(*asked(request)) for request, _ in frames.frames]
    assert found.reading(5.0, frames.words) == frames.expected(5.0)


@pytest.mark.parametrize("name", MAPS)
def test_a_map_says_by_which_registers_its_meter_is_known(name: str) -> None:
    found, frames = loaded(name), example(name)
    if frames.identity is None:
        assert found.identify == ()
        return
    (identity,) = found.identify
    assert identity.block == Block(*asked(frames.identity[0]))
    assert found.identifies(words_in(*frames.identity)) is True


def test_no_meter_is_taken_for_another_by_its_number() -> None:
    known = {name: example(name).identity for name in MAPS}
    for name in MAPS:
        for other, frames in known.items():
            if frames is not None and other != name:
                assert loaded(name).identifies(words_in(*frames)) is not True


@pytest.mark.parametrize("name", MAPS)
def test_a_meter_is_read_over_a_line_as_it_leaves_the_factory(name: str, tmp_path: Path) -> None:
    found, frames = loaded(name), example(name)
    line = found.line
    assert line.unit == frames.unit

    async def run() -> None:
        port = tmp_path / "ttyUSB0"
        settings = ModbusSerial.Settings(str(port), line.baudrate, stopbits=line.stopbits)  # a pty has no parity
        async with meter(port, line.unit, frames.words) as cable:
            bus = ModbusSerial(settings, "bus.rs485")
            driver = ModbusMeter(ModbusMeter.Settings(name, "rs485", line.unit), "evse.1.meter", bus)
            start = time.monotonic()
            reading = await driver.read()
            assert start <= reading.at <= time.monotonic() <= start + 1.0
            assert reading == frames.expected(reading.at)
            assert [asked(request) for request in cable.heard] == [asked(request) for request, _ in frames.frames]
            bus.close()

    asyncio.run(run())


@pytest.mark.parametrize("name", [name for name in MAPS if loaded(name).line.port])
def test_a_meter_with_a_network_is_read_over_it(name: str) -> None:
    async def run() -> None:
        frames = example(name)
        async with networked(frames.unit, frames.words) as port:
            bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port), "bus.lan")
            reading = await ModbusMeter(ModbusMeter.Settings(name, "lan", frames.unit), "evse.1.meter", bus).read()
            assert reading == frames.expected(reading.at)
            bus.close()

    asyncio.run(run())


def test_a_factory_setting_is_one_that_the_bus_can_have() -> None:
    choices = {field.name: set(declared(field).choices) for field in dataclasses.fields(ModbusSerial.Settings)}
    for key in ("baudrate", "parity", "stopbits"):
        assert {getattr(loaded(name).line, key) for name in MAPS} <= choices[key]


@pytest.mark.parametrize("name", ["eastron-sdm72", "eastron-sdm72-v2"])
def test_an_sdm72_that_wants_short_requests_and_long_silence_is_read(name: str, tmp_path: Path) -> None:
    async def run() -> None:
        port, frames = tmp_path / "ttyUSB0", example(name)
        peer = Whimsical(Cable(port), 1, frames.words, most=10, silence=0.095)
        bus = ModbusSerial(ModbusSerial.Settings(str(port)), "bus.rs485")
        driver = ModbusMeter(ModbusMeter.Settings(name, "rs485"), "evse.1.meter", bus)
        try:
            for _ in range(2):
                reading = await driver.read()
                assert reading == frames.expected(reading.at)
            assert peer.deaf == 0
        finally:
            bus.close()
            peer.close()

    asyncio.run(run())


def test_every_reading_takes_less_than_a_second_at_the_factorys_speed() -> None:
    """With 35 ms for the meter to think about each request; pymodbus' server needs less, real meters as much."""
    for name in MAPS:
        found = loaded(name)
        bits = 11 if found.line.parity != "N" or found.line.stopbits == 2 else 10
        gap = max(found.line.gap_ms / 1000, 0.030)
        bytes_on_the_line = sum(8 + 5 + 2 * block.count for block in found.blocks)
        seconds = bytes_on_the_line * bits / found.line.baudrate + len(found.blocks) * (gap + 0.035)
        assert seconds < 0.9, (name, seconds)


# Between an EM24-DIN and a PowerRouter, by function 3, which the meter answers as it does 4. Heard by others.
EM24_HEARD = {
    0x00: "08 e1 00 00 08 f2 00 00 08 b7 00 00",
    0x0C: "00 00 00 00 00 29 00 00 00 42 00 00 00 00 00 00 ff e1 ff ff",
    0x16: "ff f9 ff ff 00 00 00 00 00 5d 00 00 00 93 00 00",
}


def test_what_was_heard_from_an_em24_reads_as_volts_of_a_grid_and_reverse_current() -> None:
    words = dict.fromkeys(example("carlo-gavazzi-em24").words, 0)
    for start, text in EM24_HEARD.items():
        data = bytes.fromhex(text)
        for i in range(len(data) // 2):
            words[4, start + i] = int.from_bytes(data[2 * i : 2 * i + 2], "big")
    reading = loaded("carlo-gavazzi-em24").reading(1.0, words)
    assert reading.volts == pytest.approx((227.3, 229.0, 223.1))
    assert reading.watts_by_phase == pytest.approx((0.0, -3.1, -0.7))
    assert reading.amps == pytest.approx((0.0, -0.041, -0.066))


def test_a_map_without_a_row_of_power_leaves_the_current_as_it_is() -> None:
    assert loaded("siemens-7kt1665").signed_by_power is False
    reading = loaded("siemens-7kt1665").reading(1.0, example("siemens-7kt1665").words)
    assert reading == Reading(
        1.0,
        import_wh=123456789.0,
        watts=pytest.approx(-7211.12),
        amps=pytest.approx((16.0, 15.5, 0.25)),
        volts=pytest.approx((230.5, 231.0, 229.5)),
    )
