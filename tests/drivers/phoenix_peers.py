"""Phoenix Contact's controllers behind a Modbus TCP port, written from their papers, each with a vehicle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from modbus_peers import Device

ASCII = {letter: ord(letter) for letter in "ABCDEF"}


class Controller(Device):
    """`vehicle`: "A" none, "B" plugged in, "C" it asks as soon as it is offered something."""

    unit = 1

    def __init__(self) -> None:
        super().__init__()
        self.vehicle = "A"
        self.tamper: Callable[[bytes], bytes] = bytes
        self.heard: list[bytes] = []  # PDUs that wrote

    def plug(self, vehicle: str) -> None:
        self.vehicle = vehicle
        self.settle()

    def settle(self) -> None:
        """Bring the registers to what the vehicle and the orders make of them."""

    def obey(self, pdu: bytes) -> bytes:
        answer = super().obey(pdu)
        if pdu[0] in (5, 6, 16) and answer[0] < 0x80:
            self.heard.append(pdu)
            self.written(int.from_bytes(pdu[1:3], "big"))
            self.settle()
        return answer

    def written(self, address: int) -> None:
        """That register, or coil, was just written."""


class Ethernet(Controller):
    """An EM-CP-PP-ETH: letter in the low octet of input register 100, current in 300, coil 400."""

    unit = 180
    amps_at, enable_at, status_at = 300, 400, 100

    def __init__(self) -> None:
        super().__init__()
        self.holding[self.amps_at] = 6
        self.coils[self.enable_at] = False
        self.cable = 32
        self.settle()

    @property
    def letter(self) -> str:
        return "B" if self.vehicle == "C" and not self.coils[self.enable_at] else self.vehicle

    def settle(self) -> None:
        self.read_only[self.status_at] = ASCII[self.letter]
        self.read_only[101] = self.cable if self.vehicle != "A" else 0


class Wallbe(Ethernet):
    """An EV-CC-...-ETH: current in 528. `firmware`: the text in 149 and on, that Phoenix Contact's own has not."""

    unit = 255
    amps_at = 528

    def __init__(self, firmware: str = "", amps: int = 16) -> None:
        super().__init__()
        self.holding[528] = amps
        self.read_only[107] = 0
        padded = firmware.encode().ljust(12, b"\0")
        if firmware:
            self.read_only |= {149 + i: int.from_bytes(padded[2 * i : 2 * i + 2], "big") for i in range(6)}

    def settle(self) -> None:
        self.read_only[100] = ASCII[self.letter]


class Basic(Ethernet):
    """An EV Charge Control Basic: two characters in 24000, current in 22000, coil 20000 if register 4000 is 3."""

    unit = 1
    amps_at, enable_at, status_at = 22000, 20000, 24000

    def __init__(self) -> None:
        super().__init__()
        self.holding[4000] = 1  # as it leaves the factory: by its input EN
        self.read_only[24025] = 0

    def settle(self) -> None:
        on = self.coils[20000]
        digit = "0" if self.letter in "EF" else "2" if on and self.letter != "A" else "1"
        self.read_only[24000] = ASCII[self.letter] << 8 | ord(digit)
        self.read_only[24001] = self.cable if self.vehicle != "A" else 0


class Charx(Controller):
    """A CHARX SEC with `points` charging points; a vehicle is at point `at`. `second`: how long one of its is."""

    unit = 1

    def __init__(self, points: int = 2, at: int = 1) -> None:
        super().__init__()
        self.at, self.second = at, 1.0
        self.locked = True
        self.unlocked = 0
        self.starting = False
        self.withdrawn = 0  # times that its watchdog ran out
        self.holding[114] = points
        for point in range(1, points + 1):
            base = 1000 * point
            self.holding |= {base + offset: 0 for offset in range(293, 309)}
            self.holding |= {base + 120: 5, base + 301: 16, base + 304: 1, base + 306: 16, base + 307: 65535}
        self._watch: asyncio.TimerHandle | None = None
        self.settle()

    def written(self, address: int) -> None:
        base = 1000 * self.at
        if address == base + 305:
            self.unlocked += 1
            self.holding[address] = 0
        if address == base + 301 and not 6 <= self.holding[address] <= 80:
            self.holding[base + 300] = 0
        if address in (base + 300, base + 301, base + 307):
            if self._watch is not None:
                self._watch.cancel()
            seconds = self.holding[base + 307]
            if seconds != 65535:
                self._watch = asyncio.get_running_loop().call_later(seconds * self.second, self._ran_out)

    def _ran_out(self) -> None:
        base = 1000 * self.at
        self.withdrawn += 1
        self.holding[base + 300], self.holding[base + 301] = 0, self.holding[base + 306]
        self.settle()

    def settle(self) -> None:
        for point in range(1, self.holding[114] + 1):
            base, letter = 1000 * point, self.vehicle if point == self.at else "A"
            released = self.holding[base + 300] == 1
            if letter == "C" and not released:
                letter = "B"
            text = "IN" if self.starting else letter + ("2" if letter == "C" else "1")
            self.holding[base + 299] = int.from_bytes(text.encode(), "big")
            self.holding[base + 297] = min(self.holding[base + 301], 32) if released and letter != "A" else 0
            self.holding[base + 298] = 32 if letter != "A" else 0

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()


@asynccontextmanager
async def on_the_network(*controllers: Controller) -> AsyncIterator[int]:
    """The controllers behind one TCP port, each at its unit; the port. Messaging Guide V1.0b, section 3.1.3."""
    units = {controller.unit: controller for controller in controllers}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                assert head[2:4] == b"\0\0"
                pdu = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                controller = units.get(head[6])
                if controller is None or controller.dead:
                    continue
                answer = controller.obey(pdu)
                await asyncio.sleep(controller.delay)
                frame = head[:4] + (len(answer) + 1).to_bytes(2, "big") + head[6:] + answer
                writer.write(controller.tamper(frame))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
