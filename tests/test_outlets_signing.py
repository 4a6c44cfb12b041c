"""What becomes of a Sign: exactly one input, whatever the meter or its driver does."""

from __future__ import annotations

import asyncio

import pytest
from evse_drivers.api import DriverError, Identification, Reading, Signed
from evsed.core.effects import Sign
from evsed.model.inputs import HasSigned, Input, Metered, NotSigned
from evsed.outlets import Outlets
from virtual_time import play

CARD = Identification("ISO14443", "04A1B2C3")
RECORD = Signed("OCMF|{}|{}", "OCMF", "ECDSA-secp256r1-SHA256", "3059AB")
BEGIN, END = Sign(1, "begin", 1.8e9, who=CARD), Sign(1, "end", None, begun=RECORD)


class SigningMeter:
    """Takes 2 s to sign, or longer; `fails` is raised then."""

    def __init__(self, takes: float = 2.0, fails: Exception | None = None) -> None:
        self.takes, self.fails = takes, fails
        self.heard: list[object] = []
        self.left: Signed | None = RECORD

    async def read(self) -> Reading:
        return Reading(asyncio.get_running_loop().time(), import_wh=1.0)

    async def begin(self, who: Identification, utc: float) -> Signed:
        self.heard.append(("begin", who, utc))
        await self._work()
        return RECORD

    async def end(self, begun: Signed | None, utc: float | None) -> Signed | None:
        self.heard.append(("end", begun, utc))
        await self._work()
        return self.left

    async def public_key(self) -> str:
        return "3059CD"

    async def close(self) -> None:
        pass

    async def _work(self) -> None:
        await asyncio.sleep(self.takes)
        if self.fails is not None:
            raise self.fails


def told(meter: SigningMeter, *signs: Sign) -> list[tuple[float, Input]]:
    heard: list[tuple[float, Input]] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        outlets = Outlets({}, {1: (meter, 1.0)}, {}, {}, lambda input: heard.append((round(loop.time(), 3), input)))
        outlets.start()
        for sign in signs:
            outlets.sign(sign)
            await asyncio.sleep(12)
        await outlets.close()

    play(story())
    return heard


def test_the_record_comes_with_the_key_and_readings_go_on_meanwhile() -> None:
    meter = SigningMeter()
    heard = told(meter, BEGIN, END)
    signed = [(at, input) for at, input in heard if not isinstance(input, Metered)]
    assert signed == [(2.0, HasSigned(1, RECORD, "3059AB")), (14.0, HasSigned(1, RECORD, "3059AB"))]
    assert meter.heard == [("begin", CARD, 1.8e9), ("end", RECORD, None)]
    assert len([at for at, input in heard if isinstance(input, Metered) and at < 12]) == 12


def test_where_there_was_nothing_to_end_the_key_comes_all_the_same() -> None:
    meter = SigningMeter()
    meter.left = None
    assert (2.0, HasSigned(1, None, "3059CD")) in told(meter, END)


@pytest.mark.parametrize(
    ("takes", "fails", "at", "why"),
    [
        (1.0, DriverError("evse.1.meter: no answer."), 1.0, "evse.1.meter: no answer."),
        (60.0, None, 10.0, "the meter has not signed within 10 s"),
        (1.0, KeyError("x"), 1.0, "the meter's driver failed: KeyError('x')"),
    ],
)
def test_a_meter_that_does_not_sign_is_told_in_time(takes: float, fails: Exception, at: float, why: str) -> None:
    heard = told(SigningMeter(takes, fails), BEGIN)
    assert [(when, input) for when, input in heard if not isinstance(input, Metered)] == [(at, NotSigned(1, why))]
