"""Signed meter values: no energy before the first record, none lost, and what of them is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evsed.core import signing
from evsed.core.effects import Note, Sign
from evsed.model.inputs import ClockSet
from evsed.model.reports import Kind, TransactionReport
from evsed.model.transactions import Context, SignedRecord, StopReason
from house import House
from signer import Signer

ENERGY_TRANSFER = {"TxCtrlr.TxStartPoint": "EnergyTransfer", "TxCtrlr.TxStopPoint": "Authorized"}


def house_of(signer: Signer, **options: object) -> House:
    house = House(signer=signer, **options)  # type: ignore[arg-type]
    house.online()
    return house


def charging(signer: Signer, **options: object) -> House:
    house = house_of(signer, **options)
    house.plug()
    house.card()
    house.ask()
    house.wait(1)
    return house


def told(report: TransactionReport) -> list[tuple[str, str]]:
    return [(one.record.context.value, one.record.record.data) for one in report.signed]


def kept(house: House) -> list[tuple[str | None, str, str]]:
    records = [thing for thing in house.saved.get("signed", {}).values() if isinstance(thing, SignedRecord)]
    return [(record.transaction, record.context.name, record.record.data) for record in records]


def notes(house: House, level: str) -> list[str]:
    return [effect.text for effect in house.effects if isinstance(effect, Note) and effect.level == level]


def again(house: House, signer: Signer, after: float = 3.0, **options: object) -> House:
    """The station's next process."""
    made = House(kept=house.saved, mono=house.mono + after, boot=house.boot, before=house, signer=signer, **options)  # type: ignore[arg-type]
    made.meter()
    made.pilot()
    made.online()
    made.wait(1)
    return made


# --- the begin --------------------------------------------------------------------------------------------------


def test_no_energy_flows_before_the_meter_has_begun_its_session() -> None:
    signer = Signer()
    house = house_of(signer)
    house.plug()
    signer.holds = True
    house.card()
    house.ask()
    house.wait(3)
    assert house.amps() == 0
    assert house.station.view(house.now())["limits"]["1"]["wins"] == "signing"
    assert "SuspendedEVSE" not in [report.charging_state for report in house.transactions()]
    for answer in signer.answers():
        house.give(answer)
    house.wait(1)
    assert house.amps() == 32.0


def test_the_record_of_the_begin_is_kept_and_told_as_the_meter_gave_it() -> None:
    signer = Signer()
    house = charging(signer)
    (begin,) = signer.records
    assert "B 0 04A1B2C3" in begin
    assert kept(house) == [("tx-1-1", "BEGIN", begin)]
    assert "Updated SignedDataReceived" in house.story()
    assert [told(report) for report in house.transactions() if report.signed] == [[("Transaction.Begin", begin)]]


def test_a_record_is_dated_when_the_meter_was_asked_for_it() -> None:
    """OCA application note "Signed Meter Values" 1.0, 2.3.2."""
    signer = Signer()
    house = house_of(signer)
    house.plug()
    signer.holds = True
    house.card()
    house.ask()
    house.wait(3)
    for answer in signer.answers():
        house.give(answer)
    (begin,) = (thing for thing in house.saved["signed"].values() if isinstance(thing, SignedRecord))
    asked = [effect.utc for effect in house.effects if isinstance(effect, Sign) and effect.what == "begin"]
    assert begin.at.utc == asked[-1] is not None
    assert house.now().mono - begin.at.mono >= 3


def test_where_the_transaction_begins_with_the_energy_its_start_carries_the_record() -> None:
    signer = Signer()
    house = charging(signer, presets=ENERGY_TRANSFER)
    started = house.transactions()[0]
    assert (started.kind, told(started)) == (Kind.STARTED, [("Transaction.Begin", signer.records[0])])
    assert kept(house) == [("tx-1-1", "BEGIN", signer.records[0])]
    assert "Updated SignedDataReceived" not in house.story()


def test_a_begin_without_a_transaction_is_ended_and_kept() -> None:
    signer = Signer()
    house = house_of(signer, presets=ENERGY_TRANSFER)
    house.plug()
    house.card()
    house.wait(1)
    house.unplug()
    house.wait(1)
    assert [(transaction, context) for transaction, context, _ in kept(house)] == [(None, "BEGIN"), (None, "END")]
    assert house.transactions() == []


