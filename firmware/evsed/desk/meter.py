"""The desk's meters as a process: on ptys, each fed from the world whenever it is asked.

`python -m evsed.desk.meter --world SOCKET --model sdm630 FD ...`: the n-th file descriptor is the meter's end of EVSE
n's line. A pymodbus server answers on a second pty, and the bytes between the two pass through here, so that a dead or
unpowered meter is as silent as a real one, and so is a line on which another unit is called.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import termios
import tty
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from .meter_models import MODELS, Image, Model
from .parent import die_with_parent

UNIT = 1
SERIAL_NUMBER = 0xFC00  # holding register, u32


class Meter:
    """One meter: its line, and the server behind it. Needs a running event loop."""

    def __init__(self, evse: int, line: int, world: World, model: Model) -> None:
        self._evse, self._line, self._world, self._model = evse, line, world, model
        self._server_side, self._port = os.openpty()  # _port is held open, so that it never hangs up
        tty.setraw(self._port)
        self._image = world.image(evse)

    async def serve(self) -> None:
        """Answer from now on."""
        nothing = [SimData(0, values=False, datatype=DataType.BITS, count=16)]
        serial = [SimData(SERIAL_NUMBER, values=[0x0063, self._evse], datatype=DataType.REGISTERS)]
        shown = [SimData(0, values=[0] * (self._model.last + 1), datatype=DataType.REGISTERS)]
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
        model = self._model
        if count > model.most or (model.pairs and (count % 2 or address % 2)):
            return ExcCodes.ILLEGAL_VALUE
        for register, words in model.words(self._image).items():
            current[register - start : register - start + len(words)] = words
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


async def _run(path: str, lines: list[int], model: Model) -> None:
    ended = asyncio.Event()

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        ended.set()

    asyncio.get_running_loop().set_exception_handler(fail)
    world = World(path)
    for evse, line in enumerate(lines, start=1):
        await Meter(evse, line, world, model).serve()
    await ended.wait()


def main(argv: list[str] | None = None) -> int:
    """Run until the world ends."""
    parser = argparse.ArgumentParser(prog="python -m evsed.desk.meter")
    parser.add_argument("--world", required=True, help="world.sock")
    parser.add_argument("--model", default="sdm630", choices=tuple(MODELS))
    parser.add_argument("lines", type=int, nargs="+", help="file descriptors of the ptys, EVSE 1 first")
    options = parser.parse_args(argv)
    die_with_parent()
    asyncio.run(_run(options.world, options.lines, MODELS[options.model]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
