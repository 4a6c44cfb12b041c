"""What the pilot hears of a permit before and after its commit."""

from __future__ import annotations

from evse_drivers.api import Permit
from evsed.permits import Permits


def permit(amps: float, evse: int = 1) -> Permit:
    return Permit(evse, amps, 3, True, "grace", 105.0)


def sent(permits: list[Permit]) -> list[float]:
    return [permit.amps for permit in permits]


def test_a_first_permit_waits_and_nothing_is_said_before_it() -> None:
    out: list[Permit] = []
    permits = Permits(out.append)
    assert permits.want(permit(16.0))
    assert sent(out) == []
    permits.durable(permit(16.0))
    assert sent(out) == [16.0]


def test_a_first_permit_of_nothing_goes_at_once() -> None:
    out: list[Permit] = []
    assert not Permits(out.append).want(permit(0.0))
    assert sent(out) == [0.0]


def test_a_raised_permit_waits_while_the_lease_is_renewed_at_what_stands() -> None:
    out: list[Permit] = []
    permits = Permits(out.append)
    permits.want(permit(0.0))
    assert permits.want(permit(16.0))
    assert sent(out) == [0.0, 0.0]
    permits.durable(permit(16.0))
    assert sent(out) == [0.0, 0.0, 16.0]


def test_a_lowered_permit_goes_at_once_and_a_late_commit_does_not_undo_it() -> None:
    out: list[Permit] = []
    permits = Permits(out.append)
    permits.want(permit(10.0))
    permits.durable(permit(10.0))
    permits.want(permit(16.0))
    assert not permits.want(permit(6.0))
    permits.durable(permit(16.0))
    assert sent(out) == [10.0, 10.0, 6.0]
