"""The station's side of a board, for tests: gives permits, and keeps what the board says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from evse_drivers.api import DriverError, Permit, Seen
from evse_drivers.boards.polled import PolledBoard
from evsed.model.faults import FAULTS


class Station:
    """Iterates the board's `seen` until the board is lost."""

    def __init__(self, board: PolledBoard) -> None:
        self.board = board
        self.all: list[Seen] = []
        self.lost: str | None = None
        self.task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        try:
            async for seen in self.board.seen():
                assert set(seen.faults) <= FAULTS.keys()
                assert set(seen.warnings) <= FAULTS.keys()
                self.all.append(seen)
        except DriverError as error:
            self.lost = str(error)

    @property
    def now(self) -> Seen:
        return self.all[-1]

    async def permit(self, amps: float, how: str = "grace", lasts: float = 5.0) -> None:
        until = time.monotonic() + lasts
        await self.board.permit(Permit(self.board.evse, amps, 3, False, "now" if how == "now" else "grace", until))

    async def until(self, condition: Callable[[], bool], seconds: float = 4.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.lost, self.all[-3:])
            await asyncio.sleep(0.01)

    async def until_seen(self, condition: Callable[[Seen], bool], seconds: float = 4.0) -> None:
        await self.until(lambda: bool(self.all) and condition(self.now), seconds)
