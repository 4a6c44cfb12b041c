"""What comes from boards with a pilot of their own: their words as a status, and that as what the station is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evse_drivers.api import Permit
from evse_drivers.boards.evse_din import EvseDin
from evse_drivers.boards.heidelberg import Heidelberg
from evse_drivers.boards.openevse import OpenEvse
from evse_drivers.boards.phoenix import PhoenixController, PhoenixEm, PhoenixEv, PhoenixSer
from evse_drivers.boards.phoenix_charx import Charx
from evse_drivers.boards.polled import PolledBoard
from evse_drivers.boards.status import NOTHING, Offer, Status, Watch, Wish
from evsed.model.faults import FAULTS
from evsed.pilot.wire import decode, encode
from fuzz_conversation import Said, Words, driven
from fuzz_engine import Target

WHERE = "evse.1.board"
STATES = ("A1", "B1", "B2", "C1", "C2", "D1", "D2", "E", "F")
SHARED = ("evse_drivers.boards.status",)


def honest(status: Status) -> None:
    """Words that the station knows, and numbers."""
    assert status.state in STATES
    assert set(status.faults) <= set(FAULTS)
    assert set(status.warnings) <= set(FAULTS)
    for amps in (status.offered, status.told or 0.0, status.cable or 0.0):
        assert 0 <= amps <= 0xFFFF, status


def talk(board: PolledBoard) -> None:
    """Begin, look, offer, stop; each look as the station hears of it."""
    driven(board.begin())
    watch = Watch(1, "b007")
    for at, offer in enumerate((None, Offer(16.0, locked=True), NOTHING, Offer(0.0, "now"))):
        if offer is not None:
            driven(board.offer(offer))
        status = driven(board.look())
        honest(status)
        seen = watch.see(status, offer, 20.0 * at)
        assert seen.why
    assert decode(encode(seen)) == seen


def over_modbus(make: Callable[[Any], PolledBoard]) -> Callable[[bytes], None]:
    return lambda data: talk(make(Words(data)))


def din(bus: Any) -> PolledBoard:
    return EvseDin(EvseDin.Settings("rs485"), WHERE, bus)


def heidelberg(bus: Any) -> PolledBoard:
    return Heidelberg(Heidelberg.Settings("rs485"), WHERE, bus)


def charx(bus: Any) -> PolledBoard:
    return Charx(Charx.Settings("charx"), WHERE, bus)


def phoenix(data: bytes) -> None:
    """The first byte chooses the controller."""
    kind: Any = (PhoenixEm, PhoenixEv, PhoenixSer)[data[0] % 3 if data else 0]
    board: PhoenixController = kind(kind.Settings("lan"), WHERE, Words(data[1:]))
    talk(board)


def openevse(data: bytes) -> None:
    talk(OpenEvse(OpenEvse.Settings("openevse"), WHERE, Said(data)))  # type: ignore[arg-type]


def permits(data: bytes) -> None:
    """Permits that are no numbers, from another time: never more than allowed, never after their end."""
    wish = Wish(0.1, locks=True, most=32.0)
    wish.start(0.0, bool(data[:1] == b"\x01"))
    for at, word in enumerate(data.split(b" ")):
        try:
            number = float(word)
        except ValueError:
            continue
        amps, until = (number, at + 3.0) if at % 2 else (16.0, number)
        wish.take(Permit(1, amps, 3, True, "grace", until), float(at))
        offer = wish.at(float(at))
        assert offer is None or offer.amps == 0 or 6.0 <= offer.amps <= min(amps + 1e-3, 32.0)
        assert wish.at(at + 5.1) is None or wish.at(at + 5.1).amps == 0  # type: ignore[union-attr]


def recorded(make: Callable[[Any], PolledBoard], image: dict[tuple[int, int], int]) -> bytes:
    """What a board with these registers says in the conversation."""
    bus = Words(b"", image)
    talk(make(bus))
    return bus.given


_DIN = {(3, 1001): 16, (3, 1002): 3, (3, 1003): 32, (3, 1005): 18, (3, 1006): 2, (3, 1007): 1, (3, 2005): 0x89}
_HEIDELBERG = {(4, 4): 0x108, (4, 5): 7, (4, 13): 1, (4, 100): 16, (3, 257): 5000, (3, 258): 4, (3, 259): 1}
_CHARX = {(3, 114): 2, (3, 1120): 5, (3, 1297): 16, (3, 1298): 32, (3, 1299): 0x4332, (3, 1300): 1, (3, 1301): 16}
GS, GE, SY = "OK 03 0 03 0140", "OK 16 8000", "OK 5 6 0"
_OPENEVSE = {"GS": GS, "GE": GE, "SY": SY, "SC": "OK 16", "G5": "OK 1", "GV": "OK 8.2.3 5.2.1"}


def said(image: dict[str, str]) -> bytes:
    """What an OpenEVSE with these answers says in the conversation."""
    bus = Said(b"", image)
    talk(OpenEvse(OpenEvse.Settings("openevse"), WHERE, bus))  # type: ignore[arg-type]
    return "\n".join(bus.given).encode()


BOARDS = (
    Target(
        "EVSE DIN",
        ("evse_drivers.boards.evse_din", *SHARED),
        over_modbus(din),
        (recorded(din, _DIN),),
        longest=300,
    ),
    Target(
        "Heidelberg",
        ("evse_drivers.boards.heidelberg", *SHARED),
        over_modbus(heidelberg),
        (recorded(heidelberg, _HEIDELBERG),),
        longest=300,
    ),
    Target(
        "CHARX", ("evse_drivers.boards.phoenix_charx", *SHARED), over_modbus(charx), (recorded(charx, _CHARX),),
        longest=300,
    ),
    Target(
        "Phoenix controllers",
        ("evse_drivers.boards.phoenix", "evse_drivers.boards.phoenix_words", *SHARED),
        phoenix,
        (b"\0\0C\0\x20\0\x10\0\1", b"\1\0B\0\0\0\x10\0\1\0\x10", b"\2C2\0\x20\0\0\0\x10\0\1\0\3"),
        longest=60,
    ),
    Target(
        "OpenEVSE answers",
        ("evse_drivers.boards.openevse", "evse_drivers.boards.openevse_state", *SHARED),
        openevse,
        (said(_OPENEVSE), said(_OPENEVSE | {"GS": "OK fe 0 01 0000", "G5": "NK"})),
        words=(b"OK ", b"NK", *(f"\n{its}\n".encode() for its in ("AB", GS, GE, SY, "OK fe 0 01 0", "OK 05 0 5 2"))),
        longest=600,
    ),
    Target("permits", ("evse_drivers.boards.status",), permits, (b"0 16 9 6 5 32", b"\x01 10 5.9 3"), longest=100),
)  # fmt: skip
