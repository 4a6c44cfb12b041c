"""Out of service by the operator: at once, after a transaction, and after a restart."""

from __future__ import annotations

from evsed.model.commands import ChangeAvailability, RequestStart, Status
from evsed.model.tokens import Token
from house import House
from test_session import charging


def usable(house: House) -> list[bool]:
    return [house.connectors(evse)[-1].operative for evse in range(len(house.pilots) + 1)]


def test_an_idle_evse_goes_out_of_service_at_once_and_takes_no_card() -> None:
    house = House(evses=2)
    house.online()
    assert house.call(ChangeAvailability(1, False)) == Status("Accepted")
    assert usable(house) == [True, False, True]
    house.plug()
    house.card()
    house.ask()
    assert house.amps() == 0
    assert house.call(RequestStart(1, Token("X"))) == Status("Rejected", "EVSE 1: taken out of service by the operator")
    assert house.call(ChangeAvailability(1, True)) == Status("Accepted")
    house.card()
    assert house.amps() == 32.0


def test_a_running_transaction_is_waited_for() -> None:
    house = charging()
    assert house.call(ChangeAvailability(1, False)) == Status("Scheduled")
    house.wait(5)
    assert (house.amps(), usable(house)[1]) == (32.0, True)
    house.card()
    house.wait(3)
    assert usable(house)[1] is False


def test_what_was_scheduled_survives_a_restart() -> None:
    for number in (0, 1):
        house = charging()
        assert house.call(ChangeAvailability(number, False)) == Status("Scheduled")
        again = House(kept=house.saved, mono=house.mono + 5, boot=2, before=house)
        again.online()
        again.pilot(1)
        again.wait(2)
        assert again.amps() == 32.0
        again.card()
        again.wait(3)
        assert usable(again)[1] is False
        assert "after" not in str(again.saved["availability"])


def test_what_was_scheduled_can_be_taken_back() -> None:
    house = charging()
    house.call(ChangeAvailability(1, False))
    assert house.call(ChangeAvailability(1, True)) == Status("Accepted")
    house.card()
    house.wait(3)
    assert usable(house)[1] is True


def test_the_station_closes_its_idle_evses_first_and_then_the_busy_one() -> None:
    house = charging(evses=2)
    assert house.call(ChangeAvailability(None, False)) == Status("Scheduled")
    assert usable(house) == [True, True, False]
    house.card()
    house.wait(3)
    assert usable(house) == [False, False, False]
    assert house.call(ChangeAvailability(None, True)) == Status("Accepted")
    assert usable(house) == [True, True, True]


def test_an_evse_stays_out_of_service_when_the_station_comes_back() -> None:
    house = House(evses=2)
    house.online()
    house.call(ChangeAvailability(2, False))
    house.call(ChangeAvailability(None, False))
    house.call(ChangeAvailability(None, True))
    assert usable(house) == [True, True, False]


def test_it_survives_a_restart() -> None:
    house = House(evses=2)
    house.online()
    house.call(ChangeAvailability(2, False))
    again = House(evses=2, kept=house.saved, mono=house.mono + 5, before=house)
    again.online()
    for evse in (1, 2):
        again.pilot(evse)
    again.wait(0)
    assert usable(again) == [True, True, False]


def test_the_same_again_is_accepted_and_written_once() -> None:
    house = House()
    house.online()
    for _ in range(2):
        assert house.call(ChangeAvailability(1, False)) == Status("Accepted")
    assert house.saved["availability"] == {"1": False}


def test_there_is_no_such_evse() -> None:
    assert House().call(ChangeAvailability(7, False)) == Status("Rejected", "there is no EVSE 7")
