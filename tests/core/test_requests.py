"""The small requests: unlock, trigger, vendor-specific data."""

from __future__ import annotations

from evsed.core.effects import Do
from evsed.model.commands import DataTransfer, Status, TriggerMessage, Unlock
from evsed.model.inputs import Called
from evsed.model.transactions import StopReason
from house import House
from test_session import charging


def unlock(house: House, ends: bool = False) -> int:
    number = next(house.calls)
    house.give(Called(number, Unlock(1, ends)))
    return number


def test_a_lock_that_opens_is_unlocked() -> None:
    house = House(has_lock=True)
    house.pilot(locked=True)
    number = unlock(house)
    assert Do(1, "unlock") in house.effects
    assert number not in house.replies
    house.pilot(locked=False)
    assert house.replies[number] == Status("Unlocked")


def test_a_lock_that_is_open_already_is_unlocked_at_once() -> None:
    house = House(has_lock=True)
    house.pilot(locked=False)
    assert house.replies[unlock(house)] == Status("Unlocked")


def test_a_lock_that_stays_shut_for_five_seconds_has_failed() -> None:
    house = House(has_lock=True)
    house.pilot(locked=True)
    number = unlock(house)
    house.wait(4.9)
    assert number not in house.replies
    house.wait(0.2)
    assert house.replies[number] == Status("UnlockFailed")


def test_a_second_unlock_does_not_wait_for_the_first() -> None:
    house = House(has_lock=True)
    house.pilot(locked=True)
    unlock(house)
    assert house.replies[unlock(house)] == Status("UnlockFailed", "the lock is being opened already")


def test_with_a_transaction_running_the_newer_version_refuses() -> None:
    house = charging(has_lock=True)
    assert house.replies[unlock(house)] == Status("OngoingAuthorizedTransaction", "a transaction runs on EVSE 1")


def test_the_older_version_ends_the_transaction_first() -> None:
    house = charging(has_lock=True)
    house.pilot(locked=True)
    number = unlock(house, ends=True)
    house.wait(2)
    assert house.transactions()[-1].stop_reason is StopReason.UNLOCK_COMMAND
    ended = next(n for n, effect in enumerate(house.effects) if "Ended" in repr(effect))
    assert house.effects.index(Do(1, "unlock")) > ended
    house.pilot(locked=False)
    assert house.replies[number] == Status("Unlocked")


def test_an_evse_without_a_lock_cannot_be_unlocked() -> None:
    house = House()
    assert house.replies[unlock(house)] == Status("NotSupported", "EVSE 1 has no plug lock")
    assert house.call(Unlock(9)) == Status("UnknownConnector", "there is no EVSE 9")


def test_a_transaction_event_can_be_triggered() -> None:
    house = charging()
    assert house.call(TriggerMessage("TransactionEvent")) == Status("Accepted")
    last = house.transactions()[-1]
    assert (last.trigger.value, last.samples[0].context.value) == ("Trigger", "Trigger")


def test_what_cannot_be_triggered() -> None:
    house = House()
    assert house.call(TriggerMessage("LogStatusNotification")) == Status(
        "NotImplemented",
        "LogStatusNotification is none of BootNotification, Heartbeat, MeterValues, StatusNotification, "
        "TransactionEvent",
    )
    assert house.call(TriggerMessage("MeterValues", 4)) == Status("Rejected", "there is no EVSE 4")


def test_an_evse_that_means_nothing_is_ignored() -> None:
    """F06.FR.03."""
    house = House()
    house.online()
    assert house.call(TriggerMessage("Heartbeat", 9)) == Status("Accepted")


def test_nothing_vendor_specific_is_agreed() -> None:
    assert House().call(DataTransfer("com.example", "x", None)) == Status(
        "UnknownVendorId", "nothing is agreed with 'com.example'"
    )
