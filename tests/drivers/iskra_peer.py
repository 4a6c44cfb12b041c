"""A WM3M4C at the end of a wire, written from its manual: registers, states, and a real key that signs its records."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

from tests.drivers.rtu_crc import crc

UNIT = 33
TROUBLE_STATE, TROUBLE_TIME = 131, 128


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def verifies(record: str, public_key: str) -> bool:
    """Whether an OCMF text is signed by that key (hex of the ASN.1 structure), as openssl sees it."""
    head, payload, tail = record.split("|")
    assert head == "OCMF"
    with tempfile.TemporaryDirectory() as folder:
        key, signature = Path(folder, "key.der"), Path(folder, "signature.der")
        key.write_bytes(bytes.fromhex(public_key))
        signature.write_bytes(bytes.fromhex(json.loads(tail)["SD"]))
        command = ["openssl", "dgst", "-sha256", "-verify", key, "-keyform", "DER", "-signature", signature]
        run = subprocess.run(command, input=payload.encode(), capture_output=True, check=False)
    return run.stdout.strip() == b"Verified OK"


def padded(signature: bytes) -> bytes:
    """DER whose two numbers have 33 octets each, as the meter's firmware pads them."""
    numbers, rest = [], signature[2:]
    while rest:
        numbers.append(rest[2 : 2 + rest[1]])
        rest = rest[2 + rest[1] :]
    body = b"".join(b"\x02\x21" + number.rjust(33, b"\0") for number in numbers)
    return bytes([0x30, len(body)]) + body


