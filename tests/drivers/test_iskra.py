"""The Iskra WM3M4C on a pty: readings, and the sessions that it signs with a real key."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError, Identification, Signed, SignedMeter
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.meters.iskra import IskraMeter
from iskra_peer import Wm3m4c, padded, verifies
from serial_peers import Cable

CARD = Identification("ISO14443", "04A1B2C3")
UTC = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@asynccontextmanager
async def wired(folder: Path, peer: Wm3m4c, **options: Any) -> AsyncIterator[tuple[IskraMeter, Cable]]:
    cable = Cable(folder / "rs485")
    device = os.open(cable.device.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def readable() -> None:
        said = peer.heard(os.read(device, 1024))
        if said:
            os.write(device, said)

    asyncio.get_running_loop().add_reader(device, readable)
    bus = ModbusSerial(ModbusSerial.Settings(str(cable.port), 115200, timeout_ms=300, gap_ms=2), "bus.rs485")
    try:
        yield IskraMeter(IskraMeter.Settings("rs485", **options), "evse.1.meter", bus), cable
    finally:
        bus.close()
        asyncio.get_running_loop().remove_reader(device)
        os.close(device)
        cable.close()


Story = Callable[[IskraMeter, Wm3m4c, Cable], Coroutine[Any, Any, None]]


def tell(folder: Path, story: Story, signs_in: float = 0.0, **options: Any) -> None:
    async def run() -> None:
        peer = Wm3m4c(signs_in)
        async with wired(folder, peer, **options) as (meter, cable):
            await story(meter, peer, cable)

    asyncio.run(run())


def rows(record: Signed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(record.data.split("|")[1])["RD"]
    return found


def test_it_reads_what_the_meter_measures(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        reading = await meter.read()
        assert (reading.import_wh, reading.export_wh, reading.watts) == (1_234_560.0, 20.0, 11_000.0)
        assert reading.volts == (230.1, 230.2, 230.3)
        assert reading.amps == (-16.02, -16.02, -16.02)
        assert reading.watts_by_phase == (3666.0, 3666.0, 3666.0)
        assert reading.hertz == 49.98

    tell(tmp_path, story)


def test_begin_and_end_are_signed_and_come_byte_for_byte(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        assert isinstance(meter, SignedMeter)
        begin = await meter.begin(CARD, UTC)
        peer.import_wh += 7_000
        end = await meter.end(begin, UTC + 3600)
        assert end is not None
        assert peer.commands == ["B", "E"]
        for record, payload in zip((begin, end), peer.records, strict=True):
            assert record.data.split("|")[1] == payload
            assert record.public_key == peer.public_key
            assert verifies(record.data, record.public_key)
            assert not verifies(record.data.replace('"IT":"ISO14443"', '"IT":"ISO15693"'), record.public_key)
        assert (begin.wh, end.wh, begin.whole, end.whole) == (1_234_560.0, 1_241_560.0, False, False)
        assert (begin.encoding, begin.method) == ("OCMF", "ECDSA-secp256r1-SHA256")

    tell(tmp_path, story, signs_in=0.3, charge_point="DE*ABC*E1|x")


def test_the_record_says_who_where_and_when(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        said = json.loads((await meter.begin(CARD, UTC)).data.split("|")[1])
        assert (said["IS"], said["IT"], said["IF"], said["ID"]) == (True, "ISO14443", ["RFID_PLAIN"], "04A1B2C3")
        assert (said["CT"], said["CI"], said["MS"]) == ("EVSEID", "DE*ABC*E1 x", "33005512")
        assert said["RD"][0]["TM"] == "2027-01-15T08:00:00,000+0000 S"

    tell(tmp_path, story, charge_point="DE*ABC*E1|x")


def test_a_long_data_set_is_written_in_parts(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        assert json.loads(begin.data.split("|")[1])["CI"] == "x" * 600
        assert verifies(begin.data, begin.public_key)

    tell(tmp_path, story, charge_point="x" * 600)


def test_one_record_holds_begin_and_end_where_the_technician_wants_so(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        peer.import_wh += 500
        end = await meter.end(begin, UTC + 60)
        assert end is not None
        assert end.whole
        assert [row["RV"] for row in rows(end)] == [1234.56, 1235.06]
        assert verifies(end.data, end.public_key)

    tell(tmp_path, story, records="one")


def test_padded_signatures_become_such_as_verifiers_take(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        peer.pads = True
        begin = await meter.begin(CARD, UTC)
        assert verifies(begin.data, begin.public_key)
        signature = bytes.fromhex(json.loads(begin.data.split("|")[2])["SD"])
        assert len(padded(signature)) == 72
        assert len(signature) <= 72

    tell(tmp_path, story)


@pytest.mark.parametrize("old", [15, 131])
def test_what_the_meter_said_before_a_command_is_not_taken_for_its_answer(tmp_path: Path, old: int) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        end = await meter.end(await meter.begin(CARD, UTC), UTC)
        peer.holding[7052], peer.lags = old, 0.35
        begin = await meter.begin(CARD, UTC + 60)
        assert end is not None
        assert begin.data.split("|")[1] == peer.records[2]

    tell(tmp_path, story)


def test_a_command_whose_answer_is_lost_and_that_comes_twice_is_one(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        lost = []

        def lose_one(data: bytes) -> bytes:
            if data[1:4] == b"\x06\x1b\x8b" and not lost:
                lost.append(data)
                return b""
            return data

        cable.tamper = lose_one
        begin = await meter.begin(CARD, UTC)
        assert peer.commands == ["B", "B"]
        assert peer.holding[7052] == 131
        assert verifies(begin.data, begin.public_key)
        lost.clear()
        end = await meter.end(begin, UTC)
        assert end is not None
        assert verifies(end.data, end.public_key)
        assert peer.commands == ["B", "B", "E", "E"]

    tell(tmp_path, story)


def test_a_meter_that_ignores_a_command_is_told(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        await meter.end(await meter.begin(CARD, UTC), UTC)
        peer.lags = 60.0
        with pytest.raises(DriverError) as caught:
            await meter.begin(CARD, UTC)
        assert str(caught.value) == "evse.1.meter: the meter has signed nothing within 4 s. Try again."

    tell(tmp_path, story)


def test_a_state_that_does_not_fit_the_command_is_told(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        peer.stuck = True
        with pytest.raises(DriverError) as caught:
            await meter.begin(CARD, UTC)
        assert str(caught.value) == (
            "evse.1.meter: the meter is in state 0 after the command 0x4200, and its record is of B. Try again."
        )
        peer.state = 9
        with pytest.raises(DriverError) as caught:
            await meter.end(None, UTC)
        assert str(caught.value) == ("evse.1.meter: the meter is in state 9; 0 to 3 are known. Is it a WM3M4C?")

    tell(tmp_path, story)


def test_without_the_time_a_meter_that_has_lost_its_own_is_not_ended(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        peer.power_cut()
        with pytest.raises(DriverError) as caught:
            await meter.end(begin, None)
        assert str(caught.value) == (
            "evse.1.meter: the meter has lost its time, and the station does not know it yet: "
            "the session is ended as soon as it does."
        )
        assert await meter.end(begin, UTC) is not None

    tell(tmp_path, story)


def test_nothing_to_end_is_no_error(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        assert await meter.end(None, UTC) is None
        assert peer.commands == []

    tell(tmp_path, story)


def test_a_session_that_nobody_knows_of_is_ended_with_a_record_that_holds_its_begin(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        await meter.begin(CARD, UTC)
        end = await meter.end(None, UTC + 60)
        assert end is not None
        assert end.whole
        assert verifies(end.data, end.public_key)

    tell(tmp_path, story)


def test_a_second_session_is_refused_while_one_runs(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        await meter.begin(CARD, UTC)
        with pytest.raises(DriverError) as caught:
            await meter.begin(CARD, UTC)
        assert str(caught.value) == ("evse.1.meter: a signed session runs already (state 1). End that one first.")
        assert peer.commands == ["B"]

    tell(tmp_path, story)


def test_after_a_power_cut_the_session_ends_with_time_and_identification_told_again(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        peer.power_cut()
        peer.import_wh += 100
        end = await meter.end(begin, UTC + 900)
        assert end is not None
        assert verifies(end.data, end.public_key)
        said = json.loads(end.data.split("|")[1])
        assert (said["ID"], said["RD"][-1]["TM"]) == ("04A1B2C3", "2027-01-15T08:15:00,000+0000 S")

    tell(tmp_path, story)


def test_an_end_whose_answer_was_lost_is_found_again(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        peer.deaf_after = 0  # obeys the next command, and is not heard any more
        with pytest.raises(DriverError):
            await meter.end(begin, UTC + 60)
        peer.silent, peer.deaf_after = False, None
        assert peer.state == 0
        await asyncio.sleep(1.1)  # a silent unit rests
        end = await meter.end(begin, UTC + 70)
        assert end is not None
        assert end.data.split("|")[1] == peer.records[-1]
        assert peer.commands.count("E") <= 2
        assert await meter.end(end, UTC + 80) is None, "an older record is not taken for this session's"

    tell(tmp_path, story)


@pytest.mark.parametrize(
    ("status", "words"), [(128, "invalid date or time"), (254, "signature error"), (77, "unknown")]
)
def test_a_meter_that_refuses_to_sign_says_why(tmp_path: Path, status: int, words: str) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        peer.refuses = status
        with pytest.raises(DriverError) as caught:
            await meter.begin(CARD, UTC)
        assert str(caught.value) == (
            f"evse.1.meter: the meter does not sign: status {status}, {words}. "
            "Look at its display for an error; it refuses a session while it shows one."
        )

    tell(tmp_path, story)


def test_a_meter_that_goes_silent_while_it_signs_is_a_driver_error_in_time(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        peer.deaf_after = 0
        async with asyncio.timeout(10):
            with pytest.raises(DriverError, match=r"^evse\.1\.meter: unit 33 on "):
                await meter.begin(CARD, UTC)

    tell(tmp_path, story)


def test_a_meter_that_never_finishes_signing_is_given_up(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        with pytest.raises(DriverError) as caught:
            await meter.begin(CARD, UTC)
        assert str(caught.value) == ("evse.1.meter: the meter has not signed within 4 s (status 2). Try again.")

    tell(tmp_path, story, signs_in=60.0)


def test_noise_and_other_answers_are_no_record(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        cable.tamper = lambda data: b"\x00\xff\x21" + data
        begin = await meter.begin(CARD, UTC)
        assert verifies(begin.data, begin.public_key)
        cable.tamper = lambda data: data[:-1] + bytes([data[-1] ^ 1])
        with pytest.raises(DriverError):
            await meter.end(begin, UTC)

    tell(tmp_path, story)


def test_it_goes_on_when_the_adapter_was_pulled_and_put_back(tmp_path: Path) -> None:
    async def story(meter: IskraMeter, peer: Wm3m4c, cable: Cable) -> None:
        begin = await meter.begin(CARD, UTC)
        cable.vanish()
        with pytest.raises(DriverError):
            await meter.end(begin, UTC)
        cable.plug_in()
        await asyncio.sleep(1.1)
        end = await meter.end(begin, UTC)
        assert end is not None
        assert verifies(end.data, end.public_key)

    tell(tmp_path, story)


def test_it_needs_a_bus() -> None:
    with pytest.raises(DriverError) as caught:
        IskraMeter(IskraMeter.Settings("rs485"), "evse.1.meter")
    assert str(caught.value) == ('evse.1.meter: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.')
