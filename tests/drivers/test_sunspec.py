"""A SunSpec meter is found by walking its device's models, over TCP and RTU, and found again when they change."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.buses.modbus_tcp import ModbusTcp
from evse_drivers.meters.sunspec import SunSpecMeter
from evse_drivers.options import declared
from modbus_peers import Device, serial_line
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from serial_peers import Cable
from sunspec_peers import INVERTER, THREE_PHASES, device, floats, integers
from test_modbus_tcp import free_port

WHOLE = Reading(
    0.0,
    import_wh=12_345_670.0,
    export_wh=120.0,
    watts=10_860.0,
    watts_by_phase=(3680.0, 3690.0, 3490.0),
    amps=(16.0, 16.0, 15.25),
    volts=(230.1, 231.0, 229.9),
    hertz=49.98,
)


@asynccontextmanager
async def server(port: int, image: list[int], base: int) -> AsyncIterator[None]:
    """A pymodbus server that holds the image and refuses all else."""
    registers = [SimData(base, values=image, datatype=DataType.REGISTERS)]
    its = ModbusTcpServer(SimDevice(1, registers), address=("127.0.0.1", port))
    task = asyncio.create_task(its.serve_forever())
    await asyncio.sleep(0.05)
    try:
        yield
    finally:
        await its.shutdown()
        task.cancel()


def over_tcp(image: list[int], test: Callable[[SunSpecMeter], Awaitable[None]], base: int = 40000, **how: Any) -> None:
    async def run() -> None:
        port = free_port()
        bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port), "bus.lan")
        async with server(port, image, base):
            await test(SunSpecMeter(SunSpecMeter.Settings("lan", **how), "evse.1.meter", bus))
        bus.close()

    asyncio.run(run())


async def failure(meter: SunSpecMeter) -> str:
    with pytest.raises(DriverError) as caught:
        await meter.read()
    return str(caught.value)


def told(reading: Reading) -> Reading:
    """Without its instant, and rounded as its scale factors are."""
    values = {
        name: tuple(None if v is None else round(v, 3) for v in value) if isinstance(value, tuple) else round(value, 3)
        for name in Reading.__slots__
        if name != "at" and (value := getattr(reading, name)) is not None and not isinstance(value, str)
    }
    return Reading(0.0, **values)


@pytest.mark.parametrize("base", [40000, 50000, 0])
def test_a_meter_of_integers_is_found_behind_other_models_wherever_the_mark_stands(base: int) -> None:
    async def test(meter: SunSpecMeter) -> None:
        assert told(await meter.read()) == WHOLE
        assert told(await meter.read()) == WHOLE

    over_tcp(device(INVERTER, integers(203, **THREE_PHASES)), test, base)


def test_a_meter_of_floats_gives_the_same() -> None:
    points = dict(
        A=47.25, AphA=16.0, AphB=16.0, AphC=15.25, PhV=230.3, PhVphA=230.1, PhVphB=231.0, PhVphC=229.9, Hz=49.98,
        W=10_860.0, WphA=3680.0, WphB=3690.0, WphC=3490.0, TotWhExp=120.0, TotWhImp=12_345_670.0,
    )  # fmt: skip

    async def test(meter: SunSpecMeter) -> None:
        assert told(await meter.read()) == WHOLE

    over_tcp(device(floats(213, **points)), test)


def test_what_is_not_implemented_is_none() -> None:
    async def integer(meter: SunSpecMeter) -> None:
        assert told(await meter.read()) == Reading(0.0, import_wh=7.0, export_wh=0.0, volts=(230.0, None, None))

    async def nothing(meter: SunSpecMeter) -> None:
        assert told(await meter.read()) == Reading(0.0)

    async def without_scale(meter: SunSpecMeter) -> None:
        assert told(await meter.read()) == Reading(0.0, hertz=50.0)  # the frequency's scale factor is optional

    over_tcp(device(integers(203, PhVphA=2300, V_SF=-1, TotWhImp=7, TotWh_SF=0, A=5, AphA=5)), integer)
    over_tcp(device(integers(203, PhVphA=230, W=5, TotWhImp=7, Hz=50)), without_scale)
    over_tcp(device(integers(203, PhVphA=230, V_SF=0x4000, W=5, W_SF=11, TotWhImp=7, TotWh_SF=99)), nothing)
    over_tcp(device(floats(213)), nothing)


def test_a_total_that_is_missing_is_the_sum_of_the_phases_if_all_tell_theirs() -> None:
    async def whole(meter: SunSpecMeter) -> None:
        assert (await meter.read()).watts == 600.0

    async def part(meter: SunSpecMeter) -> None:
        assert (await meter.read()).watts is None

    volts = {"PhVphA": 230, "PhVphB": 230, "PhVphC": 230, "V_SF": 0}
    over_tcp(device(integers(203, WphA=100, WphB=200, WphC=300, W_SF=0, **volts)), whole)
    over_tcp(device(integers(203, WphA=100, WphB=200, W_SF=0, **volts)), part)


def test_the_only_phase_of_a_meter_of_one_may_be_told_as_its_total() -> None:
    async def test(meter: SunSpecMeter) -> None:
        reading = await meter.read()
        assert (reading.amps, reading.volts) == ((10.0, None, None), (230.0, None, None))

    over_tcp(device(floats(211, A=10.0, PhV=230.0)), test)


def test_the_second_meter_and_the_other_sign() -> None:
    async def test(meter: SunSpecMeter) -> None:
        reading = await meter.read()
        assert (reading.watts, reading.amps[0], reading.import_wh) == (2300.0, 10.0, 5.0)

    second = integers(203, W=-2300, W_SF=0, AphA=-10, A_SF=0, TotWhImp=5, TotWh_SF=0)
    over_tcp(device(integers(203, **THREE_PHASES), second), test, meter=2, positive="export")


def test_a_device_without_what_is_looked_for_is_told() -> None:
    async def no_mark(meter: SunSpecMeter) -> None:
        assert await failure(meter) == (
            "evse.1.meter: unit 1 is no SunSpec device: there is no mark at 40000, 50000, 0. Enable SunSpec in it, or "
            "use a register map: evsed meter maps."
        )

    async def no_meter(meter: SunSpecMeter) -> None:
        assert await failure(meter) == (
            "evse.1.meter: unit 1 tells no AC meter (models 201 to 204, 211 to 214). Its models: 1, 103. Set unit and "
            "meter to those of the meter."
        )

    async def one_meter(meter: SunSpecMeter) -> None:
        assert "unit 1 tells only 1 AC meter(s) (models" in await failure(meter)

    over_tcp([1, 2, 3], no_mark)
    over_tcp(device(INVERTER), no_meter)
    over_tcp(device(integers(203)), one_meter, meter=2)


def test_a_list_of_models_that_does_not_end_is_no_meter() -> None:
    async def test(meter: SunSpecMeter) -> None:
        assert "tells no AC meter" in await failure(meter)

    over_tcp([0x5375, 0x6E53, *[0] * 400], test)


def test_without_a_bus_it_says_so() -> None:
    with pytest.raises(DriverError) as caught:
        SunSpecMeter(SunSpecMeter.Settings("lan"), "evse.1.meter")
    assert str(caught.value) == 'evse.1.meter: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.'


def test_over_rtu_a_device_that_comes_back_with_another_list_of_models_is_walked_anew(tmp_path: Path) -> None:
    async def run() -> None:
        port = tmp_path / "ttyUSB0"
        its = Device(holding=dict(enumerate(device(integers(203, **THREE_PHASES)), 40000)))
        async with serial_line(Cable(port), {3: its}):
            bus = ModbusSerial(ModbusSerial.Settings(str(port), gap_ms=0), "bus.rs485")
            meter = SunSpecMeter(SunSpecMeter.Settings("rs485", 3), "evse.1.meter", bus)
            assert told(await meter.read()) == WHOLE
            its.holding = dict(enumerate(device(INVERTER, integers(203, **THREE_PHASES)), 40000))
            assert await failure(meter) == (
                "evse.1.meter: unit 3 had its meter model 203 at 40070, and has 103 there now. "
                "Its models are looked for anew."
            )
            assert told(await meter.read()) == WHOLE
            its.holding = dict(enumerate(device(integers(201, A=5, A_SF=0)), 50000))
            assert "refuses registers" in await failure(meter)
            assert (await meter.read()).amps == (5.0, None, None)
            bus.close()

    asyncio.run(run())


def test_it_takes_every_unit_that_a_scan_of_a_network_may_find() -> None:
    (unit,) = (declared(its) for its in dataclasses.fields(SunSpecMeter.Settings) if its.name == "unit")
    assert (unit.minimum, unit.maximum) == (1, 255)
