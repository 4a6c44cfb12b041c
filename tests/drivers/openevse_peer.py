"""An OpenEVSE at the end of a cable, written from the protocol's description and its firmware's behaviour.

It keeps its own states, relay, current, heartbeat supervision and energy, and says $AT and $AB by itself. `beat` is how
long one second of its heartbeat lasts here.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.drivers.serial_peers import Cable

NAMES = {
    "A": 0x01, "B": 0x02, "C": 0x03, "vent": 0x04, "diode": 0x05, "gfci": 0x06, "no ground": 0x07, "stuck": 0x08,
    "gfi test": 0x09, "hot": 0x0A, "overcurrent": 0x0B, "no closure": 0x0E, "sleeping": 0xFE, "disabled": 0xFF,
    "unknown": 0x00,
}  # fmt: skip
CHARGING_ON, CONNECTED, AUTH_LOCKED, TIMER_ON, HARD_FAULT, MANUAL_LOCK = 0x40, 0x100, 0x08, 0x1000, 0x02, 0x8000


def xor(text: str) -> str:
    total = 0
    for octet in text.encode():
        total ^= octet
    return f"{text}^{total:02X}\r"


class OpenEvse:
    """`version`, `supervised` (its firmware has $SY), `lockable` (it has $S5): what it was built with."""

    def __init__(self, port: Path, *, version: str = "8.2.3", supervised: bool = True, lockable: bool = True) -> None:
        self.cable = Cable(port)
        self.version, self.supervised, self.lockable = version, supervised, lockable
        self.beat = 1.0  # s
        self.maximum = 32  # A, in its EEPROM
        self.flags = 0x0001
        self.eeprom_writes: list[str] = []
        self.session_ws, self.total_wh = 0, 0
        self.milliamps, self.millivolts = 0, 240_000
        self.commands: list[str] = []
        self.deaf = False
        self.refuse: set[str] = set()  # commands that this firmware was built without
        self.interject = ""  # said between a command and its answer
        self.mishear = 0  # so many of the next commands arrive damaged
        self.interval, self.fallback = 0, 0  # s and A of the heartbeat, kept in its EEPROM
        self.auth_locks = False  # built with AUTH_LOCK: locked at its start and in state A
        self.timer = False
        self.vehicle = "A"
        self.hard = False
        self._watch: asyncio.TimerHandle | None = None
        self._buffer = b""
        self._start()
        self._fd = os.open(self.cable.device.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def _start(self) -> None:
        self.state = "A"
        self.amps = self.maximum
        self.closed = False
        self.trigger = 0
        self.auth_locked = self.auth_locks
        self.manual, self.locked = False, False
        self._supervise()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self.cable.close()

    # --- what happens to it ---------------------------------------------------------------------------------------

    def plug(self, vehicle: str) -> None:
        """The vehicle's side of the pilot: "A" unplugged, "B" plugged in, "C" asks."""
        if vehicle == "A" and self.vehicle != "A":
            self.total_wh += self.session_ws // 3600
        elif self.vehicle == "A" and vehicle != "A":
            self.session_ws = 0
        self.vehicle = vehicle
        if vehicle == "A":
            self.auth_locked = self.auth_locks
            self.hard = False
        self._settle()

    def fault(self, name: str, *, hard: bool = False) -> None:
        self.state, self.hard, self.closed = name, hard, name == "stuck"
        self._told()

    def reboot(self) -> None:
        """Power was gone for a moment: all that is not in its EEPROM is lost, and it charges who is plugged in."""
        self._start()
        self.session_ws = 0
        self.say(f"$AB 00 {self.version}")
        self._settle()

    def say(self, text: str) -> None:
        os.write(self._fd, xor(text).encode())

    # --- what it does ---------------------------------------------------------------------------------------------

    @property
    def offering(self) -> float:
        """A, of its PWM; 0: none."""
        return self.amps if self.state in ("B", "C") and not self.auth_locked else 0

    def _settle(self) -> None:
        """Follow the vehicle, unless asleep or faulty."""
        if self.state in ("A", "B", "C", "unknown"):
            self.state = "B" if self.vehicle == "C" and self.auth_locked else self.vehicle
        self.closed = self.state == "C"
        self._told()

    def _told(self) -> None:
        self.say(f"$AT {NAMES[self.state]:02x} {NAMES[self.vehicle]:02x} {self.amps} {self._vflags():04x}")

    def _vflags(self) -> int:
        bits = {CHARGING_ON: self.closed, CONNECTED: self.vehicle != "A", AUTH_LOCKED: self.auth_locked}
        bits |= {TIMER_ON: self.timer, HARD_FAULT: self.hard, MANUAL_LOCK: self.manual}
        return sum(bit for bit, it_is in bits.items() if it_is)

    def _supervise(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self.interval:
            self._watch = asyncio.get_running_loop().call_later(self.interval * self.beat, self._missed)

    def _missed(self) -> None:
        if self.state not in ("sleeping", "disabled"):  # there it does not look
            self.trigger = 2
            if self.fallback < self.amps:
                self.amps = max(self.fallback, 6)
                self._told()
        self._supervise()

    # --- its commands ---------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        self._buffer += os.read(self._fd, 512)
        while b"\r" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r")
            assert len(line) < 32
            text, _, check = line.decode().partition("^")
            assert xor(text) == f"{text}^{check}\r"
            name, *words = text[1:].split()
            sequence = words.pop() if words and words[-1].startswith(":") else ""
            self.commands.append(" ".join([name, *words]))
            if self.deaf:
                continue
            if self.interject:
                self.say(self.interject)
            if self.mishear:
                self.mishear -= 1
                self.say("$NK")
                continue
            before = (self.state, self.amps, self.auth_locked)
            done, answer = (False, "") if name in self.refuse else self._do(name, words)
            self.say(" ".join(part for part in ("$OK" if done else "$NK", answer, sequence) if part))
            if before != (self.state, self.amps, self.auth_locked):
                self._told()

    def _do(self, name: str, words: list[str]) -> tuple[bool, str]:
        match name, words:
            case "GV", []:
                return True, f"{self.version} 5.2.1"
            case "GS", []:
                return True, f"{NAMES[self.state]:02x} 125 {NAMES[self.vehicle]:02x} {self._vflags():04x}"
            case "GE", []:
                return True, f"{self.amps} {self.flags:04x}"
            case "GG", []:
                return True, f"{self.milliamps} {self.millivolts}"
            case "GU", []:
                return True, f"{self.session_ws} {self.total_wh}"
            case "FE", []:
                if self.state in ("sleeping", "disabled"):
                    self.state = "unknown"
                self._settle()
                return True, ""
            case "FS", []:
                self.state, self.closed = "sleeping", False
                return True, ""
            case "FD", []:
                self.state, self.closed = "disabled", False
                return True, ""
            case "FF", ["B", on]:
                self.eeprom_writes.append(f"FF B {on}")
                self.flags = self.flags & ~0x8000 | (0x8000 if on == "0" else 0)
                return True, ""
            case "ST", ["0", "0", "0", "0"]:
                self.timer = False
                return True, ""
            case "S4", [lock]:
                self.auth_locked = lock == "1"
                self._settle()
                return self.auth_locks, ""
            case "SC", [amps, "V"]:
                self.amps = min(max(int(amps), 6), self.maximum)
                return self.amps == int(amps), str(self.amps)
            case "SC", _:
                self.eeprom_writes.append("SC")
                return True, words[0]
            case (("SY" | "GY"), _) if self.supervised:
                return self._heartbeat(words), f"{self.interval} {self.fallback} {self.trigger}"
            case (("G5" | "S5"), _) if self.lockable:
                return self._lock(words)
        return False, ""

    def _heartbeat(self, words: list[str]) -> bool:
        done = True
        match words:
            case []:
                done = self.trigger != 2
            case ["165"]:
                if self.trigger == 2:
                    self.amps, self.trigger = self.maximum, 1
            case [interval, fallback]:
                if (self.interval, self.fallback) != (int(interval), int(fallback)):
                    self.eeprom_writes.append(f"SY {interval} {fallback}")
                self.interval, self.fallback, self.trigger = int(interval), int(fallback), 0
        self._supervise()
        return done

    def _lock(self, words: list[str]) -> tuple[bool, str]:
        if not words:
            locked = self.locked if self.manual else self.vehicle != "A"
            return True, f"{int(locked)} {'M' if self.manual else 'A'}"
        if words[0] in "AM":
            self.locked = self.vehicle != "A"
            self.manual = words[0] == "M"
        else:
            self.locked = words[0] == "1"
        return True, ""
