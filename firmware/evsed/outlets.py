"""The station's side of the hardware: a task for each pilot, meter, thermometer and reader, which makes inputs."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from evse_drivers.api import (
    SIGNED_WITHIN,
    DriverError,
    Meter,
    Permit,
    Phases,
    PilotBoard,
    Reader,
    Seen,
    Signed,
    SignedMeter,
    Thermometer,
)

from evsed.core.effects import Do, Sign
from evsed.model.cards import Format, Writing, presented
from evsed.model.inputs import (
    HasSigned,
    Input,
    Metered,
    MeterSilent,
    NotSigned,
    Observed,
    PilotLost,
    ReaderHeard,
    Warmed,
)

Put = Callable[[Input], None]
READ_WITHIN = 2.0  # s; a thermometer promises 1
SILENT = 15.0  # s; a board says something once a second, and gives up by itself after some seconds of silence
HANGS = 10.0  # s; a meter promises 2
LISTEN_AGAIN, LISTEN_AGAIN_MOST = 1.0, 10.0  # s until a board that was lost is begun anew; doubled each time
CLOSE_WITHIN = 2.0  # s that a board gets to be told that the station ends
READER_AGAIN = 10.0  # s until a reader that gave up is begun anew


class Outlets:
    """`boards` by EVSE (the pilot process serves several), `meters` by EVSE with their interval (s), `readers` with
    the EVSEs they serve, `thermometers` with those they stand for and their interval (s). All are opened already."""

    def __init__(
        self,
        boards: Mapping[int, PilotBoard],
        meters: Mapping[int, tuple[Meter, float]],
        readers: Mapping[str, tuple[Reader, tuple[int, ...]]],
        thermometers: Mapping[str, tuple[Thermometer, tuple[int, ...], float]],
        put: Put,
        measured: Callable[[int, Phases], None] = lambda evse, amps: None,
        cards: Format | None = None,
    ) -> None:
        """`measured` is told the amperes of every reading, besides the input that it becomes; `cards` is how UIDs are
        written (None: as they are)."""
        self._boards, self._meters, self._readers, self._put = boards, meters, readers, put
        self._measured = measured
        self._cards = cards or Writing()
        self._thermometers = thermometers
        self._tasks: set[asyncio.Task[Any]] = set()
        self._seen: dict[int, Seen] = {}

    def start(self) -> list[asyncio.Task[Any]]:
        """Begin to listen to everything. None of these tasks ends by itself: one that does has failed, and whoever
        started it must not go on without it."""
        works = [self._listen(board) for board in set(self._boards.values())]
        works += [self._read(evse, meter, every) for evse, (meter, every) in self._meters.items()]
        works += [self._feel(name, *its) for name, its in self._thermometers.items()]
        works += [self._watch(name, *its) for name, its in self._readers.items()]
        return [self._spawn(work) for work in works]

    async def close(self) -> tuple[str, ...]:
        """Leave the hardware alone. Returns what could not be told that the station ends, in words."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        complaints = [await self._end(board) for board in set(self._boards.values())]
        for meter, _ in self._meters.values():
            await meter.close()
        for thermometer, _, _ in self._thermometers.values():
            await thermometer.close()
        for reader, _ in self._readers.values():
            await reader.close()
        return tuple(complaint for complaint in complaints if complaint)

    async def _end(self, board: PilotBoard) -> str:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await board.close()
        except TimeoutError:
            return f"{self._name(board)}: was not told within {CLOSE_WITHIN:g} s that the station ends"
        except DriverError as error:
            return str(error)
        except Exception as error:  # a driver with a bug must not keep the others from being closed
            return f"{self._name(board)}: its driver failed: {error!r}"
        return ""

    def permit(self, permit: Permit) -> None:
        """To the pilot of that EVSE."""
        self._spawn(self._permit(self._boards[permit.evse], permit))

    def act(self, do: Do) -> asyncio.Task[str | None]:
        """To the pilot of that EVSE; why it does not, in words, or None."""
        return self._spawn(self._act(self._boards[do.evse], do))

    def sign(self, sign: Sign) -> None:
        """To the meter of that EVSE, which must sign; HasSigned or NotSigned comes of it."""
        self._spawn(self._sign(sign, self._meters[sign.evse][0]))

    async def _sign(self, sign: Sign, meter: Meter) -> None:
        assert isinstance(meter, SignedMeter)
        try:
            async with asyncio.timeout(SIGNED_WITHIN):
                signed, key = await _sign(sign, meter)
        except DriverError as error:
            self._put(NotSigned(sign.evse, str(error)))
        except TimeoutError:
            self._put(NotSigned(sign.evse, f"the meter has not signed within {SIGNED_WITHIN:g} s"))
        except Exception as error:  # a driver with a bug costs its record, not the station
            self._put(NotSigned(sign.evse, f"the meter's driver failed: {error!r}"))
        else:
            self._put(HasSigned(sign.evse, signed, key))

    async def _permit(self, board: PilotBoard, permit: Permit) -> None:
        try:
            await board.permit(permit)
        except Exception as error:  # it promises to raise nothing: a driver with a bug is a lost board, not a silence
            self.lost(board, f"{self._name(board)}: its driver failed: {error!r}")

    async def _act(self, board: PilotBoard, do: Do) -> str | None:
        try:
            return await board.act(do.evse, do.act)
        except DriverError as error:
            return str(error)
        except Exception as error:  # a driver with a bug costs what was asked of it, and whoever asked hears why
            return f"{self._name(board)}: its driver failed: {error!r}"

    def lost(self, board: PilotBoard, why: str) -> None:
        """The pilot behind `board` is gone."""
        evses = tuple(evse for evse, its in self._boards.items() if its is board)
        for evse in evses:
            self._seen.pop(evse, None)
        self._put(PilotLost(evses, why))

    def heard(self, evse: int) -> bool:
        """Its pilot tells what it sees."""
        return evse in self._seen

    def view(self) -> dict[str, Any]:
        """By EVSE: what its pilot says now; an EVSE whose pilot is gone is absent."""
        return {str(evse): dataclasses.asdict(seen) for evse, seen in self._seen.items()}

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _name(self, board: PilotBoard) -> str:
        return f"evse.{next(evse for evse, its in self._boards.items() if its is board)}.board"

    async def _listen(self, board: PilotBoard) -> None:
        """What it says, for ever: one that gives up is told as lost, once, and begun anew."""
        said, again = "", LISTEN_AGAIN
        patience = None if getattr(board, "tells_when_lost", False) else SILENT
        while True:
            try:
                async for seen in _in_time(board.seen(), patience, self._name(board)):
                    said, again = "", LISTEN_AGAIN
                    if seen.evse in self._boards:
                        self._seen[seen.evse] = seen
                        self._put(Observed(seen))
                why = f"{self._name(board)}: its driver has ended"
            except DriverError as error:
                why = str(error)
            except Exception as error:  # a driver with a bug costs its board, not the station
                why = f"{self._name(board)}: its driver failed: {error!r}"
            if not said:
                self.lost(board, why)
            said = why
            await asyncio.sleep(again)
            again = min(2 * again, LISTEN_AGAIN_MOST)

    async def _read(self, evse: int, meter: Meter, every: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                async with asyncio.timeout(HANGS) as limit:
                    reading = await meter.read()
            except DriverError as error:
                self._put(MeterSilent(evse, str(error)))
            except Exception as error:  # a driver with a bug costs its meter, not the station
                late = f"evse.{evse}.meter: its driver gave no answer within {HANGS:g} s"
                self._put(MeterSilent(evse, late if limit.expired() else f"its driver failed: {error!r}"))
            else:
                self._put(Metered(evse, reading))
                self._measured(evse, reading.amps)
            due = max(due + every, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _feel(self, name: str, thermometer: Thermometer, evses: tuple[int, ...], every: float) -> None:
        while True:
            try:
                async with asyncio.timeout(READ_WITHIN):
                    celsius, why = await thermometer.read(), ""
            except DriverError as error:
                celsius, why = None, str(error)
            except TimeoutError:
                celsius, why = None, f"thermometer.{name}: no answer within {READ_WITHIN:g} s. Check its wire."
            except Exception as error:  # a driver with a bug costs its sensor, not the station
                celsius, why = None, f"thermometer.{name}: its driver failed: {error!r}"
            self._put(Warmed(name, evses, celsius, why))
            await asyncio.sleep(every)

    async def _watch(self, name: str, reader: Reader, evses: tuple[int, ...]) -> None:
        """Cards, for ever: a reader that gives up is begun anew."""
        troubled = False
        if hasattr(reader, "on_heard"):
            reader.on_heard = lambda why: self._put(ReaderHeard(name, why))
        while True:
            try:
                async for uid in reader.tokens():
                    if troubled:
                        self._put(ReaderHeard(name, None))
                        troubled = False
                    self._put(presented(uid, self._cards, evses))
                why = f"reader.{name}: its driver has ended"
            except DriverError as error:
                why = str(error)
            except Exception as error:  # a driver with a bug costs its reader, not the station
                why = f"reader.{name}: its driver failed: {error!r}"
            troubled = True
            self._put(ReaderHeard(name, why))
            await asyncio.sleep(READER_AGAIN)


async def _in_time(said: AsyncIterator[Seen], patience: float | None, name: str) -> AsyncIterator[Seen]:
    """The same; DriverError where nothing comes for so long (s)."""
    while True:
        try:
            async with asyncio.timeout(patience) as limit:
                seen = await anext(said)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not limit.expired():
                raise
            raise DriverError(f"{name}: its driver has said nothing for {patience:g} s") from None
        yield seen


async def _sign(sign: Sign, meter: SignedMeter) -> tuple[Signed | None, str]:
    if sign.what == "begin":
        assert sign.who is not None
        assert sign.utc is not None
        signed: Signed | None = await meter.begin(sign.who, sign.utc)
    else:
        signed = await meter.end(sign.begun, sign.utc)
    return signed, signed.public_key if signed is not None else await meter.public_key()
