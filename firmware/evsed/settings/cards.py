"""The table [cards]: how the UID of a card is written for the central system."""

from __future__ import annotations

from dataclasses import dataclass

from evse_drivers.options import option

from evsed.model.cards import CASES, LENGTHS, NOTATIONS, ORDERS


@dataclass(frozen=True, slots=True)
class CardSettings:
    """One format for all readers, so that a card is the same at each."""

    notation: str = option(
        "hex", help='"decimal" as on many printed cards; leading zeros are kept in both.', choices=NOTATIONS
    )
    case: str = option("upper", help="Case of hexadecimal digits; OCPP compares without regard to it.", choices=CASES)
    byte_order: str = option(
        "as read", help='"reversed": the last byte first, as some vendors list it.', choices=ORDERS
    )
    length: str = option(
        "whole",
        help="Which bytes of the UID count, as it was read; a shorter UID counts whole. Fewer bytes tell fewer cards "
        "apart.",
        choices=LENGTHS,
    )
