"""The common part of readers that speak by themselves: they are listened to, and their silence says nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from ..api import Uid

if TYPE_CHECKING:
    from .listening import Listening, Parser, Source

Kind = Literal["ISO14443", "ISO15693", "other"]
KINDS: tuple[Kind, ...] = ("other", "ISO14443", "ISO15693")
CARDS_HELP = "which cards it reads; OCPP 2.x is told so with the number (other: as Local)"


class SpeakingReader:
    """A `Reader`. A subclass fulfils `_open` and `_parser`."""

    gone_after: ClassVar[float]  # s; a card that is told again within it is held
    pause: ClassVar[float]  # s within a message, and it is over
    advice: ClassVar[str]  # when what it says makes no sense

    def __init__(self, where: str, what: str, cards: str = "other") -> None:
        """`what`: "the reader on /dev/ttyUSB0", for the error texts; `cards`: one of KINDS."""
        self.where = where
        self.on_heard: Callable[[str | None], None] | None = None
        self._what = what
        self._cards = cast("Kind", cards)
        self._listening: Listening | None = None

    async def tokens(self) -> AsyncIterator[Uid]:
        """Cards as they come. Iterate it once, in one task; it ends after `close`."""
        # Here and not above: the pilot process checks the settings too and has no room for asyncio.
        from .listening import Listening

        self._listening = Listening(
            self._open,
            self._parser(),
            name=f"{self.where}: {self._what}",
            gone_after=self.gone_after,
            pause=self.pause,
            advice=self.advice,
            on_heard=self.on_heard,
        )
        async for uid in self._listening.cards():
            yield Uid(uid, self._cards)

    async def close(self) -> None:
        """End `tokens`."""
        if self._listening is not None:
            self._listening.stop()

    async def _open(self) -> Source:
        """Where its bytes come from. DriverError."""
        raise NotImplementedError

    def _parser(self) -> Parser:
        """What makes UIDs of them."""
        raise NotImplementedError
