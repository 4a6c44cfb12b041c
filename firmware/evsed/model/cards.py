"""How the UID of a card becomes the token that the central system knows: one format for the whole station.

Two cards never become the same token by their writing: hexadecimal has two digits a byte, decimal as many digits as
the largest number of so many bytes has, leading zeros kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from evse_drivers.api import Uid

from .inputs import Presented
from .tokens import Token, TokenKind

LONGEST = 20  # OCPP 1.6, CiString20Type of an idTag
NOTATIONS = ("hex", "decimal")
CASES = ("upper", "lower")
ORDERS = ("as read", "reversed")
LENGTHS = ("whole", "first 3", "first 4", "first 6", "last 3", "last 4", "last 6")


class Format(Protocol):
    """[cards] of the config. `length` takes bytes of the UID as it was read; `byte_order` turns what is left."""

    @property
    def notation(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def byte_order(self) -> str: ...
    @property
    def length(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Writing:
    """One of all formats."""

    notation: str = "hex"
    case: str = "upper"
    byte_order: str = "as read"
    length: str = "whole"


def written(uid: str, form: Format) -> str:
    """The id of the token, of a UID in hex. A UID that is shorter than `length` is taken whole."""
    data = bytes.fromhex(uid)
    which, _, count = form.length.partition(" ")
    if which == "first":
        data = data[: int(count)]
    elif which == "last":
        data = data[-int(count) :]
    if form.byte_order == "reversed":
        data = data[::-1]
    if form.notation == "decimal":
        digits = len(str(256 ** len(data) - 1))
        return f"{int.from_bytes(data):0{digits}d}"
    return data.hex().upper() if form.case == "upper" else data.hex()


def token(uid: Uid, form: Format) -> Token:
    """The token of that card."""
    return Token(written(uid.hex, form), TokenKind(uid.kind) if uid.kind != "other" else TokenKind.LOCAL)


def presented(uid: Uid, form: Format, evses: tuple[int, ...]) -> Presented:
    """That card as an input, at the reader of those EVSEs."""
    its = token(uid, form)
    return Presented(its, evses, oddity(uid, form), not too_long(its.id))


def oddity(uid: Uid, form: Format) -> str:
    """What is to be known of the card in words that follow "card X: ", "" when nothing is."""
    # ISO/IEC 14443-3, 6.5.4
    if uid.kind == "ISO14443" and len(uid.hex) == 8 and uid.hex.startswith("08"):
        return "its UID is a random one (a phone?), another each time: it can be on no list"
    if too_long(written(uid.hex, form)):
        return (
            f"as [cards] writes it, it has more than the {LONGEST} characters of OCPP 1.6 and is not asked for: set "
            'notation = "hex" or a length'
        )
    return ""


def too_long(id: str) -> bool:
    """No OCPP 1.6 system takes it."""
    return len(id) > LONGEST


def table(uid: str, case: str) -> Iterator[tuple[str, str, str, str]]:
    """(length, byte order, id in hex, id in decimal) for each that differs from those before it."""
    seen: set[str] = set()
    for length, order in product(LENGTHS, ORDERS):
        row = [written(uid, Writing(notation, case, order, length)) for notation in NOTATIONS]
        if row[0] not in seen:
            seen.add(row[0])
            yield length, order, row[0], row[1]
