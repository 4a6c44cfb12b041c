"""The desk's meters as a process: Eastron SDM630 on ptys, each fed from the world whenever it is asked.

`python -m evsed.desk.meter --world SOCKET FD ...`: the n-th file descriptor is the meter's end of EVSE n's line. A
pymodbus server answers on a second pty, and the bytes between the two pass through here, so that a dead or unpowered
meter is as silent as a real one, and so is a line on which another unit is called.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import struct
import sys
import termios
import tty
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from .parent import die_with_parent

UNIT = 1
SERIAL_NUMBER = 0xFC00  # holding register, u32
LAST = 0x157  # the last input register that this meter has
MOST = 80  # registers in one request: 40 quantities of two each

Image = dict[str, Any]


def registers(image: Image) -> dict[int, float]:
    """Input registers (FC4, two each, float32, high word first) of what the world says the meter shows."""
    volts, amps, watts = image["volts"], image["amps"], image["watts"]
    total, kwh = sum(watts), image["import_wh"] / 1000.0
    values = {0x34: total, 0x38: total, 0x46: image["hertz"], 0x48: kwh, 0x4A: 0.0, 0x156: kwh, 0x30: sum(amps)}
    values[0x2A], values[0x2E] = sum(volts) / 3.0, sum(amps) / 3.0
    for phase in range(3):
        row = (volts[phase], amps[phase], watts[phase], watts[phase])  # V, A, W, VA: the vehicle draws no VAr
        values |= {start + 2 * phase: value for start, value in zip((0x00, 0x06, 0x0C, 0x12), row, strict=True)}
        values[0x1E + 2 * phase] = 1.0 if image["hertz"] else 0.0  # power factor
    return values


class Meter:
    """One SDM630: its line, and the server behind it. Needs a running event loop."""

    def __init__(self, evse: int, line: int, world: World) -> None:
        self._evse, self._line, self._world = evse, line, world
        self._server_side, self._port = os.openpty()  # _port is held open, so that it never hangs up
        tty.setraw(self._port)
        self._image = world.image(evse)

    async def serve(self) -> None:
        """Answer from now on."""
        nothing = [SimData(0, values=False, datatype=DataType.BITS, count=16)]
        serial = [SimData(SERIAL_NUMBER, values=[0x0063, self._evse], datatype=DataType.REGISTERS)]
        shown = [SimData(0, count=(LAST + 1) // 2, values=0.0, datatype=DataType.FLOAT32)]
        # 0 takes the calls for units that are not there; _answered keeps what it says to itself.
        devices = [SimDevice(unit, simdata=(nothing, nothing, serial, shown), action=self._show) for unit in (0, UNIT)]
        server = ModbusSerialServer(devices, port=os.ttyname(self._port), baudrate=9600)
        await server.serve_forever(background=True)
        for fd in (self._line, self._server_side):
            os.set_blocking(fd, False)
        termios.tcflush(self._line, termios.TCIFLUSH)  # asked before the meter was up
        loop = asyncio.get_running_loop()
        loop.add_reader(self._line, self._asked)
        loop.add_reader(self._server_side, self._answered)

    def _asked(self) -> None:
        request = os.read(self._line, 4096)
        self._image = self._world.image(self._evse)
        if self._image["answers"]:
            os.write(self._server_side, request)

    def _answered(self) -> None:
        answer = os.read(self._server_side, 4096)
        if answer[:1] == bytes([UNIT]):  # the others are not on this line
            os.write(self._line, answer)

    async def _show(
        self, function: int, start: int, address: int, count: int, current: list[int], values: object
    ) -> ExcCodes | None:
        if function != 4:
            return None if values is None else ExcCodes.ILLEGAL_ADDRESS
        if count > MOST or count % 2 or address % 2:  # as the real one: whole quantities only
            return ExcCodes.ILLEGAL_VALUE
        for register, value in registers(self._image).items():
            current[register - start : register - start + 2] = struct.unpack(">HH", struct.pack(">f", value))
        return None


class World:
    """The world's word on what the meters show. Its end is ours."""

    def __init__(self, path: str) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        self._link.settimeout(2.0)
        self._link.connect(path)
        self._lines = self._link.makefile("rb")

    def image(self, evse: int) -> Image:
        """See Outlet.meter; raises OSError or ValueError when the world has gone."""
        self._link.sendall(json.dumps({"do": "meter", "evse": evse}).encode() + b"\n")
        answer: Image = json.loads(self._lines.readline())
        return answer


async def _run(path: str, lines: list[int]) -> None:
    ended = asyncio.Event()

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        ended.set()

    asyncio.get_running_loop().set_exception_handler(fail)
    world = World(path)
    for evse, line in enumerate(lines, start=1):
        await Meter(evse, line, world).serve()
    await ended.wait()


def main(argv: list[str] | None = None) -> int:
    """Run until the world ends."""
    parser = argparse.ArgumentParser(prog="python -m evsed.desk.meter")
    parser.add_argument("--world", required=True, help="world.sock")
    parser.add_argument("lines", type=int, nargs="+", help="file descriptors of the ptys, EVSE 1 first")
    options = parser.parse_args(argv)
    die_with_parent()
    asyncio.run(_run(options.world, options.lines))
    return 1


if __name__ == "__main__":
    sys.exit(main())
