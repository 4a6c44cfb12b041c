"""What an OpenEVSE's numbers say, as the status of a board: pure, `now` is an argument.

Source: firmware/open_evse/J1772EvseController.h and .cpp of open_evse, release 8.2.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .status import Status

UNKNOWN, A, B, C, VENT = 0x00, 0x01, 0x02, 0x03, 0x04
STUCK_RELAY = 0x08
SLEEPING, DISABLED = 0xFE, 0xFF

# EVSE states 0x04 to 0x0E: the relay is open and +12 V stands. The fault's name in the catalogue, and words.
FAULTS: dict[int, tuple[str, str]] = {
    0x05: ("diode", "the board finds no diode in the vehicle's pilot"),
    0x06: ("residual current", "the board's ground-fault interrupter has tripped; it tries again by itself"),
    0x07: ("PEN", "the board finds no protective earth"),
    0x08: ("contactor welded", "the board finds voltage behind its open relay"),
    0x09: ("residual-current self-test", "the board's ground-fault interrupter failed its test"),
    0x0A: ("thermal switch", "the board is too hot"),
    0x0B: ("overcurrent", "the board measured more than it offers"),
    0x0E: ("contactor failed to close", "the board finds no voltage behind its closed relay"),
}
SETTLES = 2.0  # s that the state may be unknown: after a start, and between two states
SHORT = ("pilot short", "the board sees no level on its pilot")

# $GS, volatile flags
HARD_FAULT, AUTH_LOCKED, CHARGING_ON = 0x0002, 0x0008, 0x0040
EV_CONNECTED, TIMER_ON, BOOT_LOCK = 0x0100, 0x1000, 0x4000

# $GE, flags kept in its EEPROM: the letter by which $FF names a check, the bit that switches it off, and its name
CHECKS = (
    ("D", 0x0002, "diode check"),
    ("V", 0x0004, "check for vehicles that need ventilation"),
    ("G", 0x0008, "ground check"),
    ("R", 0x0010, "check for a welded relay"),
    ("F", 0x0200, "self-test of the ground-fault interrupter"),
    ("T", 0x0400, "temperature monitoring"),
)
BUTTON_OFF = 0x8000
MOST_AMPS = 80  # IEC 61851-1 table A.7; its own largest is less


@dataclass(frozen=True, slots=True)
class State:
    """The answer to $GS."""

    state: int
    flags: int

    @property
    def faulty(self) -> bool:
        """In one of its fault states; a vehicle that needs ventilation is one."""
        return VENT <= self.state <= 0x0E

    @property
    def on(self) -> bool:
        """It would charge a vehicle that asks."""
        return self.state in (UNKNOWN, A, B, C)

    @property
    def connected(self) -> bool:
        """A vehicle is plugged in; in `DISABLED` that is what was so before."""
        return bool(self.flags & EV_CONNECTED)


def state_of(words: Sequence[str]) -> State:
    """Of the words of $GS: state, elapsed time, pilot state and flags, hexadecimal but for the time. ValueError: they
    make no sense."""
    state, _, _, flags = words
    return State(int(state, 16), int(flags, 16))


def settings_of(words: Sequence[str]) -> tuple[int, int]:
    """Of the words of $GE: amps (decimal) and flags (hex). ValueError: they make no sense."""
    amps, flags = words
    if not 0 <= int(amps) <= MOST_AMPS:
        raise ValueError(f"{amps} A")
    return int(amps), int(flags, 16)


def numbers_of(words: Sequence[str], count: int) -> tuple[int, ...]:
    """`count` decimal numbers, and no other words. ValueError: they make no sense."""
    if len(words) != count:
        raise ValueError(f"{len(words)} words instead of {count}")
    return tuple(int(word) for word in words)


def switched_off(flags: int, allowed: str) -> list[tuple[str, str]]:
    """The letter and name of each check that is off and not among the `allowed` letters."""
    return [(letter, name) for letter, bit, name in CHECKS if flags & bit and letter not in allowed]


class Story:
    """Turns one State after the other into Status."""

    def __init__(self) -> None:
        self._unknown_since: float | None = None
        self._fault: int | None = None  # the state of the hard fault that it is in

    def status(self, said: State, amps: int, locked: bool | None, now: float) -> Status:
        """`amps`: its current capacity; `locked`: its plug lock, None where it has none."""
        if said.state != UNKNOWN:
            self._unknown_since = None
        elif self._unknown_since is None:
            self._unknown_since = now
        fault = self._standing(said, now)
        closed = bool(said.flags & CHARGING_ON) or said.state == STUCK_RELAY
        offered = float(amps) if said.state in (B, C) and not said.flags & AUTH_LOCKED else 0.0
        return Status(
            _letter(said, offered, closed, fault),
            closed,
            offered,
            told=float(amps) if said.on else 0.0,
            faults=(fault[0],) if fault else (),
            why=fault[1] if fault else "",
            locked=locked,
        )

    def _standing(self, said: State, now: float) -> tuple[str, str] | None:
        # A hard fault stands until the vehicle is unplugged, also where $FS has put another state over it.
        if said.faulty:
            self._fault = said.state
        elif not said.flags & HARD_FAULT:
            self._fault = None
        if self._fault is not None and self._fault != VENT:
            unknown = ("pilot line", f"the board is in a fault state that is not known (0x{self._fault:02X})")
            return FAULTS.get(self._fault, unknown)
        if self._unknown_since is not None and now - self._unknown_since > SETTLES:
            return SHORT
        return None


def _letter(said: State, offered: float, closed: bool, fault: tuple[str, str] | None) -> str:
    if said.state == DISABLED:
        return "F"  # -12 V stands
    if fault == SHORT:
        return "E"
    if said.state == VENT:
        return "D1"
    if said.state == C:
        return "C2"
    if not said.connected:
        return "A1"
    if closed and said.state == SLEEPING:
        return "C1"  # it waits for the vehicle to open S2, 3 s at most
    return "B2" if offered else "B1"
