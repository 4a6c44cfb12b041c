"""One Modbus line: whose turn it is, how long an answer may take, and what to say when none comes.

pymodbus (3.16) moves the bytes and codes the requests; its own defaults would block 3 s x 4 on a dead device, it
takes a late answer for the next one's, and one byte of noise before a frame makes it miss the frame. So it is used
without its retries, and `RtuFilter` lets only bytes through that answer the open request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from pymodbus import ModbusException
from pymodbus.client.base import ModbusBaseClient
from pymodbus.framer import FramerRTU

from ..api import DriverError
from .modbus import Answer, Block

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


class _NoAnswer(Exception):
    """The text says what came instead, "" when nothing did."""


class RtuFilter:
    """Finds the answer to the open request in what a serial line brings: noise, echoes and others' frames around it."""

    def __init__(self) -> None:
        self._wanted: tuple[int, Block] | None = None
        self._heard = b""

    def expect(self, unit: int, block: Block) -> None:
        """The next answer is the one to this request."""
        self._wanted, self._heard = (unit, block), b""

    def __call__(self, sending: bool, data: bytes) -> bytes:
        """pymodbus' trace_packet: `data` is all that has come since the request went out."""
        if sending:
            return data
        if self._wanted is None:
            return b""
        self._heard = data
        unit, block = self._wanted
        for start in range(len(data) - 4):
            frame = self._frame_at(data[start:], unit, block)
            if frame:
                self._wanted = None
                return frame
        return b""

    def heard(self) -> str:
        """What came that was no answer to the open request; empty: nothing came."""
        self._wanted = None
        if not self._heard:
            return ""
        shown = self._heard[:16].hex(" ") + (" ..." if len(self._heard) > 16 else "")
        return f"{len(self._heard)} bytes came that are no valid answer ({shown})"

    @staticmethod
    def _frame_at(data: bytes, unit: int, block: Block) -> bytes:
        if data[0] != unit:
            return b""
        if data[1] == block.function and data[2] == 2 * block.count:
            size = 5 + 2 * block.count
        elif data[1] == block.function | 0x80:
            size = 5
        else:
            return b""
        frame = data[:size]
        complete = len(frame) == size and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
        return frame if complete else b""


class Line:
    """The owner of one line.

    `connect` makes a connected client or raises DriverError; `allowance(block)` is how long its answer may take (s);
    `gone()` says, after a silence, whether the connection is worth nothing any more; `place` ("/dev/ttyUSB0,
    9600 8N1") and `advice` go into the error texts. `rtu` filters what `connect`'s client receives.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[ModbusBaseClient]],
        *,
        allowance: Callable[[Block], float],
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
            raise DriverError(
                f"{where}: unit {unit} on {self._place} was not read within {within:g} s: the line is busy or slow. "
                "Look for devices on it that do not answer, or read its devices less often."
            ) from None

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

    async def _ask(self, unit: int, block: Block, where: str) -> list[int]:
        attempts = 1 if unit in self._silent else 2
        heard = ""
        for attempt in range(attempts):
            try:
                values = await self._exchange(unit, block, where)
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
        problem = heard or f"no answer within {self._allowance(block):.2g} s"
        raise DriverError(f"{where}: unit {unit} on {self._place}, {tried}: {problem}. {self._advice}")

    async def _exchange(self, unit: int, block: Block, where: str) -> list[int]:
        client = self._client
        if client is None or not client.connected:
            raise _NoAnswer("the connection is lost")
        await asyncio.sleep(self._quiet_until - asyncio.get_running_loop().time())
        if self._rtu is not None:
            self._rtu.expect(unit, block)
        ask = client.read_input_registers if block.function == 4 else client.read_holding_registers
        try:
            async with asyncio.timeout(self._allowance(block)):
                answer = await ask(block.address, count=block.count, device_id=unit)
        except TimeoutError:
            raise _NoAnswer(self._rtu.heard() if self._rtu else "") from None
        except ModbusException as error:
            raise _NoAnswer(str(error)) from None
        finally:
            self._keep_quiet(QUIET)  # holds if this read is cancelled; the caller sets the shorter gap
        if answer.isError():
            self._silent.discard(unit)
            self._keep_quiet(self._gap)
            raise DriverError(self._refusal(unit, block, where, answer.exception_code))
        if len(answer.registers) != block.count:
            raise _NoAnswer(f"{len(answer.registers)} registers came where {block.count} were asked for")
        return list(answer.registers)

    def _keep_quiet(self, seconds: float) -> None:
        self._quiet_until = asyncio.get_running_loop().time() + max(seconds, self._gap)

    def _refusal(self, unit: int, block: Block, where: str, code: int) -> str:
        last = block.address + block.count - 1
        return (
            f"{where}: unit {unit} on {self._place} refuses registers 0x{block.address:04X} to 0x{last:04X} "
            f"(function {block.function}): exception {code}, {REFUSALS.get(code, 'unknown')}. "
            "See whether the map is the one of this meter's model and version."
        )
