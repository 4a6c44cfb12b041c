"""Pilots, meters, thermometers, readers: what they say becomes inputs, what they do wrong stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from evse_drivers.api import Act, DriverError, Permit, Phases, Reading, Seen, Uid
from evsed.core.effects import Do
from evsed.model.cards import Writing
from evsed.model.inputs import (
    Input,
    Metered,
    MeterSilent,
    Observed,
    PilotLost,
    Presented,
    ReaderHeard,
    Warmed,
)
from evsed.model.tokens import Token
from evsed.outlets import Outlets
from virtual_time import play

SEEN = Seen(1, 0.0, "boot", "A1", 0, False, 0.0, 12.0, None, None, None, None, "", None, None, 10.0)


def now() -> float:
    return asyncio.get_running_loop().time()


class Board:
    """A pilot that says what is put into `says` and remembers what it was told."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[Seen] = asyncio.Queue()
        self.told: list[object] = []
        self.listeners = 0

    async def permit(self, permit: Permit) -> None:
        self.told.append(permit)

    async def act(self, evse: int, act: Act) -> str | None:
        self.told.append((evse, act))
        if act == "wake":
            raise DriverError("evse.1.board: no answer. Check its bus.")
        if act == "acknowledge":
            raise ZeroDivisionError("a bug")
        return "there is no lock" if act == "unlock" else None

    async def seen(self) -> AsyncIterator[Seen]:
        self.listeners += 1
        while True:
            yield await self.says.get()

    async def close(self) -> None:
        pass


class Register:
    """A meter that takes `takes` s to answer and fails while `fails` is a text."""

    def __init__(self, takes: float = 0.0, fails: str = "") -> None:
        self.takes, self.fails, self.closed = takes, fails, False

    async def read(self) -> Reading:
        await asyncio.sleep(self.takes)
        if self.fails:
            raise DriverError(self.fails)
        return Reading(now(), import_wh=1.0)

    async def close(self) -> None:
        self.closed = True


class Cards:
    """A reader before which two cards are held, 5 s apart."""

    closed = False

    async def tokens(self) -> AsyncIterator[Uid]:
        for uid in ("04AA", "04BB"):
            await asyncio.sleep(5)
            yield Uid(uid)

    async def close(self) -> None:
        self.closed = True


def opened(
    board: Board, meters: dict[int, tuple[Register, float]] | None = None, evses: tuple[int, ...] = (1,)
) -> tuple[Outlets, list[tuple[float, Input]]]:
    """Outlets that have been started, and what they put, with the instant."""
    heard: list[tuple[float, Input]] = []
    outlets = Outlets(
        dict.fromkeys(evses, board), meters or {}, {}, {}, lambda input: heard.append((round(now(), 3), input))
    )
    outlets.start()
    return outlets, heard


def test_a_meter_is_read_at_its_interval_whatever_its_answer_takes() -> None:
    async def story() -> None:
        outlets, heard = opened(Board(), {1: (Register(takes=0.3), 1.0)})
        await asyncio.sleep(3.5)
        await outlets.close()
        assert [at for at, _ in heard] == [0.3, 1.3, 2.3, 3.3]
        assert all(isinstance(input, Metered) for _, input in heard)

    play(story())


def test_the_amperes_of_every_reading_are_told_to_the_flight_recorder() -> None:
    async def story() -> None:
        told: list[tuple[int, Phases]] = []
        meters = {1: (Register(), 1.0), 2: (Register(fails="silent"), 1.0)}
        outlets = Outlets({}, meters, {}, {}, lambda _: None, lambda evse, amps: told.append((evse, amps)))
        outlets.start()
        await asyncio.sleep(1.5)
        await outlets.close()
        assert told == [(1, (None, None, None))] * 2

    play(story())


def test_a_meter_slower_than_its_interval_is_read_without_a_pile_of_requests() -> None:
    async def story() -> None:
        outlets, heard = opened(Board(), {1: (Register(takes=2.5), 1.0)})
        await asyncio.sleep(8)
        await outlets.close()
        assert [at for at, _ in heard] == [2.5, 5.0, 7.5]

    play(story())


