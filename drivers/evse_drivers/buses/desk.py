"""The wires of the simulated wallbox: one Unix socket to the desk's world, shared by the drivers of one process.

Packets (SOCK_SEQPACKET, one struct each): DRIVE and SWITCH go one way, so that an output never waits for an answer;
SENSE and LOOK are answered by an ANSWER with the same number, or by a REFUSED with a text. An ANSWER tells the levels
of all wires of that EVSE at once, so that one pair of packets serves every driver of it. The world that answers is
`evsed.desk.wires`.
"""

from __future__ import annotations

import math
import os
import socket
import struct
import threading
import time
from dataclasses import dataclass

from ..api import DriverError, Sense
from ..options import option

SENSE, LOOK, DRIVE, SWITCH, ANSWER, REFUSED = 1, 2, 3, 4, 5, 6

ASK = struct.Struct("<BBH")  # SENSE or LOOK, EVSE, number
DUTY = struct.Struct("<BBd")  # DRIVE, EVSE, duty; NaN is a steady +12 V
POSITION = struct.Struct("<BBBB")  # SWITCH, EVSE (0: all, of the heartbeat), part, on
SEEN = struct.Struct("<BBHHHdddd")  # ANSWER, EVSE, number, levels, broken parts, at, high, low, PP ohm (NaN: none)

SWITCHES = ("contactor", "lock", "phase_relay", "heartbeat")
INPUTS = ("emergency_stop", "thermal_switch")
PARTS = (*SWITCHES, "rcd", *INPUTS)  # `part` of a SWITCH (of "rcd": its test input), and the bits of the broken ones

# The bits of `levels`: contacts that are closed, inputs that are active
NO, NC, LOCKED, THREE_PHASES, TRIPPED, EMERGENCY_STOP, THERMAL_SWITCH = (1 << bit for bit in range(7))

TIMEOUT = 1.5  # s that a look may take before it counts as a broken line
FRESH = 0.005  # s that the levels of the last look stay good for


class DeskWires:
    """Outputs may be set from any thread at any time; looks are one at a time.

    It does not come back once the desk has gone: whoever restarts the desk restarts the pilot process too.
    """

    @dataclass(frozen=True)
    class Settings:
        """A folder's `wires.sock`."""

        socket: str = option(help="the socket of the desk's wires", example="/tmp/desk/wires.sock")

    def __init__(self, settings: Settings, where: str, bus: None = None) -> None:
        self.path, self.where = settings.socket, where
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._link.connect(self.path)
        except OSError as error:
            self._link.close()
            raise DriverError(
                f"{where}: no desk answers at {self.path} ({error.strerror or error}). Start one with `evsed desk`, "
                "or correct `socket`."
            ) from None
        # The kernel's own timeout: Python's would poll before each recv and cost a second system call.
        seconds = int(TIMEOUT)
        timeout = struct.pack("@ll", seconds, int((TIMEOUT - seconds) * 1e6))
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        self._looking = threading.Lock()
        self._number = 0
        self._seen: dict[int, tuple[float, int, int]] = {}  # EVSE: at, levels, broken parts; 0: of the last answer

    def sense(self, evse: int) -> Sense:
        """The pilot line of that EVSE since the last call. Blocks for `TIMEOUT` at most."""
        answer = self._ask(SENSE, evse)
        proximity = answer[8]
        return Sense(answer[5], answer[6], answer[7], None if proximity != proximity else proximity)

    def levels(self, evse: int, part: int) -> int:
        """Contacts and inputs; costs nothing right after a `sense` of the same EVSE. DriverError: `part` is broken."""
        last = self._seen.get(evse)
        if last is None or time.monotonic() - last[0] > FRESH:
            self._ask(LOOK, evse)
            last = self._seen[evse]
        self._whole(last, evse, part)
        return last[1]

    def drive(self, evse: int, duty: float | None) -> None:
        """The pilot output, as in PilotLine.drive. Never blocks."""
        self._send(DUTY.pack(DRIVE, evse, math.nan if duty is None else duty))

    def switch(self, evse: int, part: int, on: bool) -> None:
        """The output `part` of PARTS. Never blocks, takes no lock. DriverError: `part` was broken at the last look."""
        last = self._seen.get(evse)
        if last is not None:
            self._whole(last, evse, part)
        self._send(POSITION.pack(SWITCH, evse, part, on))

    def close(self) -> None:
        """Let go: the outputs then do what the desk's `pins` says."""
        self._link.close()

    def _ask(self, what: int, evse: int) -> tuple[int, int, int, int, int, float, float, float, float]:
        with self._looking:
            self._number = number = (self._number + 1) & 0xFFFF
            self._send(ASK.pack(what, evse, number))
            while True:
                try:
                    packet = self._link.recv(512)
                except BlockingIOError:
                    raise DriverError(
                        f"{self.where}: the desk at {self.path} gave no answer in {TIMEOUT} s. Look at its terminal."
                    ) from None
                except OSError as error:
                    raise self._gone(error) from None
                if not packet:
                    raise self._gone(None)
                if packet[0] == REFUSED:
                    raise DriverError(f"{self.where}: {self.path}: {packet[1:].decode()}")
                answer = SEEN.unpack(packet)
                if answer[2] == number:  # else it belongs to a look that was given up
                    self._seen[evse] = self._seen[0] = (answer[5], answer[3], answer[4])
                    return answer

    def _whole(self, last: tuple[float, int, int], evse: int, part: int) -> None:
        if last[2] >> part & 1:
            of = f"EVSE {evse}" if evse else "the board"
            raise DriverError(f"{self.where}: the desk has broken the wire {PARTS[part]} of {of}. Mend it there.")

    def _send(self, packet: bytes) -> None:
        try:
            self._link.send(packet, socket.MSG_DONTWAIT)
        except OSError as error:
            raise self._gone(error) from None

    def _gone(self, error: OSError | None) -> DriverError:
        found = os.strerror(error.errno) if error is not None and error.errno else "closed"
        return DriverError(
            f"{self.where}: the desk at {self.path} has gone ({found}). Start it again, then restart the pilot."
        )


def evse_of(where: str, evse: int) -> int:
    """The EVSE that a driver belongs to: its option `evse`, or the number in its section's name ("evse.2.pilot")."""
    if evse:
        return evse
    parts = where.split(".")
    if len(parts) >= 2 and parts[0] == "evse" and parts[1].isdigit():
        return int(parts[1])
    raise DriverError(f'{where}: which EVSE of the desk? Set `evse`, or name the section "evse.1..." after it.')
