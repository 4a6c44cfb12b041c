"""Changes valid inputs at random: bytes anywhere, whole lines of a text, values of a JSON tree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Shape = Callable[[bytes, Random], bytes]  # what makes an input more of what a parser expects

EDGES = (0x00, 0x01, 0x02, 0x03, 0x0A, 0x0D, 0x20, 0x22, 0x24, 0x2D, 0x30, 0x39, 0x5B, 0x7B, 0x7F, 0x80, 0xFE, 0xFF)
WORDS = (0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF, 0x7F80, 0x7FC0, 0xFF80)
TEXTS = (
    b"0", b"-1", b"1", b"1e400", b"-1e400", b"nan", b"inf", b"-inf", b"NaN", b"true", b"false", b"null", b"none",
    b"9" * 20, b"9" * 400, b"9" * 5000, b"0x" + b"f" * 40, b"1.5", b"1_0", b'""', b"''", b"[]", b"{}", b"[[]]",
    b"\xc2\xb2", b"\xd9\xa3", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\x00", b"\x85", b"2026-02-30", b"A" * 300,
    b"[" * 3000, b"{" * 3000, b"a." * 2000 + b"a=1", b"=", b".", b"|", b",", b":", b"\r", b"\n", b"\r\n", b" ", b"\t",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**53, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, 5e-324, float("nan"),
    float("inf"), "", " ", "x", "0", "x" * 3000, "\x00", "\ud800", "²", "٣", "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", [], {}, [[]], [None], {"": None}, [0] * 300,
)  # fmt: skip


class Mutator:
    """Makes inputs of `seeds` (not empty), `longest` bytes at most; `words` are put in beside TEXTS."""

    def __init__(self, rng: Random, seeds: Sequence[bytes], longest: int, words: Sequence[bytes] = ()) -> None:
        self.rng, self.seeds, self.longest = rng, list(seeds), longest
        self._texts = (*(text for text in TEXTS if len(text) <= longest), *words)

    def make(self) -> bytes:
        """One input."""
        rng = self.rng
        if rng.random() < 0.02:
            return rng.randbytes(int(rng.random() * min(self.longest, 200)))
        data = bytearray(self.seeds[int(rng.random() * len(self.seeds))])
        for _ in range(1 + int(rng.expovariate(0.8))):
            CHANGES[int(rng.random() * len(CHANGES))](self, data)
        return bytes(data[: self.longest])

    def place(self, data: bytearray) -> int:
        """Somewhere in it, or right behind it."""
        return int(self.rng.random() * (len(data) + 1))

    def text(self) -> bytes:
        """A piece that may matter to a parser."""
        return self._texts[int(self.rng.random() * len(self._texts))]


def _flip(mutator: Mutator, data: bytearray) -> None:
    if data:
        data[int(mutator.rng.random() * len(data))] ^= 1 << mutator.rng.getrandbits(3)


def _set(mutator: Mutator, data: bytearray) -> None:
    if data:
        data[int(mutator.rng.random() * len(data))] = mutator.rng.getrandbits(8)


def _edge(mutator: Mutator, data: bytearray) -> None:
    if data:
        data[int(mutator.rng.random() * len(data))] = EDGES[int(mutator.rng.random() * len(EDGES))]


def _word(mutator: Mutator, data: bytearray) -> None:
    if len(data) >= 2:
        at = int(mutator.rng.random() * (len(data) // 2)) * 2
        data[at : at + 2] = WORDS[int(mutator.rng.random() * len(WORDS))].to_bytes(2, "big")


def _insert(mutator: Mutator, data: bytearray) -> None:
    at = mutator.place(data)
    data[at:at] = mutator.rng.randbytes(1 + mutator.rng.getrandbits(3))


def _remove(mutator: Mutator, data: bytearray) -> None:
    at = mutator.place(data)
    del data[at : at + 1 + mutator.rng.getrandbits(mutator.rng.getrandbits(3))]


def _repeat(mutator: Mutator, data: bytearray) -> None:
    at = mutator.place(data)
    piece = bytes(data[at : at + 1 + mutator.rng.getrandbits(5)])
    data[at:at] = piece * (1 + mutator.rng.getrandbits(mutator.rng.getrandbits(2) * 2))


def _cut(mutator: Mutator, data: bytearray) -> None:
    del data[mutator.place(data) :]


def _text(mutator: Mutator, data: bytearray) -> None:
    at = mutator.place(data)
    data[at : at + mutator.rng.getrandbits(3)] = mutator.text()


def _splice(mutator: Mutator, data: bytearray) -> None:
    other = mutator.seeds[int(mutator.rng.random() * len(mutator.seeds))]
    at, its = mutator.place(data), int(mutator.rng.random() * (len(other) + 1))
    data[at:] = other[its:]


def _move(mutator: Mutator, data: bytearray) -> None:
    at = mutator.place(data)
    piece = data[at : at + 1 + mutator.rng.getrandbits(4)]
    del data[at : at + len(piece)]
    to = mutator.place(data)
    data[to:to] = piece


CHANGES = (_flip, _set, _edge, _word, _insert, _remove, _repeat, _cut, _text, _splice, _move)


# --- shapes: what bytes are made of -----------------------------------------------------------------------------------


def lines(data: bytes, rng: Random) -> bytes:
    """A text whose lines are doubled, dropped, swapped, or get another value behind their "="; else as it is."""
    if rng.random() < 0.4:
        return data
    rows = data.split(b"\n")
    for _ in range(1 + rng.getrandbits(1)):
        at, other = int(rng.random() * len(rows)), int(rng.random() * len(rows))
        what = rng.getrandbits(2)
        if what == 0:
            rows.insert(other, rows[at])
        elif what == 1 and len(rows) > 1:
            del rows[at]
        else:
            key, equals, _ = rows[at].partition(b"=")
            value = rows[other].partition(b"=")[2] if what == 2 else TEXTS[int(rng.random() * len(TEXTS))]
            rows[at] = key + (equals or b"=") + value
    return b"\n".join(rows)


def tree(data: bytes, rng: Random) -> bytes:
    """JSON in which values were exchanged; what is no JSON, and a third of the rest, as it is."""
    if rng.random() < 0.33:
        return data
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(1 + rng.getrandbits(1)):
        places: list[tuple[Any, Any]] = []
        _collect(whole, places)
        if places and rng.random() < 0.97:
            _change(*places[int(rng.random() * len(places))], rng)
        else:
            whole = _value(rng)
    try:
        return json.dumps(whole).encode()
    except (ValueError, RecursionError):
        return data


def _collect(node: Any, places: list[tuple[Any, Any]]) -> None:
    """Every (container, key) below it."""
    if isinstance(node, (dict, list)):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            _collect(node[key], places)


def _change(node: Any, key: Any, rng: Random) -> None:
    what = rng.random()
    if what < 0.08:
        del node[key]
    elif what < 0.16 and isinstance(node, list):
        node.append(deepcopy(node[key]))
    elif what < 0.16:
        node[f"{key}_"] = deepcopy(node[key])
    else:
        node[key] = _value(rng)


def _value(rng: Random) -> Any:
    return deepcopy(VALUES[int(rng.random() * len(VALUES))])