def test_a_meter_that_does_not_begin_is_told_and_asked_again() -> None:
    signer = Signer()
    house = house_of(signer)
    signer.fails = "evse.1.meter: the meter does not sign: status 254, signature error."
    house.plug()
    house.card()
    house.ask()
    house.wait(5)
    assert house.amps() == 0
    assert house.connectors()[-1].warning == "signing"
    assert house.connectors()[-1].info == signer.fails
    assert f"EVSE 1: signed meter values: {signer.fails}" in notes(house, "warning")
    signer.fails = ""
    house.wait(12)
    assert house.amps() == 32.0
    assert house.connectors()[-1].warning is None
    assert [sign.what for sign in signer.asked] == ["end", "begin", "end", "begin"]


def test_a_begin_that_nobody_heard_of_is_ended_before_the_next() -> None:
    signer = Signer()
    house = house_of(signer)
    signer.fails, signer.does_and_fails = "no answer", True
    house.plug()
    house.card()
    house.ask()
    signer.fails = ""
    house.wait(12)
    assert house.amps() == 32.0
    assert [sign.what for sign in signer.asked] == ["end", "begin", "end", "begin"]
    assert [(context, data) for _, context, data in kept(house)] == [
        ("END", signer.records[1]),
        ("BEGIN", signer.records[2]),
    ]


def test_where_it_is_not_required_the_charge_goes_on_without() -> None:
    signer = Signer()
    house = house_of(signer, signing_required=False)
    signer.fails = "no answer"
    house.plug()
    house.card()
    house.ask()
    house.wait(30)
    assert house.amps() == 32.0
    assert house.connectors()[-1].warning == "signing"
    signer.fails = ""
    house.wait(30)
    assert house.connectors()[-1].warning == "signing", "this charge has no record, whatever the meter says now"
    house.card()
    house.wait(3)
    assert house.transactions()[-1].kind is Kind.ENDED
    assert house.connectors()[-1].warning is None
    assert kept(house) == []


def test_while_the_time_is_not_known_nothing_begins() -> None:
    signer = Signer()
    house = House(signer=signer)
    house.now = lambda: replace(House.now(house), utc=None)  # type: ignore[method-assign]
    house.online()
    house.plug()
    house.card()
    house.ask()
    house.wait(5)
    assert house.amps() == 0
    assert house.station.view(house.now())["signing"]["1"]["why"] == signing.NO_CLOCK
    del house.now  # type: ignore[method-assign]
    house.give(ClockSet())
    house.wait(3)
    assert house.amps() == 32.0


# --- the end ----------------------------------------------------------------------------------------------------


def test_the_end_carries_both_records() -> None:
    signer = Signer()
    house = charging(signer)
    house.meter(add_wh=700)
    house.card()
    house.wait(3)
    ended = house.transactions()[-1]
    assert ended.kind is Kind.ENDED
    assert told(ended) == list(zip(("Transaction.Begin", "Transaction.End"), signer.records, strict=True))
    assert "E 700" in signer.records[1]
    assert [(transaction, context) for transaction, context, _ in kept(house)] == [
        ("tx-1-1", "BEGIN"),
        ("tx-1-1", "END"),
    ]
    assert "signing" not in {kind for kind, things in house.saved.items() if things}


def test_a_record_that_holds_the_begin_too_goes_alone() -> None:
    house = charging(signer := Signer(whole=True))
    house.card()
    house.wait(3)
    assert told(house.transactions()[-1]) == [("Transaction.End", signer.records[1])]


def test_the_offer_ends_at_once_and_the_end_waits_for_its_record() -> None:
    house = charging(signer := Signer())
    signer.holds = True
    house.card()
    assert house.amps() == 0
    house.wait(5)
    assert house.transactions()[-1].kind is not Kind.ENDED
    for answer in signer.answers():
        house.give(answer)
    assert told(house.transactions()[-1])[-1] == ("Transaction.End", signer.records[1])
    assert house.transactions()[-1].at.mono <= house.mono - 5, "it ended when the card was held there"


def test_the_meter_is_not_asked_for_the_end_before_the_contactor_is_open() -> None:
    house = charging(signer := Signer())
    house._pilot_obeys = lambda evse: []  # type: ignore[method-assign]
    house.card()
    house.wait(3)
    assert [sign.what for sign in signer.asked] == ["end", "begin"]
    house.pilot(1, closed=False, offered=0.0, state="B1", opened_at=house.mono)
    assert [sign.what for sign in signer.asked] == ["end", "begin", "end"]


def test_a_contactor_that_does_not_open_keeps_nobody_waiting_for_ever() -> None:
    house = charging(signer := Signer())
    house._pilot_obeys = lambda evse: []  # type: ignore[method-assign]
    house.card()
    house.wait(13)
    assert [data for _, data in told(house.transactions()[-1])] == signer.records
    assert len(signer.records) == 2


