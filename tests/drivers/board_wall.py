"""A board's driver with its peer at the end of a line: what it says is kept, and can be waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from evse_drivers.api import DriverError, Permit, Seen
from evse_drivers.boards.polled import PolledBoard
from evse_drivers.buses.modbus_serial import ModbusSerial

from tests.drivers.board_peers import Slave

Peer = TypeVar("Peer", bound=Slave)


class Wall(Generic[Peer]):
    """`seen`: what the driver has said, oldest first; `lost`: why it gave up."""

    def __init__(self, peer: Peer, board: PolledBoard, bus: ModbusSerial) -> None:
        self.peer, self.board, self.bus = peer, board, bus
        self.seen: list[Seen] = []
        self.lost: str | None = None

    async def listen(self) -> None:
        try:
            async for seen in self.board.seen():
                self.seen.append(seen)
        except DriverError as error:
            self.lost = str(error)

    async def permit(self, amps: float, how: Any = "grace") -> None:
        await self.board.permit(Permit(1, amps, 3, False, how, time.monotonic() + 5))

    async def until(self, true: Callable[[Seen], object], within: float = 5.0) -> Seen:
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.seen and true(self.seen[-1]):
                return self.seen[-1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"did not come; last: {self.seen[-1:]}, lost: {self.lost}")


@asynccontextmanager
async def wired(peer: Peer, build: Callable[[Any], PolledBoard]) -> AsyncIterator[Wall[Peer]]:
    """`build` makes the driver of a bus."""
    bus = ModbusSerial(ModbusSerial.Settings(str(peer.port), timeout_ms=100, gap_ms=10), "bus.rs485")
    made = Wall(peer, build(bus), bus)
    task = asyncio.ensure_future(made.listen())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bus.close()
        peer.close()
