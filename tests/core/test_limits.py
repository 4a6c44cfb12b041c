"""The smallest limit wins, the site is shared, and only this computation renews a permit."""

from __future__ import annotations

import pytest
from evse_drivers.api import Permit
from evsed.core.limits import LEAST, split
from evsed.model.commands import ClearProfiles, SetProfile, Status
from evsed.model.inputs import PilotLost
from evsed.model.profiles import Period, Profile, Purpose, RateUnit, Schedule
from house import START, House
from hypothesis import given
from hypothesis import strategies as st
from test_session import charging


def profile(*periods: tuple[int, float], purpose: Purpose = Purpose.TX_DEFAULT, id: int = 1) -> Profile:
    schedule = Schedule(RateUnit.AMPS, tuple(Period(start, amps) for start, amps in periods), START)
    return Profile(id, 0, purpose, "Absolute", schedule)


def install(house: House, evse: int, its: Profile) -> None:
    assert house.call(SetProfile(evse, its)) == Status("Accepted")


def wins(house: House, evse: int = 1) -> str:
    source: str = house.station.view(house.now())["limits"][str(evse)]["wins"]
    return source


def renewals(house: House) -> list[float]:
    return [effect.until - 5.0 for effect in house.effects if isinstance(effect, Permit) and effect.amps > 0]


def several(evses: int) -> House:
    """All of them charging, the first one first."""
    house = House(evses=evses)
    house.online()
    for evse in range(1, evses + 1):
        house.plug(evse)
        house.card(f"0{evse}", (evse,))
        house.ask(evse)
        house.wait(1)
    return house


def test_the_installation_is_the_limit_where_nothing_else_is() -> None:
    house = charging()
    assert (house.amps(), wins(house)) == (32.0, "installation")


def test_a_thin_cable_limits() -> None:
    house = charging()
    house.pilot(cable=20.0)
    assert (house.amps(), wins(house)) == (20.0, "cable")


def test_a_profile_limits_at_once_and_until_it_is_cleared() -> None:
    house = charging()
    install(house, 1, profile((0, 10.0)))
    assert house.amps() == 10.0
    assert house.call(ClearProfiles(id=1)) == Status("Accepted")
    assert house.amps() == 32.0


def test_a_schedule_changes_to_the_second() -> None:
    house = charging()
    install(house, 1, profile((0, 10.0), (7, 16.0), (11, 8.0)))
    seen = []
    for _ in range(13):
        seen.append(house.amps())
        house.wait(1)
    assert seen == [10.0] * 7 + [16.0] * 4 + [8.0] * 2


def test_a_schedule_does_not_wait_for_the_next_renewal() -> None:
    house = charging()
    house.offset += 0.5  # the seconds of UTC are not those of the renewals
    install(house, 1, profile((0, 10.0), (2, 16.0)))
    house.wait(1.49)
    assert house.amps() == 10.0
    house.wait(0.02)
    assert house.amps() == 16.0


def test_less_than_six_amps_is_no_offer() -> None:
    house = charging()
    install(house, 1, profile((0, 5.9)))
    assert house.amps() == 0.0
    assert wins(house) == "TxDefaultProfile 1"
    assert house.transactions()[-1].charging_state == "SuspendedEVSE"
    install(house, 1, profile((0, 6.0)))
    assert house.amps() == 6.0


def test_two_vehicles_share_the_site_evenly() -> None:
    house = several(2)
    assert [house.amps(evse) for evse in (1, 2)] == [16.0, 16.0]
    assert wins(house) == "site"


def test_what_one_cannot_use_the_others_get() -> None:
    house = several(3)
    house.pilot(1, cable=6.0)
    house.wait(1)
    assert [house.amps(evse) for evse in (1, 2, 3)] == [6.0, 13.0, 13.0]


def test_who_came_last_waits_when_the_site_cannot_serve_all() -> None:
    house = several(3)
    install(house, 0, profile((0, 13.0), purpose=Purpose.STATION_MAX))
    assert [house.amps(evse) for evse in (1, 2, 3)] == [6.5, 6.5, 0.0]
    house.unplug(1)
    house.wait(3)
    assert [house.amps(evse) for evse in (1, 2, 3)] == [0.0, 6.5, 6.5]


def test_a_permit_is_renewed_every_second_for_five() -> None:
    house = charging()
    before = len(renewals(house))
    start = house.mono
    house.wait(5)
    assert [at - start for at in renewals(house)[before:]] == [1, 2, 3, 4, 5]


def test_nothing_is_renewed_when_the_station_does_not_compute() -> None:
    house = charging()
    before = len(renewals(house))
    house.mono += 20
    house.meter()
    assert len(renewals(house)) == before


def test_a_pilot_that_is_gone_gets_no_permit_and_a_new_one_gets_it_at_once() -> None:
    house = charging()
    house.give(PilotLost((1,), "the pilot process has closed the connection"))
    before = len(renewals(house))
    house.wait(3)
    assert len(renewals(house)) == before
    house.pilot()
    assert len(renewals(house)) == before + 1


@pytest.mark.parametrize(
    ("total", "wants", "shares"),
    [
        (32.0, {1: 32.0}, {1: 32.0}),
        (32.0, {1: 32.0, 2: 10.0}, {1: 22.0, 2: 10.0}),
        (11.9, {1: 16.0, 2: 16.0}, {1: 11.9, 2: 0.0}),
        (5.9, {1: 16.0}, {1: 0.0}),
        (32.0, {}, {}),
    ],
)
def test_shares_by_example(total: float, wants: dict[int, float], shares: dict[int, float]) -> None:
    assert split(total, wants) == shares


AMPS = st.floats(LEAST, 80.0)


@given(st.floats(0.0, 200.0), st.dictionaries(st.integers(1, 8), AMPS, max_size=8))
def test_shares_are_within_the_total_and_the_wants_and_never_too_small_to_offer(
    total: float, wants: dict[int, float]
) -> None:
    shares = split(total, wants)
    assert shares.keys() == wants.keys()
    assert sum(shares.values()) <= total + 1e-9
    for evse, amps in shares.items():
        assert amps <= wants[evse]
        assert amps == 0.0 or amps >= LEAST - 1e-9
    served = [amps > 0 for amps in shares.values()]
    assert served == sorted(served, reverse=True)  # who came first is served first
    assert sum(served) == min(len(wants), int(total // LEAST))