def test_a_meter_that_fails_is_silent_in_its_own_words_and_holds_up_no_other() -> None:
    async def story() -> None:
        bad, good = Register(fails="evse.1.meter: unit 1 does not answer"), Register()
        outlets, heard = opened(Board(), {1: (bad, 1.0), 2: (good, 1.0)}, (1, 2))
        await asyncio.sleep(1.5)
        assert [input for _, input in heard if isinstance(input, MeterSilent)] == [
            MeterSilent(1, "evse.1.meter: unit 1 does not answer")
        ] * 2
        assert len([input for _, input in heard if isinstance(input, Metered)]) == 2
        bad.fails = ""
        await asyncio.sleep(1)
        assert isinstance([input for _, input in heard if getattr(input, "evse", 0) == 1][-1], Metered)
        await outlets.close()
        assert (bad.closed, good.closed) == (True, True)

    play(story())


def test_a_pilot_is_heard_and_told() -> None:
    async def story() -> None:
        board = Board()
        outlets, heard = opened(board)
        board.says.put_nowait(SEEN)
        permit = Permit(1, 16.0, 3, True, "grace", 5.0)
        outlets.permit(permit)
        outlets.act(Do(1, "unlock"))
        await asyncio.sleep(0.1)
        assert [input for _, input in heard] == [Observed(SEEN)]
        assert board.told == [permit, (1, "unlock")]
        assert outlets.view()["1"]["state"] == "A1"
        await outlets.close()

    play(story())


def test_what_a_pilot_makes_of_an_act_is_told_to_who_wanted_it() -> None:
    async def story() -> None:
        outlets, _ = opened(Board())
        told = [await outlets.act(Do(1, act)) for act in ("unlock", "selftest", "wake", "acknowledge")]
        assert told == [
            "there is no lock",
            None,
            "evse.1.board: no answer. Check its bus.",
            "evse.1.board: its driver failed: ZeroDivisionError('a bug')",
        ]
        await outlets.close()

    play(story())


def test_one_pilot_process_serves_several_evses_and_is_listened_to_once() -> None:
    async def story() -> None:
        board = Board()
        outlets, heard = opened(board, evses=(1, 2))
        for evse in (1, 2, 3):
            board.says.put_nowait(replace(SEEN, evse=evse))
        await asyncio.sleep(0.1)
        assert [input for _, input in heard] == [Observed(SEEN), Observed(replace(SEEN, evse=2))]  # 3 is not ours
        assert board.listeners == 1
        await outlets.close()

    play(story())


def test_a_lost_pilot_is_an_input_and_is_no_longer_shown() -> None:
    async def story() -> None:
        board = Board()
        outlets, heard = opened(board, evses=(1, 2))
        board.says.put_nowait(SEEN)
        await asyncio.sleep(0.1)
        outlets.lost(board, "the pilot process has closed the connection")
        assert heard[-1][1] == PilotLost((1, 2), "the pilot process has closed the connection")
        assert outlets.view() == {}
        await outlets.close()

    play(story())


class Weak(Board):
    """A board that gives up at each iteration, in its own way, until it has no more ways."""

    def __init__(self, *ways: Exception | None) -> None:
        super().__init__()
        self.ways, self.closing = list(ways), 0.0

    async def permit(self, permit: Permit) -> None:
        if permit.amps < 0:
            raise KeyError("amps")

    async def seen(self) -> AsyncIterator[Seen]:
        self.listeners += 1
        if self.ways:
            way = self.ways.pop(0)
            if way is not None:
                raise way
            yield SEEN
            return
        while True:
            yield SEEN
            await asyncio.sleep(1)

    async def close(self) -> None:
        if self.closing < 0:
            raise DriverError("evse.1.board: cannot be told. Check its bus.")
        await asyncio.sleep(self.closing)


def test_a_board_that_gives_up_is_lost_once_and_begun_anew_less_and_less_often() -> None:
    async def story() -> None:
        silent = DriverError("evse.1.board: no answer. Check its bus.")
        board = Weak(*[silent] * 6)
        outlets, heard = opened(board)
        await asyncio.sleep(40)
        assert [row for row in heard if not isinstance(row[1], Observed)] == [(0.0, PilotLost((1,), str(silent)))]
        first = next(at for at, input in heard if isinstance(input, Observed))
        assert first == 1 + 2 + 4 + 8 + 10 + 10
        assert await outlets.close() == ()

    play(story())