def test_the_end_is_told_without_its_record_after_a_while_and_the_record_is_kept_when_it_comes() -> None:
    house = charging(signer := Signer())
    signer.fails = "evse.1.meter: no answer"
    house.card()
    house.wait(9)
    assert house.transactions()[-1].kind is not Kind.ENDED
    house.wait(4)
    assert told(house.transactions()[-1]) == [("Transaction.Begin", signer.records[0])]
    assert house.transactions()[-1].kind is Kind.ENDED
    assert notes(house, "error") == ["EVSE 1: the end goes out without its signed record: evse.1.meter: no answer"]
    assert house.connectors()[-1].warning == "signing"
    house.card()
    house.wait(2)
    assert house.amps() == 0, "the meter has not ended the session before"
    signer.fails = ""
    house.wait(12)
    assert house.amps() == 32.0
    assert kept(house)[1] == ("tx-1-1", "END", signer.records[1])
    assert kept(house)[2][:2] == ("tx-1-2", "BEGIN")


def test_a_meter_that_has_lost_its_session_is_told_and_nothing_waits_for_it() -> None:
    house = charging(signer := Signer())
    signer.running = ""
    house.card()
    house.wait(2)
    assert told(house.transactions()[-1]) == [("Transaction.Begin", signer.records[0])]
    assert house.connectors()[-1].info.startswith("the meter has no signed session any more")


def test_a_vehicle_that_leaves_before_the_meter_has_begun_gets_both_records() -> None:
    signer = Signer()
    house = house_of(signer)
    house.plug()
    signer.holds = True
    house.card()
    house.unplug()
    house.wait(2)
    for answer in signer.answers():
        house.give(answer)
    house.wait(1)
    ended = house.transactions()[-1]
    assert ended.kind is Kind.ENDED
    assert [data for _, data in told(ended)] == signer.records
    assert len(signer.records) == 2


def test_every_charge_has_its_own_records() -> None:
    house = charging(signer := Signer())
    house.card()
    house.wait(3)
    house.unplug()
    house.plug()
    house.card("0B0B0B0B")
    house.ask()
    house.wait(1)
    house.card("0B0B0B0B")
    house.wait(3)
    ends = [report for report in house.transactions() if report.kind is Kind.ENDED]
    assert [[data for _, data in told(report)] for report in ends] == [signer.records[:2], signer.records[2:]]


def test_a_transaction_without_energy_keeps_its_session_open_until_it_ends() -> None:
    """2.x: the card ends the authorisation, the transaction lasts until the vehicle leaves."""
    presets = {"TxCtrlr.TxStartPoint": "EVConnected", "TxCtrlr.TxStopPoint": "EVConnected"}
    house = charging(signer := Signer(), presets=presets)
    house.card()
    house.wait(20)
    assert [sign.what for sign in signer.asked] == ["end", "begin"]
    house.unplug()
    house.wait(3)
    assert [data for _, data in told(house.transactions()[-1])] == signer.records
    assert len(signer.records) == 2


# --- what the central system wants ------------------------------------------------------------------------------


def keys_told(setting: str) -> list[list[bool]]:
    house = charging(Signer(), presets={"OCPPCommCtrlr.PublicKeyWithSignedMeterValue": setting})
    house.card()
    house.wait(3)
    return [[one.with_key for one in report.signed] for report in house.transactions() if report.signed]


@pytest.mark.parametrize(
    ("setting", "keys"),
    [
        ("Never", [[False], [False, False]]),
        ("OncePerTransaction", [[False], [False, True]]),
        ("EveryMeterValue", [[True], [True, True]]),
    ],
)
def test_the_public_key_goes_along_as_often_as_is_wanted(setting: str, keys: list[list[bool]]) -> None:
    assert keys_told(setting) == keys


def test_the_central_system_may_do_without_and_the_meter_signs_all_the_same() -> None:
    house = charging(signer := Signer(), presets={"SampledDataCtrlr.SignReadings": "false"})
    house.card()
    house.wait(3)
    assert [report for report in house.transactions() if report.signed] == []
    assert [data for _, _, data in kept(house)] == signer.records


def test_the_begin_may_wait_for_the_end() -> None:
    house = charging(signer := Signer(), presets={"SampledDataCtrlr.SignStartedReadings": "false"})
    house.card()
    house.wait(3)
    assert [[data for _, data in told(report)] for report in house.transactions() if report.signed] == [signer.records]


# --- restarts ---------------------------------------------------------------------------------------------------


