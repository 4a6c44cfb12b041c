"""The events of a file of /dev/input, awaited."""

from __future__ import annotations

import asyncio
import os

from ..api import DriverError
from .hid_keys import EVENT


class EventSource:
    """See listening.Source. Owns `fd`; `name` goes into the error text."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd, self._name = fd, name
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, self._news.set)

    def close(self) -> None:
        """Give the device back."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    async def read(self) -> bytes:
        """See Source; whole events."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                data = os.read(self._fd, 64 * EVENT.size)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                raise DriverError(f"{self._name} was unplugged. Check its cable.")
            return data
