"""The OpenEVSE as a board with its own pilot, by RAPI.

Theory of operation. The board is on (it charges whoever asks) or asleep ($FS: +12 V, the relay opens when the vehicle
has opened S2 or after 3 s) or disabled ($FD: -12 V, the relay opens at once). So 0 A is sleep, and 0 A "now" is
disabled for the 300 ms of state F, then sleep. Currents are told volatile ($SC n V): its EEPROM is left alone.

Its lease is heartbeat supervision ($SY): each look is a pulse, and after `heartbeat` seconds without one the board
lowers itself to `failsafe`. It cannot stop by itself and its least is 6 A: a charge that runs goes on at that, and who
is plugged in after it gets that too, until evsed is back. A board that was told to stop stays asleep. A pulse that was
missed is answered by setting the supervision anew, and not by the acknowledgement ($SY 165): that one lifts the current
to the board's maximum.

What it does by itself is corrected when it is seen, and $AT calls for a look at once: after a start it is on at its
maximum until it is told otherwise, when it is hot it sets half of its maximum, which may be more than it was told, and
when a fault has gone it is on again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ..api import Act, DriverError
from ..buses.needed import needed
from ..options import option
from . import openevse_state as states
from .polled import PolledBoard
from .status import Offer, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..buses.rapi import Rapi, Reply
    from ..buses.rapi_frames import Frame

STATE_F = 0.3  # s at least, IEC 61851-1 table A.5
Meant = TypeVar("Meant")
# The board counts the interval in ms and 16 bits: at 66 s and more it would run out early.
LONGEST = 65


class OpenEvse(PolledBoard):
    """One outlet. Its firmware must have $SY: RAPI 5.0.0 and newer, built with HEARTBEAT_SUPERVISION."""

    bus_drivers = ("rapi",)
    alone = (
        "from power-on until evsed speaks it offers its own maximum to whoever plugs in, unless its firmware was built "
        "with AUTH_LOCK or BOOTLOCK, and without evsed it goes on at `failsafe`, for the next vehicle too"
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to", example="openevse")
        heartbeat: int = option(
            5, help="silence of evsed after which the board lowers itself to `failsafe`", unit="s", minimum=2,
            maximum=LONGEST,
        )  # fmt: skip
        failsafe: int = option(
            6,
            help="what a charge that runs goes on with when evsed falls silent; the board cannot stop by itself",
            unit="A",
            minimum=6,
            maximum=80,
        )
        checks_off: str = option(
            "",
            help="letters of the board's own checks that may be switched off: D diode, V ventilation, G ground, "
            "R welded relay, F ground-fault self-test, T temperature",
        )
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=1.0)

    def __init__(self, settings: Settings, where: str, bus: Rapi | None = None) -> None:
        super().__init__(where, settings.every)
        if unknown := set(settings.checks_off) - {letter for letter, _, _ in states.CHECKS}:
            raise DriverError(
                f"{where}.checks_off: {''.join(sorted(unknown))!r} names no check. Letters: "
                + ", ".join(f"{letter} {name}" for letter, _, name in states.CHECKS) + "."
            )  # fmt: skip
        self.settings = settings
        self._bus = needed(bus, where, "the rapi driver")
        self._story = states.Story()
        self._wanted: Offer | None = None  # what it was told last
        self._taken = 0  # A, what it made of that
        self._said = states.State(states.UNKNOWN, states.CHARGING_ON)
        self._lockable = False
        self._unlocked = False  # its lock was taken out of its own hands until the vehicle is gone
        self._restarted = False
        self._bus.listen(self._hear)

    @staticmethod
    def fallback(settings: Settings) -> float:
        """A that it lowers itself to when it hears no pulse."""
        return float(settings.failsafe)

    # --- the conversation -----------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Firmware, heartbeat, its checks, its button, its timer."""
        self._wanted = None
        await self._supervise()
        _, flags = await self._read("GE", states.settings_of)
        if off := states.switched_off(flags, self.settings.checks_off):
            raise DriverError(
                f"{self.where}: the board's {off[0][1]} is switched off. Switch it on (RAPI $FF {off[0][0]} 1, or its "
                f'web page), or allow that by checks_off = "{self.settings.checks_off}{off[0][0]}".'
            )
        if not flags & states.BUTTON_OFF:
            await self._ask("FF B 0")  # it would start and stop charges without a card; refused: there is none
        self._said = await self._read("GS", states.state_of)
        if self._said.flags & states.TIMER_ON:
            await self._do("ST 0 0 0 0")  # its delay timer would start and stop charges by the clock
        self._lockable = (await self._ask("G5")).done

    async def look(self) -> Status:
        """One pulse, and how it is. What it does by itself against what it was told is corrected first."""
        await self._pulse()
        said, amps = await self._state()
        if self._wanted is not None and self._strays(said, amps):
            await self.offer(self._wanted)
            said, amps = await self._state()
        locked = None
        if self._lockable:
            locked = (await self._read("G5", lambda words: words[0])) == "1"
            if self._unlocked and not said.connected:
                await self._do("S5 A")
                self._unlocked = False
        status = self._story.status(said, amps, locked, self._now())
        if self._wanted is not None and not self._strays(said, amps):
            status = replace(status, told=self._wanted.amps)
        restarted, self._restarted = self._restarted, False
        return replace(status, restarted=True) if restarted else status

    async def offer(self, offer: Offer) -> None:
        """Sleep, or a current and on."""
        self._wanted = offer
        if offer.amps == 0:
            await self._stop(offer)
            return
        amps = int(offer.amps)
        reply = await self._ask(f"SC {amps} V")
        (self._taken,) = self._understand("SC", reply.words, lambda words: states.numbers_of(words, 1))
        if self._taken > amps:
            raise DriverError(f"{self.where}: the board was told {amps} A and set {self._taken} A.")
        if self._said.flags & states.BOOT_LOCK:
            await self._ask("SB")
        if self._said.flags & states.AUTH_LOCKED:
            await self._ask("S4 0")
        await self._do("FE")

    async def _stop(self, offer: Offer) -> None:
        if self._said.faulty:
            return  # its relay is open; sleep would hide the fault, and the fault's end would end the sleep
        if offer.how == "now" and self._said.flags & states.CHARGING_ON:
            import asyncio

            await self._do("FD")
            await asyncio.sleep(STATE_F)
        await self._do("FS")

    def _strays(self, said: states.State, amps: int) -> bool:
        """It does something else than it was told."""
        assert self._wanted is not None
        if said.faulty:
            return False
        if self._wanted.amps == 0:
            return said.state != states.SLEEPING
        locked = said.flags & (states.AUTH_LOCKED | states.BOOT_LOCK)
        return not said.on or bool(locked) or amps != self._taken

    async def _pulse(self) -> None:
        """Tell it that evsed lives; one that has missed a pulse, or was set otherwise, is set anew."""
        reply = await self._ask("SY")
        interval, amps, missed = self._understand("SY", reply.words, lambda words: states.numbers_of(words, 3))
        if not reply.done or missed == 2 or (interval, amps) != (self.settings.heartbeat, self.settings.failsafe):
            await self._supervise()

    async def _supervise(self) -> None:
        settings = self.settings
        reply = await self._ask(f"SY {settings.heartbeat} {settings.failsafe}")
        self.identified = True  # nothing else speaks RAPI
        if not reply.done and not reply.words:
            version = await self._read("GV", lambda words: " with RAPI ".join(words))
            raise DriverError(
                f"{self.where}: the board's firmware {version} has no heartbeat supervision ($SY): without it the "
                "board would keep its current when evsed falls silent. Load a firmware of 7.1.0 or newer that was "
                "built with HEARTBEAT_SUPERVISION."
            )
        interval, amps, _ = self._understand("SY", reply.words, lambda words: states.numbers_of(words, 3))
        if (interval, amps) != (settings.heartbeat, settings.failsafe):
            raise DriverError(
                f"{self.where}: the board was told a heartbeat of {settings.heartbeat} s and {settings.failsafe} A, "
                f"and set {interval} s and {amps} A."
            )

    # --- PilotBoard -----------------------------------------------------------------------------------------------

    async def act(self, evse: int, act: Act) -> str | None:
        """Opens its plug lock where it has one; the lock goes back to its own hands when the vehicle is gone."""
        if act != "unlock" or not self._lockable:
            return await super().act(evse, act)
        if self._said.flags & states.CHARGING_ON:
            return "the board charges: its plug stays locked until that is over"
        self._unlocked = True
        await self._do("S5 M")
        await self._do("S5 0")
        self.wake()
        return None

    # --- words ----------------------------------------------------------------------------------------------------

    def _hear(self, event: Frame) -> None:
        self._restarted = self._restarted or event.name == "AB"
        self.wake()

    async def _state(self) -> tuple[states.State, int]:
        self._said = await self._read("GS", states.state_of)
        amps, _ = await self._read("GE", states.settings_of)
        return self._said, amps

    async def _ask(self, command: str) -> Reply:
        return await self._bus.ask(command, self.where)

    async def _do(self, command: str) -> Reply:
        reply = await self._ask(command)
        if not reply.done:
            raise DriverError(f"{self.where}: the OpenEVSE refuses ${command}. Load a firmware that was built with it.")
        return reply

    async def _read(self, command: str, understand: Callable[[Sequence[str]], Meant]) -> Meant:
        return self._understand(command, (await self._do(command)).words, understand)

    def _understand(self, command: str, words: Sequence[str], understand: Callable[[Sequence[str]], Meant]) -> Meant:
        try:
            return understand(words)
        except (ValueError, IndexError):
            raise DriverError(
                f'{self.where}: the OpenEVSE answers ${command} by "{" ".join(words)}", which makes no sense. See '
                "whether its firmware is one of OpenEVSE's."
            ) from None
