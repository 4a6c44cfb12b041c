"""The energy meter Iskra WM3M4C: readings, and sessions whose records it signs (OCMF).

Theory of operation. The meter is told the time and a data set (who charges, where), then a command: `B` begins a
session, `E` ends it, `r` ends it with a record that holds the begin too. It adds the reading and its own particulars,
signs, and shows the record until it signs the next one or loses its supply. Its state says whether a session runs; a
session outlives a power cut, the time and the data set do not (manual 1.14, 6.5 and 6.6). Addresses are the manual's
less 40000 (holding) and 30000 (input registers).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import DriverError, Identification, Reading, Signed
from ..buses.modbus import Block, Write
from ..buses.needed import needed
from ..options import option
from .iskra_records import (
    KEY_HEAD,
    LONGEST,
    METHOD,
    Output,
    bytes_of,
    data_set,
    reading,
    same_data_set,
    words_of,
)

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

READINGS = (Block(4, 105, 8), Block(4, 126, 6), Block(4, 140, 8), Block(4, 414, 8))

STATE, COMMAND, STATUS = 7000, 7051, 7052
ZONE, TIME_HIGH, TIME_LOW, SYNCHRONISATION = 7053, 7054, 7055, 7071
DATA_SET_LENGTH, OUTPUT_LENGTH, SIGNATURE_LENGTH = 7056, 7057, 7058
FORMAT, ALGORITHM = 7059, 7060
DATA_SET, OUTPUT, PUBLIC_KEY, SIGNATURE = 7100, 7612, 8124, 8188
AT_ONCE = 120  # registers in one request (6.5.7)

IDLE, ACTIVE, AFTER_POWER_CUT, AFTER_RESET = range(4)
BEGIN, END, END_WITH_BEGIN = 0x4200, 0x4500, 0x7200
BINARY, ECDSA = 0, 4  # of FORMAT, of ALGORITHM (table 14)
SYNCHRONISED = 2
SIGNED = 15  # of STATUS; 0 to 2: not yet
PENDING = (0, 1, 2)
TROUBLE = {
    128: "invalid date or time",
    129: "checksum error",
    130: "invalid command",
    131: "invalid state",
    132: "invalid measurement",
    133: "test mode error",
    243: "verify state error",
    244: "signature state error",
    245: "key pair generation error",
    246: "SHA failed",
    247: "init failed",
    248: "data not locked",
    249: "config not locked",
    250: "verify error",
    251: "public key error",
    252: "invalid message format",
    253: "invalid message size",
    254: "signature error",
    255: "undefined error",
}

EXCHANGE = 2.0  # s for one group of requests, the wait for other devices on the line included
SIGNING = 4.0  # s that the meter gets to sign; its manual says up to 1
LOOK_AGAIN = 0.1  # s


class IskraMeter:
    """A `SignedMeter`. It leaves the factory with unit 33, 115200 bit/s 8N1."""

    bus_drivers = ("modbus-serial", "modbus-tcp")

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="rs485")
        unit: int = option(33, help="the meter's number on the bus", minimum=1, maximum=247)
        every: float = option(1.0, help="how often it is read", unit="s", minimum=0.5, maximum=60.0)
        required: bool = option(
            True, help="no energy flows before the meter has begun its signed session, as calibration law has it"
        )
        records: str = option(
            "two",
            help="two: begin and end are signed each by itself; one: the end's record holds both",
            choices=("two", "one"),
        )
        charge_point: str = option(
            "", help="EVSE ID that stands in each record and on the housing", example="DE*ABC*E1"
        )

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        self.settings = settings
        self.where = where
        self._bus = needed(bus, where, "a modbus driver")
        self._key = ""

    async def read(self) -> Reading:
        """One reading, stamped when its first registers arrived; takes 1 s at most."""
        answer = await self._bus.read(self.settings.unit, READINGS, self.where)
        return reading(answer.at, answer.words)

    async def close(self) -> None:
        """The bus belongs to the one who opened it."""

    async def begin(self, who: Identification, utc: float) -> Signed:
        """See SignedMeter."""
        told = time.monotonic()
        state = await self._state()
        if state != IDLE:
            raise DriverError(f"{self.where}: a signed session runs already (state {state}). End that one first.")
        await self._prepare()
        await self._set_time(utc + time.monotonic() - told)
        await self._set_data(data_set(who, self.settings.charge_point))
        return await self._sign(BEGIN, lambda state, reasons: state == ACTIVE and reasons[:1] == ["B"])

    async def end(self, begun: Signed | None, utc: float | None) -> Signed | None:
        """See SignedMeter."""
        told = time.monotonic()
        state = await self._state()
        if state == IDLE:
            return None if begun is None else await self._left(begun)
        if state == AFTER_POWER_CUT or (await self._words(SYNCHRONISATION, 1))[0] != SYNCHRONISED:
            if utc is None:
                raise DriverError(
                    f"{self.where}: the meter has lost its time, and the station does not know it yet: "
                    "the session is ended as soon as it does."
                )
            await self._set_time(utc + time.monotonic() - told)
        if state == AFTER_POWER_CUT:
            await self._set_data(same_data_set(begun))
        whole = begun is None or self.settings.records == "one"
        return await self._sign(
            END_WITH_BEGIN if whole else END, lambda state, reasons: state == IDLE and reasons[-1:] != ["B"]
        )

    async def public_key(self) -> str:
        """See SignedMeter."""
        if not self._key:
            self._key = KEY_HEAD + bytes_of(await self._words(PUBLIC_KEY, 32), 64).hex().upper()
        return self._key

    # --- the conversation -----------------------------------------------------------------------------------------

    async def _sign(self, command: int, fits: Callable[[int, list[str]], bool]) -> Signed:
        """Command it, wait for the signature, take the record. `fits`: of the new state and the record's reasons."""
        before, was = await self._shown(), (await self._words(STATUS, 1))[0]
        await self._write((Write(6, COMMAND, (command,)),))
        output, state = Output.read(await self._new(before, was), self.where), await self._state()
        if not fits(state, output.reasons()):
            raise DriverError(
                f"{self.where}: the meter is in state {state} after the command 0x{command:04X}, "
                f"and its record is of {' '.join(output.reasons()) or 'nothing'}. Try again."
            )
        return await self._signed(output)

    async def _new(self, before: bytes, was: int) -> bytes:
        """The record that the command brings. Until the meter has looked at it, status and record are the old ones."""
        from asyncio import sleep  # not above: the pilot process checks these settings too

        deadline = time.monotonic() + SIGNING
        while True:
            await sleep(LOOK_AGAIN)
            late = time.monotonic() >= deadline
            (status,) = await self._words(STATUS, 1)
            if status in PENDING:
                shown = b""
            else:  # also with an error: a command whose answer was lost came twice, and the second is refused
                shown = await self._shown()
            if shown not in (b"", before):
                return shown
            if status == SIGNED and late:
                raise DriverError(f"{self.where}: the meter has signed nothing within {SIGNING:g} s. Try again.")
            if status not in (*PENDING, SIGNED) and (status != was or late):
                raise DriverError(
                    f"{self.where}: the meter does not sign: status {status}, {TROUBLE.get(status, 'unknown')}. "
                    "Look at its display for an error; it refuses a session while it shows one."
                )
            if late:
                raise DriverError(
                    f"{self.where}: the meter has not signed within {SIGNING:g} s (status {status}). Try again."
                )

    async def _left(self, begun: Signed) -> Signed | None:
        """The record of an end that nobody took: it stays in the registers until the next one, or a power cut."""
        shown = await self._shown()
        if not shown:
            return None
        output = Output.read(shown, self.where)
        return await self._signed(output) if output.ends(Output.of(begun)) else None

    async def _signed(self, output: Output) -> Signed:
        (length,) = await self._words(SIGNATURE_LENGTH, 1)
        if not 0 < length <= 128:
            raise DriverError(f"{self.where}: a signature of {length} bytes; 8 to 72 are those of {METHOD}.")
        signature = bytes_of(await self._words(SIGNATURE, (length + 1) // 2), length)
        return output.signed(signature, await self.public_key())

    async def _shown(self) -> bytes:
        """The record that stands in the registers, also an old one; empty: none."""
        (length,) = await self._words(OUTPUT_LENGTH, 1)
        if length > 2 * LONGEST:
            raise DriverError(f"{self.where}: a record of {length} bytes; {2 * LONGEST} at most. Is it a WM3M4C?")
        return bytes_of(await self._words(OUTPUT, (length + 1) // 2), length) if length else b""

    async def _prepare(self) -> None:
        """Signatures in binary, by the one algorithm there is; most meters stand so already."""
        found = await self._words(FORMAT, 2)
        wanted = zip((FORMAT, ALGORITHM), found, (BINARY, ECDSA), strict=True)
        writes = [Write(6, address, (value,)) for address, is_, value in wanted if is_ != value]
        if writes:
            await self._write(writes)

    async def _set_time(self, utc: float) -> None:
        """UTC, and that it is known; the records then say +0000."""
        seconds = round(utc)
        pairs = ((TIME_HIGH, seconds >> 16 & 0xFFFF), (TIME_LOW, seconds & 0xFFFF), (ZONE, 0))
        await self._write([Write(6, address, (value,)) for address, value in (*pairs, (SYNCHRONISATION, SYNCHRONISED))])

    async def _set_data(self, told: bytes) -> None:
        if len(told) > LONGEST:
            raise DriverError(f"{self.where}: a data set of {len(told)} bytes; {LONGEST} fit. Shorten charge_point.")
        words = words_of(told)
        parts = range(0, len(words), AT_ONCE)
        await self._write([Write(16, DATA_SET + start, words[start : start + AT_ONCE]) for start in parts])
        await self._write((Write(6, DATA_SET_LENGTH, (len(told),)),))

    async def _state(self) -> int:
        (state,) = await self._words(STATE, 1)
        if state > AFTER_RESET:
            raise DriverError(f"{self.where}: the meter is in state {state}; 0 to 3 are known. Is it a WM3M4C?")
        return state

    async def _words(self, address: int, count: int) -> list[int]:
        """Holding registers, in as many requests as they need."""
        starts = range(address, address + count, AT_ONCE)
        blocks = [Block(3, start, min(AT_ONCE, address + count - start)) for start in starts]
        answer = await self._bus.read(self.settings.unit, blocks, self.where, EXCHANGE)
        return [answer.words[3, address + i] for i in range(count)]

    async def _write(self, writes: Sequence[Write]) -> None:
        await self._bus.write(self.settings.unit, writes, self.where, EXCHANGE)
