"""A meter that signs, as far as the core can tell: its session survives the station, its last record too."""

from __future__ import annotations

from evse_drivers.api import Signed
from evsed.core.effects import Sign
from evsed.model.inputs import HasSigned, Input, NotSigned


class Signer:
    """Answers at once, unless it `holds`: then when `answers` is called, as often as it was asked."""

    def __init__(self, whole: bool = False) -> None:
        self.whole = whole  # its end's record holds the begin too
        self.fails = ""  # why it does not do what it is asked
        self.does_and_fails = False  # it does, and nobody hears of it
        self.timeless = False  # it has lost its time
        self.holds = False
        self.asked: list[Sign] = []
        self.waiting: list[Input] = []
        self.running = ""  # the record that began its session
        self.left: Signed | None = None  # the record of an end
        self.records: list[str] = []

    def obey(self, sign: Sign, wh: float) -> list[Input]:
        self.asked.append(sign)
        said = self._obeyed(sign, wh)
        if self.holds:
            self.waiting.append(said)
            return []
        return [said]

    def answers(self) -> list[Input]:
        said, self.waiting, self.holds = self.waiting, [], False
        return said

    def _obeyed(self, sign: Sign, wh: float) -> Input:
        if self.timeless and sign.utc is None:
            return NotSigned(sign.evse, "the meter has lost its time")
        if self.fails and not self.does_and_fails:
            return NotSigned(sign.evse, self.fails)
        signed = self._begin(sign, wh) if sign.what == "begin" else self._end(sign, wh)
        if self.fails or isinstance(signed, str):
            return NotSigned(sign.evse, self.fails or str(signed))
        return HasSigned(sign.evse, signed, "3059AB")

    def _begin(self, sign: Sign, wh: float) -> Signed | str:
        assert sign.utc is not None
        if self.running:
            return "a session runs already"
        self.running = self._record(f"B {wh:g} {sign.who.id if sign.who else ''}")
        return self._signed(self.running, wh)

    def _end(self, sign: Sign, wh: float) -> Signed | None:
        if not self.running:
            return self.left if sign.begun is not None else None
        whole = self.whole or sign.begun is None
        text = self._record(f"{'B ' if whole else ''}E {wh:g}")
        self.running = ""
        self.left = self._signed(text, wh, whole)
        return self.left

    def _record(self, what: str) -> str:
        self.records.append(f'OCMF|{{"PG":"T{len(self.records)}","RD":"{what}"}}|{{"SD":"00"}}')
        return self.records[-1]

    @staticmethod
    def _signed(text: str, wh: float, whole: bool = False) -> Signed:
        return Signed(text, "OCMF", "ECDSA-secp256r1-SHA256", "3059AB", wh, whole)
