"""Identity tokens and what the central system thinks of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """OCPP 2.x IdTokenEnumType; 1.6 has no kinds and reads all of these as an idTag."""

    CENTRAL = "Central"
    E_MAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC = "MacAddress"
    NONE = "NoAuthorization"


@dataclass(frozen=True, slots=True)
class Token:
    """A card, a remote start's id or none at all. Ids compare without regard to case, as OCPP wants."""

    id: str
    kind: TokenKind = TokenKind.ISO14443

    def same(self, other: Token | None) -> bool:
        """Whether both name the same holder's token."""
        return other is not None and self.id.casefold() == other.id.casefold()


class Standing(StrEnum):
    """OCPP 2.x AuthorizationStatusEnumType; 1.6 knows the first five of them (Unknown reads Invalid there)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the central system said of a token."""

    standing: Standing
    expires: float | None = None  # utc s
    group: str | None = None  # parentIdTag (1.6), groupIdToken (2.x)
