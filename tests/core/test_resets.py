"""Reset ends what runs, or waits for its end, and then asks for the restart."""

from __future__ import annotations

import pytest
from evsed.core.effects import Do, Restart
from evsed.core.resets import Resets
from evsed.model.commands import Reset, Status
from evsed.model.inputs import Called, Tick
from evsed.model.journal import Save
from evsed.model.transactions import StopReason
from house import House
from test_session import charging


def restarts(house: House) -> list[str]:
    return [effect.cause for effect in house.effects if isinstance(effect, Restart)]


def test_an_idle_station_restarts_at_once_and_knows_why_afterwards() -> None:
    house = House()
    house.online()
    assert house.call(Reset()) == Status("Accepted")
    assert restarts(house) == ["RemoteReset"]
    assert house.saved["restart"] == {"cause": "RemoteReset"}


def test_on_idle_was_not_scheduled_where_nothing_ran() -> None:
    """B11 (TC_B_23_CS)."""
    house = House()
    assert house.call(Reset(on_idle=True)) == Status("Accepted")
    assert restarts(house) == ["RemoteReset"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [(Reset(hard=True), StopReason.IMMEDIATE_RESET), (Reset(), StopReason.SCHEDULED_RESET)],
)
def test_a_running_transaction_is_ended_properly_first(command: Reset, reason: StopReason) -> None:
    house = charging()
    house.meter(add_wh=100)
    assert house.call(command) == Status("Accepted")
    house.wait(2)
    last = house.transactions()[-1]
    assert (last.kind.value, last.trigger.value, last.stop_reason) == ("Ended", "ResetCommand", reason)
    assert last.meter_wh == 100.0
    assert restarts(house) == ["RemoteReset"]


def test_the_end_is_told_before_the_restart() -> None:
    house = charging()
    house.call(Reset(hard=True))
    house.wait(2)
    ended = next(n for n, effect in enumerate(house.effects) if "Kind.ENDED" in repr(effect))
    assert house.effects.index(Restart("RemoteReset")) > ended


def test_on_idle_waits_for_the_transaction() -> None:
    house = charging()
    assert house.call(Reset(on_idle=True)) == Status("Scheduled")
    house.wait(60)
    assert (restarts(house), house.amps()) == ([], 32.0)
    house.card()
    house.wait(3)
    assert restarts(house) == ["ScheduledReset"]


def test_a_transaction_that_does_not_end_delays_the_restart_no_longer_than_twenty_seconds() -> None:
    house = charging()
    house._pilot_obeys = lambda evse: []  # type: ignore[method-assign]
    house.call(Reset(hard=True))
    house.wait(21)
    assert restarts(house) == ["RemoteReset"]


def test_the_patience_is_the_resets_own() -> None:
    house = House()
    resets = Resets(house.topology, frozenset({1}))
    list(resets.handle(Called(1, Reset(hard=True)), house.now()))
    assert resets.next_deadline() == house.mono + 20.0
    house.mono += 20.0
    assert list(resets.handle(Tick(), house.now())) == [
        Save("restart", "cause", "RemoteReset"),
        Restart("RemoteReset"),
    ]


def test_one_evse_ends_its_transaction_and_acknowledges_no_fault() -> None:
    """A central system sees neither the emergency stop nor the weld: a person at the wallbox acknowledges."""
    house = charging(evses=2)
    assert house.call(Reset(hard=True, evse=1)) == Status("Accepted")
    house.wait(2)
    assert house.transactions()[-1].stop_reason is StopReason.IMMEDIATE_RESET
    assert [effect for effect in house.effects if isinstance(effect, Do)] == []
    assert restarts(house) == []


def test_one_evse_waits_for_its_transaction_if_it_is_to() -> None:
    """B12.FR.01 and 07."""
    house = charging()
    assert house.call(Reset(on_idle=True, evse=1)) == Status("Scheduled")
    house.wait(10)
    assert house.transactions()[-1].kind.value != "Ended"
    house.card()
    house.wait(3)
    assert (house.transactions()[-1].stop_reason, restarts(house)) == (StopReason.LOCAL, [])


def test_what_cannot_be_reset() -> None:
    assert charging().call(Reset(evse=5)) == Status("Rejected", "there is no EVSE 5")
