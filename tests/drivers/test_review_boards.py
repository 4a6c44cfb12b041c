"""A board that was told something and did not confirm it, or confirms and does not obey: on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from evse_drivers.api import DriverError
from evse_drivers.boards.status import Offer, Status

from tests.drivers.test_board_polled import Listener, Toy, permit, run


class Mumbler(Toy):
    """It does what it is told; while `mumbles`, its answer to that is lost."""

    mumbles = False

    async def offer(self, offer: Offer) -> None:
        await super().offer(offer)
        self.status = replace(self.status, told=None)  # nor does it say what it was told
        if self.mumbles:
            raise DriverError("evse.1.board: no answer. Check its bus.")


class Deaf(Toy):
    """It takes every order and goes on at 16 A."""

    async def offer(self, offer: Offer) -> None:
        self.told.append((self._now(), offer))


def test_a_raise_whose_answer_was_lost_is_taken_back() -> None:
    async def story() -> None:
        board = Mumbler()
        board.status = Status("B1", closed=False, offered=0.0)
        Listener(board)
        await asyncio.sleep(0.1)
        board.mumbles = True
        await board.permit(permit(16.0))
        await asyncio.sleep(0.2)
        assert board.status.offered == 16.0
        await board.permit(permit(0.0))
        board.mumbles = False
        await asyncio.sleep(1.0)
        assert board.status.offered == 0.0

    run(story())


def test_a_board_that_takes_every_order_and_goes_on_is_a_fault_though_it_says_what_it_was_told() -> None:
    async def story() -> None:
        board = Deaf()
        listener = Listener(board)
        await asyncio.sleep(0.1)
        for _ in range(16):
            await board.permit(permit(0.0))
            await asyncio.sleep(1.0)
        assert listener.seen[-1].fault == "contactor"
        assert len(board.told) >= 6, "it is told again and again"

    run(story())


def test_a_board_that_is_silent_just_when_the_station_ends_is_told_to_stop_all_the_same() -> None:
    async def story() -> None:
        board = Toy()
        Listener(board)
        await asyncio.sleep(0.1)
        await board.permit(permit(16.0))
        await asyncio.sleep(0.2)
        board.silent = True
        await asyncio.sleep(0.6)
        board.silent = False
        await board.close()
        assert [offer for _, offer in board.told] == [Offer(16.0), Offer(0.0)]

    run(story())


class Unfit(Toy):
    """It answers, and `begin` finds that it is another device, or the right one that is set wrongly."""

    def __init__(self, identified: bool) -> None:
        super().__init__()
        self._is_one = identified
        self.status = Status("C2", closed=True, offered=32.0)

    async def begin(self) -> None:
        self._answer()
        self.identified = self._is_one
        raise DriverError("evse.1.board: its diode check is switched off. Switch it on.")


def test_a_board_that_is_refused_is_told_to_stop_and_a_stranger_is_told_nothing() -> None:
    async def story() -> None:
        for identified, told in ((True, [Offer(0.0)]), (False, [])):
            board = Unfit(identified)
            listener = Listener(board)
            await asyncio.sleep(10.0)
            assert listener.lost == "evse.1.board: its diode check is switched off. Switch it on."
            assert [offer for _, offer in board.told] == told
            assert board.status.closed is not identified

    run(story())


def test_a_board_that_is_refused_and_does_not_take_the_stop_is_lost_by_its_first_words() -> None:
    async def story() -> None:
        board = Unfit(True)
        listener = Listener(board)
        await asyncio.sleep(2.0)
        board.offer = lambda offer: asyncio.sleep(1e9)  # type: ignore[method-assign, assignment]
        await asyncio.sleep(10.0)
        assert listener.lost == "evse.1.board: its diode check is switched off. Switch it on."

    run(story())
