"""Routes each input to the blocks that hear it, feeds their facts back until all is quiet, and collects the effects."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast, get_args

from evsed.model.commands import Refused
from evsed.model.inputs import Called, Input, Tick
from evsed.model.time import Instant

from .block import Block
from .effects import Effect, Note, Reply
from .facts import Fact

FACTS = get_args(Fact)
T = TypeVar("T")
BOUND = 1000  # events in one handle; a rule that feeds itself is a mistake of ours and must not hang the station


class Station:
    """The whole core. `handle` is the only way in; it never blocks, never fails for what the world says."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._routes: dict[type, list[Block]] = {}
        for block in blocks:
            for kind in block.hears:
                self._routes.setdefault(kind, []).append(block)

    def handle(self, event: Input, now: Instant) -> list[Effect]:
        """What the shell must do about `event`. A Called gets exactly one Reply, now or in a later handle."""
        effects: list[Effect] = []
        events: deque[Input | Fact] = deque([event])
        for _ in range(BOUND):
            if not events:
                return effects
            for out in self._heard(events.popleft(), now):
                if isinstance(out, FACTS):
                    events.append(cast(Fact, out))
                else:
                    effects.append(cast(Effect, out))
        effects.append(Note(f"the rules do not come to rest after {type(event).__name__}", "error"))
        return effects

    def block(self, kind: type[T]) -> T:
        """The block of that class, for what the root lets the outside see."""
        return next(block for block in self._blocks if isinstance(block, kind))

    def next_deadline(self) -> float | None:
        """mono s at which a Tick is due."""
        times = [block.next_deadline() for block in self._blocks]
        return min((time for time in times if time is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """Every block's own account, by its class name in lower case."""
        return {type(block).__name__.lower(): block.view(now) for block in self._blocks}

    def _heard(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        if isinstance(event, Tick):
            for block in self._blocks:
                due = block.next_deadline()
                if due is not None and due <= now.mono:
                    yield from block.handle(event, now)
            return
        kind = type(event.command) if isinstance(event, Called) else type(event)
        blocks = self._routes.get(kind, [])
        if isinstance(event, Called) and not blocks:
            yield Reply(event.call, Refused("NotSupported", f"{kind.__name__} is not supported"))
        for block in blocks:
            yield from block.handle(event, now)
