"""Hardware that says whatever the input says, to drivers that ask: no time passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from math import isfinite
from typing import Any, TypeVar

from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus import Answer, Block, Refused, Write
from evse_drivers.buses.rapi import Reply
from evse_drivers.buses.rapi_frames import Frame

T = TypeVar("T")
LONGEST = 80  # characters of an OpenEVSE's answer: longer ones are noise to its line


class Instant:
    """An event loop in which no time passes but what is slept. Drivers ask it the time, and sleep."""

    now = 0.0  # s

    def time(self) -> float:
        return self.now

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)  # type: ignore[arg-type]

    def call_later(self, delay: float, callback: object, *arguments: object) -> Instant:
        assert delay < 10.0, delay
        self.now += delay
        return self

    def cancel(self) -> None:
        """Of what `call_later` gave."""

    def get_debug(self) -> bool:
        return False


_INSTANT: Any = Instant()


def driven(conversation: Coroutine[Any, Any, T], waits: int = 100) -> T:
    """What comes of it. It must not wait more often than that."""
    asyncio._set_running_loop(_INSTANT)
    try:
        for _ in range(waits):
            slept = conversation.send(None)
            slept.set_result(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        asyncio._set_running_loop(None)
    conversation.close()
    raise AssertionError("it waits without end")


class Words:
    """A Modbus bus: each register that is asked for is the next two bytes, the same at each time; after the last it
    refuses. With `image` instead, the words are known and what was given is kept, to make a seed of it."""

    def __init__(self, data: bytes, image: dict[tuple[int, int], int] | None = None) -> None:
        self._data, self._at, self._image = data, 0, image
        self.given = b""
        self._known: dict[tuple[int, int], int] = {}

    async def read(
        self, unit: int, blocks: Sequence[Block], where: str, within: float = 1.0, gap: float = 0.0
    ) -> Answer:
        words = {(b.function, b.address + i): self._word(b, i, where) for b in blocks for i in range(b.count)}
        return Answer(1.0, words)

    async def write(
        self, unit: int, writes: Sequence[Write], where: str, within: float = 1.0, gap: float = 0.0
    ) -> None:
        for write in writes:
            assert all(0 <= word <= 0xFFFF for word in write.words), write
            if write.function in (6, 16):
                for i, word in enumerate(write.words):
                    self._known[3, write.address + i] = word

    def _word(self, block: Block, i: int, where: str) -> int:
        place = block.function, block.address + i
        if place not in self._known:
            if self._image is not None:
                self._known[place] = self._image.get(place, 0)
                self.given += self._known[place].to_bytes(2, "big")
            else:
                raw = self._data[self._at : self._at + 2]
                self._at += 2
                if len(raw) < 2:
                    raise Refused(f"{where}: refused.")
                self._known[place] = int.from_bytes(raw, "big")
        word = self._known[place]
        return word & 1 if block.function in (1, 2) else word

    def hurry(self) -> None:
        pass

    def close(self) -> None:
        pass


class Said:
    """An OpenEVSE: each line of the input answers the next command, "OK 1 2" or "NK"; after the last it is silent.
    With `image` instead, answers are known by their command, and what was said is kept, to make a seed of it."""

    def __init__(self, data: bytes, image: dict[str, str] | None = None) -> None:
        self._lines = data.decode("ascii", "replace").split("\n")
        self._image = image
        self.given: list[str] = []
        self._hear: Callable[[Frame], None] = lambda frame: None

    async def ask(self, command: str, where: str, within: float = 1.0) -> Reply:
        if self._image is not None:
            self._lines = [self._image.get(command[:2], "OK")]
            self.given += self._lines
        if not self._lines:
            raise DriverError(f"{where}: silent.")
        words = self._lines.pop(0)[:LONGEST].split()
        if words[:1] == ["AB"]:
            self._hear(Frame("AB"))
        return Reply(1.0, words[:1] != ["NK"], tuple(words[1:]))

    def listen(self, hear: Callable[[Frame], None]) -> None:
        self._hear = hear


def good(reading: Reading) -> None:
    """Numbers, or None."""
    numbers = (reading.import_wh, reading.export_wh, reading.watts, reading.hertz)
    for value in (*numbers, *reading.watts_by_phase, *reading.amps, *reading.volts):
        assert value is None or (isinstance(value, float) and isfinite(value)), reading
    assert reading.sequence in (None, "L1-L2-L3", "L1-L3-L2")
