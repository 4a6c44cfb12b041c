"""The router: facts are fed back until quiet, within bounds; every call is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from evsed.core.block import Block
from evsed.core.effects import Effect, Note, Reply
from evsed.core.facts import Availability, Fact, ProfilesChanged
from evsed.core.station import Station
from evsed.model.commands import ClearCache, Command, Refused, Unlock
from evsed.model.inputs import Called, DiskTrouble, Input, Tick
from evsed.model.time import Instant
from house import House

NOW = Instant(100.0, None)


class Rules:
    """A block that hears `hears` and answers each with `says`."""

    def __init__(self, hears: tuple[type, ...], *says: Effect | Fact, due: float | None = None) -> None:
        self.hears, self._says, self._due = hears, says, due
        self.heard: list[Any] = []

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        self.heard.append(event)
        yield from self._says

    def next_deadline(self) -> float | None:
        return self._due

    def view(self, now: Instant) -> dict[str, Any]:
        return {"heard": len(self.heard)}


def station(*blocks: Block) -> Station:
    return Station(blocks)


def test_a_fact_reaches_the_blocks_that_hear_it_and_no_other() -> None:
    one, two, three = (
        Rules((DiskTrouble,), Availability(1, True)),
        Rules((Availability,), Note("heard")),
        Rules((ProfilesChanged,)),
    )
    assert station(one, two, three).handle(DiskTrouble(None), NOW) == [Note("heard")]
    assert (two.heard, three.heard) == ([Availability(1, True)], [])


def test_rules_that_feed_themselves_are_stopped() -> None:
    endless = Rules((DiskTrouble, Availability), Availability(1, True))
    assert station(endless).handle(DiskTrouble(None), NOW) == [
        Note("the rules do not come to rest after DiskTrouble", "error")
    ]


def test_a_command_that_no_block_hears_is_refused() -> None:
    assert station().handle(Called(7, ClearCache()), NOW) == [
        Reply(7, Refused("NotSupported", "ClearCache is not supported"))
    ]


def test_a_tick_reaches_only_those_whose_time_has_come() -> None:
    due, early, never = Rules((), due=100.0), Rules((), due=100.1), Rules(())
    whole = station(due, early, never)
    whole.handle(Tick(), NOW)
    assert (due.heard, early.heard, never.heard) == ([Tick()], [], [])
    assert whole.next_deadline() == 100.0
    assert station(never).next_deadline() is None


def test_every_block_tells_its_own_account() -> None:
    assert station(Rules(())).view(NOW) == {"rules": {"heard": 0}}


@pytest.mark.parametrize("kind", get_args(Command), ids=lambda kind: kind.__name__)
def test_exactly_one_block_answers_each_command(kind: type) -> None:
    hearing = [block for block in House().station._blocks if kind in block.hears]
    answering = 1 + (kind is Unlock)  # Sessions hears it too, to let go of a cable it keeps locked
    assert len(hearing) == answering
