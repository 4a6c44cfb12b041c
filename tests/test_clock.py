"""Time before and after it is known."""

from __future__ import annotations

from evsed.clock import FIRST_RELEASE, Clock
from evsed.model.time import Instant


class Machine(Clock):
    """A machine whose monotonic clock reads `at`."""

    at = 50.0

    def mono(self) -> float:
        return self.at


def test_the_central_system_sets_the_clock_once_and_corrections_only_when_it_is_off() -> None:
    clock = Machine()
    assert clock.set(2_000_000_000.0)
    assert clock.now() == Instant(50.0, 2_000_000_000.0, 0)
    clock.at = 60.0
    assert clock.now().utc == 2_000_000_010.0
    assert not clock.set(2_000_000_010.9)
    assert clock.set(2_000_000_012.0)
    assert clock.now().utc == 2_000_000_012.0


def test_the_system_clock_is_believed_when_it_was_ever_set() -> None:
    utc = Clock().now().utc
    assert utc is None or utc > FIRST_RELEASE


def test_an_instant_of_this_boot_is_stamped_when_the_clock_is_found() -> None:
    clock = Machine(boot=3)
    recorded = Instant(20.0, None, 3)
    clock.set(2_000_000_000.0)
    assert clock.utc_of(recorded) == 2_000_000_000.0 - 30.0


def test_an_instant_of_an_earlier_boot_is_stamped_by_what_was_kept_of_it() -> None:
    clock = Machine(boot=3)
    clock.offsets = {2: 1_900_000_000.0}
    assert clock.utc_of(Instant(20.0, None, 2)) == 1_900_000_020.0
    assert clock.utc_of(Instant(20.0, None, 1)) is None


def test_what_was_stamped_when_recorded_stays() -> None:
    assert Machine(boot=3).utc_of(Instant(20.0, 1_950_000_000.0, 1)) == 1_950_000_000.0
