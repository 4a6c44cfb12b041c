"""Boards at the end of a serial line, written from their papers: each is a thread with its own state machine."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

from tests.drivers.rtu_crc import crc


class Slave(threading.Thread):
    """A Modbus RTU device. `port` is the name that the driver opens; what it answers goes through `tamper`."""

    def __init__(self, port: Path, unit: int = 1) -> None:
        super().__init__(daemon=True)
        self.port, self.unit = port, unit
        self.words: dict[tuple[int, int], int] = {}  # (3 or 4, address): word
        self.silent = False
        self.tamper: Callable[[bytes], bytes] = bytes
        self.writes: list[tuple[int, int]] = []  # (address, word), oldest first
        self.asked_at = time.monotonic()
        self._master: int | None = None
        self._over = False
        self.plug_in()
        self.start()

    # --- the wire -------------------------------------------------------------------------------------------------

    def plug_in(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        self.port.symlink_to(os.ttyname(slave))
        os.close(slave)  # the driver wants the port for itself
        self._master = master

    def vanish(self) -> None:
        master, self._master = self._master, None
        self.port.unlink()
        time.sleep(0.1)  # the thread looks away
        assert master is not None
        os.close(master)

    def close(self) -> None:
        self._over = True
        self.join()
        if self._master is not None:
            os.close(self._master)

    def run(self) -> None:
        heard = b""
        while not self._over:
            master = self._master
            self.live(time.monotonic())
            try:
                if master is None or not select.select([master], [], [], 0.02)[0]:
                    heard = b""  # a pause ends a frame
                    time.sleep(0.0 if master is not None else 0.02)
                    continue
                heard = (heard + os.read(master, 512))[-256:]
                while request := self._request(heard):
                    heard = heard[len(request) :]
                    answer = self._answer(request)
                    if answer and not self.silent:
                        os.write(master, self.tamper(answer))
            except OSError:  # nobody has it open
                time.sleep(0.02)

    def _request(self, heard: bytes) -> bytes:
        """The frame that `heard` begins with; what cannot be one is passed over by the caller's next bytes."""
        if len(heard) < 8:
            return b""
        size = 9 + heard[6] if heard[1] == 16 else 8
        return heard[:size] if len(heard) >= size else b""

    def _answer(self, request: bytes) -> bytes:
        if crc(request[:-2]) != request[-2:] or request[0] != self.unit:
            return b""
        self.asked_at = time.monotonic()
        function, address = request[1], int.from_bytes(request[2:4])
        if function in (3, 4):
            words = [self.words.get((function, address + i)) for i in range(int.from_bytes(request[4:6]))]
            if None in words:
                return self._frame(bytes([function | 0x80, 2]))
            data = b"".join(word.to_bytes(2) for word in words if word is not None)
            return self._frame(bytes([function, len(data)]) + data)
        values = [request[4:6]] if function == 6 else [request[i : i + 2] for i in range(7, len(request) - 2, 2)]
        for i, value in enumerate(values):
            if (3, address + i) not in self.words:
                return self._frame(bytes([function | 0x80, 2]))
            self.writes.append((address + i, int.from_bytes(value)))
            self.wrote(address + i, int.from_bytes(value))
        return self._frame(request[1:6])

    def _frame(self, data: bytes) -> bytes:
        return bytes([self.unit]) + data + crc(bytes([self.unit]) + data)

    # --- the board ------------------------------------------------------------------------------------------------

    def wrote(self, address: int, word: int) -> None:
        """A register was written."""
        self.words[3, address] = word

    def live(self, now: float) -> None:
        """Time goes on."""


class Car:
    """What hangs at a board: it asks for energy where it is offered some, and lets go `reacts` s after that ends."""

    reacts = 0.3

    def __init__(self) -> None:
        self.plugged = False
        self.hungry = True
        self._offered_at = float("-inf")

    def asks(self, offered: bool, now: float) -> bool:
        if offered:
            self._offered_at = now
        return self.plugged and self.hungry and now - self._offered_at < self.reacts