def test_a_charge_goes_on_after_a_restart_in_the_same_session_of_the_meter() -> None:
    house = charging(signer := Signer())
    house.meter(add_wh=100)
    later = again(house, signer)
    assert later.amps() == 32.0
    assert len(signer.records) == 1
    later.card()
    later.wait(3)
    assert [data for _, data in told(later.transactions()[-1])] == signer.records
    assert len(signer.records) == 2


def test_an_end_that_was_asked_for_before_a_restart_is_found_after_it() -> None:
    house = charging(signer := Signer())
    signer.holds = True
    house.card()
    house.wait(1)
    assert len(signer.records) == 2, "the meter has ended it, and nobody has heard of it"
    signer.answers()
    later = again(house, signer)
    later.wait(15)
    ended = later.transactions()[-1]
    assert (ended.kind, ended.stop_reason) == (Kind.ENDED, StopReason.LOCAL)
    assert [data for _, data in told(ended)] == signer.records


def test_a_session_that_runs_at_the_start_and_belongs_to_nothing_is_ended_and_kept() -> None:
    signer = Signer()
    signer.running = "somebody's"
    house = house_of(signer)
    house.wait(1)
    assert kept(house) == [(None, "END", signer.records[0])]
    house.plug()
    house.card()
    house.ask()
    house.wait(1)
    assert house.amps() == 32.0


def test_a_session_of_no_transaction_is_not_taken_for_that_of_another_vehicle() -> None:
    presets = {**ENERGY_TRANSFER, "AuthCtrlr.Enabled": "false"}
    house = house_of(signer := Signer(), presets=presets)
    house.plug()
    house.wait(1)
    assert len(signer.records) == 1
    later = again(house, signer, presets=presets)
    later.ask()
    later.wait(1)
    assert later.amps() == 32.0
    assert [told(report) for report in later.transactions() if report.signed] == [
        [("Transaction.Begin", signer.records[2])]
    ]
    assert [data for _, _, data in kept(later)] == signer.records


def test_a_vehicle_that_left_meanwhile_gets_its_records() -> None:
    house = charging(signer := Signer())
    seen = house.pilots[1]
    house.pilots[1] = replace(
        seen, state="A1", closed=False, offered=0.0, unplugged_at=house.mono, opened_at=house.mono
    )
    later = again(house, signer, after=60.0)
    later.wait(3)
    assert [data for _, data in told(later.transactions()[0])] == signer.records
    assert len(signer.records) == 2


def test_after_a_power_cut_the_end_waits_for_the_clock_and_its_record() -> None:
    house = charging(signer := Signer())
    signer.timeless = True
    seen = house.pilots[1]
    house.pilots[1] = replace(seen, boot="boot-b", state="A1", closed=False, offered=0.0, plug=0)
    later = House(kept=house.saved, mono=50.0, boot=2, before=house, signer=signer)
    later.now = lambda: replace(House.now(later), utc=None)  # type: ignore[method-assign]
    later.meter()
    later.pilot()
    later.wait(60)
    assert [report for report in later.transactions() if report.kind is Kind.ENDED] == []
    del later.now  # type: ignore[method-assign]
    later.give(ClockSet())
    later.wait(4)
    ended = later.transactions()[-1]
    assert ended.kind is Kind.ENDED
    assert [data for _, data in told(ended)] == signer.records


# --- the store --------------------------------------------------------------------------------------------------


def test_of_more_records_than_are_kept_the_oldest_that_were_told_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "KEPT", 4)
    house = charging(signer := Signer())
    waiting = {"tx-1-1"}
    house.station.block(signing.Signing)._queued = lambda transaction: transaction in waiting
    house.card()
    house.wait(3)
    for _ in range(3):
        house.card()
        house.wait(1)
        house.card()
        house.wait(3)
    assert [transaction for transaction, _, _ in kept(house)] == [f"tx-1-{n // 2 + 1}" for n in range(8)]
    waiting.clear()
    house.card()
    house.wait(1)
    assert [context for _, context, _ in kept(house)] == ["END", "BEGIN", "END", "BEGIN"]
    numbers = list(house.saved["signed"])
    later = again(house, signer)
    later.card()
    later.wait(3)
    assert list(later.saved["signed"])[-1] > numbers[-1], "numbers go on after a restart"


def test_what_is_shown_names_the_session_and_its_trouble() -> None:
    house = charging(Signer())
    assert house.station.view(house.now())["signing"] == {
        "1": {"state": "open", "records": ["Transaction.Begin"], "why": "", "required": True}
    }
    assert house.station.block(signing.Signing).public_key(1) == "3059AB"
    assert Context.BEGIN == "Transaction.Begin"
