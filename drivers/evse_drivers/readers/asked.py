"""The common part of readers that are asked, again and again, whether a card is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, ClassVar

from ..api import Uid

if TYPE_CHECKING:
    from .watch import Device, Watch


class AskedReader:
    """A `Reader` of ISO 14443 A cards. A subclass fulfils `_open`."""

    renewed: ClassVar[float] = 0.0  # s without a card, and it is opened anew; 0: never

    def __init__(self, where: str, every_ms: int) -> None:
        self.where = where
        self.on_heard: Callable[[str | None], None] | None = None
        self._every = every_ms / 1000
        self._watch: Watch | None = None

    async def tokens(self) -> AsyncIterator[Uid]:
        """Cards as they come. Iterate it once, in one task; it ends after `close`."""
        # Here and not above: the pilot process checks the settings too and has no room for asyncio.
        from .watch import Watch

        self._watch = Watch(self._open, self._every, self.on_heard, self.renewed)
        async for uid in self._watch.cards():
            yield Uid(uid)

    async def close(self) -> None:
        """End `tokens`; a bus belongs to the one who opened it."""
        if self._watch is not None:
            self._watch.stop()

    async def _open(self) -> Device:
        """What is asked. DriverError."""
        raise NotImplementedError
