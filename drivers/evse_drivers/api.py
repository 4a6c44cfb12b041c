"""What a driver promises: protocols and value types, standard library only.

A driver is a class that takes its own settings (a frozen dataclass named `Settings` inside it) and fulfils one of
the protocols below. It never falls back to another driver and never invents a value: what the hardware did not
say is `None`. Whatever goes wrong leaves the driver as a `DriverError` whose text is written for the technician.
One that hangs on a bus has a setting `bus`, and names in `bus_drivers` the bus drivers it can speak through.

Instants are seconds of CLOCK_MONOTONIC, which all processes of one machine share.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


class DriverError(Exception):
    """The hardware did not do what was asked; the text says where, what was found and what to do."""


# --- values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sense:
    """One look at the control pilot: the highest and the lowest voltage since the last look."""

    at: float  # s, stamped where it was measured
    high: float  # V
    low: float  # V; equals `high` while there is no PWM
    proximity: float | None = None  # ohm between PP and PE, once a second at least; None: not measured in this look


Phases = tuple[float | None, float | None, float | None]
NO_PHASES: Phases = (None, None, None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter said at one instant. A quantity it does not measure, or would not tell, is None and never 0."""

    at: float  # s
    import_wh: float | None = None  # the meter's own register, never reset
    export_wh: float | None = None
    watts: float | None = None  # total; positive into the vehicle
    watts_by_phase: Phases = NO_PHASES
    amps: Phases = NO_PHASES
    volts: Phases = NO_PHASES  # phase to neutral
    hertz: float | None = None
    sequence: Literal["L1-L2-L3", "L1-L3-L2"] | None = None  # the order in which the phases turn


@dataclass(frozen=True, slots=True)
class Uid:
    """A card or tag held before a reader."""

    hex: str  # upper case, first byte first, two digits a byte
    kind: Literal["ISO14443", "ISO15693", "other"] = "ISO14443"


@dataclass(frozen=True, slots=True)
class Identification:
    """Who charges, as a signed record names it: `kind` in the words of OCPP 2.x IdTokenEnumType."""

    kind: str  # ISO14443 ISO15693 eMAID KeyCode Central Local MacAddress NoAuthorization
    id: str  # "" with NoAuthorization


@dataclass(frozen=True, slots=True)
class Signed:
    """A record that a meter has signed, whole and as the meter gave it: whoever passes it on changes no byte."""

    data: str  # of encoding OCMF: OCMF|{...}|{...}
    encoding: str  # "OCMF"
    method: str  # "ECDSA-secp256r1-SHA256"
    public_key: str  # hex digits of the ASN.1 structure (SubjectPublicKeyInfo)
    wh: float | None = None  # the last reading that the record states; None: it states none
    whole: bool = False  # it holds the begin of its session too


How = Literal["grace", "now"]


@dataclass(frozen=True, slots=True)
class Permit:
    """The most that an EVSE may offer, until it expires: an upper bound, never a pin command."""

    evse: int
    amps: float  # per phase; 0 withdraws the offer
    phases: int  # 1 or 3
    locked: bool  # the plug is to stay locked
    how: How  # how to stop when amps is 0: let the EV open S2 first (6 s at most), or open at once
    until: float  # s; at most 5 s ahead


