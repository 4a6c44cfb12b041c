"""Charging profiles are installed, refused, replaced and cleared by the rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from evsed.core.effects import Note, Reply
from evsed.core.facts import ProfileBrought, ProfilesChanged, TransactionBegan, TransactionOver
from evsed.core.profile_rules import start_refusal
from evsed.core.profiles import Profiles
from evsed.model import codec
from evsed.model.commands import ClearProfiles, Composite, GetCompositeSchedule, SetProfile, Status
from evsed.model.inputs import Called, Started
from evsed.model.journal import Forget, Save
from evsed.model.profiles import CompositeSchedule, Installed, Period, Profile, Purpose, RateUnit, Schedule
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState, Transaction

NOW = Instant(mono=100.0, utc=1_800_000_000.0)
CLOCKLESS = Instant(mono=100.0, utc=None)
TOPOLOGY = Topology("evsed", "test", "1", "0", (Evse(1, 32.0, 3, 6.0), Evse(2, 16.0, 1, 6.0)), site_amps=40.0)
ACCEPTED = Reply(1, Status("Accepted"))


class Table(dict):
    """Variables as a table."""

    def integer(self, name: str) -> int:
        return int(self[name])

    decimal = boolean = text = integer

    def members(self, name: str) -> tuple[str, ...]:
        return tuple(self[name].split(","))


CONFIG = Table(
    {
        "SmartChargingCtrlr.ProfileStackLevel": "5",
        "SmartChargingCtrlr.PeriodsPerSchedule": "3",
        "SmartChargingCtrlr.RateUnit": "A,W",
    }
)


def block(*restored: Installed, running: dict[int, str] | None = None, capacity: int = 4) -> Profiles:
    return Profiles(TOPOLOGY, CONFIG, {0: 40.0, 1: 32.0, 2: 16.0}.__getitem__, restored, running, capacity)


def profile(id_: int = 1, *limits: float, purpose: Purpose = Purpose.TX_DEFAULT, level: int = 0, **facts) -> Profile:
    """60 s a limit, from NOW on."""
    schedule = {"unit": RateUnit.AMPS, "start": NOW.utc, "duration": None}
    schedule |= {name: facts.pop(name) for name in tuple(facts) if name in schedule}
    periods = facts.pop("periods", tuple(Period(60 * n, amps) for n, amps in enumerate(limits or (10.0,))))
    facts = {"kind": "Absolute"} | facts
    return Profile(id_, level, purpose, schedule=Schedule(periods=periods, **schedule), **facts)


def transaction(id_: str, evse: int) -> Transaction:
    return Transaction(id_, evse, NOW, 1, None, None, True, None, ChargingState.CHARGING, None, None, None)


def put(profiles: Profiles, evse: int, one: Profile, *, strict: bool = False, now: Instant = NOW) -> list:
    return list(profiles.handle(Called(1, SetProfile(evse, one, strict)), now))


def why(profiles: Profiles, evse: int, one: Profile, *, strict: bool = False, now: Instant = NOW) -> str:
    """The words of a refusal, which changes nothing."""
    before = profiles.profiles()
    (reply,) = put(profiles, evse, one, strict=strict, now=now)
    assert reply.answer.word == "Rejected"
    assert profiles.profiles() == before
    return reply.answer.why


def test_a_profile_is_kept_under_its_id_and_the_limits_hear_of_it():
    profiles, one = block(), profile(7)
    kept = Installed(1, one)
    assert put(profiles, 1, one) == [ACCEPTED, Save("profile", "7", kept), ProfilesChanged()]
    assert profiles.profiles() == (kept,)
    assert codec.load(Installed, codec.dump(kept)) == kept
    assert profiles.next_deadline() is None


def test_the_same_id_replaces_wherever_it_was():
    profiles = block(Installed(1, profile(7)))
    new = profile(7, 6.0, level=2)
    assert put(profiles, 2, new) == [ACCEPTED, Save("profile", "7", Installed(2, new)), ProfilesChanged()]
    assert profiles.profiles() == (Installed(2, new),)


def test_the_same_purpose_level_and_evse_replaces_another_id():
    profiles = block(Installed(1, profile(7)), Installed(2, profile(8)), Installed(1, profile(9, level=1)))
    assert put(profiles, 1, profile(10))[1:3] == [
        Forget("profile", "7"),
        Save("profile", "10", Installed(1, profile(10))),
    ]
    assert [one.profile.id for one in profiles.profiles()] == [8, 9, 10]


def test_a_full_house_takes_no_other_but_lets_one_be_replaced():
    profiles = block(*(Installed(1, profile(id_, level=id_)) for id_ in range(1, 5)))
    assert why(profiles, 1, profile(9, level=5)) == "4 profiles are installed already: 4 is the most"
    assert put(profiles, 1, profile(9, level=4))[0] == ACCEPTED


MAX, TX, DEFAULT = Purpose.STATION_MAX, Purpose.TX, Purpose.TX_DEFAULT
REFUSED = [
    (3, profile(), "there is no EVSE 3, only 1 to 2"),
    (1, profile(purpose=MAX), "a ChargingStationMaxProfile limits the whole station: set it on 0"),
    (0, profile(purpose=TX), "a TxProfile belongs to one EVSE, not to the station"),
    (1, profile(purpose=Purpose.EXTERNAL), "ChargingStationExternalConstraints are not the central system's to set"),
    (1, profile(kind="Recurring"), "kind Recurring is not supported yet, only Absolute"),
    (1, profile(kind="Relative", start=None), "kind Relative is not supported yet, only Absolute"),
    (1, profile(level=6), "stackLevel 6 is outside 0 to 5"),
    (1, profile(level=-1), "stackLevel -1 is outside 0 to 5"),
    (1, profile(valid_from=60.0, valid_to=60.0), "validTo is not after validFrom"),
    (1, profile(1, 1, 2, 3, 4), "4 periods: 1 to 3 are allowed"),
    (1, profile(periods=()), "0 periods: 1 to 3 are allowed"),
    (1, profile(periods=(Period(5, 6.0),)), "the first period starts at 5, not at 0"),
    (1, profile(periods=(Period(0, 6.0), Period(0, 7.0))), "the periods do not start one after the other"),
    (1, profile(duration=0), "duration 0 s leaves no time for it"),
    (1, profile(1, -0.1), "limit -0.1 is not a number from 0 up"),
    (1, profile(1, float("nan")), "limit nan is not a number from 0 up"),
    (1, profile(1, float("inf")), "limit inf is not a number from 0 up"),
    (1, profile(periods=(Period(0, 6.0, 4),)), "numberPhases 4 is not 1, 2 or 3"),
    (1, profile(purpose=TX), "no transaction is running on EVSE 1"),
    (2, profile(purpose=TX, transaction="t1"), "another transaction is running on EVSE 2"),
]


@pytest.mark.parametrize(("evse", "one", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_a_profile_that_breaks_a_rule_is_refused_with_the_reason(evse, one, words):
    assert why(block(running={2: "t2"}), evse, one) == words


def test_a_unit_that_the_station_does_not_offer_is_refused():
    profiles = Profiles(TOPOLOGY, Table(CONFIG | {"SmartChargingCtrlr.RateUnit": "W"}), {}.__getitem__)
    assert why(profiles, 1, profile()) == "chargingRateUnit A is not one of W"
    (reply,) = profiles.handle(Called(1, GetCompositeSchedule(1, 60, RateUnit.AMPS)), NOW)
    assert reply == Reply(1, Composite(None, "chargingRateUnit A is not supported"))


STRICT = [
    (1, profile(start=None), "an Absolute profile needs startSchedule"),
    (1, profile(periods=(Period(0, 6.0, 1),)), "numberPhases 1: this station cannot switch to fewer than its 3 phases"),
    (1, profile(purpose=TX), "a TxProfile needs transactionId"),
    (1, profile(2), "TxDefaultProfile 1 has the same stackLevel"),
    (0, profile(purpose=MAX, transaction="t1"), "only a TxProfile names a transaction"),
]


@pytest.mark.parametrize(("evse", "one", "words"), STRICT, ids=[words for _, _, words in STRICT])
def test_2x_refuses_what_1_6_completes_adapts_or_replaces(evse, one, words):
    profiles = block(Installed(0, profile(1)), running={1: "t1"})
    assert why(profiles, evse, one, strict=True) == words
    assert put(profiles, evse, one)[0] == ACCEPTED


def test_an_absolute_profile_without_start_counts_from_its_installation():
    profiles = block()
    put(profiles, 1, profile(start=None))
    assert profiles.profiles()[0].profile.schedule.start == NOW.utc
    refusal = why(block(), 1, profile(start=None), now=CLOCKLESS)
    assert refusal == "startSchedule is missing and the clock is not known yet"


def test_a_transaction_profile_goes_with_its_transaction():
    profiles = block(Installed(1, profile(1)))
    assert list(profiles.handle(TransactionBegan(transaction("t1", 1)), NOW)) == []
    put(profiles, 1, profile(2, purpose=TX, transaction="t1"))
    put(profiles, 1, profile(3, purpose=TX, level=1))
    assert [one.profile.transaction for one in profiles.profiles()] == [None, "t1", "t1"]
    gone = list(profiles.handle(TransactionOver(1, "t1"), NOW))
    assert gone == [Forget("profile", "2"), Forget("profile", "3"), ProfilesChanged()]
    assert why(profiles, 1, profile(2, purpose=TX)) == "no transaction is running on EVSE 1"
    assert list(profiles.handle(TransactionOver(1, "t1"), NOW)) == []


def test_after_a_restart_profiles_of_ended_transactions_go_and_the_others_stay():
    kept = [Installed(1, profile(id_, purpose=TX, transaction=id_, level=id_)) for id_ in (1, 2)]
    kept = [replace(one, profile=replace(one.profile, transaction=f"t{one.profile.id}")) for one in kept]
    profiles = block(*kept, Installed(0, profile(3, purpose=MAX)), running={1: "t2"})
    assert list(profiles.handle(Started("PowerUp"), NOW)) == [Forget("profile", "1"), ProfilesChanged()]
    assert [one.profile.id for one in profiles.profiles()] == [2, 3]


def test_what_a_remote_start_brings_is_for_the_transaction_that_has_begun():
    profiles = block()
    list(profiles.handle(TransactionBegan(transaction("t1", 1)), NOW))
    brought = profile(4, purpose=TX, transaction="whatever the central system wrote")
    save, changed = profiles.handle(ProfileBrought(1, brought), NOW)
    assert save == Save("profile", "4", Installed(1, replace(brought, transaction="t1")))
    assert changed == ProfilesChanged()


def test_a_brought_profile_that_cannot_be_used_is_said_in_the_log():
    (note,) = block().handle(ProfileBrought(1, profile(4, purpose=TX)), NOW)
    words = "evse 1: the remote start's charging profile 4 is not used: no transaction is running on EVSE 1"
    assert note == Note(words, "warning")


def test_a_remote_start_may_only_bring_a_sound_transaction_profile():
    words = start_refusal(1, profile(), TOPOLOGY, CONFIG)
    assert words == "a remote start brings a TxProfile, not a TxDefaultProfile"
    assert start_refusal(1, profile(purpose=TX, level=9), TOPOLOGY, CONFIG) == "stackLevel 9 is outside 0 to 5"
    assert start_refusal(1, profile(purpose=TX), TOPOLOGY, CONFIG) is None


@pytest.mark.parametrize(
    ("command", "ids"),
    [
        (ClearProfiles(), [1, 2, 3, 4]),
        (ClearProfiles(id=2), [2]),
        (ClearProfiles(id=2, evse=9, stack_level=9), [2]),
        (ClearProfiles(evse=0), [1, 2]),
        (ClearProfiles(purpose=DEFAULT), [2, 3, 4]),
        (ClearProfiles(purpose=DEFAULT, evse=1), [3, 4]),
        (ClearProfiles(purpose=DEFAULT, evse=1, stack_level=1), [4]),
        (ClearProfiles(id=9), []),
        (ClearProfiles(evse=2), []),
        (ClearProfiles(purpose=Purpose.EXTERNAL), []),
    ],
)
def test_clearing_takes_what_meets_all_criteria_and_tells_whether_there_was_any(command, ids):
    places = [(0, MAX, 0), (0, DEFAULT, 0), (1, DEFAULT, 0), (1, DEFAULT, 1)]
    number = count(1)
    profiles = block(*(Installed(evse, profile(next(number), purpose=p, level=level)) for evse, p, level in places))
    effects = list(profiles.handle(Called(1, command), NOW))
    assert effects[0] == Reply(1, Status("Accepted" if ids else "Unknown"))
    changed = [ProfilesChanged()] if ids else []
    assert effects[1:] == [Forget("profile", str(id_)) for id_ in ids] + changed
    assert sorted([one.profile.id for one in profiles.profiles()] + ids) == [1, 2, 3, 4]


def test_the_composite_schedule_is_never_above_the_ceiling():
    profiles = block(Installed(1, profile(1, 10.0, 63.0)))
    (reply,) = profiles.handle(Called(1, GetCompositeSchedule(1, 120)), NOW)
    periods = (Period(0, 10.0, 3), Period(60, 32.0, 3))
    assert reply == Reply(1, Composite(CompositeSchedule(1, NOW.utc, 120, RateUnit.AMPS, periods)))


def test_the_composite_schedule_of_the_station_is_the_total():
    profiles = block(Installed(1, profile(1, 10.0)))
    (reply,) = profiles.handle(Called(1, GetCompositeSchedule(0, 120, RateUnit.WATTS)), NOW)
    assert reply.answer.schedule.periods == (Period(0, 10.0 * 690 + 16.0 * 230, 3),)


@pytest.mark.parametrize(
    ("command", "now", "words"),
    [
        (GetCompositeSchedule(3, 60), NOW, "there is no EVSE 3, only 1 to 2"),
        (GetCompositeSchedule(1, 0), NOW, "duration 0 s is nothing to plan for"),
        (GetCompositeSchedule(1, 60), CLOCKLESS, "the clock is not known yet"),
    ],
)
def test_a_composite_schedule_that_cannot_be_told_is_refused_with_the_reason(command, now, words):
    assert list(block().handle(Called(1, command), now)) == [Reply(1, Composite(None, words))]


def test_the_technician_sees_what_is_installed():
    seen = {"id": 1, "evse": 0, "purpose": "TxDefaultProfile", "stack_level": 0, "unit": "A", "periods": 1}
    assert block(Installed(0, profile(1))).view(NOW) == {"profiles": [seen]}
