"""What one session wants of a meter that signs, and what of its records goes into which report."""

from __future__ import annotations

from typing import Literal

from evse_drivers.api import Identification

from evsed.model.tokens import Token, TokenKind
from evsed.model.topology import Evse
from evsed.model.transactions import Context, SignedRecord, SignedValue

from .block import Config
from .facts import Attest, Attested

# OCPP 2.1 part 2, 2.9.4 and 2.9.5; OCA application note "Signed Meter Values" 1.0, 4.3
SIGN, SIGN_STARTED = "SampledDataCtrlr.SignReadings", "SampledDataCtrlr.SignStartedReadings"
WITH_KEY = "OCPPCommCtrlr.PublicKeyWithSignedMeterValue"  # Never OncePerTransaction EveryMeterValue
Wish = Literal["begin", "keep", "end"]


class Attestation:
    """Of one EVSE. The session hands over every Attested; where the meter does not sign there is none."""

    def __init__(self, evse: Evse, config: Config, restored: str | None) -> None:
        """`restored`: the transaction that a restart found; what was signed of it so far was told in that commit."""
        self._evse, self._config, self._restored = evse, config, restored
        self._records: tuple[SignedRecord, ...] = ()
        self._asked: Attest | None = None
        self._told_begin = ""  # the begin record that has been told
        self.over = not evse.signs  # nothing is to be waited for

    @property
    def waits(self) -> bool:
        """The end was asked for and has not come."""
        return self._asked is not None and self._asked.wish == "end" and not self.over

    @property
    def begins(self) -> bool:
        """The meter is about to begin its session, and energy waits for it."""
        wished = self._asked is not None and self._asked.wish == "begin"
        return wished and self._evse.signing_required and not self._records

    def want(self, wish: Wish, transaction: str | None, token: Token | None) -> Attest | None:
        """What the meter must be told, if it is news."""
        if not self._evse.signs:
            return None
        kind, name = (TokenKind.NONE, "") if token is None else (token.kind, token.id)
        attest = Attest(self._evse.id, wish, transaction, Identification(kind.value, name))
        if attest == self._asked:
            return None
        if self._asked is None or (self._asked.wish == "end") != (wish == "end"):
            self.over = False  # until the meter's block has said so of this wish
        self._asked = attest
        return attest

    def heard(self, attested: Attested) -> None:
        """What has been signed so far."""
        self._records, self.over = attested.records, attested.over
        restored, self._restored = self._restored, None
        if restored and attested.records and attested.records[0].transaction == restored:
            self._told_begin = attested.records[0].record.data

    def begin(self) -> tuple[SignedValue, ...]:
        """The begin's record, once, for a report of the transaction that runs."""
        begins = [record for record in self._records if record.context is Context.BEGIN]
        if not begins or begins[-1].record.data == self._told_begin or not self._tells(SIGN, SIGN_STARTED):
            return ()
        self._told_begin = begins[-1].record.data
        return (SignedValue(begins[-1], self._config.text(WITH_KEY) == "EveryMeterValue"),)

    def end(self) -> tuple[SignedValue, ...]:
        """All that the end of the transaction tells. One that holds the begin too goes alone (OCA note, 3.1.4)."""
        if not self._records or not self._tells(SIGN):
            return ()
        last = self._records[-1]
        records = (last,) if last.record.whole else self._records
        key = self._config.text(WITH_KEY)
        return tuple(
            SignedValue(record, key == "EveryMeterValue" or (key == "OncePerTransaction" and record is last))
            for record in records
        )

    def _tells(self, *switches: str) -> bool:
        return self._evse.signs and all(self._config.boolean(name) for name in switches)
