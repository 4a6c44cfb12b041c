"""What the Iskra WM3M4C has in its registers: numbers, the data set of a session, and records as OCMF.

Bytes and words in, values out: nothing here talks to the meter. Formats: user's manual 1.14, chapter 6.5; OCMF 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api import DriverError, Identification, Phases, Reading, Signed

ENCODING, METHOD = "OCMF", "ECDSA-secp256r1-SHA256"
KEY_HEAD = "3059301306072A8648CE3D020106082A8648CE3D03010703420004"  # SubjectPublicKeyInfo of a P-256 point, 6.5.14
ENDINGS = "ELRAPr"  # reasons of a reading that end a session (OCMF table 7, and the meter's own command)
LONGEST = 1024  # bytes of a data set

# OCPP 2.x IdTokenEnumType: (IT, IF) of OCMF, tables 13, 14 and 17
KINDS: Mapping[str, tuple[str, list[str]]] = {
    "ISO14443": ("ISO14443", ["RFID_PLAIN"]),
    "ISO15693": ("ISO15693", ["RFID_PLAIN"]),
    "eMAID": ("EMAID", []),
    "KeyCode": ("KEY_CODE", []),
    "Central": ("CENTRAL", []),
    "Local": ("LOCAL", []),
}
# What of a data set is ours; the rest (PG, MV, MM, MS, MF, RD) is the meter's.
OURS = ("FV", "GI", "GS", "GV", "IS", "IF", "IT", "ID", "CT", "CI")


# --- numbers ----------------------------------------------------------------------------------------------------


def measurement(high: int, low: int, signed: bool) -> float:
    """T5 (unsigned) and T6 (signed): a decimal exponent of 8 bits, a value of 24."""
    exponent, value = high >> 8, (high & 0xFF) << 16 | low
    if signed and value >= 1 << 23:
        value -= 1 << 24
    return _scaled(value, exponent - 256 if exponent >= 128 else exponent)


def counter(high: int, low: int, exponent: int) -> float:
    """An energy counter, Wh: 32 bits, its exponent in a register of its own."""
    return _scaled(high << 16 | low, exponent - 65536 if exponent >= 32768 else exponent)


def _scaled(value: int, exponent: int) -> float:
    # 10**-3 is no float: dividing keeps 2301 e-1 at 230.1
    exponent = max(-12, min(exponent, 12))
    return float(value * 10**exponent) if exponent >= 0 else value / 10**-exponent


def reading(at: float, words: Mapping[tuple[int, int], int]) -> Reading:
    """The input registers as quantities."""

    def number(address: int, signed: bool) -> float:
        return measurement(words[4, address], words[4, address + 1], signed)

    def phases(address: int, signed: bool) -> Phases:
        return (number(address, signed), number(address + 2, signed), number(address + 4, signed))

    return Reading(
        at,
        import_wh=counter(words[4, 418], words[4, 419], words[4, 414]),
        export_wh=counter(words[4, 420], words[4, 421], words[4, 415]),
        watts=number(140, True),
        watts_by_phase=phases(142, True),
        amps=phases(126, True),
        volts=phases(107, False),
        hertz=number(105, False),
    )


def words_of(data: bytes) -> tuple[int, ...]:
    """Registers that hold these bytes, the first in the high half."""
    data += b"\0" * (len(data) % 2)
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


def bytes_of(words: Iterable[int], length: int) -> bytes:
    """And back."""
    return b"".join(word.to_bytes(2, "big") for word in words)[:length]


# --- records ----------------------------------------------------------------------------------------------------


def data_set(who: Identification, charge_point: str) -> bytes:
    """What the meter is told of a session before it begins; it adds the rest and signs the whole."""
    kind, flags = KINDS.get(who.kind, ("NONE" if not who.id else "UNDEFINED", []))
    told = {
        "FV": "1.0",
        "GI": "",
        "GS": "",
        "GV": "",
        "IS": bool(who.id),
        "IF": flags,
        "IT": kind,
        "ID": _clean(who.id),
        "CT": "EVSEID",
        "CI": _clean(charge_point),
    }
    return _dumped(told)


def same_data_set(record: Signed | None) -> bytes:
    """The data set that `record` was made from, for a meter that has lost it with its supply; None: of nobody."""
    payload = Output.of(record).payload if record is not None else {}
    if not payload:
        return data_set(Identification("NoAuthorization", ""), "")
    return _dumped({name: payload[name] for name in OURS if name in payload})


def _dumped(told: Mapping[str, Any]) -> bytes:
    return json.dumps({**told, "RD": []}, separators=(",", ":")).encode("ascii")


def _clean(text: str) -> str:
    """OCMF parts its sections by "|"."""
    return text.replace("|", " ")


@dataclass(frozen=True, slots=True)
class Output:
    """A signed data set as text, and what it says."""

    text: str
    payload: dict[str, Any]

    @staticmethod
    def read(data: bytes, where: str) -> Output:
        """Of the bytes in the meter's registers. DriverError: they are no OCMF payload."""
        try:
            text = data.decode("utf-8")
            payload = json.loads(text)
            if not isinstance(payload, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError) as error:
            raise DriverError(
                f"{where}: the meter's signed data set is no JSON object ({error}): {data[:40]!r}. "
                "See whether it is a WM3M4C, and whether its output is set to JSON."
            ) from None
        return Output(text, payload)

    @staticmethod
    def of(record: Signed) -> Output:
        """Of a record that was made here."""
        text = record.data.split("|")[1] if record.data.count("|") == 2 else ""
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = {}
        return Output(text, payload if isinstance(payload, dict) else {})

    @property
    def page(self) -> int | None:
        """The number of the record among all of this meter ("T42" is 42)."""
        digits = str(self.payload.get("PG", ""))[1:]
        return int(digits) if digits.isdecimal() and len(digits) < 18 else None

    def reasons(self) -> list[str]:
        """The reason of each reading; one that is left out is the one before (OCMF, readings)."""
        reasons, last = [], ""
        for row in self._rows():
            last = str(row.get("TX", last))
            reasons.append(last)
        return reasons

    def wh(self) -> float | None:
        """The last reading."""
        unit, value = "", None
        for row in self._rows():
            unit, value = row.get("RU", unit), row.get("RV", value)
        factor = {"kWh": 1000.0, "Wh": 1.0}.get(unit) if isinstance(unit, str) else None
        if factor is None or isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e12:
            return None
        return round(value * factor, 6)

    def ends(self, begun: Output) -> bool:
        """Whether it is the record that ended the session which `begun` began: same meter, later, of an end."""
        reasons = self.reasons()
        ended = bool(reasons) and reasons[-1] != "" and reasons[-1] in ENDINGS
        later = self.page is not None and begun.page is not None and self.page > begun.page
        return ended and later and self.payload.get("MS") == begun.payload.get("MS")

    def signed(self, signature: bytes, public_key: str) -> Signed:
        """The record: the payload as it is, with its signature."""
        reasons = self.reasons()
        whole = len(reasons) > 1 and reasons[0] == "B"
        data = f'OCMF|{self.text}|{{"SD":"{minimal(signature).hex().upper()}"}}'
        return Signed(data, ENCODING, METHOD, public_key, self.wh(), whole)

    def _rows(self) -> list[dict[str, Any]]:
        rows = self.payload.get("RD")
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def minimal(signature: bytes) -> bytes:
    """The same signature in DER. The meter pads its two numbers with zeros, which verifiers refuse (X.690, 8.3.2).

    What is no sequence of two numbers is returned as it is.
    """
    numbers = _numbers(signature)
    if numbers is None:
        return signature
    body = b""
    for number in numbers:
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
        body += bytes((0x02, len(octets))) + octets
    return bytes((0x30, len(body))) + body


def _numbers(der: bytes) -> Sequence[int] | None:
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2:
        return None
    numbers, rest = [], der[2:]
    while rest:
        if len(rest) < 3 or rest[0] != 0x02 or not 0 < rest[1] <= min(len(rest) - 2, 40):
            return None
        numbers.append(int.from_bytes(rest[2 : 2 + rest[1]], "big"))
        rest = rest[2 + rest[1] :]
    return numbers if len(numbers) == 2 else None
