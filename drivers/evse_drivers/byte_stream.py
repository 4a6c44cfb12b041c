"""The bytes that a file descriptor brings, awaited."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from .api import DriverError

LARGEST = 65536  # bytes that are kept of a sender that is not read


def listen(fd: int, hear: Callable[[bytes], None]) -> None:
    """Give `hear` what `fd`, non-blocking, brings, in the running loop; b"" once, last, when the other end is gone.

    Before the caller closes `fd` it ends this by the loop's `remove_reader`.
    """
    loop = asyncio.get_running_loop()

    def readable() -> None:
        try:
            data = os.read(fd, 512)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            loop.remove_reader(fd)
        hear(data)

    loop.add_reader(fd, readable)


class ByteStream:
    """Reads `fd`, non-blocking, in the running loop; used by one task. The caller closes `fd` after `close`.

    `lost` is what `read` raises when the other end is gone.
    """

    def __init__(self, fd: int, lost: DriverError) -> None:
        self._fd, self._lost = fd, lost
        self._heard = b""
        self._gone = False
        self._news = asyncio.Event()
        listen(fd, self._hear)

    def close(self) -> None:
        """Leave the file descriptor alone."""
        asyncio.get_running_loop().remove_reader(self._fd)

    def forget(self) -> None:
        """Drop what has come and was not read. DriverError: the other end is gone."""
        if self._gone:
            raise self._lost
        self._heard = b""

    async def read(self) -> bytes:
        """All that has come since the last read, as soon as there is something. DriverError: the other end is gone."""
        while not self._heard:
            if self._gone:
                raise self._lost
            self._news.clear()
            await self._news.wait()
        heard, self._heard = self._heard, b""
        return heard

    def _hear(self, data: bytes) -> None:
        self._gone = not data
        self._heard = (self._heard + data)[-LARGEST:]
        self._news.set()
