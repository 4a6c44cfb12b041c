"""A permit that falls never waits for the disk, one that rises always does, and a lease does not run out meanwhile."""

from __future__ import annotations

from evse_drivers.api import Permit
from evsed.permits import Permits


def permit(amps: float, until: float = 5.0, evse: int = 1, locked: bool = True) -> Permit:
    return Permit(evse, amps, 3, locked, "grace", until)


def granted(amps: float) -> tuple[Permits, list[Permit]]:
    """Permits that already grant so much on EVSE 1."""
    sent: list[Permit] = []
    permits = Permits(sent.append)
    permits.want(permit(amps))
    permits.durable(permit(amps))
    sent.clear()
    return permits, sent


def test_a_first_permit_waits_and_nothing_is_said_before_it() -> None:
    sent: list[Permit] = []
    permits = Permits(sent.append)
    assert permits.want(permit(16.0))
    assert sent == []
    permits.durable(permit(16.0))
    assert sent == [permit(16.0)]


def test_a_first_permit_of_nothing_goes_at_once() -> None:
    sent: list[Permit] = []
    assert not Permits(sent.append).want(permit(0.0))
    assert sent == [permit(0.0)]


def test_a_lowered_permit_goes_out_at_once() -> None:
    permits, sent = granted(16.0)
    assert not permits.want(permit(10.0, 6.0))
    assert sent == [permit(10.0, 6.0)]


def test_a_renewed_permit_goes_out_at_once() -> None:
    permits, sent = granted(16.0)
    assert not permits.want(permit(16.0, 6.0))
    assert sent == [permit(16.0, 6.0)]


def test_a_raised_permit_renews_what_there_is_and_waits_for_the_rest() -> None:
    permits, sent = granted(10.0)
    assert permits.want(permit(16.0, 6.0))
    assert sent == [permit(10.0, 6.0)]
    permits.durable(permit(16.0, 6.0))
    assert sent[1:] == [permit(16.0, 6.0)]


def test_a_stalled_disk_keeps_renewing_at_what_was_granted() -> None:
    permits, sent = granted(10.0)
    for second in range(6, 36):
        assert permits.want(permit(16.0, float(second)))
    assert sent == [permit(10.0, float(second)) for second in range(6, 36)]
    permits.durable(permit(16.0, 6.0))
    assert sent[-1] == permit(16.0, 35.0)  # the old commit allows the amps, the newest permit says until when


def test_a_commit_that_comes_late_does_not_raise_what_has_fallen_since() -> None:
    permits, sent = granted(10.0)
    permits.want(permit(16.0, 6.0))
    permits.want(permit(0.0, 7.0))
    sent.clear()
    permits.durable(permit(16.0, 6.0))
    assert sent == []


def test_a_commit_that_comes_late_raises_only_to_the_newest_wish() -> None:
    permits, sent = granted(6.0)
    permits.want(permit(32.0, 6.0))
    permits.want(permit(13.0, 7.0))
    sent.clear()
    permits.durable(permit(32.0, 6.0))
    assert sent == [permit(13.0, 7.0)]


def test_evses_do_not_lend_each_other_amps() -> None:
    permits, sent = granted(16.0)
    permits.want(permit(0.0, evse=2))
    assert permits.want(permit(16.0, evse=2))
    assert sent == [permit(0.0, evse=2), permit(0.0, evse=2)]


def test_a_lock_needs_no_disk() -> None:
    permits, sent = granted(0.0)
    assert not permits.want(permit(0.0, locked=False))
    assert sent == [permit(0.0, locked=False)]


def test_what_one_car_has_waited_for_is_not_given_to_the_next() -> None:
    sent: list[Permit] = []
    permits = Permits(sent.append)
    for amps, until in ((0.0, 5.0), (32.0, 6.0), (0.0, 7.0), (32.0, 8.0)):
        permits.want(permit(amps, until))
    sent.clear()
    permits.durable(permit(32.0, 6.0))
    assert sent == []
    permits.durable(permit(32.0, 8.0))
    assert sent == [permit(32.0, 8.0)]
