"""Which readings are believed, and when samples are told or kept for the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evse_drivers.api import Reading
from evsed.core.effects import Note
from evsed.core.ledger import HISTORY
from evsed.model.commands import SetVariables, Status, TriggerMessage
from evsed.model.inputs import Metered, MeterSilent
from evsed.model.reports import MeterReport, TransactionReport
from evsed.model.transactions import Context, StopReason
from evsed.model.variables import Attribute, VariableRef
from house import START, House
from test_session import charging


def periodic(house: House) -> list[TransactionReport]:
    return [report for report in house.transactions() if report.trigger.value == "MeterValuePeriodic"]


def loose(house: House) -> list[MeterReport]:
    return [report for report in house.reports if isinstance(report, MeterReport)]


def set_variable(house: House, component: str, variable: str, value: str) -> None:
    house.call(SetVariables(((VariableRef(component, variable), Attribute.ACTUAL, value),)))


def notes(house: House) -> list[str]:
    return [effect.text for effect in house.effects if isinstance(effect, Note)]


def meter_view(house: House) -> dict[str, object]:
    view: dict[str, object] = house.station.view(house.now())["metering"]["1"]
    return view


def test_samples_count_from_the_start_of_the_transaction() -> None:
    house = charging(presets={"SampledDataCtrlr.TxUpdatedInterval": "10"})
    began = house.transactions()[0].at.mono
    house.wait(35)
    assert [report.at.mono - began for report in periodic(house)] == [10, 20, 30]
    assert {report.samples[0].context for report in periodic(house)} == {Context.PERIODIC}


def test_an_interval_of_zero_samples_nothing() -> None:
    house = charging(presets={"SampledDataCtrlr.TxUpdatedInterval": "0"})
    house.wait(300)
    assert periodic(house) == []


def test_a_new_interval_holds_at_once() -> None:
    house = charging(presets={"SampledDataCtrlr.TxUpdatedInterval": "600"})
    house.wait(15)
    set_variable(house, "SampledDataCtrlr", "TxUpdatedInterval", "10")
    house.wait(20)
    began = house.transactions()[0].at.mono
    assert [report.at.mono - began for report in periodic(house)] == [20, 30]


def test_only_the_measurands_asked_for_are_told() -> None:
    wanted = "Energy.Active.Import.Register,Voltage"
    house = charging(
        presets={"SampledDataCtrlr.TxUpdatedMeasurands": wanted, "SampledDataCtrlr.TxUpdatedInterval": "5"}
    )
    house.wait(6)
    values = [(value.measurand, value.phase) for value in periodic(house)[0].samples[0].values]
    assert values == [
        ("Energy.Active.Import.Register", None),
        ("Voltage", "L1-N"),
        ("Voltage", "L2-N"),
        ("Voltage", "L3-N"),
    ]


def test_clock_aligned_values_come_at_multiples_since_midnight() -> None:
    house = House(presets={"AlignedDataCtrlr.Interval": "900"})
    house.online()
    house.wait(2000)
    times = [report.at.utc for report in loose(house)]
    assert len(times) == 2
    assert [time % 900 for time in times if time is not None] == [0, 0]
    assert {report.samples[0].context for report in loose(house)} == {Context.CLOCK}


def test_clock_aligned_values_belong_to_a_running_transaction() -> None:
    house = charging(presets={"AlignedDataCtrlr.Interval": "900"})
    house.wait(900)
    assert loose(house) == []
    clock = [report for report in house.transactions() if report.trigger.value == "MeterValueClock"]
    assert [report.at.utc for report in clock] == [START - START % 900 + 900]


def test_samples_for_the_end_travel_with_it() -> None:
    house = charging(presets={"SampledDataCtrlr.TxEndedInterval": "10"})
    house.wait(25)
    house.unplug()
    house.wait(2)
    contexts = [sample.context.value for sample in house.transactions()[-1].history]
    assert contexts == ["Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Transaction.End"]
    assert not [kind for kind in house.saved if kind.startswith("history")]


def test_a_long_history_is_thinned_in_the_middle() -> None:
    house = charging(presets={"SampledDataCtrlr.TxEndedInterval": "1", "SampledDataCtrlr.TxUpdatedInterval": "0"})
    house.wait(HISTORY + 50)
    kept = next(things for kind, things in house.saved.items() if kind.startswith("history"))
    house.unplug()
    house.wait(2)
    history = house.transactions()[-1].history
    assert len(history) == len(kept) + 1 <= HISTORY
    assert history[0].context is Context.BEGIN
    assert history[-1].context is Context.END
    times = [sample.at.mono for sample in history]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("register", "why"),
    [
        (0.0, "answers nothing but zeros"),
        (100.0, "its import register went back from 200 Wh to 100 Wh"),
        (1000.0, "its import register leapt from 200 Wh to 1000 Wh"),
    ],
)
def test_a_reading_that_cannot_be_true_is_not_used(register: float, why: str) -> None:
    house = charging()
    house.meter(add_wh=200)
    house.give(Metered(1, Reading(house.mono, import_wh=register, volts=(0.0, 0.0, 0.0))))
    assert f"meter of EVSE 1: {why}; the reading is not used" in notes(house)
    assert meter_view(house)["why"] == why
    house.unplug()
    house.wait(2)
    assert house.transactions()[-1].meter_wh == 200.0


def test_nothing_but_zeros_is_no_reading_of_a_new_meter_either() -> None:
    house = House()
    house.give(Metered(1, Reading(house.mono, import_wh=0.0, volts=(0.0, 0.0, 0.0), hertz=0.0)))
    assert meter_view(house)["why"] == "answers nothing but zeros"
    house.give(Metered(1, Reading(house.mono, import_wh=0.0, watts=0.0)))  # one that tells only its register
    assert meter_view(house)["why"] == ""


def test_rounding_is_not_a_register_that_runs_backwards() -> None:
    house = charging()
    house.meter(add_wh=200)
    house.meter(add_wh=-0.5)
    assert meter_view(house)["why"] == ""


def test_a_slow_meter_may_miss_some_of_its_readings() -> None:
    house = House(meter_every=20.0)
    house.give(MeterSilent(1, "no answer"))
    house.wait(59, meters=False)
    assert meter_view(house)["silent"] is False
    house.wait(1, meters=False)
    assert meter_view(house)["silent"] is True


def test_a_silent_meter_is_stale_after_ten_seconds_and_nothing_is_invented() -> None:
    house = charging(presets={"SampledDataCtrlr.TxUpdatedInterval": "10"})
    house.meter(add_wh=200)
    house.give(MeterSilent(1, "evse.1.meter: no answer from unit 1"))
    house.wait(25, meters=False)
    assert "meter of EVSE 1: no believable reading for 10 s: evse.1.meter: no answer from unit 1" in notes(house)
    assert meter_view(house)["silent"] is True
    assert meter_view(house)["reading"] is None
    assert [report.at.mono for report in periodic(house)] == []
    house.unplug_without_meter()
    house.wait(15, meters=False)
    last = house.transactions()[-1]
    assert (last.stop_reason, last.meter_wh) == (StopReason.EV_DISCONNECTED, 200.0)
    assert not [sample for sample in last.history if sample.context is Context.END]


def test_a_meter_that_comes_back_is_used_again() -> None:
    house = charging(presets={"SampledDataCtrlr.TxUpdatedInterval": "10"})
    house.wait(15, meters=False)
    house.wait(10)
    assert "meter of EVSE 1: answers again" in notes(house)
    assert meter_view(house)["silent"] is False
    assert periodic(house)


def test_the_meter_may_be_asked_for_now() -> None:
    house = House(evses=2)
    house.online()
    assert house.call(TriggerMessage("MeterValues", 2)) == Status("Accepted")
    assert [(report.evse, report.samples[0].context) for report in loose(house)] == [(2, Context.TRIGGER)]


def test_what_is_asked_for_names_the_transaction_that_runs() -> None:
    house = charging()
    house.call(TriggerMessage("MeterValues"))
    assert [report.transaction for report in loose(house)] == [house.transactions()[0].transaction]


def test_the_register_outlives_a_restart() -> None:
    house = charging()
    house.meter(add_wh=200)
    house.unplug()
    house.wait(2)
    again = House(kept=house.saved, mono=house.mono + 5, boot=1, before=house)
    again.give(Metered(1, Reading(again.mono, import_wh=3.0, volts=(230.0, 230.0, 230.0))))
    assert meter_view(again)["why"] == "its import register went back from 200 Wh to 3 Wh"


def test_a_new_meter_is_believed_after_a_minute_and_its_register_outlives_a_restart() -> None:
    house = charging(register_wh=50_000.0)
    house.unplug()
    house.wait(2)
    house.register[1] = 3.0
    house.wait(60)
    assert meter_view(house)["silent"] is True
    house.wait(2)
    words = "its import register went back from 50000 Wh to 3 Wh, for 60 s: taken for a new meter"
    assert f"meter of EVSE 1: {words}" in notes(house)
    assert (meter_view(house)["silent"], meter_view(house)["register_wh"]) == (False, 3.0)
    again = House(kept=house.saved, mono=house.mono + 5, boot=1, before=house)
    again.meter(add_wh=1.0)
    assert (meter_view(again)["why"], meter_view(again)["register_wh"]) == ("", 4.0)


def test_no_meter_is_replaced_while_a_transaction_runs() -> None:
    house = charging(register_wh=50_000.0)
    house.register[1] = 3.0
    house.wait(300)
    assert (meter_view(house)["silent"], meter_view(house)["register_wh"]) == (True, 50_000.0)


def test_a_leap_is_believed_once_the_outlet_can_have_carried_it() -> None:
    house = charging()
    house.meter(add_wh=100)
    house.register[1] += 300  # 22 kW, and a third more, take 12 s for what is beyond the coarsest register's steps
    house.wait(11)
    assert meter_view(house)["register_wh"] == 100.0
    house.wait(2)
    assert meter_view(house)["register_wh"] == 400.0


def nonsense(house: House, **values: object) -> None:
    house.give(Metered(1, replace(house.reading(1), **values)))  # type: ignore[arg-type]


def test_a_spike_of_one_quantity_costs_only_that_and_is_noted_once() -> None:
    house = charging()
    for _ in range(3):
        nonsense(house, watts=42_949_672.0, amps=(16.0, 1e5, 16.0))
        house.wait(2)
    assert [note for note in notes(house) if "cannot be true" in note] == [
        "meter of EVSE 1: its current of L2 cannot be true: 100000 A, possible are -640 to 640 A; not used",
        "meter of EVSE 1: its power cannot be true: 4.29497e+07 W, possible are -220800 to 220800 W; not used",
    ]
    doubted = meter_view(house)["doubted"]
    assert doubted == {
        "current of L2": {"times": 3, "why": "100000 A, possible are -640 to 640 A"},
        "power": {"times": 3, "why": "4.29497e+07 W, possible are -220800 to 220800 W"},
    }
    assert notes(house).count("meter of EVSE 1: answers again") == 1
    assert (meter_view(house)["silent"], meter_view(house)["why"]) == (False, "")


def test_a_meter_whose_current_stays_nonsense_is_silent_after_ten_seconds() -> None:
    house = charging()
    house.measures = {"amps": (1e5, 16.0, 16.0)}
    house.wait(12)
    why = "its current of L1 cannot be true (100000 A, possible are -640 to 640 A)"
    assert f"meter of EVSE 1: no believable reading for 10 s: {why}" in notes(house)
    assert (meter_view(house)["silent"], meter_view(house)["reading"]) == (True, None)
    house.measures = {}
    house.wait(1)
    assert meter_view(house)["silent"] is False


def test_a_frequency_that_stays_nonsense_stops_nothing() -> None:
    house = charging()
    house.measures = {"hertz": 500.0}
    house.wait(15)
    assert (meter_view(house)["silent"], meter_view(house)["why"]) == (False, "")


def test_a_true_overcurrent_of_ten_times_the_rated_one_is_seen() -> None:
    house = charging()
    house.measures = {"amps": (320.0, 16.0, 16.0), "watts": 80_000.0}
    house.wait(8)
    assert [row["name"] for row in house.station.view(house.now())["faults"]["1"]] == ["overcurrent"]
    assert meter_view(house)["doubted"] == {}
