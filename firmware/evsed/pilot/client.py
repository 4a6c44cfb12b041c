"""The station's end of the pilot socket: the pilot process as a PilotBoard that reconnects for ever."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

from evse_drivers.api import Act, Permit, Phases, Seen

from .newest import Newest
from .wire import UNDERSTOOD, VERSION, Do, Health, Hello, Measured, Refused, Taken, WireError, decode, encode

RETRY = 0.2  # s
LIMIT = 65536  # bytes of one line
SILENCE = 3.0  # s: a living pilot says something each second
ANSWER = 1.0  # s that the pilot may take to say what it makes of an act; it answers in the same tick
GONE = "the pilot process does not answer"

Asked = tuple[int, str]  # EVSE, act


class PilotProcess:
    """The pilot behind `socket_path`. Run `run` as a task.

    `permit`, `act` and `measured` are handed to the kernel at once, and dropped while the pilot is gone: whoever holds
    a lease renews it, and `on_lost` has told. `hello` and `health` are the pilot's, None while it is gone (`health`
    also where it is of an older version).
    """

    tells_when_lost = True  # by `on_lost`: its silence in `seen` means nothing

    def __init__(self, socket_path: str, digest: str, log: Callable[[str], None]) -> None:
        self.path, self.digest = socket_path, digest
        self.hello: Hello | None = None
        self.health: Health | None = None
        self._log = log
        self._writer: asyncio.StreamWriter | None = None
        self._seen = Newest()
        self._news = asyncio.Event()
        self._asked: dict[Asked, list[asyncio.Future[str | None]]] = {}
        self._on_lost: list[Callable[[str], None]] = []
        self._said = ""

    @property
    def differs(self) -> bool:
        """The pilot has read other settings than this process: one of the two needs a restart."""
        return self.hello is not None and self.hello.digest != self.digest

    def view(self) -> dict[str, Any]:
        """For the screen: whether it is there, on the same settings, and on time; JSON values."""
        health = None if self.health is None else dataclasses.asdict(self.health)
        return {"connected": self.hello is not None, "differs": self.differs, "health": health}

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """Call back with the reason, in words, each time a standing connection is lost, and when the first fails."""
        self._on_lost.append(callback)

    async def permit(self, permit: Permit) -> None:
        """Send it."""
        self._send(encode(permit))

    async def act(self, evse: int, act: Act) -> str | None:
        """Have it done; returns why the pilot does not, in its words, or None. Takes 1 s at most."""
        hello = self.hello
        if hello is None or not self._send(encode(Do(evse, act))):
            return GONE
        if hello.version < 2:
            return None  # it tells refusals only, and not of which act: they are in the log
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        waiting = self._asked.setdefault((evse, act), [])
        waiting.append(answer)
        try:
            async with asyncio.timeout(ANSWER):
                return await answer
        except TimeoutError:
            return GONE
        finally:
            if answer in waiting:
                waiting.remove(answer)

    def measured(self, evse: int, amps: Phases) -> None:
        """What a meter says, for the pilot's flight recorder, which ignores the EVSEs of others."""
        hello, known = self.hello, [value for value in amps if value is not None]
        if known and hello is not None and hello.version > 1:
            self._send(encode(Measured(evse, max(known))))

    async def seen(self) -> AsyncIterator[Seen]:
        """What the pilot sees, for one consumer, over all connections. One that is slow gets the newest of each EVSE,
        and every plug, opening and fault before it."""
        while True:
            while self._seen:
                yield self._seen.take()
            self._seen.lost = 0
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """Nothing is told: the pilot process goes on by its lease."""

    async def run(self) -> None:
        """Connect, listen, and again, until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self.path, limit=LIMIT)
            except OSError as error:
                self._lost(f"{self.path}: {error.strerror or error}; is evsed-pilot running?")
            else:
                try:
                    why = await self._listen(reader, writer)
                finally:
                    self._writer, self.hello, self.health = None, None, None
                    writer.close()
                    for evse, act in list(self._asked):
                        while self._answered(evse, act, GONE):
                            pass
                self._said = ""
                self._lost(f"{self.path}: {why}")
            await asyncio.sleep(RETRY)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Until the connection ends; returns why it did."""
        writer.write(encode(Hello(VERSION, self.digest)))
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    line = await reader.readline()
            except TimeoutError:
                return f"the pilot said nothing for {SILENCE:.0f} s"
            except (OSError, ValueError) as error:
                return f"the connection broke: {error}"
            if not line.endswith(b"\n"):
                return "the pilot process has ended, or another station took its place"
            try:
                message = decode(line)
            except WireError as error:
                self._log(f"pilot: a line was not understood: {error}")
                continue
            if isinstance(message, Hello):
                if message.version not in UNDERSTOOD:
                    versions = " and ".join(map(str, UNDERSTOOD))
                    return f"it speaks version {message.version}; this station understands {versions}. Update both."
                self.hello, self._writer = message, writer
                if self.differs:
                    self._log(
                        "the pilot runs on other settings than the station: restart evsed-pilot to apply evsed.toml"
                    )
            else:
                self._hear(message)

    def _hear(self, message: object) -> None:
        if isinstance(message, Seen):
            self._put(message)
        elif isinstance(message, Health):
            self.health = message
        elif isinstance(message, Taken):
            self._answered(message.evse, message.act, None)
        elif isinstance(message, Refused):
            self._log(f"pilot refused {message.what}: {message.why}")
            self._answered(message.evse, message.what, message.why)

    def _put(self, seen: Seen) -> None:
        lost = self._seen.lost
        self._seen.put(seen)
        if lost == 0 and self._seen.lost:
            self._log(f"the station does not keep up with the pilot: what was seen of EVSE {seen.evse} is being lost")
        self._news.set()

    def _answered(self, evse: int, act: str, why: str | None) -> bool:
        """Tell the one who has waited longest; False if nobody does."""
        waiting = self._asked.get((evse, act))
        if not waiting:
            return False
        answer = waiting.pop(0)
        if not answer.done():
            answer.set_result(why)
        return True

    def _send(self, line: bytes) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(line)
        return True

    def _lost(self, why: str) -> None:
        if why == self._said:
            return
        self._said = why
        self._log(f"pilot lost: {why}")
        for callback in self._on_lost:
            callback(why)
