"""Serves the drivers of the desk, outputs and what the wires say, on one Unix socket.

The packets are declared by their other end, evse_drivers.buses.desk. One connection is one process of evsed; when it
ends, the outputs that it held keep their level or are released, as `pins` says.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from evse_drivers.buses.desk import (
    ANSWER,
    ASK,
    DRIVE,
    DUTY,
    INPUTS,
    LOOK,
    PARTS,
    POSITION,
    REFUSED,
    SEEN,
    SENSE,
    SWITCH,
)

from .events import EventLoop
from .levels import broken, levels
from .outlet import Outlet

OUTPUTS = PARTS[: -len(INPUTS)]
LATE = 1.0  # s that the fault "sense-blocks" delays an answer by

Pins = Literal["hold", "release"]


class Wires:
    """The listening socket and its connections, served by `loop`."""

    def __init__(self, path: Path, outlets: Mapping[int, Outlet], loop: EventLoop) -> None:
        self.pins: Pins = "hold"
        self._outlets, self._loop = outlets, loop
        self._held: dict[socket.socket, set[int]] = {}  # EVSEs whose outputs a connection has set
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._listener.setblocking(False)
        loop.watch(self._listener, self._accept)

    @property
    def connections(self) -> int:
        """How many processes hold the wires now."""
        return len(self._held)

    def _accept(self) -> None:
        link, _ = self._listener.accept()
        link.setblocking(False)
        self._held[link] = set()
        self._loop.watch(link, lambda: self._serve(link))

    def _serve(self, link: socket.socket) -> None:
        try:
            packet = link.recv(64)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._drop(link)
        elif len(packet) == POSITION.size and packet[0] == SWITCH and packet[1] == 0:
            self._switch(link, self._outlets.values(), packet)
        elif len(packet) < 2 or packet[1] not in self._outlets:
            known = ", ".join(map(str, self._outlets))
            evse = packet[1] if len(packet) > 1 else "?"
            self._send(link, bytes([REFUSED]) + f"there is no EVSE {evse} on this desk; it has {known}.".encode())
        else:
            self._do(link, self._outlets[packet[1]], packet)

    def _do(self, link: socket.socket, outlet: Outlet, packet: bytes) -> None:
        now = time.monotonic()
        what = packet[0]
        if what in (SENSE, LOOK) and len(packet) == ASK.size:
            number = ASK.unpack(packet)[2]
            if what == SENSE and "wire-pilot" in outlet.faults:
                self._send(link, bytes([REFUSED]) + f"the pilot line of EVSE {outlet.number} is broken.".encode())
            elif what == SENSE and "sense-blocks" in outlet.faults:
                self._loop.later(now + LATE, lambda: self._answer(link, outlet, what, number))
            else:
                self._answer(link, outlet, what, number)
        elif what == DRIVE and len(packet) == DUTY.size:
            duty = DUTY.unpack(packet)[2]
            self._held[link].add(outlet.number)
            outlet.drive(now, None if duty != duty else duty)
        elif what == SWITCH and len(packet) == POSITION.size:
            self._switch(link, (outlet,), packet)
        else:
            self._send(link, bytes([REFUSED]) + b"this packet is none of those of evse_drivers.buses.desk.")

    def _switch(self, link: socket.socket, outlets: Iterable[Outlet], packet: bytes) -> None:
        now = time.monotonic()
        _, _, part, on = POSITION.unpack(packet)
        if part < len(OUTPUTS):
            for outlet in outlets:
                self._held[link].add(outlet.number)
                outlet.switch(now, OUTPUTS[part], bool(on))

    def _answer(self, link: socket.socket, outlet: Outlet, what: int, number: int) -> None:
        now = time.monotonic()
        if what == SENSE:
            high, low = outlet.sense(now)
        else:  # leaves the extremes to the next SENSE
            outlet.step(now)
            high = low = math.nan
        ohm = outlet.proximity
        proximity = math.nan if ohm is None else ohm
        answer = (outlet.number, number, levels(outlet), broken(outlet), now, high, low, proximity)
        self._send(link, SEEN.pack(ANSWER, *answer))

    def _send(self, link: socket.socket, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # gone, or asks faster than it reads: its own timeout tells
            link.send(packet)

    def _drop(self, link: socket.socket) -> None:
        held = self._held.pop(link)
        self._loop.forget(link)
        link.close()
        if self.pins == "release":
            now = time.monotonic()
            for number in held:
                self._outlets[number].release(now)
