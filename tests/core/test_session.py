"""A session from plug or card to the end of its transaction, through the whole core."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evsed.model.commands import RequestStart, RequestStop, Status
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.transactions import ChargingState, StopReason
from house import House


def charging(**settings: object) -> House:
    house = House(**settings)  # type: ignore[arg-type]
    house.online()
    house.plug()
    house.card()
    house.ask()
    return house


def test_plug_card_charge_card_unplug() -> None:
    house = charging()
    house.wait(10)
    house.meter(add_wh=200)
    house.card()
    house.wait(2)
    house.unplug()
    house.wait(2)
    assert house.story() == [
        "Started Authorized",
        "Updated ChargingStateChanged",
        "Ended StopAuthorized",
    ]
    first, *_, last = house.transactions()
    assert [report.seq for report in house.transactions()] == [0, 1, 2]
    assert (first.meter_wh, last.meter_wh) == (0.0, 200.0)
    assert last.stop_reason is StopReason.LOCAL
    assert last.token == Token("04A1B2C3")
    assert house.amps() == 0.0
    assert "transaction" not in house.saved or not house.saved["transaction"]


def test_a_card_before_the_plug_waits_for_it() -> None:
    house = House()
    house.online()
    house.card()
    assert house.story() == []
    assert house.connectors()[-1].preparing
    house.plug()
    house.ask()
    assert house.story()[0] == "Started CablePluggedIn"
    assert house.amps() == 32.0


def test_an_authorisation_without_a_plug_is_given_up() -> None:
    house = House(presets={"TxCtrlr.EVConnectionTimeOut": "60"})
    house.online()
    house.card()
    house.wait(61)
    house.plug()
    house.ask()
    assert house.story() == []
    assert house.amps() == 0.0


def test_the_same_card_again_takes_a_waiting_authorisation_back() -> None:
    house = House()
    house.online()
    house.card()
    house.card()
    house.plug()
    house.ask()
    assert house.story() == []


def test_a_refused_card_does_nothing() -> None:
    house = House()
    house.verdicts["04A1B2C3"] = Verdict(Standing.BLOCKED)
    house.online()
    house.plug()
    house.card()
    house.ask()
    assert house.story() == []
    assert house.amps() == 0.0


def test_unplugging_ends_the_transaction() -> None:
    house = charging()
    house.meter(add_wh=100)
    house.unplug()
    house.wait(2)
    last = house.transactions()[-1]
    assert (last.kind.value, last.trigger.value) == ("Ended", "EVCommunicationLost")
    assert (last.stop_reason, last.meter_wh) == (StopReason.EV_DISCONNECTED, 100.0)


def test_a_card_ends_the_transaction_too_where_the_end_of_energy_does() -> None:
    """E06.FR.07 (TC_E_08_CS)."""
    house = charging(presets={"TxCtrlr.TxStopPoint": "EnergyTransfer"})
    house.card()
    house.wait(3)
    last = house.transactions()[-1]
    assert (last.kind.value, last.trigger.value, last.stop_reason) == ("Ended", "StopAuthorized", StopReason.LOCAL)


STAYS = {"TxCtrlr.StopTxOnEVSideDisconnect": "false", "TxCtrlr.TxStopPoint": "Authorized"}


@pytest.mark.parametrize("points", ["EVConnected", "EVConnected,Authorized", "PowerPathClosed"])
def test_a_stop_point_that_is_lost_with_the_plug_ends_the_transaction_whatever_else_is_set(points: str) -> None:
    """E06.FR.02 and 06 (TC_E_20_CS, TC_E_37_CS)."""
    house = charging(presets=STAYS | {"TxCtrlr.TxStopPoint": points})
    house.unplug()
    house.wait(2)
    last = house.transactions()[-1]
    told = (last.kind.value, last.trigger.value, last.stop_reason)
    assert told == ("Ended", "EVCommunicationLost", StopReason.EV_DISCONNECTED)


def test_an_unplugged_vehicle_may_keep_its_transaction() -> None:
    house = charging(presets=STAYS)
    house.unplug()
    house.wait(30)
    assert house.connectors()[-1].info == "EV side disconnected"
    assert house.amps() == 0.0
    house.plug()
    house.ask()
    assert house.amps() == 32.0
    assert house.story()[-2:] == ["Updated CablePluggedIn", "Updated ChargingStateChanged"]
    house.card()
    house.wait(3)
    assert house.transactions()[-1].stop_reason is StopReason.LOCAL


def test_another_card_stops_only_if_it_is_of_the_same_group() -> None:
    house = House()
    house.verdicts = {
        "AA": Verdict(Standing.ACCEPTED, group="family"),
        "BB": Verdict(Standing.ACCEPTED, group="strangers"),
        "CC": Verdict(Standing.ACCEPTED, group="family"),
    }
    house.online()
    house.plug()
    house.card("AA")
    house.ask()
    house.card("BB")
    assert house.amps() == 32.0
    house.card("CC")
    house.wait(3)
    last = house.transactions()[-1]
    assert (last.stop_reason, last.token) == (StopReason.LOCAL, Token("CC"))


def test_a_remote_start_and_stop() -> None:
    house = House()
    house.online()
    house.plug()
    assert house.call(RequestStart(1, Token("REMOTE"), remote_start_id=7)) == Status("Accepted")
    house.ask()
    first = house.transactions()[0]
    assert (first.trigger.value, first.remote_start_id) == ("RemoteStart", 7)
    assert house.call(RequestStop("nonsense")) == Status("Rejected", "no such transaction is running")
    assert house.call(RequestStop(first.transaction)) == Status("Accepted")
    house.wait(3)
    assert house.transactions()[-1].stop_reason is StopReason.REMOTE


def test_a_remote_start_of_an_evse_in_use_is_rejected() -> None:
    house = charging()
    assert house.call(RequestStart(1, Token("X"))) == Status("Rejected", "EVSE 1: in use")
    assert house.call(RequestStart(9, Token("X"))) == Status("Rejected", "there is no EVSE 9")


def test_an_ev_that_stops_asking_suspends_and_resumes() -> None:
    house = charging()
    house.ask(on=False)
    assert house.transactions()[-1].charging_state is ChargingState.SUSPENDED_EV
    house.ask()
    assert house.transactions()[-1].charging_state is ChargingState.CHARGING


def test_a_token_refused_after_the_start_ends_the_transaction() -> None:
    house = charging(presets={"TxCtrlr.StopTxOnInvalidId": "true"})
    house.deliver(house.transactions()[0], Verdict(Standing.BLOCKED))
    house.wait(3)
    assert house.transactions()[-1].stop_reason is StopReason.DE_AUTHORIZED


def test_a_token_refused_after_the_start_may_only_lose_its_energy() -> None:
    house = charging(presets={"TxCtrlr.StopTxOnInvalidId": "false"})
    house.deliver(house.transactions()[0], Verdict(Standing.BLOCKED))
    house.wait(3)
    assert house.amps() == 0.0
    assert house.transactions()[-1].charging_state is ChargingState.SUSPENDED_EVSE


def test_a_refused_token_may_have_some_energy_more() -> None:
    house = charging(presets={"TxCtrlr.StopTxOnInvalidId": "true", "TxCtrlr.MaxEnergyOnInvalidId": "100"})
    house.deliver(house.transactions()[0], Verdict(Standing.BLOCKED))
    house.meter(add_wh=99)
    house.wait(2)
    assert house.amps() == 32.0
    house.meter(add_wh=1)
    house.wait(2)
    assert house.transactions()[-1].stop_reason is StopReason.DE_AUTHORIZED


def test_free_vending_needs_no_card() -> None:
    house = House(presets={"AuthCtrlr.Enabled": "false"})
    house.online()
    house.plug()
    house.ask()
    assert house.story()[0].startswith("Started")
    assert house.amps() == 32.0


def test_the_end_waits_for_the_contactor_and_a_reading_after_it() -> None:
    house = charging()
    house.meter(add_wh=100)
    obey, house._pilot_obeys = house._pilot_obeys, lambda evse: []  # type: ignore[method-assign]
    house.card()
    house.wait(3)
    assert house.story()[-1] != "Ended StopAuthorized"
    house.register[1] += 5  # what flows until the EV lets go
    house._pilot_obeys = obey  # type: ignore[method-assign]
    house.wait(3)
    assert house.transactions()[-1].meter_wh == 105.0


def test_a_welded_contactor_does_not_keep_a_transaction_open() -> None:
    house = charging()
    house._pilot_obeys = lambda evse: []  # type: ignore[method-assign]
    house.card()
    house.wait(13)
    assert house.story()[-1] == "Ended StopAuthorized"


def test_a_finished_session_starts_another_transaction_by_card() -> None:
    house = charging()
    house.ask(on=False)
    house.card()
    house.wait(3)
    assert house.connectors()[-1].finished
    house.card("0B0B0B0B")
    house.ask()
    assert [line for line in house.story() if line.startswith("Started")] == ["Started Authorized"] * 2


def test_a_meter_that_is_silent_is_not_waited_for() -> None:
    house = charging()
    house.meter(add_wh=100)
    house.wait(11, meters=False)
    house.pilots[1] = replace(house.pilots[1], opened_at=None)
    obey = house._pilot_obeys
    house._pilot_obeys = lambda evse: obey(evse)[:1]  # type: ignore[method-assign]  # the contactor opens, no reading comes
    house.card()
    house.wait(0.1, meters=False)
    last = house.transactions()[-1]
    assert (last.kind.value, last.meter_wh) == ("Ended", 100.0)
