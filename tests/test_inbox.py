"""In what order the effects of an input are carried out, and what the disk holds up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from evse_drivers.api import Permit
from evsed.core.effects import Ask, Do, Effect, Gate, Note, Reconnect, Reply, Restart, SetClock
from evsed.core.facts import Fact
from evsed.core.station import Station
from evsed.inbox import Inbox
from evsed.model.commands import Status
from evsed.model.inputs import ClockSet, DiskTrouble, Input, LinkDown, LinkUp, Started, Tick
from evsed.model.journal import Booted, Done, Entry, Save, Tell
from evsed.model.questions import Beat
from evsed.model.reports import ConnectorReport
from evsed.model.time import Instant
from virtual_time import VirtualClock, play

REPORT = ConnectorReport(Instant(0.0, None), 1, True)


class Script:
    """A block that answers each kind of input with what the test says, and wants ticks at `due`."""

    hears = (Started, LinkUp, LinkDown, DiskTrouble, ClockSet)

    def __init__(self, says: dict[type, list[Effect]], due: list[float]) -> None:
        self._says, self._due, self.heard = says, due, list[tuple[type, float]]()

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        self.heard.append((type(event), now.mono))
        if isinstance(event, Tick):
            self._due.pop(0)
        yield from self._says.get(type(event), [])

    def next_deadline(self) -> float | None:
        return self._due[0] if self._due else None

    def view(self, now: Instant) -> dict[str, Any]:
        return {}


class Desk:
    """An inbox whose hands write down what they are told; the disk commits when `commit` is called, or at once."""

    def __init__(self, says: dict[type, list[Effect]], due: Sequence[float] = (), stalled: bool = False) -> None:
        self.script = Script(says, list(due))
        self.did: list[Any] = []
        self.commits: list[list[Entry]] = []
        self.stalled, self._waiting = stalled, list[Callable[[], None]]()
        self.clock = VirtualClock(boot=4)
        self.inbox = Inbox(Station([self.script]), self.clock, self)

    def submit(self, entries: Sequence[Entry], done: Callable[[], None]) -> None:
        self.commits.append(list(entries))
        self._waiting.append(done)
        if not self.stalled:
            self.commit()

    def commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done()

    def permit(self, permit: Permit) -> None:
        self.did.append(permit)

    def act(self, do: Do) -> None:
        self.did.append(do)

    def ask(self, ask: Ask) -> None:
        self.did.append(ask)

    def reply(self, reply: Reply) -> None:
        self.did.append(reply)

    def gate(self, level: str) -> None:
        self.did.append(level)

    def queued(self) -> None:
        self.did.append("queued")

    def reconnect(self) -> None:
        self.did.append("reconnect")

    def restart(self, restart: Restart) -> None:
        self.did.append(restart)

    def broken(self, error: Exception) -> None:
        self.did.append(error)

    def note(self, text: str, level: str) -> None:
        self.did.append((level, text))


def on_the_loop(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    play(story())


def test_all_entries_of_an_input_and_those_it_brings_are_one_commit() -> None:
    async def story() -> None:
        desk = Desk({LinkUp: [Save("a", "1", 1), Note("hello"), Tell(REPORT), Save("b", "2", 2)]})
        desk.inbox.put(LinkUp("1.6"), (Done(7),))
        assert desk.commits == [[Done(7), Save("a", "1", 1), Tell(REPORT), Save("b", "2", 2)]]

    on_the_loop(story)


def test_nothing_but_a_lower_permit_happens_before_the_commit() -> None:
    async def story() -> None:
        low, reply = Permit(1, 0.0, 3, False, "grace", 5.0), Reply(1, Status("Accepted"))
        desk = Desk({LinkUp: [Save("a", "1", 1), reply, Ask(2, Beat(), 9.0), low]}, stalled=True)
        desk.inbox.put(LinkUp("1.6"))
        assert desk.did == [low]
        desk.commit()
        assert desk.did == [low, reply, Ask(2, Beat(), 9.0)]

    on_the_loop(story)


def test_a_raised_permit_waits_for_the_commit_even_where_nothing_is_saved() -> None:
    async def story() -> None:
        high = Permit(1, 16.0, 3, True, "grace", 5.0)
        desk = Desk({LinkUp: [high]}, stalled=True)
        desk.inbox.put(LinkUp("1.6"))
        assert desk.did == []
        desk.commit()
        assert desk.did == [high]

    on_the_loop(story)


def test_the_reply_goes_before_the_queue_is_told_of_the_reports() -> None:
    async def story() -> None:
        reply = Reply(1, Status("Accepted"))
        desk = Desk({LinkUp: [Tell(REPORT), reply]})
        desk.inbox.put(LinkUp("1.6"))
        assert desk.did == [reply, "queued"]

    on_the_loop(story)


def test_without_entries_nothing_waits_for_the_disk() -> None:
    async def story() -> None:
        desk = Desk({LinkUp: [Note("no journal", "warning")]}, stalled=True)
        desk.inbox.put(LinkUp("1.6"))
        assert (desk.did, desk.commits) == ([("warning", "no journal")], [])

    on_the_loop(story)


def test_every_effect_has_a_hand() -> None:
    async def story() -> None:
        desk = Desk({LinkUp: [Gate("open"), Do(1, "unlock"), Reconnect(), Restart("RemoteReset")]})
        desk.inbox.put(LinkUp("1.6"))
        assert desk.did == ["open", Do(1, "unlock"), "reconnect", Restart("RemoteReset")]

    on_the_loop(story)


def test_done_is_called_after_the_effects() -> None:
    async def story() -> None:
        desk = Desk({LinkUp: [Save("a", "1", 1), Note("effect")]}, stalled=True)
        desk.inbox.put(LinkUp("1.6"), done=lambda: desk.did.append("done"))
        assert desk.did == []
        desk.commit()
        assert desk.did == [("info", "effect"), "done"]

    on_the_loop(story)


def test_an_input_put_while_an_effect_is_carried_out_waits_for_its_turn() -> None:
    async def story() -> None:
        desk = Desk({LinkUp: [Note("first"), Note("second")], LinkDown: [Note("later")]})
        note = desk.note

        def puts(text: str, level: str) -> None:
            if text == "first":
                desk.inbox.put(LinkDown("re-entrant"))
            note(text, level)

        desk.note = puts  # type: ignore[method-assign]
        desk.inbox.put(LinkUp("1.6"))
        assert [text for _, text in desk.did] == ["first", "second", "later"]

    on_the_loop(story)


def test_a_clock_that_was_found_is_an_input_and_is_kept() -> None:
    async def story() -> None:
        await asyncio.sleep(100)
        desk = Desk({LinkUp: [SetClock(2_000_000_000.0)]})
        desk.inbox.put(LinkUp("1.6"))
        assert desk.commits == [[Booted(4, 1_999_999_900.0)]]
        assert [kind for kind, _ in desk.script.heard] == [LinkUp, ClockSet]
        desk.inbox.put(LinkUp("1.6"))
        assert [kind for kind, _ in desk.script.heard] == [LinkUp, ClockSet, LinkUp]  # no news

    on_the_loop(story)


def test_ticks_come_at_the_deadlines_and_end_with_close() -> None:
    async def story() -> None:
        desk = Desk({}, due=[10.0, 10.5, 3600.0, 86_400.0, 90_000.0])
        desk.inbox.put(Started("PowerUp"))
        await asyncio.sleep(87_000)
        desk.inbox.close()
        await asyncio.sleep(10_000)
        assert [round(at, 6) for kind, at in desk.script.heard if kind is Tick] == [10.0, 10.5, 3600.0, 86_400.0]

    on_the_loop(story)


def test_a_rule_that_fails_ends_the_station_and_nothing_more_is_built_on_it() -> None:
    async def story() -> None:
        mistake = ZeroDivisionError("in a rule")

        class Faulty(Script):
            def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
                yield from super().handle(event, now)
                if isinstance(event, LinkUp):
                    raise mistake

        desk = Desk({LinkUp: [Note("never said")], LinkDown: [Note("never said")]}, due=[5.0])
        desk.inbox = Inbox(Station([Faulty(desk.script._says, [5.0])]), desk.clock, desk)
        desk.inbox.put(DiskTrouble(None))
        try:
            desk.inbox.put(LinkUp("1.6"))
        except ZeroDivisionError:
            pass
        desk.inbox.put(LinkDown("after it"))
        await asyncio.sleep(10)
        assert desk.did == [mistake]

    play(story())


def test_an_effect_that_fails_after_its_commit_ends_the_station() -> None:
    async def story() -> None:
        mistake = ValueError("in the link")

        class Clumsy(Desk):
            def ask(self, ask: Ask) -> None:
                raise mistake

        desk = Clumsy({Started: [Save("thing", "1", 1), Ask(1, Beat(), 10.0)]})
        try:
            desk.inbox.put(Started("PowerUp"))
        except ValueError:
            pass
        assert mistake in desk.did
        assert len(desk.commits) == 1  # what was written stays written

    play(story())
