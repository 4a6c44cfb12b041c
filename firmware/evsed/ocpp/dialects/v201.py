"""OCPP 2.0.1 (edition 3): what it does not share with 2.1."""

from __future__ import annotations

from typing import ClassVar

from .v2 import V2


class V201(V2):
    """See Dialect."""

    version = "2.0.1"
    subprotocol = "ocpp2.0.1"
    folder: ClassVar[str] = "v201"
