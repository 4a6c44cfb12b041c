"""What a fault does to the transaction that runs: a latched one ends it, any other is a pause of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from evsed.core.facts import Troubled
from evsed.model.faults import FAULTS
from evsed.model.reports import FaultReport, Kind, TransactionReport
from evsed.model.transactions import StopReason, Trigger
from house import OVERLAY_16, House
from test_session import charging

LATCHED = tuple(name for name, row in FAULTS.items() if row.latched)
AS_1_6 = OVERLAY_16
FREE: Mapping[str, str] = {"AuthCtrlr.Enabled": "false"}
WORDS = {
    "emergency stop": StopReason.EMERGENCY_STOP,
    "residual current": StopReason.GROUND_FAULT,
    "residual-current self-test": StopReason.OTHER,
    "contactor welded": StopReason.OTHER,
    "pilot state lost": StopReason.OTHER,
}


def tripped(house: House, name: str, evse: int = 1) -> None:
    """The pilot has opened for that fault."""
    house.pilot(evse, fault=name, faults=(name,), closed=False, offered=0.0, opened_at=house.mono)
    house.meter(evse, add_wh=3)


def acknowledged(house: House) -> None:
    house.pilot(fault=None, faults=())


@pytest.mark.parametrize("presets", [{}, AS_1_6], ids=["2.0.1", "1.6"])
@pytest.mark.parametrize("name", LATCHED)
def test_a_latched_fault_ends_the_transaction_with_its_reason(name: str, presets: Mapping[str, str]) -> None:
    house = charging(presets=presets)
    house.wait(5)
    house.meter(add_wh=20)
    house.wait(0.5)
    tripped(house, name)
    house.wait(3)
    last = house.transactions()[-1]
    assert (last.kind, last.trigger, last.stop_reason) == (Kind.ENDED, Trigger.ABNORMAL_CONDITION, WORDS[name])
    assert last.meter_wh == 23.0
    assert (last.at.mono, "transaction" in house.saved and house.saved["transaction"]) == (1005.5, {})


def test_the_fault_is_told_before_the_end_that_it_brings() -> None:
    house = charging()
    house.wait(5)
    tripped(house, "emergency stop")
    house.wait(3)
    ours = [report for report in house.reports if isinstance(report, FaultReport | TransactionReport)]
    fault = next(report for report in ours if isinstance(report, FaultReport))
    assert (fault.fault, fault.transaction) == ("emergency stop", "tx-1-1")
    assert ours.index(fault) < ours.index(house.transactions()[-1])


@pytest.mark.parametrize("presets", [{}, FREE], ids=["card", "free"])
def test_nothing_charges_by_itself_once_an_emergency_stop_is_acknowledged(presets: Mapping[str, str]) -> None:
    """IEC 60204-1 9.2.3.4.2: the reset of an emergency stop must not start anything again."""
    house = House(presets=presets)
    house.online()
    house.plug()
    if not presets:
        house.card()
    house.ask()
    assert house.pilots[1].closed
    tripped(house, "emergency stop")
    house.wait(5)
    acknowledged(house)
    house.wait(100)
    assert (house.amps(), house.pilots[1].closed) == (0.0, False)
    house.unplug()
    house.plug()
    if not presets:
        house.card()
    house.ask()
    assert house.pilots[1].closed


def test_a_card_that_waits_for_its_plug_is_let_go_at_a_latched_fault() -> None:
    house = House()
    house.online()
    house.card()
    tripped(house, "residual current")
    acknowledged(house)
    house.wait(2)
    house.plug()
    house.ask()
    assert (house.transactions(), house.amps()) == ([], 0.0)


def test_a_latched_fault_that_a_restart_finds_ends_the_transaction_of_before() -> None:
    before = charging()
    before.wait(5)
    house = House(kept=before.saved, mono=before.mono, boot=2, before=before)
    tripped(house, "contactor welded")
    house.wait(15)
    assert house.transactions()[-1].stop_reason is StopReason.OTHER
    assert house.transactions()[-1].transaction == "tx-1-1"


def test_a_latched_fault_of_one_evse_leaves_the_other_alone() -> None:
    house = House(evses=2)
    house.online()
    for evse in (1, 2):
        house.plug(evse)
        house.card(f"0{evse}", (evse,))
        house.ask(evse)
    tripped(house, "residual current", 2)
    house.wait(5)
    assert [report.evse for report in house.transactions() if report.kind is Kind.ENDED] == [2]
    assert house.pilots[1].closed


def test_an_outlet_that_needs_no_card_begins_nothing_while_a_fault_stands() -> None:
    house = House(presets={**AS_1_6, **FREE})
    house.online()
    house.pilot(fault="cable", faults=("cable",))
    house.plug()
    house.ask()
    house.wait(60)
    assert house.transactions() == []
    acknowledged(house)
    house.wait(2)
    assert house.story()[0].startswith("Started")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("overcurrent", StopReason.OVERCURRENT_FAULT),
        ("PEN", StopReason.GROUND_FAULT),
        ("undervoltage", StopReason.POWER_QUALITY),
        ("overheated", StopReason.OTHER),
    ],
)
def test_where_a_pause_ends_the_transaction_it_was_not_the_vehicle(name: str, reason: StopReason) -> None:
    house = charging(presets={"TxCtrlr.TxStopPoint": "EnergyTransfer"})
    house.wait(5)
    house.give(Troubled(1, name, True, ""))  # type: ignore[arg-type]
    house.wait(5)
    last = house.transactions()[-1]
    assert (last.kind, last.trigger, last.stop_reason) == (Kind.ENDED, Trigger.ABNORMAL_CONDITION, reason)


def test_where_the_vehicle_ends_it_the_vehicle_is_named() -> None:
    house = charging(presets={"TxCtrlr.TxStopPoint": "EnergyTransfer"})
    house.wait(5)
    house.ask(on=False)
    house.wait(5)
    assert house.transactions()[-1].stop_reason is StopReason.STOPPED_BY_EV
