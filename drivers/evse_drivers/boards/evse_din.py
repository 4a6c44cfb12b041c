"""EVSE DIN and Simple EVSE WB (EVSE Wallbox), boards with a Modbus RTU port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..api import Act, DriverError
from ..buses.modbus import Block, Write
from ..options import option
from .on_modbus import ModbusBoard
from .status import Offer, Status

if TYPE_CHECKING:
    from ..buses.modbus import ModbusBus

# Registers, by the maker's own script (kortas87/evse-scripts) and those of openWB, evcc and SimpleEVSE-WiFi. Those from
# 1000 on are RAM and those from 2000 on EEPROM, which is written only where it differs.
TOLD, OUTPUT, VEHICLE, CABLE, COMMAND, FIRMWARE, PILOT, FAILS = range(1000, 1008)
BOOT_AMPS, KEEP_AMPS, CONFIG, CABLE_DETECTION = 2000, 2004, 2005, 2007
WRITE = 16  # function: all of them write so, whatever the firmware

TURN_OFF, SELF_TEST, CLEAR_RCD = 1, 2, 4  # bits of COMMAND
RELAY_ON, NO_DIODE, VENTILATION, RECOVERING, RCD_TEST, RCD_ERROR = 1, 2, 4, 8, 16, 32  # bits of FAILS
HUNDREDTHS = 1 << 7  # bit of CONFIG: currents in 0.01 A; from firmware 17 on
DISABLED = 1 << 13 | 1 << 14 | 1 << 15  # after the next charge, at once, by the boot loader
PWM = 2  # PILOT: 1 a steady +12 V, 2 PWM, 3 switched off
READY, FAILURE = 1, 5  # VEHICLE
LETTERS = {READY: "A", 2: "B", 3: "C", 4: "D", FAILURE: "F"}
FINE_FIRMWARE, FAILS_FIRMWARE = 17, 16  # the first with HUNDREDTHS, with FAILS
LEAST_AT_BOOT = 6  # A, IEC 61851-1 table A.7, where a firmware takes no 0
MOST_AMPS = 80  # IEC 61851-1 table A.7; what is more, in OUTPUT, are hundredths
GAP = 0.2  # s of silence that it wants before each request
SETTLES = 1.0  # s until it goes by what was written to its EEPROM (openWB gives it as much)


class EvseDin(ModbusBoard):
    """A `PilotBoard`. It has no watchdog: it goes on with the last current that it was told when nobody asks it any
    more. The strongest stop ("now") is its command to switch off at once, with 0 A after it."""

    bus_drivers = ("modbus-serial", "modbus-tcp")
    gap = GAP
    read_within = 2.0
    keeps_current = True

    @dataclass(frozen=True, slots=True)
    class Settings:
        bus: str = option(help="the [bus.NAME] it is connected to, 9600 8N1", example="rs485")
        unit: int = option(1, help="the board's number on the bus", minimum=1, maximum=247)
        every: float = option(0.5, help="how often it is asked", unit="s", minimum=0.25, maximum=2.0)

    def __init__(self, settings: Settings, where: str, bus: ModbusBus | None = None) -> None:
        super().__init__(settings, where, bus)
        self.settings = settings
        self._looked_at = Block(3, TOLD, 8)
        self._sees_cable = False
        # What registers have that did not take what they were told: not again after each silence, it wears the EEPROM.
        self._instead: dict[int, int] = {}
        self._off = False  # it was told to switch off at once, and stays so until it is told otherwise

    async def begin(self) -> None:
        """See that it is one, and that it comes up without an offer and with its finest steps."""
        words = await self._read(Block(3, TOLD, 7), Block(3, BOOT_AMPS, 8))
        firmware, vehicle, pilot = words[FIRMWARE], words[VEHICLE], words[PILOT]
        if vehicle not in LETTERS or pilot not in (1, 2, 3) or not 0 < firmware < 256:
            raise DriverError(
                f"{self.where}: unit {self.settings.unit} on {self.settings.bus} answers, but not like an EVSE DIN: "
                f"firmware {firmware}, vehicle state {vehicle}, pilot state {pilot}. Set the board's own unit number."
            )
        self.identified = True
        config = words[CONFIG] & ~DISABLED | (HUNDREDTHS if firmware >= FINE_FIRMWARE else 0)
        wanted = {BOOT_AMPS: 0, KEEP_AMPS: 0, CONFIG: config}
        instead = self._instead
        wrong = {at: word for at, word in wanted.items() if words[at] not in (word, instead.get(at))}
        if wrong:
            await self._keep(*(Write(WRITE, at, (word,)) for at, word in wrong.items()))
            words = await self._read(Block(3, TOLD, 7), Block(3, BOOT_AMPS, 8))
            self._instead = {at: words[at] for at, word in wanted.items() if words[at] != word}
        if words[BOOT_AMPS] > LEAST_AT_BOOT:
            await self._least_at_boot(words[BOOT_AMPS] != instead.get(BOOT_AMPS))
        self.step = 0.01 if firmware >= FINE_FIRMWARE and words[CONFIG] & HUNDREDTHS else 1.0
        self._looked_at = Block(3, TOLD, 8 if firmware >= FAILS_FIRMWARE else 7)
        self._sees_cable = words[CABLE_DETECTION] > 0

    async def look(self) -> Status:
        """One request."""
        words = await self._read(self._looked_at)
        status = status_of(words, self.step, self._sees_cable)
        self._off = bool(words[COMMAND] & TURN_OFF)
        return status

    async def offer(self, offer: Offer) -> None:
        """0 A ends PWM, and the board opens when the EV has, or its time is over; "now" before that."""
        writes = [Write(WRITE, TOLD, (round(offer.amps / self.step),))]
        if offer.amps == 0 and offer.how == "now":
            writes.insert(0, Write(WRITE, COMMAND, (TURN_OFF,)))
            self._off = True
        elif offer.amps > 0 and self._off:
            writes.insert(0, Write(WRITE, COMMAND, (0,)))
            self._off = False
        await self._write(*writes)

    async def act(self, evse: int, act: Act) -> str | None:
        """Clears the residual-current error, tests that device (30 s), wakes."""
        seen = self._seen
        if act == "acknowledge" and seen is not None and "residual current" in seen.faults:
            await self._write(Write(WRITE, COMMAND, (CLEAR_RCD,)))
            return None
        if act == "selftest" and seen is not None:
            if seen.closed or seen.testing:
                return "it charges, or is being tested already"
            await self._write(Write(WRITE, COMMAND, (SELF_TEST,)))
            return None
        return await super().act(evse, act)

    async def _least_at_boot(self, news: bool) -> None:
        """Some firmware takes no 0 for the current after a power cut: the least that IEC 61851-1 knows, then.
        `news`: that was not tried yet."""
        if news:
            await self._keep(Write(WRITE, BOOT_AMPS, (LEAST_AT_BOOT,)))
        words = await self._read(Block(3, BOOT_AMPS, 1))
        self._instead[BOOT_AMPS] = words[BOOT_AMPS]
        if words[BOOT_AMPS] > LEAST_AT_BOOT:
            raise DriverError(
                f"{self.where}: offers {words[BOOT_AMPS]} A after a power cut whatever it is told (register "
                f"{BOOT_AMPS}): it would charge without anybody's permission. Update its firmware."
            )

    async def _keep(self, *writes: Write) -> None:
        """Write to its EEPROM."""
        import asyncio

        await self._write(*writes)
        await asyncio.sleep(SETTLES)


def status_of(words: dict[int, int], step: float, sees_cable: bool) -> Status:
    """What the registers from 1000 on say; FAILS only where the firmware has it. `step`: A that TOLD is counted in."""
    vehicle, fails = words[VEHICLE], words.get(FAILS, 0)
    output = words[OUTPUT] / 100 if words[OUTPUT] > MOST_AMPS else float(words[OUTPUT])
    plugged = vehicle not in (READY, FAILURE)
    offered = output if words[PILOT] == PWM and plugged else 0.0
    faults, why = _faults(vehicle, fails)
    letter = LETTERS.get(vehicle, "F")
    return Status(
        f"{letter}{'2' if offered > 0 else '1'}" if letter != "F" else "F",
        closed=bool(fails & RELAY_ON) if FAILS in words else vehicle in (3, 4) and offered > 0,
        offered=offered,
        told=round(words[TOLD] * step, 2),
        faults=faults,
        why=why or ("recovering from an error" if fails & RECOVERING else ""),
        cable=float(words[CABLE]) if sees_cable and plugged and words[CABLE] >= 6 else None,
        testing=bool(fails & RCD_TEST) and vehicle != FAILURE,
    )


def _faults(vehicle: int, fails: int) -> tuple[tuple[str, ...], str]:
    """Names of the fault catalogue, and words."""
    if fails & NO_DIODE:
        return ("diode",), "the board finds no diode in the vehicle"
    # The maker's script has the error in bit 5 and the test in bit 4; an older manual has the error in bit 4.
    if fails & RCD_ERROR or (vehicle == FAILURE and fails & RCD_TEST):
        return ("residual current",), "the board's residual-current device has tripped, or failed its test"
    if vehicle == FAILURE and not fails & VENTILATION:
        return ("pilot out of range",), f"the board reports a failure (state {vehicle}, bits {fails:#06b})"
    if vehicle not in LETTERS:
        return ("pilot line",), f"the board reports a state that is not known ({vehicle})"
    return (), "EV asks for ventilation, which the board does not allow" if fails & VENTILATION else ""
