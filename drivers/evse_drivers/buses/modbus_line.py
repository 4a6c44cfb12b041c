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
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pymodbus import ModbusException
from pymodbus.client.base import ModbusBaseClient

from ..api import DriverError
from .modbus import Answer, Block, Request, Write
from .modbus_rtu import RtuFilter

# It logs every silence as an error; this line says it once, in the DriverError.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

# An answer that comes late must not be taken for the next one's: RTU frames do not say what they answer.
QUIET = 0.1  # s
RECONNECT = 1.0  # s between two attempts to open

# Modbus Application Protocol V1.1b3, section 7
REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not answer",
}


# function: the client's method
READS = {1: "read_coils", 2: "read_discrete_inputs", 3: "read_holding_registers", 4: "read_input_registers"}


class _NoAnswer(Exception):
    """The text says what came instead, "" when nothing did."""


class Line:
    """The owner of one line.

    `connect` makes a connected client or raises DriverError; `allowance(request)` is how long its answer may take (s);
    `gone()` says, after a silence, whether the connection is worth nothing any more; `place` ("/dev/ttyUSB0,
    9600 8N1") and `advice` go into the error texts. `rtu` filters what `connect`'s client receives.
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
        rtu: RtuFilter | None = None,
    ) -> None:
        self._connect = connect
        self._allowance = allowance
        self._gap = gap
        self._gone = gone
        self._place = place
        self._advice = advice
        self._rtu = rtu
        self._turn = asyncio.Lock()
        self._client: ModbusBaseClient | None = None
        self._trouble: DriverError | None = None  # why the last attempt to open failed
        self._next_attempt = 0.0  # s, loop time: to open
        self._quiet_until = 0.0  # s, loop time: no request before
        self._silent: set[int] = set()  # units that did not answer last time: asked once only, so that others wait less

    async def read(self, unit: int, blocks: Sequence[Block], where: str, within: float) -> Answer:
        """As ModbusBus.read."""
        try:
            async with asyncio.timeout(within), self._turn:
                await self._open()
                return await self._read(unit, blocks, where)
        except TimeoutError:
            raise self._busy(unit, where, "read", within) from None

    async def write(self, unit: int, writes: Sequence[Write], where: str, within: float) -> None:
        """As ModbusBus.write. Told twice when an answer is lost: a value that is set twice is set."""
        try:
            async with asyncio.timeout(within), self._turn:
                await self._open()
                if self._rtu is not None and self._rtu.echoes is None:
                    await self._listen(unit, writes[0], where)
                for write in writes:
                    await self._ask(unit, write, where)
        except TimeoutError:
            raise self._busy(unit, where, "written", within) from None

    def _busy(self, unit: int, where: str, done: str, within: float) -> DriverError:
        return DriverError(
            f"{where}: unit {unit} on {self._place} was not {done} within {within:g} s: the line is busy or slow. "
            "Look for devices on it that do not answer, or read its devices less often."
        )

    def close(self) -> None:
        """Give the line back; a later read opens it again."""
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

    async def _read(self, unit: int, blocks: Sequence[Block], where: str) -> Answer:
        at, words = 0.0, {}
        for block in blocks:
            values = await self._ask(unit, block, where)
            at = at or time.monotonic()
            words.update({(block.function, block.address + i): value for i, value in enumerate(values)})
        return Answer(at, words)

    async def _listen(self, unit: int, write: Write, where: str) -> None:
        """Read where it is going to be written, whatever comes: it tells whether the line echoes."""
        with contextlib.suppress(_NoAnswer, DriverError):
            await self._exchange(unit, Block(1 if write.function == 5 else 3, write.address, 1), where)

    async def _ask(self, unit: int, request: Request, where: str) -> list[int]:
        attempts = 1 if unit in self._silent else 2
        heard = ""
        for attempt in range(attempts):
            try:
                values = await self._exchange(unit, request, where)
            except _NoAnswer as silence:
                heard = heard or str(silence)
                self._keep_quiet(QUIET)
                continue
            self._silent.discard(unit)
            self._keep_quiet(QUIET if attempt else self._gap)
            return values
        self._silent.add(unit)
        if self._gone():
            self.close()
        tried = "twice" if attempts == 2 else "again"
        problem = heard or f"no answer within {self._allowance(request):.2g} s"
        raise DriverError(f"{where}: unit {unit} on {self._place}, {tried}: {problem}. {self._advice}")

    async def _exchange(self, unit: int, request: Request, where: str) -> list[int]:
        client = self._client
        if client is None or not client.connected:
            raise _NoAnswer("the connection is lost")
        await asyncio.sleep(self._quiet_until - asyncio.get_running_loop().time())
        if self._rtu is not None:
            self._rtu.expect(unit, request)
        try:
            async with asyncio.timeout(self._allowance(request)):
                answer = await _send(client, unit, request)
        except TimeoutError:
            raise _NoAnswer(self._rtu.heard() if self._rtu else "") from None
        except ModbusException as error:
            raise _NoAnswer(str(error)) from None
        finally:
            self._keep_quiet(QUIET)  # holds if this is cancelled; the caller sets the shorter gap
        if answer.isError():
            self._silent.discard(unit)
            self._keep_quiet(self._gap)
            raise DriverError(self._refusal(unit, request, where, answer.exception_code))
        return _words(request, answer)

    def _keep_quiet(self, seconds: float) -> None:
        self._quiet_until = asyncio.get_running_loop().time() + max(seconds, self._gap)

    def _refusal(self, unit: int, request: Request, where: str, code: int) -> str:
        count = request.count if isinstance(request, Block) else len(request.words)
        what = "bits" if request.function in (1, 2, 5) else "registers"
        last = request.address + count - 1
        return (
            f"{where}: unit {unit} on {self._place} refuses {what} 0x{request.address:04X} to 0x{last:04X} "
            f"(function {request.function}): exception {code}, {REFUSALS.get(code, 'unknown')}. "
            "See whether the map or driver is the one of this device's model and version."
        )


def _send(client: ModbusBaseClient, unit: int, request: Request) -> Awaitable[Any]:
    if isinstance(request, Block):
        read = getattr(client, READS[request.function])
        return read(request.address, count=request.count, device_id=unit)  # type: ignore[no-any-return]
    if request.function == 5:
        return client.write_coil(request.address, bool(request.words[0]), device_id=unit)
    if request.function == 6:
        return client.write_register(request.address, request.words[0], device_id=unit)
    return client.write_registers(request.address, list(request.words), device_id=unit)


def _words(request: Request, answer: Any) -> list[int]:
    """What was read, or nothing once it is sure that all was written. _NoAnswer: it answers another request."""
    if isinstance(request, Block):
        if request.function in (1, 2):
            words, padded = [int(bit) for bit in answer.bits], (request.count + 7) // 8 * 8
        else:
            words, padded = list(answer.registers), request.count
        if len(words) != padded:
            raise _NoAnswer(f"{len(words)} values came where {request.count} were asked for")
        return words[: request.count]
    several = request.function == 16
    told = answer.count if several else int((answer.bits or answer.registers)[0])
    meant = len(request.words) if several else request.words[0]
    if (answer.address, told) != (request.address, meant):
        raise _NoAnswer(f"it confirms {told} at 0x{answer.address:04X} where {meant} went to 0x{request.address:04X}")
    return []