Act = Literal["acknowledge", "selftest", "wake", "unlock", "new-contactor"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pilot knows of one EVSE; sent on every change and once a second.

    `boot` names the pilot process, `plug` counts the plugs it has seen since then: a transaction belongs to one
    (boot, plug). `fault` is the name of the fault that keeps the EVSE from charging; `why` says in words for the
    technician what it waits for.
    """

    evse: int
    at: float  # s
    boot: str
    state: str  # A1 B1 B2 C1 C2 D1 D2 E F, see pilot/iec61851.py
    plug: int
    closed: bool  # the contactor: the mirror contact's word, the command's where there is none
    offered: float  # A, what the duty cycle tells the EV; 0 while X1
    volts: float | None  # V, the pilot's high side; None where a board does not tell
    duty: float | None  # 0 to 1; None while +12 V stands
    cable: float | None  # A, by the proximity resistor; None where not measured or no plug
    locked: bool | None  # None: no lock
    fault: str | None
    why: str
    unplugged_at: float | None  # s, last unplug
    opened_at: float | None  # s, last opening of the contactor
    worst_gap_ms: float  # the loop's longest gap since the last Seen of this kind
    faults: tuple[str, ...] = ()  # all that stand, the weightiest (`fault`) first
    warnings: tuple[str, ...] = ()  # what is wrong but does not keep it from charging
    phases: int | None = None  # that the phase relay lets through; None: there is no relay
    simplified: bool = False  # the vehicle has no S2: 10 A at most
    glitches: int = 0  # pilot levels that were gone before they counted
    toggles: int = 0  # BCB pulses of the vehicle
    closings: int = 0  # of this contactor, in its life
    hot_openings: int = 0  # under load
    cold_openings: int = 0
    wear: float = 0.0  # part of the contactor's life that is used up
    tested_at: float | None = None  # s, the last residual-current self-test that was passed
    testing: bool = False

    @property
    def plugged(self) -> bool:
        """A vehicle holds the pilot at B, C or D."""
        return self.state[0] in "BCD"

    @property
    def asking(self) -> bool:
        """The vehicle has S2 closed."""
        return self.state[0] in "CD"


SIGNED_WITHIN = 10.0  # s

# --- protocols --------------------------------------------------------------------------------------------------


@runtime_checkable
class PilotLine(Protocol):
    """The control pilot of one EVSE, called from the pilot process every 10 ms.

    `sample_ms` is how long `sense` takes at most, `release_ms` how long the contactor needs to open after its coil
    was told to: the settings check that both fit into the 100 ms of IEC 61851-1 table A.6, sequence 8.1. A line that
    also sees the lower peak says so by `both_peaks = True`: only then the vehicle's resistance can be told.
    Where the times depend on its settings, a static method `timing(settings)` gives (sample_ms, release_ms), in ms. All
    lines of a station are looked at one after the other: their sample_ms add up. One whose look is work of the
    processor all the time, and no waiting, says so by `keeps_busy = True`.
    """

    sample_ms: float
    release_ms: float

    def sense(self) -> Sense: ...

    def drive(self, duty: float | None) -> None:
        """Put out `duty` (0 < duty < 1 at 1 kHz), 0.0 for a steady -12 V (state F), None for a steady +12 V (X1)."""

    def close(self) -> None: ...


@runtime_checkable
class Switch(Protocol):
    """A contactor, a plug lock or a phase relay, with the contact that tells its position where there is one."""

    def set(self, on: bool) -> None:
        """Never blocks: the guard thread calls it while the loop may hang in another call of this driver.

        A lock that is told the same again moves again: it is told so because its contact says that it did not."""

    def get(self) -> bool | None:
        """The mirror contact's word; None where the hardware has none."""

    def close(self) -> None: ...


@runtime_checkable
class Input(Protocol):
    """A contact that the pilot process looks at every 10 ms: emergency stop, thermal switch."""

    def active(self) -> bool:
        """True: pressed, too hot. Wired and set so that a broken wire counts as active. Never blocks."""

    def close(self) -> None: ...


@runtime_checkable
class ResidualCurrent(Protocol):
    """A residual-current device (RCM, RDC-DD) of the board. Its trip cuts the coil in hardware; software mirrors it."""

    def tripped(self) -> bool:
        """Its error output, as it is now. Never blocks."""

    def test(self, on: bool) -> None:
        """Its test input; off clears a trip that the device itself keeps, too. Never blocks."""

    def close(self) -> None: ...


@runtime_checkable
class Thermometer(Protocol):
    """A temperature sensor, read by the station. `read` takes 1 s at most and raises DriverError when it cannot."""

    async def read(self) -> float:
        """degrees Celsius"""

    async def close(self) -> None: ...


@runtime_checkable
class PilotBoard(Protocol):
    """A board that drives the pilot itself; it lives in the station and its own watchdog is the lease.

    What it does without being told, and a technician should know, it may say in `alone`: `evsed check` warns of it.
    One that has no such watchdog says so by `keeps_current = True`: its last current goes on when the station dies,
    and the config must say what switches it off then.
    """

    async def permit(self, permit: Permit) -> None:
        """Keeps the newest and wakes whoever tells the board; neither waits for the bus nor raises."""

    async def act(self, evse: int, act: Act) -> str | None:
        """Returns why it was not done, in words for whoever asked, or None."""

    def seen(self) -> AsyncIterator[Seen]:
        """What it says, on each change and once a second. DriverError: it is silent; it is iterated anew then."""

    async def close(self) -> None:
        """The station ends in order: a board that keeps its current is told to stop."""


@runtime_checkable
class Meter(Protocol):
    """An energy meter. `read` takes 2 s at most and raises DriverError when the meter does not answer."""

    async def read(self) -> Reading: ...

    async def close(self) -> None: ...


@runtime_checkable
class SignedMeter(Meter, Protocol):
    """A meter that signs what a vehicle was charged with, in sessions of its own: one begins, and ends, at a time.

    Its Settings have `required`: no energy may flow before a session has begun. `utc` (s) is the caller's clock, which
    the meter writes into its records. Each call takes `SIGNED_WITHIN` s at most, and readings go on meanwhile.
    DriverError: whether the meter did it is not known; `end` finds out. A killed caller may ask again.
    """

    async def begin(self, who: Identification, utc: float) -> Signed:
        """Begin a session: its first record. DriverError too while one runs: end that one first."""

    async def end(self, begun: Signed | None, utc: float | None) -> Signed | None:
        """End the session that runs, or get the record of one that was ended and whose record was not taken.

        `begun` is the record that `begin` gave; None: the caller knows of no session, and one that runs is ended with
        a record that holds its begin too. `utc` None: the caller does not know the time; DriverError if the meter does
        not either. Returns None where no session runs and none was left.
        """

    async def public_key(self) -> str:
        """As in Signed."""


@runtime_checkable
class Reader(Protocol):
    """A card reader. `tokens` yields a card once when it comes, however long it is held there.

    One that gives up raises DriverError from there, and is iterated anew after a while. One that goes on trying may
    have an attribute `on_heard`, None until the station sets it to a function: called with None when the reader has
    begun to answer, and with the reason in words when it no longer does. `sample`, where the class has one, is a Uid
    such as it yields, for `evsed check` to show.
    """

    def tokens(self) -> AsyncIterator[Uid]: ...

    async def close(self) -> None: ...
