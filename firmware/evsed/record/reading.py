"""A record file of the flight recorder, read back: what is whole of it, and what is wrong with the rest."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from evsed.pilot.recorder import MAGIC

MOST_SAMPLES = 1_000_000  # no record holds more: a head that says so is damaged
PIECE = 1024  # bytes inflated at once, so that all that stands before a damage is read
NEEDED = ("at", "high", "low", "duty", "offered", "amps", "row", "contactor", "lock", "fault")
KINDS = tuple("bBhHiIqQfd")  # of struct: numbers, one each
UNKNOWN_ROW = "?"
MIRRORS = {0: None, 2: False, 6: True}  # the two upper bits of the field `contactor`


class RecordError(Exception):
    """Nothing of the file can be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """The samples as columns of equal length, oldest first. Volts and amperes that were not known are NaN."""

    evse: int
    fault: str  # that asked for the record
    utc: float | None  # s, of the fault; None: the clock had not been set
    about: dict[str, str]  # boot, config, release
    time: list[float]  # s since the fault
    high: list[float]  # V
    low: list[float]  # V
    duty: list[float]  # 0 to 1; NaN: a steady +12 V
    offered: list[float]  # A
    amps: list[float]  # A, by the meter
    row: list[str]
    told: list[bool]  # the contactor, to close
    mirror: list[bool | None]  # what its mirror contact says; None: there is none
    locked: list[bool | None]  # None: no lock
    standing: list[str | None]  # the weightiest fault
    damage: str | None = None  # what is missing, in words


def read(path: str) -> Record:
    """Raises RecordError where nothing can be read; what is damaged later is told in `damage`."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    head, body = _head(path, content)
    try:
        fields = [(str(name), str(kind)) for name, kind in head["fields"]]
        if strange := [kind for _, kind in fields if kind not in KINDS]:
            raise ValueError(f"a field of the kind {strange[0][:20]!r}")
        packed = Struct("<" + "".join(kind for _, kind in fields))
        count, at = int(head["samples"]), float(head["at"])
        rows, faults = [str(row) for row in head["rows"]], [str(name) for name in head["faults"]]
        utc = None if head["utc"] is None else float(head["utc"])
        evse, fault = int(head["evse"]), str(head["fault"])
        about = {name: str(head.get(name, "?")) for name in ("boot", "config", "release")}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"{path}: its head is damaged ({error!r}): nothing can be read") from None
    missing = [name for name in NEEDED if name not in dict(fields)]
    if missing or not 0 <= count <= MOST_SAMPLES:
        what = f"no {' and no '.join(missing)}" if missing else f"{count} samples"
        raise RecordError(f"{path}: its head says that there are {what}: nothing can be read")
    data, why = _inflate(body, count * packed.size)
    whole = len(data) // packed.size
    if not whole:
        raise RecordError(f"{path}: none of its {count} samples can be read: {why}")
    damage = None if why is None else f"{path}: {whole} of {count} samples can be read: {why}"
    columns: dict[str, Any] = dict(
        zip(
            (name for name, _ in fields),
            map(list, zip(*packed.iter_unpack(data[: whole * packed.size]), strict=True)),
            strict=True,
        )
    )
    known = dict(enumerate(rows))
    names = {0: None, **dict(enumerate(faults, 1))}
    return Record(
        evse, fault, utc, about,
        time=[moment - at for moment in columns["at"]],
        high=columns["high"], low=columns["low"], duty=columns["duty"], offered=columns["offered"],
        amps=columns["amps"],
        row=[known.get(place, UNKNOWN_ROW) for place in columns["row"]],
        told=[bool(bits & 1) for bits in columns["contactor"]],
        mirror=[MIRRORS.get(bits & 6) for bits in columns["contactor"]],
        locked=[{1: False, 2: True}.get(lock) for lock in columns["lock"]],
        standing=[names.get(place, "unknown") for place in columns["fault"]],
        damage=damage,
    )  # fmt: skip


def _head(path: str, content: bytes) -> tuple[dict[str, Any], bytes]:
    magic, _, rest = content.partition(b"\n")
    if magic + b"\n" != MAGIC:
        ours = MAGIC.split()
        if magic.split()[:2] == ours[:2]:
            version = magic.split()[2:] or [b"?"]
            raise RecordError(
                f"{path}: a record of version {version[0].decode(errors='replace')}; this evsed reads version "
                f"{ours[2].decode()}. Use the evsed that wrote it, or a newer one."
            )
        raise RecordError(
            f"{path}: not a record of the flight recorder. They are in the folder records of station.state, and end in "
            ".evr: evsed record list"
        )
    line, _, body = rest.partition(b"\n")
    try:
        head = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: its head is damaged ({error}): nothing can be read") from None
    if not isinstance(head, dict):
        raise RecordError(f"{path}: its head is damaged (no object): nothing can be read")
    return head, body


def _inflate(body: bytes, size: int) -> tuple[bytes, str | None]:
    """At most `size` bytes, and why there are fewer, or why they may be wrong."""
    inflate, data = zlib.decompressobj(), b""
    for place in range(0, len(body), PIECE):
        try:
            data += inflate.decompress(body[place : place + PIECE], size + 1 - len(data))
        except zlib.error:
            return data[:size], "the file is damaged there"
        if len(data) > size:
            return data[:size], "the file holds more than its head says"
    if not inflate.eof:
        return data, "the file was cut short there"
    return data, None if len(data) == size else "the file holds less than its head says"
