"""Which EVSE a card or a remote start means, where a transaction begins and ends, and who may use an EVSE at all."""

from __future__ import annotations

import pytest
from evsed.core.effects import Note
from evsed.model.commands import GetTransactionStatus, RequestStart, RequestStop, Status, TransactionStatus, Unlock
from evsed.model.inputs import Presented
from evsed.model.profiles import Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.tokens import Standing, Token, Verdict
from evsed.model.transactions import StopReason
from house import START, House
from test_session import charging

BOTH = (1, 2)


def two(plugged: tuple[int, ...]) -> House:
    """Two EVSEs behind one reader; vehicles come in that order."""
    house = House(evses=2)
    house.online()
    for evse in plugged:
        house.plug(evse)
        house.wait(5)
    return house


def started(house: House) -> list[int]:
    return [report.evse for report in house.transactions() if report.kind.value == "Started"]


def notes(house: House) -> list[str]:
    return [effect.text for effect in house.effects if isinstance(effect, Note)]


def test_what_is_odd_about_a_card_is_noted_and_one_that_cannot_be_used_starts_nothing() -> None:
    house = two((1,))
    house.give(Presented(Token("12345678901234567890123"), BOTH, "too long", usable=False))
    assert notes(house)[-1] == "card 12345678901234567890123: too long"
    assert started(house) == []
    house.give(Presented(Token("08A1B2C3"), BOTH, "a random one"))
    assert "card 08A1B2C3: a random one" in notes(house)
    assert started(house) == [1]


# --- which EVSE is meant ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plugged", "meant"), [((1,), 1), ((2,), 2), ((1, 2), 2), ((2, 1), 1)])
def test_a_card_means_the_vehicle_that_came_last(plugged: tuple[int, ...], meant: int) -> None:
    house = two(plugged)
    house.card("AA", BOTH)
    assert started(house) == [meant]
    assert f"card AA: accepted (by csms) for EVSE {meant}" in notes(house)


def test_the_second_card_means_the_other_vehicle() -> None:
    house = two((1, 2))
    house.card("AA", BOTH)
    house.card("BB", BOTH)
    assert started(house) == [2, 1]


def test_a_card_that_charges_stops_its_own_charge() -> None:
    house = two((1, 2))
    house.card("AA", BOTH)
    house.card("BB", BOTH)
    house.card("BB", BOTH)
    house.wait(3)
    assert [(r.evse, r.token) for r in house.transactions() if r.kind.value == "Ended"] == [(1, Token("BB"))]


def test_a_card_with_nothing_plugged_takes_the_first_free_evse() -> None:
    house = two(())
    house.card("AA", BOTH)
    house.plug(2)
    assert started(house) == []
    house.plug(1)
    assert started(house) == [1]


def test_a_card_when_all_are_in_use_is_told_so() -> None:
    house = two((1, 2))
    for card in ("AA", "BB", "CC"):
        house.card(card, BOTH)
    assert "card CC: accepted (by csms), but no EVSE here is free for it" in notes(house)
    assert started(house) == [2, 1]


def test_an_evse_with_a_fault_is_not_chosen() -> None:
    house = two((1, 2))
    house.pilot(2, fault="residual current")
    house.card("AA", BOTH)
    assert started(house) == [1]


def test_a_remote_start_without_an_evse_takes_the_one_that_waits() -> None:
    house = two((2,))
    assert house.call(RequestStart(None, Token("REMOTE"), remote_start_id=3)) == Status("Accepted")
    assert started(house) == [2]


def test_a_remote_start_when_all_are_in_use_says_why_not() -> None:
    house = two((1,))
    house.card("AA", (1,))
    house.pilot(2, fault="contactor welded")
    words = "EVSE 1: in use, EVSE 2: fault: contactor welded"
    assert house.call(RequestStart(None, Token("X"))) == Status("Rejected", words)


def test_a_remote_start_is_judged_like_a_card_where_that_is_wanted() -> None:
    house = House()
    house.online()
    house.plug()
    house.verdicts["BAD"] = Verdict(Standing.BLOCKED)
    house.call(RequestStart(1, Token("BAD"), remote_start_id=3))
    assert (started(house), house.amps()) == ([], 0)
    free = House(presets={"AuthCtrlr.AuthorizeRemoteStart": "false"})
    free.online()
    free.plug()
    free.verdicts["BAD"] = Verdict(Standing.BLOCKED)
    free.call(RequestStart(1, Token("BAD"), remote_start_id=3))
    assert started(free) == [1]