def test_a_board_that_is_lost_again_is_told_again() -> None:
    async def story() -> None:
        silent = DriverError("evse.1.board: no answer. Check its bus.")
        outlets, heard = opened(Weak(silent, None, KeyError("x")))
        await asyncio.sleep(4.5)
        assert heard == [
            (0.0, PilotLost((1,), str(silent))),
            (1.0, Observed(SEEN)),
            (1.0, PilotLost((1,), "evse.1.board: its driver has ended")),
            (4.0, Observed(SEEN)),
        ]
        await outlets.close()

    play(story())


def test_a_board_whose_driver_says_nothing_any_more_is_lost_and_begun_anew() -> None:
    async def story() -> None:
        board = Board()
        outlets, heard = opened(board)
        board.says.put_nowait(SEEN)
        await asyncio.sleep(14.9)
        assert [input for _, input in heard] == [Observed(SEEN)]
        await asyncio.sleep(2.0)
        assert heard[-1] == (15.0, PilotLost((1,), "evse.1.board: its driver has said nothing for 15 s"))
        assert outlets.view() == {}
        board.says.put_nowait(SEEN)
        await asyncio.sleep(0.1)
        assert (heard[-1][1], board.listeners) == (Observed(SEEN), 2)
        await outlets.close()

    play(story())


def test_a_meter_whose_driver_hangs_is_silent() -> None:
    async def story() -> None:
        outlets, heard = opened(Board(), {1: (Register(takes=1e9), 1.0)})
        await asyncio.sleep(10.5)
        assert heard == [(10.0, MeterSilent(1, "evse.1.meter: its driver gave no answer within 10 s"))]
        await outlets.close()

    play(story())


def test_a_mistake_in_a_boards_driver_costs_that_board_only() -> None:
    async def story() -> None:
        heard: list[Input] = []
        outlets = Outlets({1: Weak(KeyError("state")), 2: Board()}, {}, {}, {}, heard.append)
        tasks = outlets.start()
        await asyncio.sleep(0.5)
        assert heard == [PilotLost((1,), "evse.1.board: its driver failed: KeyError('state')")]
        await asyncio.sleep(1)
        assert heard[1] == Observed(SEEN)
        assert not any(task.done() for task in tasks)
        await outlets.close()

    play(story())


def test_a_permit_that_a_driver_stumbles_over_is_not_lost_silently() -> None:
    async def story() -> None:
        outlets, heard = opened(Weak(DriverError("evse.1.board: no answer.")))
        outlets.permit(Permit(1, -1.0, 3, True, "grace", 5.0))
        await asyncio.sleep(0.1)
        assert PilotLost((1,), "evse.1.board: its driver failed: KeyError('amps')") in [input for _, input in heard]
        await outlets.close()

    play(story())


def test_boards_are_told_that_the_station_ends_and_those_that_cannot_be_told_are_named() -> None:
    async def story() -> None:
        deaf, slow, fine = Weak(), Weak(), Weak()
        deaf.closing, slow.closing = -1.0, 60.0
        outlets = Outlets({1: deaf, 2: slow, 3: fine}, {}, {}, {}, lambda _: None)
        outlets.start()
        await asyncio.sleep(0.1)
        assert sorted(await outlets.close()) == [
            "evse.1.board: cannot be told. Check its bus.",
            "evse.2.board: was not told within 2 s that the station ends",
        ]

    play(story())


def test_a_card_is_presented_to_the_evses_of_its_reader() -> None:
    async def story() -> None:
        heard: list[Input] = []
        cards = Cards()
        outlets = Outlets({}, {}, {"door": (cards, (1, 2))}, {}, heard.append)
        outlets.start()
        await asyncio.sleep(11)
        await outlets.close()
        assert heard[:2] == [Presented(Token("04AA"), (1, 2)), Presented(Token("04BB"), (1, 2))]
        assert cards.closed

    play(story())


def test_a_card_is_written_as_the_config_says_and_what_is_odd_about_it_is_told() -> None:
    class Phone(Cards):
        async def tokens(self) -> AsyncIterator[Uid]:
            yield Uid("08A1B2C3")

    async def story() -> None:
        heard: list[Input] = []
        outlets = Outlets({}, {}, {"door": (Phone(), (1,))}, {}, heard.append, cards=Writing(byte_order="reversed"))
        outlets.start()
        await asyncio.sleep(1)
        await outlets.close()
        odd = "its UID is a random one (a phone?), another each time: it can be on no list"
        assert heard[0] == Presented(Token("C3B2A108"), (1,), odd)

    play(story())


