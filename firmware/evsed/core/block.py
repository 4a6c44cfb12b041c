"""What a block of the core is: some state, the events it hears, the effects and facts it answers with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from evsed.model.inputs import Input
from evsed.model.time import Instant

from .effects import Effect
from .facts import Fact


class Block(Protocol):
    """One subject of the station, with its own state and deadlines.

    `hears` names the inputs, facts and commands (for a Called: the class of its command) that reach `handle`. A
    block hears Tick by having a deadline, not by naming it. Exactly one block hears each command and yields the Reply.
    """

    @property
    def hears(self) -> tuple[type, ...]: ...

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]: ...

    def next_deadline(self) -> float | None:
        """mono s at which this block wants a Tick; None: only when something happens."""

    def view(self, now: Instant) -> dict[str, Any]:
        """What `evsed show` tells of this block, JSON values."""


class Config(Protocol):
    """The variables as blocks and the link read them. Names are those of variables.toml."""

    def text(self, name: str) -> str: ...

    def integer(self, name: str) -> int: ...

    def decimal(self, name: str) -> float: ...

    def boolean(self, name: str) -> bool: ...

    def members(self, name: str) -> tuple[str, ...]:
        """A comma-separated list."""