def test_a_remote_start_that_was_given_up_leaves_nothing_to_the_next_transaction() -> None:
    house = House()
    house.online()
    house.call(RequestStart(1, Token("REMOTE"), remote_start_id=7))
    house.wait(61)
    house.plug()
    house.card()
    first = house.transactions()[0]
    assert (first.trigger.value, first.remote_start_id) == ("Authorized", None)


def test_a_remote_start_with_a_profile_that_cannot_be_used_is_rejected() -> None:
    """F01.FR.26."""
    house = House()
    house.online()
    house.plug()
    unsound = Profile(1, 0, Purpose.TX, "Absolute", Schedule(RateUnit.AMPS, (Period(5, 10.0),), START))
    answer = house.call(RequestStart(1, Token("AA"), 5, profile=unsound))
    assert answer == Status("Rejected", "the first period starts at 5, not at 0")
    assert house.story() == []


def test_a_remote_start_of_a_transaction_that_runs_unauthorised_belongs_to_it() -> None:
    house = House(presets={"TxCtrlr.TxStartPoint": "EVConnected"})
    house.online()
    house.plug()
    running = house.transactions()[0].transaction
    profile = Profile(1, 0, Purpose.TX, "Absolute", Schedule(RateUnit.AMPS, (Period(0, 10.0),), START))
    answer = house.call(RequestStart(1, Token("REMOTE"), remote_start_id=7, profile=profile))
    assert answer == Status("Accepted", transaction=running)
    told = house.transactions()[-1]
    assert (told.transaction, told.trigger.value, told.remote_start_id) == (running, "RemoteStart", 7)
    house.ask()
    assert house.amps() == 10.0


# --- start and stop points ----------------------------------------------------------------------------------------

START_AT = {  # start point -> the step in which the transaction begins, and what it is told as
    "EVConnected": ("plug", "CablePluggedIn"),
    "Authorized": ("card", "Authorized"),
    "PowerPathClosed": ("card", "Authorized"),
    "EnergyTransfer": ("ask", "ChargingStateChanged"),
}


@pytest.mark.parametrize("point", START_AT)
def test_each_start_point_starts_in_its_step(point: str) -> None:
    house = House(presets={"TxCtrlr.TxStartPoint": point})
    house.online()
    steps = {"plug": house.plug, "card": house.card, "ask": house.ask}
    began = []
    for name, step in steps.items():
        step()
        if not began:
            began = [(name, report.trigger.value) for report in house.transactions() if report.seq == 0]
    assert began == [START_AT[point]]
    assert house.amps() == 32.0


def test_an_authorisation_before_the_plug_starts_where_that_is_the_point() -> None:
    house = House(presets={"TxCtrlr.TxStartPoint": "Authorized"})
    house.online()
    house.card()
    house.plug()
    house.ask()
    assert house.story()[:2] == ["Started Authorized", "Updated CablePluggedIn"]


STOP_AT = {  # stop point -> the step in which the transaction ends, its trigger and reason
    "EVConnected": ("unplug", "EVCommunicationLost", StopReason.LOCAL),  # the card before it is why: TC_E_14
    "Authorized": ("card", "StopAuthorized", StopReason.LOCAL),
    "PowerPathClosed": ("card", "StopAuthorized", StopReason.LOCAL),
    "EnergyTransfer": ("rest", "ChargingStateChanged", StopReason.STOPPED_BY_EV),
}


@pytest.mark.parametrize("point", STOP_AT)
def test_each_stop_point_stops_in_its_step(point: str) -> None:
    house = charging(presets={"TxCtrlr.TxStopPoint": point})
    house.meter(add_wh=200)
    steps = {"rest": lambda: house.ask(on=False), "card": house.card, "unplug": house.unplug}
    ended = []
    for name, step in steps.items():
        step()
        house.wait(3)
        if not ended:
            ends = [report for report in house.transactions() if report.kind.value == "Ended"]
            ended = [(name, report.trigger.value, report.stop_reason) for report in ends]
    assert ended == [STOP_AT[point]]
    assert house.transactions()[-1].meter_wh == 200.0
    assert house.amps() == 0


