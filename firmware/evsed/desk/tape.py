"""Every frame that the desk's central system has sent or received, as it was, for whoever asks or watches."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

Frame = dict[str, Any]
FRAMES_KEPT = 200_000


class Tape:
    """Frames count from 1 and keep their numbers when the oldest are forgotten. Needs a running event loop."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=FRAMES_KEPT)
        self._watchers: set[asyncio.Event] = set()

    @property
    def last(self) -> int:
        """The number of the last frame; 0 before the first."""
        return int(self._frames[-1]["n"]) if self._frames else 0

    def record(self, station: str, sender: str, text: str) -> Frame:
        """Keep a frame, before any parsing; `kind` and `action` are for the caller to correct at once."""
        frame: Frame = {"n": self.last + 1, "at": time.monotonic(), "utc": time.time(), "station": station}
        frame |= {"from": sender, "text": text, "kind": "garbage", "action": None}
        self._frames.append(frame)
        for watcher in self._watchers:
            watcher.set()
        return frame

    def after(self, since: int) -> list[Frame]:
        """The frames after number `since`."""
        if not self._frames:
            return []
        skip = max(0, since + 1 - self._frames[0]["n"])
        return list(itertools.islice(self._frames, skip, None))

    async def watch(self, since: int) -> AsyncIterator[dict[str, Any]]:
        """Every frame after number `since`, as they come."""
        news = asyncio.Event()
        self._watchers.add(news)
        try:
            while True:
                news.clear()
                for frame in self.after(since):
                    since = frame["n"]
                    yield {"frame": frame}
                await news.wait()
        finally:
            self._watchers.discard(news)