class Buggy(Register):
    """A meter whose driver has a mistake at its second reading only."""

    def __init__(self) -> None:
        super().__init__()
        self.readings = 0

    async def read(self) -> Reading:
        self.readings += 1
        if self.readings == 2:
            raise KeyError("volts")
        return await super().read()


def test_a_mistake_in_a_meters_driver_is_a_silent_meter_that_is_asked_again() -> None:
    async def story() -> None:
        outlets, heard = opened(Board(), {1: (Buggy(), 1.0)})
        await asyncio.sleep(2.5)
        assert [type(put) for _, put in heard] == [Metered, MeterSilent, Metered]
        assert heard[1][1] == MeterSilent(1, "its driver failed: KeyError('volts')")
        await outlets.close()

    play(story())


# --- thermometers and readers that fail ---------------------------------------------------------------------------


class Sensor:
    """A temperature sensor that does what it is told to at each reading."""

    def __init__(self, *does: float | Exception | None) -> None:
        self.does, self.closed = list(does), False

    async def read(self) -> float:
        what = self.does.pop(0)
        if what is None:
            await asyncio.sleep(3600)
        if isinstance(what, Exception):
            raise what
        return what or 0.0

    async def close(self) -> None:
        self.closed = True


def test_a_temperature_goes_to_its_evses_and_a_sensor_that_fails_is_asked_again() -> None:
    async def story() -> None:
        heard: list[Input] = []
        silent = DriverError("thermometer.housing: /sys/x cannot be read: I/O error. Check the sensor and its wire.")
        sensor = Sensor(20.0, silent, KeyError("t"), None, 21.0)
        outlets = Outlets({}, {}, {}, {"housing": (sensor, (1, 2), 5.0)}, heard.append)
        outlets.start()
        await asyncio.sleep(23)
        assert heard == [
            Warmed("housing", (1, 2), 20.0),
            Warmed("housing", (1, 2), None, str(silent)),
            Warmed("housing", (1, 2), None, "thermometer.housing: its driver failed: KeyError('t')"),
            Warmed("housing", (1, 2), None, "thermometer.housing: no answer within 2 s. Check its wire."),
            Warmed("housing", (1, 2), 21.0),
        ]
        await outlets.close()
        assert sensor.closed

    play(story())


class Weary:
    """A reader that gives up at each iteration, in its own way, after a card."""

    def __init__(self) -> None:
        self.ways: list[Exception | None] = [DriverError("reader.door: gone"), KeyError("uid"), None]

    async def tokens(self) -> AsyncIterator[Uid]:
        yield Uid("04AA")
        way = self.ways.pop(0)
        if way is not None:
            raise way

    async def close(self) -> None:
        pass


def test_a_reader_that_gives_up_is_told_and_begun_anew() -> None:
    async def story() -> None:
        heard: list[tuple[float, Input]] = []
        outlets = Outlets({}, {}, {"door": (Weary(), (1,))}, {}, lambda input: heard.append((now(), input)))
        outlets.start()
        await asyncio.sleep(25)
        await outlets.close()
        card = Presented(Token("04AA"), (1,))
        assert heard == [
            (0.0, card),
            (0.0, ReaderHeard("door", "reader.door: gone")),
            (10.0, ReaderHeard("door", None)),
            (10.0, card),
            (10.0, ReaderHeard("door", "reader.door: its driver failed: KeyError('uid')")),
            (20.0, ReaderHeard("door", None)),
            (20.0, card),
            (20.0, ReaderHeard("door", "reader.door: its driver has ended")),
        ]

    play(story())


class Telling(Cards):
    """A reader that notices its own silence."""

    on_heard: Callable[[str | None], None] | None = None


def test_a_reader_that_notices_its_own_silence_is_heard() -> None:
    async def story() -> None:
        heard: list[Input] = []
        reader = Telling()
        outlets = Outlets({}, {}, {"door": (reader, (1,))}, {}, heard.append)
        outlets.start()
        await asyncio.sleep(1)
        assert reader.on_heard is not None
        reader.on_heard("reader.door: does not answer")
        reader.on_heard(None)
        await outlets.close()
        assert heard == [ReaderHeard("door", "reader.door: does not answer"), ReaderHeard("door", None)]

    play(story())