def test_a_transaction_from_plug_to_unplug_takes_card_after_card() -> None:
    house = House(presets={"TxCtrlr.TxStartPoint": "EVConnected", "TxCtrlr.TxStopPoint": "EVConnected"})
    house.online()
    house.plug()
    for card in ("AA", "BB"):
        house.card(card)
        house.ask()
        house.wait(2)
        house.card(card)
        house.wait(3)
    house.unplug()
    house.wait(3)
    assert [line.split()[0] for line in house.story()].count("Started") == 1
    tokens = [report.token for report in house.transactions() if report.trigger.value == "Authorized"]
    assert tokens == [Token("AA"), Token("BB")]
    assert house.transactions()[-1].stop_reason is StopReason.LOCAL


def test_a_transaction_with_neither_vehicle_nor_authorisation_is_over_whatever_keeps_it_else() -> None:
    house = House(
        presets={
            "TxCtrlr.TxStartPoint": "EVConnected",
            "TxCtrlr.TxStopPoint": "EVConnected",
            "TxCtrlr.StopTxOnEVSideDisconnect": "false",
        }
    )
    house.online()
    house.plug()
    house.unplug()
    house.wait(2)
    assert house.story() == ["Started CablePluggedIn", "Ended EVCommunicationLost"]


# --- the rest -----------------------------------------------------------------------------------------------------


def test_the_cable_stays_locked_for_its_owner_after_it_was_pulled_at_the_vehicle() -> None:
    house = charging(has_lock=True, presets={"OCPPCommCtrlr.UnlockOnEVSideDisconnect": "false"})
    house.unplug()
    house.wait(20)
    assert house.permits[1].locked
    house.card("0B0B0B0B")
    assert house.permits[1].locked
    house.wait(61)
    house.card()
    house.wait(1)
    assert not house.permits[1].locked


def test_the_central_system_unlocks_a_cable_that_is_kept() -> None:
    house = charging(has_lock=True, presets={"OCPPCommCtrlr.UnlockOnEVSideDisconnect": "false"})
    house.unplug()
    house.pilot(locked=False)
    house.wait(3)
    assert house.call(Unlock(1)) == Status("Unlocked")
    house.wait(1)
    assert not house.permits[1].locked


def test_nobody_charges_before_a_central_system_has_accepted_the_station() -> None:
    house = House(presets={"AuthCtrlr.Enabled": "false"})
    house.plug()
    house.ask()
    assert house.amps() == 0
    assert (
        house.station.view(house.now())["sessions"]["1"]["why"] == "the central system has never accepted this station"
    )
    open_house = House(presets={"AuthCtrlr.Enabled": "false", "TxCtrlr.TxBeforeAcceptedEnabled": "true"})
    open_house.plug()
    open_house.ask()
    assert open_house.amps() == 32.0


def test_a_free_station_charges_the_vehicle_that_was_there_before_it_was_accepted() -> None:
    house = House(presets={"AuthCtrlr.Enabled": "false"})
    house.plug()
    house.ask()
    house.online()
    house.wait(1)
    assert house.amps() == 32.0


def test_events_say_whether_they_happened_offline() -> None:
    house = charging()
    house.offline()
    house.ask(on=False)
    house.online()
    house.ask()
    assert [report.offline for report in house.transactions()] == [False, False, True, False]


def test_the_central_system_may_ask_whether_a_transaction_runs() -> None:
    house = charging()
    running = house.transactions()[0].transaction
    assert house.call(GetTransactionStatus(running)) == TransactionStatus(True, False)
    assert house.call(GetTransactionStatus("other")) == TransactionStatus(False, False)
    assert house.call(GetTransactionStatus(None)) == TransactionStatus(None, False)


def test_an_answer_that_comes_after_the_vehicle_has_gone_starts_nothing_there() -> None:
    house = House()
    house.online()
    house.plug()
    csms, house._csms = house._csms, lambda ask: []  # type: ignore[method-assign]
    house.card()
    house.unplug()
    for event in csms(house.asked[-1]):
        house.give(event)
    assert started(house) == []
    assert house.connectors()[-1].preparing  # the card waits for a plug, as if it had been held there now
    house.wait(61)
    assert not house.connectors()[-1].preparing


def test_a_remote_stop_is_the_reason_though_the_plug_ends_the_transaction() -> None:
    house = charging(presets={"TxCtrlr.TxStopPoint": "EVConnected"})
    assert house.call(RequestStop(house.transactions()[0].transaction)) == Status("Accepted")
    house.wait(3)
    house.unplug()
    house.wait(3)
    last = house.transactions()[-1]
    assert (last.trigger.value, last.stop_reason) == ("EVCommunicationLost", StopReason.REMOTE)
