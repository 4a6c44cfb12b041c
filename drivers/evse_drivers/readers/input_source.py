"""The events of a file of /dev/input, awaited."""

from __future__ import annotations

import os

from ..api import DriverError
from ..byte_stream import ByteStream


class EventSource:
    """See listening.Source. Owns `fd`; `name` goes into the error text."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._stream = ByteStream(fd, DriverError(f"{name} was unplugged. Check its cable."))

    def close(self) -> None:
        """Give the device back."""
        if self._fd >= 0:
            self._stream.close()
            os.close(self._fd)
            self._fd = -1

    async def read(self) -> bytes:
        """See Source."""
        return await self._stream.read()