class Wm3m4c:
    """`heard` takes what the line brings and returns what the meter says. Energies in Wh."""

    def __init__(self, signs_in: float = 0.0, key: Path | None = None) -> None:
        """`key`: the file of its private key, made if it is not there, so that a later meter is the same one."""
        self.signs_in = signs_in  # s
        if key is None or not key.exists():
            pem = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
            if key is not None:
                key.write_bytes(pem)
        else:
            pem = key.read_bytes()
        self._key = pem
        der = openssl("pkey", "-pubout", "-outform", "DER", given=pem)
        self.public_key = der.hex().upper()
        self.point = der[-64:]
        self.import_wh, self.export_wh, self.watts = 1_234_560, 20, 11_000
        self.exponent = 1  # of its counters: tens of Wh
        self.centiamps = (-1602, -1602, -1602)
        self.state, self.page, self.serial = 0, 41, "33005512"
        self.begun: dict[str, object] | None = None
        self.stuck = False  # in its state
        self.lags = 0.0  # s until it looks at a command
        self._later: tuple[float, str] | None = None
        self.silent = False  # answers nothing
        self.deaf_after: int | None = None  # commands: silent after so many more
        self.refuses: int | None = None  # the status that the next command comes to
        self.pads = False
        self.commands: list[str] = []
        self.records: list[str] = []  # the payloads it has signed
        self._supply()

    def power_cut(self) -> None:
        """Its supply goes and comes: a session survives, the time, the data set and the last record do not."""
        self.state = 2 if self.state else 0
        self._supply()

    def _supply(self) -> None:
        self.holding: dict[int, int] = {7052: 1, 7059: 0, 7060: 4, 7071: 0}
        self._ready_at = 0.0
        self._buffer = b""

    # --- the line -------------------------------------------------------------------------------------------------

    def heard(self, data: bytes) -> bytes:
        self._due()
        self._buffer += data
        said = b""
        while len(self._buffer) >= 8:
            size = 9 + self._buffer[6] if self._buffer[1] == 16 else 8
            if len(self._buffer) < size:
                break
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if frame[0] == UNIT and crc(frame[:-2]) == frame[-2:] and not self.silent:
                said += self._answer(frame)
        return said

    def _answer(self, frame: bytes) -> bytes:
        function, address, count = frame[1], int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function in (3, 4):
            words = self._inputs() if function == 4 else self._holdings()
            if count > 120:
                return self._framed(bytes([UNIT, function | 0x80, 3]))
            data = b"".join(words.get(address + i, 0).to_bytes(2, "big") for i in range(count))
            return self._framed(bytes([UNIT, function, len(data)]) + data)
        if function == 6:
            self._written(address, count)
            return b"" if self.silent else frame
        for i in range(count):
            self._written(address + i, int.from_bytes(frame[7 + 2 * i : 9 + 2 * i], "big"))
        return self._framed(frame[:6])

    @staticmethod
    def _framed(frame: bytes) -> bytes:
        return frame + crc(frame)

    def _inputs(self) -> dict[int, int]:
        def t5(value: int, exponent: int) -> tuple[int, int]:
            raw = (exponent & 0xFF) << 24 | value & 0xFFFFFF
            return raw >> 16, raw & 0xFFFF

        values = {105: t5(49_980, -3), 107: t5(2301, -1), 109: t5(2302, -1), 111: t5(2303, -1)}
        values |= {126 + 2 * i: t5(amps, -2) for i, amps in enumerate(self.centiamps)} | {140: t5(self.watts, 0)}
        values |= {142 + 2 * i: t5(self.watts // 3, 0) for i in range(3)}
        words = {a + i: pair[i] for a, pair in values.items() for i in (0, 1)}
        words |= {414: self.exponent, 415: self.exponent}
        for address, wh in ((418, self.import_wh), (420, self.export_wh)):
            raw = wh // 10**self.exponent
            words |= {address: raw >> 16, address + 1: raw & 0xFFFF}
        return words

    def _holdings(self) -> dict[int, int]:
        words = self.holding | {7000: self.state}
        if time.monotonic() < self._ready_at:
            words[7052] = 2
        return words | {8124 + i: int.from_bytes(self.point[2 * i : 2 * i + 2], "big") for i in range(32)}

    def _written(self, address: int, value: int) -> None:
        self.holding[address] = value
        if address == 7051:
            self._later = (time.monotonic() + self.lags, chr(value >> 8))
            self._due()

    def _due(self) -> None:
        if self._later is not None and time.monotonic() >= self._later[0]:
            command, self._later = self._later[1], None
            self._command(command)

    # --- sessions -------------------------------------------------------------------------------------------------

    def _command(self, command: str) -> None:
        self.commands.append(command)
        if self.deaf_after is not None:
            self.deaf_after -= 1
            self.silent = self.deaf_after < 0
        if self.refuses is not None:
            self.holding[7052], self.refuses = self.refuses, None
        elif self.holding[7071] != 2 or not self.holding.get(7056):
            self.holding[7052] = TROUBLE_TIME
        elif (self.state == 0) != (command == "B"):
            self.holding[7052] = TROUBLE_STATE
        elif command == "B":
            self.begun = self._reading("B")
            self.state = 0 if self.stuck else 1
            self._sign([self.begun])
        else:
            last = self._reading("E")
            self.state = 0
            self._sign([self.begun or {}, last] if command == "r" else [last])

    def _reading(self, reason: str) -> dict[str, object]:
        seconds = self.holding[7054] << 16 | self.holding[7055]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S,000+0000 S", time.gmtime(seconds))
        return {"TM": stamp, "TX": reason, "RV": self.import_wh / 1000, "RI": "1-0:1.8.0", "RU": "kWh", "ST": "G"}

    def _sign(self, readings: list[dict[str, object]]) -> None:
        self.page += 1
        length = self.holding[7056]
        told = b"".join(self.holding[7100 + i].to_bytes(2, "big") for i in range((length + 1) // 2))[:length]
        own = {"PG": f"T{self.page}", "MV": "Iskra", "MM": "WM3M4C", "MS": self.serial, "MF": "1.11"}
        payload = json.dumps({**json.loads(told), **own, "RD": readings}, separators=(",", ":"))
        self.records.append(payload)
        with tempfile.NamedTemporaryFile() as file:
            file.write(self._key)
            file.flush()
            signature = openssl("dgst", "-sha256", "-sign", file.name, given=payload.encode())
        signature = padded(signature) if self.pads else signature
        self._show(7612, payload.encode(), 7057)
        self._show(8188, signature, 7058)
        self.holding[7052] = 15
        self._ready_at = time.monotonic() + self.signs_in

    def _show(self, address: int, data: bytes, length: int) -> None:
        self.holding[length] = len(data)
        data += b" " * (len(data) % 2)
        for i in range(0, len(data), 2):
            self.holding[address + i // 2] = int.from_bytes(data[i : i + 2], "big")
