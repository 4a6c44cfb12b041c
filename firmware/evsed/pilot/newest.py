"""What the pilot has said and nobody has taken yet: the newest of each EVSE, and every edge before it."""

from __future__ import annotations

from evse_drivers.api import Seen

MOST = 100  # edges kept of one EVSE: a station that takes none for so long has other troubles; the oldest go


class Newest:
    """`put` what comes, `take` it in order. A Seen that differs from the one before only in what is measured or worded
    takes its place; plugs, unplugs, openings, closings, states and faults are edges and are all kept."""

    __slots__ = ("_waiting", "lost")

    def __init__(self) -> None:
        self._waiting: list[Seen] = []
        self.lost = 0  # edges that nobody took in time

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, seen: Seen) -> None:
        """It was said."""
        waiting = self._waiting
        own = [place for place, other in enumerate(waiting) if other.evse == seen.evse]
        if own and _edge(waiting[own[-1]]) == _edge(seen):
            del waiting[own[-1]]
        elif len(own) >= MOST:
            del waiting[own[0]]
            self.lost += 1
        waiting.append(seen)

    def take(self) -> Seen:
        """The oldest; IndexError if there is none."""
        return self._waiting.pop(0)


def _edge(seen: Seen) -> tuple[object, ...]:
    return (
        seen.boot, seen.plug, seen.state, seen.closed, seen.locked, seen.faults, seen.fault, seen.warnings,
        seen.unplugged_at, seen.opened_at, seen.phases,
    )  # fmt: skip
