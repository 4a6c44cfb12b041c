"""Signed records as OCPP carries them: SignedMeterValueType and the public key.

The record itself is never touched; where OCPP wants base64 it is that of the record's bytes. Form of the key and
meaning of signingMethod: OCA application note "Signed Meter Values in OCPP" 1.0, 3.2.1 and 3.2.2.
"""

from __future__ import annotations

import base64
from typing import Any

from evsed.model.transactions import SignedRecord, SignedValue

LONGEST = 2500  # characters of signedMeterData and publicKey (OCPP 2.0.1 part 2, 2.46)
MEASURAND = "Energy.Active.Import.Register"


def base64_of(text: str) -> str:
    """Of the bytes of that text."""
    return base64.b64encode(text.encode()).decode()


def public_key(key: str) -> str:
    """The meter's key (hex of its ASN.1 structure), as OCPP carries it; "" of none."""
    return base64_of(f"oca:base16:asn1:{key}") if key else ""


def signed_meter_value(signed: SignedValue) -> dict[str, str] | None:
    """SignedMeterValueType; None where the record is longer than fits."""
    record = signed.record.record
    body = {
        "signedMeterData": base64_of(record.data),
        "signingMethod": record.method,
        "encodingMethod": record.encoding,
        "publicKey": public_key(record.public_key) if signed.with_key else "",
    }
    return body if max(map(len, body.values())) <= LONGEST else None


def about(record: SignedRecord) -> dict[str, Any]:
    """The part of its sampledValue that all versions spell alike."""
    return {"context": record.context.value, "measurand": MEASURAND, "location": "Outlet"}
