"""Runs a reader in a test: what it yields, what it says of itself, and a patient look at either."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from evse_drivers.api import Uid


class Story:
    """`uids` are the tokens so far, `heard` what on_heard was called with."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.uids: list[Uid] = []
        self.heard: list[str | None] = []

    @property
    def cards(self) -> list[str]:
        return [uid.hex for uid in self.uids]

    async def collect(self) -> None:
        async for uid in self.driver.tokens():
            self.uids.append(uid)

    async def until(self, condition: Callable[[], object], seconds: float = 3.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.cards, self.heard)
            await asyncio.sleep(0.005)


async def told(driver: Any, test: Callable[[Story], Awaitable[None]]) -> None:
    """Run `test` while the reader is read; it must end when it is closed."""
    story = Story(driver)
    driver.on_heard = story.heard.append
    task = asyncio.create_task(story.collect())
    try:
        await test(story)
    finally:
        await driver.close()
        await asyncio.wait_for(task, 2)
