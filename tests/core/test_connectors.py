"""What the central system hears of each connector, and when."""

from __future__ import annotations

from evsed.model.commands import Status, TriggerMessage
from evsed.model.inputs import DiskTrouble, MeterSilent, PilotLost
from evsed.model.reports import ConnectorReport
from house import House
from test_session import charging


def told(house: House) -> list[ConnectorReport]:
    return [report for report in house.reports if isinstance(report, ConnectorReport)]


def test_every_connector_and_the_station_are_told_after_boot() -> None:
    house = House(evses=2)
    assert told(house) == []
    house.online()
    assert [(report.evse, report.always) for report in told(house)] == [(0, True), (1, True), (2, True)]


def test_after_a_restart_a_connector_is_told_once_its_pilot_is_heard_and_never_as_free_before() -> None:
    """B01.FR.05 (TC_B_22_CS): Occupied, and no Available in front of it."""
    house = House()
    house.online()
    house.plug()
    again = House(kept=house.saved, mono=house.mono + 5, boot=2, before=house)
    again.online()
    assert [report.evse for report in told(again)] == [0]
    again.pilot()
    again.wait(0)
    assert [(report.evse, report.plugged, report.always) for report in told(again)[1:]] == [(1, True, True)]


def test_a_pilot_that_is_never_heard_is_told_as_a_fault() -> None:
    house = House()
    again = House(kept=house.saved, boot=2, before=house)
    again.online()
    again.wait(11)
    assert [(report.evse, report.fault) for report in told(again)] == [(0, None), (1, "pilot lost")]


def test_only_what_has_changed_is_told() -> None:
    house = House()
    house.online()
    before = len(told(house))
    house.pilot()
    house.wait(30)
    assert len(told(house)) == before
    house.plug()
    assert [report.preparing for report in told(house)[before:]] == [True]


def test_a_charge_is_told_from_preparing_to_available() -> None:
    house = charging()
    house.card()
    house.wait(3)
    house.unplug()
    house.wait(2)
    flags = [(r.preparing, r.transaction, r.finished, r.plugged) for r in house.connectors()]
    steps = [flag for n, flag in enumerate(flags) if n == 0 or flag != flags[n - 1]]
    assert steps == [
        (False, False, False, False),
        (True, False, False, True),
        (False, True, False, True),
        (False, False, True, True),
        (False, False, False, False),
    ]


def test_a_state_that_does_not_last_is_not_told() -> None:
    house = House(presets={"OCPP16Ctrlr.MinimumStatusDuration": "5"})
    house.online()
    before = len(told(house))
    house.plug()
    house.wait(4)
    house.unplug()
    house.wait(10)
    assert len(told(house)) == before
    house.plug()
    plugged_at = house.mono
    house.wait(6)
    assert [(report.preparing, report.at.mono) for report in told(house)[before:]] == [(True, plugged_at)]


def test_a_fault_is_told_at_once_however_short() -> None:
    house = House(presets={"OCPP16Ctrlr.MinimumStatusDuration": "60"})
    house.online()
    house.pilot(fault="residual current")
    assert house.connectors()[-1].fault == "residual current"
    house.pilot(fault=None)
    assert house.connectors()[-1].fault is None


def test_a_pilot_that_stays_away_for_ten_seconds_is_a_fault() -> None:
    house = House()
    house.online()
    house.give(PilotLost((1,), "gone"))
    house.wait(9)
    assert house.connectors()[-1].fault is None
    house.wait(2)
    assert house.connectors()[-1].fault == "pilot lost"
    house.pilot()
    assert house.connectors()[-1].fault is None


def test_a_silent_meter_is_a_warning_and_no_fault() -> None:
    house = House()
    house.online()
    house.give(MeterSilent(1, "no answer"))
    house.wait(11, meters=False)
    assert (house.connectors()[-1].warning, house.connectors()[-1].fault) == ("meter silent", None)
    house.meter()
    assert house.connectors()[-1].warning is None


def test_a_disk_in_trouble_is_a_warning_of_the_station() -> None:
    house = House()
    house.online()
    house.give(DiskTrouble("database is full"))
    assert (house.connectors(0)[-1].warning, house.connectors(0)[-1].info) == ("disk", "database is full")
    house.give(DiskTrouble(None))
    assert (house.connectors(0)[-1].warning, house.connectors(0)[-1].info) == (None, "")


def test_after_a_short_absence_only_what_has_changed_is_told() -> None:
    house = House(evses=2)
    house.online()
    before = len(told(house))
    house.offline()
    house.wait(59)
    house.plug(2)
    house.online()
    assert [report.evse for report in told(house)[before:]] == [2]


def test_after_a_long_absence_everything_is_told() -> None:
    house = House(evses=2)
    house.online()
    before = len(told(house))
    house.offline()
    house.wait(61)
    house.online()
    assert [(report.evse, report.always) for report in told(house)[before:]] == [(0, True), (1, True), (2, True)]


def test_the_central_system_may_ask_for_one_or_all() -> None:
    house = House(evses=2)
    house.online()
    before = len(told(house))
    assert house.call(TriggerMessage("StatusNotification", 2)) == Status("Accepted")
    assert [(report.evse, report.always) for report in told(house)[before:]] == [(2, True)]
    house.call(TriggerMessage("StatusNotification"))
    assert [report.evse for report in told(house)[before + 1 :]] == [0, 1, 2]


def test_a_fault_that_chatters_is_told_five_times_and_as_gone_once_it_is_quiet() -> None:
    house = House()
    house.online()
    house.wait(1)
    before = len(house.connectors())
    for _ in range(300):
        house.pilot(fault="cable", faults=("cable",))
        house.mono += 0.1
        house.pilot(fault=None, faults=())
        house.mono += 0.1
        house.meter()
    told = [report.fault for report in house.connectors()[before:]]
    assert told == ["cable", None] * 4 + ["cable"]
    house.wait(29)
    assert house.connectors()[-1].fault == "cable"
    house.wait(2)
    assert house.connectors()[-1].fault is None
