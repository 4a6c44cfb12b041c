"""The station's end of the pilot socket: the pilot process as a PilotBoard that reconnects for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from evse_drivers.api import Act, Permit, Seen

from .wire import UNDERSTOOD, VERSION, Do, Hello, Refused, WireError, decode, encode

RETRY = 0.2  # s
LIMIT = 65536  # bytes of one line
SILENCE = 3.0  # s: a living pilot says something each second


class PilotProcess:
    """The pilot behind `socket_path`. Run `run` as a task.

    `permit` and `act` are handed to the kernel at once, and dropped while the pilot is gone: whoever holds a lease
    renews it, and `on_lost` has told. `hello` is the pilot's, None while it is gone.
    """

    def __init__(self, socket_path: str, digest: str, log: Callable[[str], None]) -> None:
        self.path, self.digest = socket_path, digest
        self.hello: Hello | None = None
        self._log = log
        self._writer: asyncio.StreamWriter | None = None
        self._seen: asyncio.Queue[Seen] = asyncio.Queue()
        self._on_lost: list[Callable[[str], None]] = []
        self._said = ""

    @property
    def differs(self) -> bool:
        """The pilot has read other settings than this process: one of the two needs a restart."""
        return self.hello is not None and self.hello.digest != self.digest

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """Call back with the reason, in words, each time a standing connection is lost, and when the first fails."""
        self._on_lost.append(callback)

    async def permit(self, permit: Permit) -> None:
        """Send it."""
        self._send(encode(permit))

    async def act(self, evse: int, act: Act) -> None:
        """Send it; whether the pilot takes it shows in Seen, a refusal in the log."""
        self._send(encode(Do(evse, act)))

    async def seen(self) -> AsyncIterator[Seen]:
        """What the pilot sees, for one consumer, over all connections."""
        while True:
            yield await self._seen.get()

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
                    self._writer, self.hello = None, None
                    writer.close()
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
            if isinstance(message, Seen):
                self._seen.put_nowait(message)
            elif isinstance(message, Refused):
                self._log(f"pilot refused {message.what}: {message.why}")
            elif isinstance(message, Hello):
                if message.version not in UNDERSTOOD:
                    versions = " and ".join(map(str, UNDERSTOOD))
                    return f"it speaks version {message.version}; this station understands {versions}. Update both."
                self.hello, self._writer = message, writer
                if self.differs:
                    self._log(
                        "the pilot runs on other settings than the station: restart evsed-pilot to apply evsed.toml"
                    )

    def _send(self, line: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line)

    def _lost(self, why: str) -> None:
        if why == self._said:
            return
        self._said = why
        self._log(f"pilot lost: {why}")
        for callback in self._on_lost:
            callback(why)
