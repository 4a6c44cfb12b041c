"""What a restart of the station, of the pilot or of both makes of a running transaction."""

from __future__ import annotations

from evsed.model.transactions import StopReason
from house import House
from test_session import charging


def restarted(house: House, after: float = 5.0, boot: int = 2, **pilot: object) -> House:
    """The station's next process, on the same store, with the pilot as it is then."""
    again = House(kept=house.saved, mono=house.mono + after, boot=boot, before=house)
    again.meter()
    again.pilot(1, **pilot)
    return again


def test_a_transaction_goes_on_after_a_restart_of_the_station() -> None:
    house = charging()
    house.meter(add_wh=100)
    again = restarted(house)
    again.online()
    again.wait(2)
    assert again.amps() == 32.0
    again.meter(add_wh=50)
    again.card()
    again.wait(3)
    told = house.transactions() + again.transactions()
    assert [report.seq for report in told] == list(range(len(told)))
    assert {report.transaction for report in told} == {"tx-1-1"}
    assert told[-1].meter_wh == 150.0
    assert told[-1].stop_reason is StopReason.LOCAL


def test_two_cars_are_two_transactions() -> None:
    house = charging()
    house.meter(add_wh=100)
    seen = house.pilots[1]
    left = house.mono + 2.0
    again = restarted(
        house, after=60.0, state="B1", closed=False, offered=0.0, plug=seen.plug + 1, unplugged_at=left, opened_at=left
    )
    again.online()
    again.wait(2)
    last = again.transactions()[0]
    assert (last.kind.value, last.stop_reason, last.meter_wh) == ("Ended", StopReason.EV_DISCONNECTED, 100.0)
    assert last.at.mono == left
    assert again.connectors()[-1].preparing
    again.card("0B0B0B0B")
    again.ask()
    assert again.transactions()[1].transaction != last.transaction
    assert again.amps() == 32.0


def test_a_pilot_that_restarts_quickly_keeps_the_transaction() -> None:
    house = charging()
    house.wait(1)
    house.pilot(1, boot="boot-b", state="A1", plug=0, closed=False, offered=0.0, opened_at=None)
    house.wait(0.1)
    house.pilot(1, state="B1", plug=1)
    house.ask()
    house.wait(3)
    assert not any(line.startswith("Ended") for line in house.story())
    assert house.amps() == 32.0


def test_a_pilot_that_was_away_for_long_does_not_know_the_car() -> None:
    house = charging()
    house.wait(30, meters=False)
    house.pilot(1, boot="boot-b", state="B1", plug=1, closed=False, offered=0.0, opened_at=None)
    house.wait(15)
    assert house.transactions()[-1].stop_reason is StopReason.POWER_LOSS


def test_a_restarted_pilot_that_sees_no_car_is_believed_after_a_while() -> None:
    house = charging()
    house.pilot(1, boot="boot-b", state="A1", plug=0, closed=False, offered=0.0, opened_at=None)
    assert not any(line.startswith("Ended") for line in house.story())
    house.wait(16)
    assert house.transactions()[-1].stop_reason is StopReason.EV_DISCONNECTED


def test_a_short_power_cut_does_not_end_the_charge() -> None:
    house = charging()
    house.meter(add_wh=100)
    again = restarted(house, after=120.0, boot=2, state="B1", closed=False, offered=0.0)
    again.wait(3)
    assert not again.transactions()[-1].stop_reason
    assert again.amps() == 32.0


def test_a_board_that_counts_anew_after_a_quick_restart_of_the_station_keeps_the_charge() -> None:
    house = charging()
    house.meter(add_wh=100)
    again = House(kept=house.saved, mono=house.mono + 60.0, boot=1, before=house)
    again.meter()
    again.pilot(1, boot="board-b", state="C2", closed=True, offered=16.0)
    again.wait(3)
    assert not again.transactions() or not again.transactions()[-1].stop_reason
    assert again.amps() == 32.0


def test_behind_a_board_another_car_may_have_come_while_the_station_was_away_for_minutes() -> None:
    house = charging()
    house.meter(add_wh=100)
    again = House(kept=house.saved, mono=house.mono + 200.0, boot=1, before=house)
    again.meter()
    again.pilot(1, boot="board-b", state="B1", closed=False, offered=0.0)
    again.wait(15)
    assert again.transactions()[-1].stop_reason is StopReason.POWER_LOSS
    assert again.amps() == 0.0


def test_a_stop_before_the_crash_is_still_told_after_it() -> None:
    house = charging()
    house._pilot_obeys = lambda evse: []  # type: ignore[method-assign]
    house.card()
    again = restarted(house, closed=False, offered=0.0, state="B1", opened_at=house.mono + 1.0)
    again.online()
    again.wait(3)
    last = again.transactions()[-1]
    assert (last.kind.value, last.stop_reason) == ("Ended", StopReason.LOCAL)


def test_a_transaction_that_nobody_has_authorised_yet_gets_no_energy_after_a_restart() -> None:
    house = House(presets={"TxCtrlr.TxStartPoint": "EVConnected"})
    house.online()
    house.plug()
    assert house.story() == ["Started CablePluggedIn"]
    again = restarted(house)
    again.online()
    again.ask()
    again.wait(2)
    assert again.amps() == 0.0
    again.card()
    assert again.amps() == 32.0
    assert "Updated Authorized" in again.story()
