"""Modbus TCP against a real pymodbus server, and what is said when there is none."""

from __future__ import annotations

import asyncio
import socket

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus_tcp import ModbusTcp
from evse_drivers.meters.modbus_map import ModbusMeter
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from serial_peers import SDM120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def meter_at(port: int) -> tuple[ModbusTcp, ModbusMeter]:
    bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=100), "bus.lan")
    return bus, ModbusMeter(ModbusMeter.Settings("eastron-sdm120", "lan"), "evse.1.meter", bus)


async def failure(meter: ModbusMeter) -> str:
    with pytest.raises(DriverError) as caught:
        await meter.read()
    return str(caught.value)


def test_a_meter_is_read_and_read_again_after_its_server_was_gone() -> None:
    async def run() -> None:
        port = free_port()
        registers = [SimData(a, values=value, datatype=DataType.FLOAT32) for a, value in SDM120.items()]
        bus, meter = meter_at(port)
        for _ in range(2):
            server = ModbusTcpServer(SimDevice(1, registers), address=("127.0.0.1", port))
            task = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0.05)
            reading = await meter.read()
            assert (reading.volts[0], reading.import_wh) == (230.5, 7000.0)
            await server.shutdown()
            task.cancel()
            await failure(meter)
            assert await failure(meter) == (
                f"bus.lan: no connection to 127.0.0.1:{port} within 0.5 s. Check the device's power and network cable, "
                "its address, and whether its Modbus TCP is enabled."
            )
            await asyncio.sleep(1.1)
        bus.close()

    asyncio.run(run())


def test_a_device_that_takes_the_connection_and_says_nothing_is_told() -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bus, meter = meter_at(port)
        assert await failure(meter) == (
            f"evse.1.meter: unit 1 on 127.0.0.1:{port}, twice: no answer within 0.1 s. "
            "Check the device's power and its unit number, and whether its Modbus TCP is enabled."
        )
        bus.close()
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x01\x00\x00\x00\x05\x01\x04\x02\x00"])
def test_a_device_that_talks_something_else_is_an_error_and_never_a_reading(nonsense: bytes) -> None:
    async def run() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(64):
                writer.write(nonsense)

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        bus, meter = meter_at(server.sockets[0].getsockname()[1])
        assert "unit 1 on 127.0.0.1:" in await failure(meter)
        bus.close()
        server.close()

    asyncio.run(run())
