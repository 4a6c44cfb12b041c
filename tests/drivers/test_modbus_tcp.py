"""Modbus TCP against a real pymodbus server, and what is said when there is none."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus import Block, Unanswered, Write
from evse_drivers.buses.modbus_tcp import ModbusTcp
from evse_drivers.meters.modbus_map import ModbusMeter
from modbus_peers import Device, tcp_gateway, tcp_line
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
            "Check the device's power and its unit number, and whether its Modbus TCP is enabled; "
            'a plain serial server wants framing = "rtu".'
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


VOLTS = Block(4, 0, 2)
ANSWER = bytes.fromhex("0007 01 04 04 4366 8000")  # length, unit 1, function 4, 4 octets: 230.5 V


async def against(answers: list[bytes | None], test: Callable[[ModbusTcp, list[bytes]], Awaitable[None]]) -> None:
    """A device that answers each request by the next of `answers` behind the request's transaction id and protocol
    number; one that is longer than ANSWER brings its own; None: it resets the connection."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64):
            heard.append(data)
            answer = answers.pop(0) if answers else ANSWER
            if answer is None:
                reset = struct.pack("ii", 1, 0)  # linger 0 s: RST
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                break
            writer.write(answer if len(answer) > len(ANSWER) else data[:4] + answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=100), "bus.lan")
    try:
        await test(bus, heard)
    finally:
        bus.close()
        server.close()


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("another transaction's answer", bytes.fromhex("4711 0000 0005 01 04 02 0000 00")),
        ("another unit's answer", bytes.fromhex("0001 0000 0007 02 04 04 42c8 0000")),
        ("a shorter answer", bytes.fromhex("0001 0000 0005 01 04 02 42c8 00")),
        ("half a frame", b"\x00\x07\x01\x04"),
        ("half a head", b""),
    ],
)
def test_after_what_is_no_answer_over_tcp_the_next_is_taken(name: str, first: bytes) -> None:
    async def test(bus: ModbusTcp, heard: list[bytes]) -> None:
        answer = await bus.read(1, [VOLTS], "evse.1.meter")
        assert answer.words == {(4, 0): 0x4366, (4, 1): 0x8000}
        assert len(heard) == 2

    asyncio.run(against([first, ANSWER], test))


def test_a_connection_that_is_reset_is_an_error_and_then_opened_anew() -> None:
    async def test(bus: ModbusTcp, heard: list[bytes]) -> None:
        with pytest.raises(DriverError, match=r"evse\.1\.meter: unit 1 on 127\.0\.0\.1:\d+, twice: "):
            await bus.read(1, [VOLTS], "evse.1.meter")
        await asyncio.sleep(1.0)
        assert (await bus.read(1, [VOLTS], "evse.1.meter")).words[4, 0] == 0x4366

    asyncio.run(against([None], test))


@pytest.mark.parametrize("echo", [False, True], ids=["", "with its echo"])
def test_a_plain_serial_server_passes_rtu_on(echo: bool) -> None:
    async def run() -> None:
        device = Device(read_only={0: 0x4366, 1: 0x8000}, holding={1000: 0})
        async with tcp_line({5: device}) as (line, port):
            line.echo = echo
            bus = ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, framing="rtu", timeout_ms=100), "bus.lan")
            await bus.write(5, [Write(6, 1000, (16,))], "evse.1.board")
            assert device.holding == {1000: 16}
            line.tamper = lambda frame: b"\x00\xff" + frame
            answer = await bus.read(5, [VOLTS], "evse.1.meter")
            assert answer.words == {(4, 0): 0x4366, (4, 1): 0x8000}
            device.dead = True
            with pytest.raises(DriverError) as caught:
                await bus.write(5, [Write(6, 1000, (0,))], "evse.1.board")
            problem = "only the echo of the request came" if echo else "no answer within 0.1 s"
            assert str(caught.value) == (
                f"evse.1.board: unit 5 on 127.0.0.1:{port}, RTU over TCP, twice: {problem}. Check the device's power "
                "and its unit number, and the serial server's speed and parity; one that translates to Modbus TCP "
                'wants framing = "tcp".'
            )
            bus.close()

    asyncio.run(run())


def test_who_is_silent_behind_a_gateway_has_not_refused_but_does_not_answer() -> None:
    async def run() -> None:
        there, dead = Device(read_only={0: 7}), Device(read_only={0: 7}, dead=True)
        async with tcp_gateway({1: there, 2: dead}) as port:
            bus, _ = meter_at(port)
            with pytest.raises(Unanswered) as caught:
                await bus.read(2, [Block(4, 0, 1)], "evse.2.meter")
            assert str(caught.value) == (
                f"evse.2.meter: unit 2 on 127.0.0.1:{port}, twice: the gateway says that it does not answer "
                "(exception 11). Check the device's power and its unit number, and whether its Modbus TCP is enabled; "
                'a plain serial server wants framing = "rtu".'
            )
            dead.dead = False
            with pytest.raises(Unanswered):  # it is left alone for a while, as on any line
                await bus.read(2, [Block(4, 0, 1)], "evse.2.meter")
            assert (await bus.read(1, [Block(4, 0, 1)], "evse.1.meter")).words == {(4, 0): 7}
            await asyncio.sleep(0.6)
            assert (await bus.read(2, [Block(4, 0, 1)], "evse.2.meter")).words == {(4, 0): 7}
            bus.close()

    asyncio.run(run())


class Busy(Device):
    """It answers that it is busy so many times first (V1.1b3, section 7: the client asks again later)."""

    times = 1

    def obey(self, pdu: bytes) -> bytes:
        if self.times > 0:
            self.times -= 1
            return bytes([pdu[0] | 0x80, 6])
        return super().obey(pdu)


def test_who_is_busy_is_asked_again() -> None:
    async def run() -> None:
        device = Busy(read_only={0: 7})
        async with tcp_gateway({1: device}) as port:
            bus, _ = meter_at(port)
            assert (await bus.read(1, [Block(4, 0, 1)], "evse.1.meter")).words == {(4, 0): 7}
            device.times = 2
            with pytest.raises(DriverError) as caught:
                await bus.read(1, [Block(4, 0, 1)], "evse.1.meter")
            assert "unit 1 on" in str(caught.value)
            assert "twice: it says that it is busy (exception 6). " in str(caught.value)
            bus.close()

    asyncio.run(run())
