"""One Modbus line: whose turn it is, how long an answer may take, and what to say when none comes.

pymodbus (3.16) moves the bytes and codes the requests; its own defaults would block 3 s x 4 on a dead device, it
takes a late answer for the next one's, and one byte of noise before a frame makes it miss the frame. So it is used
without its retries, and `RtuFilter` lets only bytes through that answer the open request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pymodbus import ModbusException
from pymodbus.client.base import ModbusBaseClient

from ..api import DriverError
from .modbus import Answer, Block, Refused, Request, Unanswered, Write
from .modbus_mbap import TcpFilter
from .modbus_requests import NoAnswer, refusal, send, unheard, words
from .modbus_rtu import RtuFilter

# It logs every silence as an error; this line says it once, in the DriverError.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

# An answer that comes late must not be taken for the next one's: RTU frames do not say what they answer.
QUIET = 0.1  # s
RECONNECT = 1.0  # s between two attempts to open
HOLD = 0.3  # s that a device may have the line before others have their turn
REST = 0.5  # s that a unit which did not answer is left alone: by then it has said what it had to say. Doubles, up to
LONGEST_REST = 4.0  # s


@dataclass(frozen=True, slots=True)
class _Silence:
    """Of a unit that did not answer: how often in a row, until when it is left alone (s, loop time), what was said."""

    times: int
    until: float
    text: str


class Line:
    """The owner of one line.

    `connect` makes a connected client or raises DriverError; `allowance(request)` is how long its answer may take (s);
    `gone()` says, after a silence, whether the connection is worth nothing any more; `place` ("/dev/ttyUSB0,
    9600 8N1") and `advice` go into the error texts. `sieve` filters what `connect`'s client receives.

    Whose turn it is: devices queue. One that holds the line for HOLD s goes to the end of the queue between two of its
    requests, so that a slow meter costs a quick one the wait for one answer. A unit that is silent again and again is
    read less and less often: each time it costs the others a whole allowance. Writes are never put off, they may be
    what stops a charge.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[ModbusBaseClient]],
        *,
        allowance: Callable[[Request], float],
        gap: float,
        gone: Callable[[], bool],
        place: str,
        advice: str,
        sieve: RtuFilter | TcpFilter,
    ) -> None:
        self._connect = connect
        self._allowance = allowance
        self._gap = gap
        self._gone = gone
        self._place = place
        self._advice = advice
        self._sieve = sieve
        self.hurried = False  # see ModbusBus.hurry
        self._turn = asyncio.Lock()
        self._client: ModbusBaseClient | None = None
        self._trouble: DriverError | None = None  # why the last attempt to open failed
        self._next_attempt = 0.0  # s, loop time: to open
        self._sent = self._ended = 0.0  # s, loop time: when the last request began and ended
        self._quiet_until = 0.0  # s, loop time: no request before
        self._late: dict[int, float] = {}  # s, loop time: till then a unit may still answer an earlier request
        self._silent: dict[int, _Silence] = {}

    async def read(self, unit: int, blocks: Sequence[Block], where: str, within: float, gap: float) -> Answer:
        """As ModbusBus.read."""
        silence = self._silent.get(unit)
        if silence is not None and asyncio.get_running_loop().time() < silence.until:
            raise Unanswered(f"{where}: {silence.text}")
        answers = await self._all(unit, blocks, where, within, gap)
        words = {
            (block.function, block.address + i): word
            for block, (_, found) in zip(blocks, answers, strict=True)
            for i, word in enumerate(found)
        }
        return Answer(answers[0][0], words)

    async def write(self, unit: int, writes: Sequence[Write], where: str, within: float, gap: float) -> None:
        """As ModbusBus.write. Told twice when an answer is lost: a value that is set twice is set."""
        await self._all(unit, writes, where, within, gap)

    def close(self) -> None:
        """Give the line back; a later request opens it again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _open(self) -> None:
        if self._client is not None and self._client.connected:
            return
        self.close()
        now = asyncio.get_running_loop().time()
        if self._trouble is not None and now < self._next_attempt:
            raise self._trouble
        self._next_attempt = now + RECONNECT
        try:
            self._client = await self._connect()
        except DriverError as trouble:
            self._trouble = trouble
            raise
        self._trouble = None

    async def _all(
        self, unit: int, requests: Sequence[Request], where: str, within: float, gap: float
    ) -> list[tuple[float, list[int]]]:
        """When (s, monotonic) and with which words each was answered."""
        clock = asyncio.get_running_loop().time
        waiting = deque(requests)
        answers: list[tuple[float, list[int]]] = []
        try:
            async with asyncio.timeout(within):
                while waiting:
                    await asyncio.sleep(self._late.get(unit, 0.0) - clock())  # others have their turn meanwhile
                    async with self._turn:
                        began = clock()
                        await self._open()
                        if self._sieve.echoes is None and isinstance(waiting[0], Write):
                            await self._listen(unit, waiting[0], where, gap)
                        while waiting and clock() < began + HOLD and clock() >= self._late.get(unit, 0.0):
                            found = await self._ask(unit, waiting[0], where, gap)
                            answers.append((time.monotonic(), found))
                            waiting.popleft()
        except TimeoutError:
            done = "read" if isinstance(requests[0], Block) else "written"
            raise DriverError(
                f"{where}: unit {unit} on {self._place} was not {done} within {within:g} s: the line is busy or slow. "
                "Look for devices on it that do not answer, or read its devices less often."
            ) from None
        return answers

    async def _listen(self, unit: int, write: Write, where: str, gap: float) -> None:
        """Read where it is going to be written, whatever comes: it tells whether the line echoes."""
        with contextlib.suppress(NoAnswer, DriverError):
            await self._exchange(unit, Block(1 if write.function == 5 else 3, write.address, 1), where, gap)

    async def _ask(self, unit: int, request: Request, where: str, gap: float) -> list[int]:
        clock = asyncio.get_running_loop().time
        attempts = 1 if unit in self._silent or self.hurried else 2
        heard, first = "", 0.0
        for _ in range(attempts):
            try:
                values = await self._exchange(unit, request, where, gap)
            except NoAnswer as silence:
                heard, first = heard or str(silence), first or self._sent
                continue
            if first and self._sieve.missing:
                # Was this the answer to the first request? Then the second's takes as long.
                self._sieve.missing = False
                self._late[unit] = self._sent + clock() - first + QUIET
            self._rest(QUIET if first else self._gap)
            self._silent.pop(unit, None)
            return values
        problem = heard or f"no answer within {self._allowance(request):.2g} s"
        tried = "twice" if attempts == 2 else "once" if self.hurried else "again"
        text = f"unit {unit} on {self._place}, {tried}: {problem}. {self._advice}"
        times = self._silent[unit].times + 1 if unit in self._silent else 1
        if self._client is not None and self._client.connected and not self.hurried:
            self._silent[unit] = _Silence(times, clock() + min(REST * 2 ** (times - 1), LONGEST_REST), text)
        if self._gone():
            self.close()
        raise Unanswered(f"{where}: {text}")

    async def _exchange(self, unit: int, request: Request, where: str, gap: float) -> list[int]:
        client, clock = self._client, asyncio.get_running_loop().time
        if client is None or not client.connected:
            raise NoAnswer("the connection is lost")
        await asyncio.sleep(max(self._quiet_until, self._ended + gap) - clock())
        self._sieve.expect(unit, request)
        self._sent, allowance = clock(), self._allowance(request)
        try:
            async with asyncio.timeout(allowance):
                answer = await send(client, unit, request)
        except TimeoutError:
            raise NoAnswer(self._sieve.heard()) from None
        except ModbusException as error:
            raise NoAnswer(str(error)) from None
        except asyncio.CancelledError:
            if not self._sieve.numbered:
                self._late[unit] = self._sent + allowance + REST
            raise
        finally:
            self._rest(QUIET)  # after an answer the caller sets the shorter gap
        if answer.isError():
            if heard := unheard(answer.exception_code):
                raise NoAnswer(heard)
            self._silent.pop(unit, None)
            self._rest(self._gap)
            raise Refused(f"{where}: unit {unit} on {self._place} {refusal(request, answer.exception_code)}")
        return words(request, answer)

    def _rest(self, seconds: float) -> None:
        self._ended = asyncio.get_running_loop().time()
        self._quiet_until = self._ended + max(seconds, self._gap)
