"""The conversation with a board on virtual time: what it is told, when, and what happens when it is silent."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from evse_drivers.api import DriverError, Permit, Seen
from evse_drivers.boards.polled import PolledBoard, evse_of
from evse_drivers.boards.status import Offer, Status

from tests.virtual_time import play

SILENT = DriverError("evse.1.board: no answer. Check its bus.")


class Toy(PolledBoard):
    """A board that does as it is told, within an instant."""

    keeps_current = True

    def __init__(self) -> None:
        super().__init__("evse.1.board", 0.5)
        self.status = Status("C2", closed=True, offered=16.0, told=16.0)
        self.begun: list[float] = []
        self.told: list[tuple[float, Offer]] = []
        self.looks = 0
        self.forgets = self.silent = False

    async def begin(self) -> None:
        self._answer()
        self.begun.append(self._now())

    async def look(self) -> Status:
        self._answer()
        self.looks += 1
        return self.status

    async def offer(self, offer: Offer) -> None:
        self._answer()
        self.told.append((self._now(), offer))
        told = 0.0 if self.forgets else offer.amps
        self.status = replace(
            self.status, offered=offer.amps, told=told, state="C2" if offer.amps else "B1", closed=offer.amps > 0
        )

    def _answer(self) -> None:
        if self.silent:
            raise SILENT


class Listener:
    """Iterates `seen` and keeps what it yields, until the board is lost."""

    def __init__(self, board: PolledBoard) -> None:
        self.seen: list[Seen] = []
        self.lost: str | None = None
        self.task = asyncio.ensure_future(self._listen(board))

    async def _listen(self, board: PolledBoard) -> None:
        try:
            async for seen in board.seen():
                self.seen.append(seen)
        except DriverError as error:
            self.lost = str(error)


def permit(amps: float, how: str = "grace") -> Permit:
    until = asyncio.get_running_loop().time() + 5
    return Permit(1, amps, 3, False, "now" if how == "now" else "grace", until)


def run(story: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        await story
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    play(whole())


def test_it_is_told_what_is_permitted_at_once_and_only_when_that_changes() -> None:
    async def story() -> None:
        board = Toy()
        listener = Listener(board)
        await asyncio.sleep(1.1)
        for second in range(4):  # the station renews each second
            await board.permit(permit(16.0))
            await asyncio.sleep(1.0 if second < 3 else 0.1)
        await board.permit(permit(10.0))
        await asyncio.sleep(0.1)
        assert [(round(at, 1), offer) for at, offer in board.told] == [(1.1, Offer(16.0)), (4.2, Offer(10.0))]
        assert listener.seen[-1].offered == 10.0
        assert board.looks <= 1 + 1 + 4.3 / 0.5 + 2  # a permit that is only renewed does not make it asked more often

    run(story())


def test_seen_comes_on_each_change_and_once_a_second() -> None:
    async def story() -> None:
        board = Toy()
        listener = Listener(board)
        await asyncio.sleep(3.1)
        assert [round(seen.at, 1) for seen in listener.seen] == [0.0, 1.0, 2.0, 3.0]
        board.status = Status("A1", closed=False, offered=0.0)
        await asyncio.sleep(0.5)
        assert round(listener.seen[-1].at, 1) == 3.5

    run(story())


def test_a_permit_that_is_not_renewed_withdraws_the_offer() -> None:
    async def story() -> None:
        board = Toy()
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(7.0)
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(0.0)]
        assert 5.1 <= board.told[-1][0] <= 5.7

    run(story())


def test_without_any_permit_a_running_charge_is_told_to_stop_after_10_s() -> None:
    async def story() -> None:
        board = Toy()
        Listener(board)
        await asyncio.sleep(9.9)
        assert board.told == []
        await asyncio.sleep(0.7)
        assert [offer for _, offer in board.told] == [Offer(0.0)]

    run(story())


def test_a_board_that_does_not_charge_is_told_at_once_to_offer_nothing() -> None:
    async def story() -> None:
        board = Toy()
        board.status = Status("A1", closed=False, offered=0.0, told=32.0)
        Listener(board)
        await asyncio.sleep(0.1)
        assert [offer for _, offer in board.told] == [Offer(0.0)]

    run(story())


def test_a_short_silence_is_nothing_but_the_board_is_set_up_anew() -> None:
    async def story() -> None:
        board = Toy()
        listener = Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.1)
        board.silent = True
        await asyncio.sleep(2.0)
        board.silent = False
        await asyncio.sleep(1.0)
        assert listener.lost is None
        assert len(board.begun) == 2
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(16.0)]
        assert len({seen.boot for seen in listener.seen}) == 1

    run(story())


def test_a_board_that_is_silent_for_more_than_3_s_is_lost_and_comes_back_under_another_boot() -> None:
    async def story() -> None:
        board = Toy()
        listener = Listener(board)
        await asyncio.sleep(0.6)
        board.silent = True
        await asyncio.sleep(2.9)
        assert listener.lost is None
        await asyncio.sleep(1.0)
        assert listener.lost == "evse.1.board: no answer. Check its bus."
        board.silent = False
        again = Listener(board)
        await asyncio.sleep(0.1)
        assert again.seen[0].boot != listener.seen[0].boot
        assert again.seen[0].plug == 1

    run(story())


def test_a_permit_during_a_silence_is_told_when_the_board_is_back() -> None:
    async def story() -> None:
        board = Toy()
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.1)
        board.silent = True
        await board.permit(permit(0.0, "now"))
        await asyncio.sleep(1.0)
        board.silent = False
        await asyncio.sleep(0.6)
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(0.0, "now")]

    run(story())


def test_a_board_that_says_it_was_told_something_else_is_told_again_but_not_in_a_storm() -> None:
    async def story() -> None:
        board = Toy()
        board.forgets = True
        Listener(board)
        await asyncio.sleep(0.1)
        for _ in range(10):
            await board.permit(permit(16.0))
            await asyncio.sleep(1.0)
        assert {offer for _, offer in board.told} == {Offer(16.0)}
        assert 3 <= len(board.told) <= 5

    run(story())


def test_a_board_that_restarts_is_set_up_anew_under_another_boot() -> None:
    async def story() -> None:
        board = Toy()
        listener = Listener(board)
        await asyncio.sleep(0.6)
        before = board.status
        board.status = replace(before, restarted=True)
        await asyncio.sleep(0.45)
        board.status = before
        await asyncio.sleep(1.0)
        assert len(board.begun) > 1
        assert listener.seen[0].boot != listener.seen[-1].boot

    run(story())


def test_a_board_that_wants_it_is_told_again_and_again() -> None:
    async def story() -> None:
        board = Toy()
        board.renew = 2.0
        Listener(board)
        await asyncio.sleep(0.1)
        for _ in range(6):
            await board.permit(permit(16.0))
            await asyncio.sleep(1.0)
        times = [at for at, _ in board.told]
        assert len(times) >= 3
        assert all(1.9 <= after - before <= 2.7 for before, after in itertools.pairwise(times))

    run(story())


def test_waking_a_vehicle_takes_its_offer_away_for_4_s() -> None:
    async def story() -> None:
        board = Toy()
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.1)
        assert await board.act(1, "wake") == "nothing is offered to this vehicle, or it charges already"
        board.status = replace(board.status, closed=False, state="B2")
        await asyncio.sleep(0.5)
        assert await board.act(1, "wake") is None
        for _ in range(6):
            await board.permit(permit(16.0))
            await asyncio.sleep(1.0)
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(0.0), Offer(16.0)]
        assert 4.0 <= board.told[2][0] - board.told[1][0] <= 4.6

    run(story())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("acknowledge", "this board keeps no fault that could be acknowledged: its faults go with their cause"),
        ("selftest", "this board tests its residual-current device by itself, or has none"),
        ("unlock", "this board has no plug lock that can be told to open"),
        ("new-contactor", "this board counts no openings"),
    ],
)
def test_what_it_cannot_do_it_says(act: Any, words: str) -> None:
    async def story() -> None:
        assert await Toy().act(1, act) == words

    run(story())


def test_in_order_to_end_a_board_that_keeps_its_current_is_told_to_stop() -> None:
    async def story() -> None:
        board = Toy()
        await board.close()
        assert board.told == []  # never spoken with
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.1)
        await board.close()
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(0.0)]

    run(story())


def test_a_board_with_a_watchdog_goes_by_that_when_the_station_ends() -> None:
    async def story() -> None:
        board = Toy()
        board.keeps_current = False  # type: ignore[misc]
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.1)
        await board.close()
        assert [offer for _, offer in board.told] == [Offer(16.0)]

    run(story())


def test_a_board_belongs_to_an_outlet() -> None:
    assert evse_of("evse.12.board") == 12
    with pytest.raises(DriverError) as caught:
        evse_of("reader.front")
    assert str(caught.value) == "reader.front: a board belongs to an outlet. Put it into [evse.N.board]."
