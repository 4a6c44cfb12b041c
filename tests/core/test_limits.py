"""The smallest limit wins, the site is shared, and only this computation renews a permit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evse_drivers.api import Permit, Seen
from evsed.core.facts import Ceiling, Energise, OfferChanged, ProfilesChanged
from evsed.core.limits import LEAST, Limits, split
from evsed.model.commands import ClearProfiles, SetProfile, Status
from evsed.model.inputs import Observed, PilotLost, Tick
from evsed.model.profiles import Installed, Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
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


# --- ceilings of other blocks, phases -----------------------------------------------------------------------------


def alone(relay: int | None = None) -> tuple[Limits, Callable[..., list[object]]]:
    """The limits of one EVSE that may charge, and a way to tell them something at an instant."""
    topology = Topology("evsed", "test", "1", "0", (Evse(1, 32.0, 3, 6.0, has_phase_relay=relay is not None),), 32.0)
    profiles: list[Installed] = []
    limits = Limits(topology, lambda: profiles, {1: "tx"})

    def tell(*events: object, at: float = 0.5) -> list[object]:
        out: list[object] = []
        for event in events:
            if isinstance(event, Installed):
                profiles[:] = [event]
                event = ProfilesChanged()
            out += limits.handle(event, Instant(at, START + at, 1))  # type: ignore[arg-type]
        return out

    seen = Seen(1, 0.0, "boot", "C2", 1, True, 0.0, 6.0, None, None, None, None, "", None, None, 10.0, phases=relay)
    tell(Tick(), Observed(seen), Energise(1, True, False))
    return limits, tell


def on_one_phase(amps: float) -> Installed:
    schedule = Schedule(RateUnit.AMPS, (Period(0, amps, phases=1),), START)
    return Installed(1, Profile(1, 0, Purpose.TX_DEFAULT, "Absolute", schedule))


def permit(out: list[object]) -> tuple[float, int, str]:
    last = [each for each in out if isinstance(each, Permit)][-1]
    return last.amps, last.phases, last.how


def test_the_lowest_ceiling_counts_until_it_is_lifted() -> None:
    limits, tell = alone()
    assert permit(tell(Ceiling(1, "temperature", 16.0), Ceiling(1, "meter silent", 6.0))) == (6.0, 3, "grace")
    assert [row["source"] for row in limits.view(Instant(0.5, START, 1))["1"]["limits"]] == [
        "meter silent",
        "temperature",
        "installation",
        "site",
    ]
    assert permit(tell(Ceiling(1, "meter silent", None))) == (16.0, 3, "grace")
    assert permit(tell(Ceiling(1, "temperature", None))) == (32.0, 3, "grace")


def test_a_ceiling_of_the_station_is_every_evses() -> None:
    _, tell = alone()
    assert permit(tell(Ceiling(0, "disk", 10.0))) == (10.0, 3, "grace")


def test_a_ceiling_of_nothing_says_how_to_stop() -> None:
    _, tell = alone()
    assert permit(tell(Ceiling(1, "overvoltage", 0.0, "grace"))) == (0.0, 3, "grace")
    assert permit(tell(Ceiling(1, "overcurrent", 0.0, "now"))) == (0.0, 3, "now")
    assert permit(tell(Ceiling(1, "overvoltage", None), Tick(), at=2.0)) == (0.0, 3, "now")
    assert permit(tell(Ceiling(1, "overcurrent", None))) == (32.0, 3, "grace")


def test_how_to_stop_holds_also_where_nothing_may_flow_anyway() -> None:
    _, tell = alone()
    assert permit(tell(Energise(1, False, False, "stopping"))) == (0.0, 3, "grace")
    assert permit(tell(Ceiling(1, "overcurrent", 0.0, "now"))) == (0.0, 3, "now")


def test_a_lowered_ceiling_is_told_to_the_others_with_its_source() -> None:
    _, tell = alone()
    assert OfferChanged(1, 16.0, 3, "temperature") in tell(Ceiling(1, "temperature", 16.0))
    assert not [each for each in tell(Ceiling(1, "temperature", 16.0)) if isinstance(each, OfferChanged)]


def test_without_a_relay_a_profile_for_one_phase_feeds_all_that_are_wired() -> None:
    _, tell = alone()
    out = tell(on_one_phase(16.0))
    assert permit(out) == (16.0, 3, "grace")
    assert OfferChanged(1, 16.0, 3, "TxDefaultProfile 1") in out


def test_with_a_relay_the_permit_is_for_the_phases_of_the_profile_and_the_offer_what_is_real() -> None:
    _, tell = alone(relay=3)
    out = tell(on_one_phase(24.0))
    assert permit(out) == (24.0, 1, "grace")
    assert OfferChanged(1, 8.0, 3, "TxDefaultProfile 1") in out  # until the relay has moved
    assert OfferChanged(1, 6.0, 3, "TxDefaultProfile 1") in tell(on_one_phase(18.0))
    out = tell(on_one_phase(16.0))
    assert OfferChanged(1, 0.0, 3, "TxDefaultProfile 1") in out  # 5.3 A are no offer
    seen = Seen(1, 9.0, "boot", "B1", 1, False, 0.0, 9.0, None, None, None, None, "", None, None, 10.0, phases=1)
    out = tell(Observed(seen))
    assert permit(out) == (16.0, 1, "grace")
    assert OfferChanged(1, 16.0, 1, "TxDefaultProfile 1") in out


def test_a_relay_that_stands_at_one_phase_is_asked_for_three_where_nothing_says_one() -> None:
    _, tell = alone(relay=1)
    out = tell(Ceiling(1, "temperature", 20.0))
    assert permit(out) == (20.0, 3, "grace")
    assert OfferChanged(1, 20.0, 1, "temperature") in out


def test_profiles_for_one_phase_are_taken_where_every_evse_can_switch() -> None:
    house = House(relay=True)
    schedule = Schedule(RateUnit.AMPS, (Period(0, 16.0, phases=1),), START)
    single = Profile(1, 0, Purpose.TX_DEFAULT, "Absolute", schedule)
    assert house.call(SetProfile(1, single, strict=True)) == Status("Accepted")
    assert house.config.text("SmartChargingCtrlr.Phases3to1") == "true"
    assert House().config.text("SmartChargingCtrlr.Phases3to1") == "false"
    assert House().call(SetProfile(1, single, strict=True)) == Status(
        "Rejected", "numberPhases 1: this station cannot switch to fewer than its 3 phases"
    )