class EvseDinPeer(Slave):
    """An EVSE DIN of that firmware, as it comes from the maker: it would charge with 32 A after its power comes."""

    def __init__(self, port: Path, unit: int = 1, firmware: int = 18, boot: int = 32, least: int = 0) -> None:
        self.car, self.firmware, self._least = Car(), firmware, least
        self.tripped = self.diodeless = False
        self.eeprom = {2000: boot, 2001: unit, 2002: 5, 2003: 1, 2004: 1, 2005: 0x0209, 2006: 0, 2007: 0}
        self.relay = False
        self.eeprom_writes = 0
        self.settles = 0.0  # s until it goes by what was written to its EEPROM; openWB gives it 1 s
        self._settling: list[tuple[float, int, int]] = []
        super().__init__(port, unit)

    def power_up(self) -> None:
        """It begins with what its EEPROM says."""
        fine = self.firmware >= 17 and self.eeprom[2005] & 128
        self.words = {(3, address): word for address, word in self.eeprom.items()}
        count = 8 if self.firmware >= 16 else 7
        self.words |= {(3, 1000 + i): 0 for i in range(count)}
        self.words[3, 1000] = self.eeprom[2000] * (100 if fine else 1)
        self.words[3, 1005], self.words[3, 1002], self.words[3, 1006] = self.firmware, 1, 1

    @property
    def told(self) -> float:
        """A"""
        fine = self.firmware >= 17 and self.words[3, 2005] & 128
        return self.words[3, 1000] / (100 if fine else 1)

    def wrote(self, address: int, word: int) -> None:
        if address >= 2000:
            self.eeprom_writes += 1
            word = max(word, self._least) if address == 2000 else word
            self._settling.append((time.monotonic() + self.settles, address, word))
            return
        if address == 1004 and word & 4:
            self.tripped, word = False, word & ~4
        self.words[3, address] = word

    def live(self, now: float) -> None:
        if not self.words:
            self.power_up()
        while self._settling and self._settling[0][0] <= time.monotonic():
            _, address, word = self._settling.pop(0)
            self.eeprom[address] = self.words[3, address] = word
        words, car = self.words, self.car
        failed = self.tripped or (self.diodeless and car.plugged)
        off = bool(words[3, 1004] & 1) or bool(words[3, 2005] & 1 << 14) or self.told < 5
        pwm = car.plugged and not off and not failed
        asks = car.asks(pwm, now)
        # 1004 bit 0 opens at once; else the relay waits for the vehicle
        self.relay = asks and (pwm or self.relay) and not failed and not words[3, 1004] & 1
        words[3, 1001] = int(self.told) if pwm else 0
        words[3, 1002] = 5 if failed else 1 if not car.plugged else 3 if asks else 2
        words[3, 1006] = 3 if off else 2 if pwm else 1
        if (3, 1007) in words:
            words[3, 1007] = self.relay | bool(self.diodeless and car.plugged) << 1 | self.tripped << 5


class HeidelbergPeer(Slave):
    """A Heidelberg Energy Control with 16 A, as it comes from the maker: 15 s of watchdog, standby allowed."""

    def __init__(self, port: Path, unit: int = 1) -> None:
        self.car = Car()
        self.error = self.hot = False
        self.fell_back = False  # its watchdog has run out
        self.energy = 500
        self.inside = 16.0  # A, the limit of its own
        super().__init__(port, unit)

    def power_up(self) -> None:
        words = {(4, address): 0 for address in (*range(4, 19), 100, 101)}
        words |= {(4, 4): 0x108, (4, 10): 230, (4, 11): 231, (4, 12): 229, (4, 13): 1, (4, 100): 16, (4, 101): 6}
        words |= {(3, address): 0 for address in range(257, 263)}
        words |= {(3, 257): 15000, (3, 259): 1, (3, 261): 160}
        self.words, self.energy = words, 0

    @property
    def offered(self) -> float:
        """A that its duty cycle stands for"""
        words = self.words
        amps = words[3, 262] if self.fell_back else words[3, 261]
        return min(amps / 10, self.inside) if amps >= 60 and words[3, 259] else 0.0

    @property
    def relay(self) -> bool:
        return self.words[4, 5] in (7, 8)

    def live(self, now: float) -> None:
        if not self.words:
            self.power_up()
            self.energy = 500
        words, car = self.words, self.car
        watchdog = words[3, 257] / 1000
        self.fell_back = watchdog > 0 and now - self.asked_at > watchdog
        asks = car.asks(self.offered > 0, now)
        if self.error:
            state = 11
        elif not words[3, 259] or (self.fell_back and words[3, 262] == 0):
            state = 10
        elif not car.plugged:
            state = 3 if self.offered else 2
        elif not asks:
            state = 5 if self.offered else 4
        elif not self.offered and not self.relay:
            state = 6
        else:
            state = 8 if self.hot else 7
        words[4, 5] = state
        current = round(self.offered * 10) if state in (7, 8) else 0
        words |= {(4, 6 + phase): current for phase in range(3)}
        words[4, 14] = round(current / 10 * 690)
        words[4, 15], words[4, 16] = self.energy >> 16, self.energy & 0xFFFF
