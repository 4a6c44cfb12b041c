"""Heidelberg Energy Control, a wallbox with a Modbus RTU port (19200 8E1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import DriverError
from ..buses.modbus import Block, Write
from ..options import option
from .on_modbus import ModbusBoard
from .status import Offer, Status

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

# The maker's register table of 2021-02-22 ("EC_ModBus_register_table"); read by function 4 below 257, by 3 from there.
LAYOUT, STATE, LOCK_INPUT, SINCE_POWER_ON = 4, 5, 13, 15
MOST = 100
WATCHDOG, STANDBY, LOCK, AMPS, FAILSAFE = 257, 258, 259, 261, 262
WRITE = 6
GAP = 0.1  # s of silence that it wants before each request

NO_STANDBY = 4  # in standby it is silent until a vehicle comes, and would look like a broken line
LOCKED, UNLOCKED = 0, 1
STATES = {2: "A1", 3: "A1", 4: "B1", 5: "B2", 6: "C1", 7: "C2", 8: "C2", 9: "E", 10: "F", 11: "F"}
DERATING, OUT_OF_SERVICE, ERROR = 8, 10, 11
RETURNS = 20.0  # s that it may stay in F after it was locked, or its watchdog ran out; some 10 are known


class Heidelberg(ModbusBoard):
    """A `PilotBoard`. Its watchdog is the lease: it wants to be asked, and falls back to `failsafe` when it is not.

    The strongest stop ("now") is its remote lock: state F (-12 V), in which no vehicle can be seen and which it takes
    some 10 s to leave. So it is locked only while its contactor is closed, and 0 A keeps it open after that.
    """

    bus_drivers = ("modbus-serial", "modbus-tcp")
    gap = GAP
    read_within = 2.0

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to, 19200 8E1", example="rs485")
        unit: int = option(1, help="the board's number on the bus (switch S4)", minimum=1, maximum=15)
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)
        watchdog: float = option(
            5.0,
            help="how long the board waits for the station until it falls back",
            unit="s",
            minimum=3.0,
            maximum=60.0,
        )
        failsafe: float = option(
            0.0, help="what it offers then; 0 stops", unit="A", choices=(0.0, 6.0, 8.0, 10.0, 12.0, 13.0, 14.0, 16.0)
        )

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        super().__init__(settings, where, bus)
        self.step = 0.1
        self.settings = settings
        self._wanted = {
            WATCHDOG: round(settings.watchdog * 1000),
            STANDBY: NO_STANDBY,
            FAILSAFE: round(settings.failsafe * 10),
        }
        self._lock = UNLOCKED
        self._closed = False
        self._out_since: float | None = None  # s, since when it is out of service
        self._energy = 0  # VAh since its power came, when it was last looked at

    @staticmethod
    def fallback(settings: Settings) -> float:
        """A that it offers when it is no longer asked; 0: it stops."""
        return float(settings.failsafe)

    async def begin(self) -> None:
        """See that it is one; set its watchdog, what it falls back to, and that it stays awake."""
        words = await self._read(Block(4, LAYOUT, 2), Block(4, MOST, 1), Block(3, WATCHDOG, 6))
        layout, most = words[LAYOUT], words[MOST]
        if not 0x100 <= layout < 0x200 or words[STATE] not in STATES or not 6 <= most <= 32:
            raise DriverError(
                f"{self.where}: unit {self.settings.unit} on {self.settings.bus} answers, but not like a Heidelberg "
                f"Energy Control: layout {layout:#x}, state {words[STATE]}, at most {most} A. "
                "Set the unit number that its switch S4 shows."
            )
        self.most = float(most)
        self._lock, self._energy = words[LOCK], 0
        if wrong := [Write(WRITE, at, (word,)) for at, word in self._wanted.items() if words[at] != word]:
            await self._write(*wrong)

    async def look(self) -> Status:
        """Two requests: how it is, and whether its settings are still ours (else it was without power)."""
        words = await self._read(Block(4, STATE, 12), Block(3, WATCHDOG, 6))
        energy = words[SINCE_POWER_ON] << 16 | words[SINCE_POWER_ON + 1]
        wanted = self._wanted | {LOCK: self._lock}
        restarted = energy < self._energy or any(words[at] != word for at, word in wanted.items())
        self._energy = energy
        self._closed = STATES.get(words[STATE]) == "C2"
        if self._lock == LOCKED and not self._closed and words[AMPS] == 0:
            await self._write(Write(WRITE, LOCK, (UNLOCKED,)))
            self._lock = UNLOCKED
        now = self._now()
        out = words[STATE] == OUT_OF_SERVICE and self._lock == UNLOCKED
        self._out_since = (now if self._out_since is None else self._out_since) if out else None
        stays_out = self._out_since is not None and now - self._out_since > RETURNS
        return status_of(words, self._written, stays_out, restarted)

    async def offer(self, offer: Offer) -> None:
        """0 A lets the EV open first; "now" locks it besides while it is closed."""
        lock = LOCKED if offer.amps == 0 and offer.how == "now" and self._closed else UNLOCKED
        writes = [Write(WRITE, AMPS, (round(offer.amps * 10),))]
        if lock != self._lock:
            writes.append(Write(WRITE, LOCK, (lock,)))
        await self._write(*writes)
        self._lock = lock


def status_of(words: dict[int, int], written: Offer | None, stays_out: bool, restarted: bool) -> Status:
    """What registers 5 to 16 and 257 to 262 say; `stays_out`: it has been out of service for too long."""
    number = words[STATE]
    state = STATES.get(number, "F")
    amps = words[AMPS] / 10
    offered = amps if state in ("B2", "C2") else 0.0
    faults, why = _faults(number, stays_out)
    if not why and words[LOCK_INPUT] == LOCKED:
        why = "locked by its lock input (terminals of the key switch)"
    # It shows less than it was told where a limit of its own is lower: that is not forgotten.
    lower = written is not None and 0 < amps <= written.amps
    return Status(
        state,
        closed=state == "C2",
        offered=offered,
        told=None if lower else amps,
        faults=faults,
        warnings=("temperature derating",) if number == DERATING else (),
        why=why,
        restarted=restarted,
    )


def _faults(number: int, stays_out: bool) -> tuple[tuple[str, ...], str]:
    if number == 9:
        return ("pilot out of range",), "the board reports state E: the pilot is shorted, or the vehicle unplugged it"
    if number == ERROR:
        return ("pilot line",), (
            "the board reports an error (state 11): residual current, heat, supply or a fault of its own. "
            "Its light tells which"
        )
    if number == OUT_OF_SERVICE:
        words = "the board is out of service (state F): locked, or not asked for too long"
        return (("pilot line",) if stays_out else (), words)
    if number not in STATES:
        return ("pilot line",), f"the board reports a state that is not known ({number})"
    return (), ""
