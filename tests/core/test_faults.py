"""What stands, what it does to a charge, and what becomes of it over unplugging and restarts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from evse_drivers.api import Seen
from evsed.core.effects import Note
from evsed.core.facts import Ceiling, FaultsChanged, Measured, Troubled
from evsed.core.fault_log import Stood
from evsed.core.faults import Faults, Trips, stopped_by_station
from evsed.model.faults import FAULTS
from evsed.model.inputs import DiskTrouble, Observed, PilotLost, ReaderHeard, Started, Tick
from evsed.model.journal import Forget, Save, Tell
from evsed.model.reports import FaultReport
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState
from house import House
from hypothesis import given
from hypothesis import strategies as some
from test_session import charging

TOPOLOGY = Topology("evsed", "test", "T1", "0", (Evse(1, 32.0, 3, 6.0), Evse(2, 32.0, 3, 6.0)), 32.0)


class Lab:
    """The block alone, on virtual time."""

    def __init__(self, stood: list[Stood] | None = None, trips: list[Trips] | None = None, last: int = 0) -> None:
        self.mono = 100.0
        self.block = Faults(TOPOLOGY, stood or [], trips or [], last, {1: "tx-1"}, self.now())
        self.out: list[object] = []

    def now(self) -> Instant:
        return Instant(self.mono, 1_800_000_000.0 + self.mono, 1)

    def give(self, event: object) -> list[object]:
        out = list(self.block.handle(event, self.now()))  # type: ignore[arg-type]
        self.out += out
        return out

    def seen(self, *faults: str, evse: int = 1, state: str = "C2", **more: object) -> list[object]:
        values = {"boot": "b", "plug": 1, "why": "", "fault": faults[0] if faults else None, "faults": faults, **more}
        seen = Seen(
            evse, self.mono, state=state, closed=False, offered=0.0, volts=6.0, duty=None, cable=None, locked=None,
            unplugged_at=None, opened_at=None, worst_gap_ms=10.0, **values,
        )  # type: ignore[arg-type]  # fmt: skip
        return self.give(Observed(seen))

    def wait(self, seconds: float) -> None:
        end = self.mono + seconds
        while (due := self.block.next_deadline()) is not None and due <= end:
            self.mono = max(due, self.mono)
            self.give(Tick())
        self.mono = end

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [out for out in self.out if isinstance(out, kind)]

    def told(self) -> list[tuple[str, bool, int, int | None]]:
        reports = [tell.report for tell in self.of(Tell) if isinstance(tell.report, FaultReport)]
        return [(report.fault, report.standing, report.event, report.cause) for report in reports]

    def standing(self, evse: int = 1) -> list[str]:
        return [row["name"] for row in self.block.view(self.now())[str(evse)]]


def test_a_fault_of_the_pilot_is_told_with_its_words_and_ends_with_it() -> None:
    lab = Lab()
    row = FAULTS["contactor"]
    out = lab.seen("contactor", why=f"{row.text} desk: no answer.")
    assert out == [
        Save("fault", "1 contactor", Stood(1, "contactor", 1)),
        Save("fault event", "last", 1),
        Tell(FaultReport(lab.now(), 1, "contactor", True, 1, info="desk: no answer.", transaction="tx-1")),
        Note(f"EVSE 1: contactor: {row.text} desk: no answer.", "error"),
        FaultsChanged(1, "contactor", "desk: no answer.", (), ("contactor",)),
    ]
    assert lab.seen("contactor", why="other words") == []
    lab.seen()
    assert lab.told() == [("contactor", True, 1, None), ("contactor", False, 2, 1)]
    assert lab.out[-2:] == [Note("EVSE 1: contactor: gone"), FaultsChanged(1, None)]


def test_of_the_pilots_words_only_what_the_catalogue_does_not_say_is_told() -> None:
    lab, row = Lab(), FAULTS["diode"]
    lab.seen("diode", why=f"diode: {row.text} {row.check}")
    assert lab.of(FaultsChanged)[-1].info == ""
    lab.seen("contactor", why="contactor: evse.1.contactor: the wires refuse. See the desk.")
    assert lab.of(FaultsChanged)[-1].info == "evse.1.contactor: the wires refuse. See the desk."


def test_the_weightiest_fault_is_the_reason_and_all_are_known() -> None:
    lab = Lab()
    lab.seen("emergency stop", "cable lost", warnings=("contactor worn",))
    lab.give(Troubled(1, "overcurrent", True, "L1 31.2 A"))
    told = lab.of(FaultsChanged)[-1]
    assert told == FaultsChanged(
        1, "emergency stop", "", ("contactor worn",), ("emergency stop", "cable lost", "overcurrent")
    )
    assert lab.standing() == ["emergency stop", "cable lost", "overcurrent", "contactor worn"]


def test_the_pilot_opens_by_itself_and_gets_no_ceiling() -> None:
    lab = Lab()
    lab.seen("emergency stop")
    assert lab.of(Ceiling) == []


@pytest.mark.parametrize("name", [name for name in FAULTS if stopped_by_station(name)])
def test_what_the_station_stops_is_stopped_as_its_row_says_and_for_30_s_more(name: str) -> None:
    lab = Lab()
    lab.seen()
    lab.give(Troubled(1, name, True, ""))
    assert lab.of(Ceiling) == [Ceiling(1, name, 0.0, FAULTS[name].stops)]  # type: ignore[arg-type]
    lab.give(Troubled(1, name, False))
    lab.wait(29.9)
    assert (lab.standing(), len(lab.of(Ceiling))) == ([name], 1)
    lab.wait(0.2)
    assert (lab.standing(), lab.of(Ceiling)[-1]) == ([], Ceiling(1, name, None))
    assert lab.of(FaultsChanged)[-1] == FaultsChanged(1, None)


def test_a_fault_that_comes_again_within_its_lock_out_begins_it_anew() -> None:
    lab = Lab()
    lab.seen()
    lab.give(Troubled(1, "overvoltage", True, "L1 270 V"))
    lab.give(Troubled(1, "overvoltage", False))
    lab.wait(20)
    lab.give(Troubled(1, "overvoltage", True, "L1 275 V"))
    lab.wait(60)
    lab.give(Troubled(1, "overvoltage", False))
    lab.wait(29)
    assert lab.standing() == ["overvoltage"]
    lab.wait(2)
    assert lab.standing() == []
    assert [(fault, standing) for fault, standing, _, _ in lab.told() if fault == "overvoltage"] == [
        ("overvoltage", True), ("overvoltage", False),
    ]  # fmt: skip


def trips(lab: Lab, times: int, name: str = "overcurrent") -> None:
    for _ in range(times):
        lab.give(Troubled(1, name, True, ""))
        lab.give(Troubled(1, name, False))
        lab.wait(31)


def test_three_tries_for_one_plug_and_then_it_stays_until_unplugged() -> None:
    lab = Lab()
    lab.seen()
    trips(lab, 3)
    assert lab.standing() == []
    trips(lab, 1)
    lab.wait(3600)
    lab.seen()
    assert lab.standing() == ["overcurrent"]
    assert lab.block.view(lab.now())["1"][0]["again"] == "came 4 times: stays until the vehicle is unplugged"
    lab.seen(state="A1")
    assert lab.standing() == []
    assert lab.of(Ceiling)[-1] == Ceiling(1, "overcurrent", None)


def test_its_first_words_stay_what_the_charge_was_stopped_for() -> None:
    lab = Lab()
    lab.give(Troubled(1, "overvoltage", True, "L1 270 V"))
    lab.give(Troubled(1, "overvoltage", True, "L1 261 V"))
    assert [told.info for told in lab.of(FaultsChanged)] == ["L1 270 V"]
    assert lab.block.view(lab.now())["1"][0]["info"] == "L1 270 V"


def test_another_plug_has_its_own_tries() -> None:
    lab = Lab()
    lab.seen()
    trips(lab, 3)
    lab.seen(plug=2)
    trips(lab, 3)
    assert lab.standing() == []


def test_the_tries_outlive_a_restart_of_station_and_pilot() -> None:
    lab = Lab()
    lab.seen()
    trips(lab, 3)
    kept = [save.thing for save in lab.of(Save) if save.kind == "trips"][-1]
    assert kept == Trips(1, "overcurrent", 3)
    again = Lab(trips=[kept])
    again.seen()
    again.seen(boot="c")
    trips(again, 1)
    assert again.standing() == ["overcurrent"]
    again.seen(boot="c", state="A1")
    assert again.standing() == []


def test_a_fault_without_tries_is_tried_again_as_often_as_it_likes() -> None:
    lab = Lab()
    lab.seen()
    trips(lab, 30, "overvoltage")
    assert lab.standing() == []


def test_a_lost_pilot_counts_after_10_s_and_is_stopped_by_nobody() -> None:
    """It hears no permit; and when it is heard again it may be charging on its lease."""
    lab = Lab()
    lab.seen()
    lab.seen(evse=2)
    lab.give(PilotLost((1, 2), "it ended"))
    lab.wait(9.9)
    assert lab.standing() == []
    lab.wait(0.2)
    assert (lab.standing(), lab.standing(2), lab.of(Ceiling)) == (["pilot lost"], ["pilot lost"], [])
    lab.seen()
    assert (lab.standing(), lab.standing(2)) == ([], ["pilot lost"])


def test_what_the_pilot_said_stands_while_it_is_lost() -> None:
    lab = Lab()
    lab.seen("contactor welded")
    lab.give(PilotLost((1,), "it ended"))
    lab.wait(11)
    assert lab.standing() == ["contactor welded", "pilot lost"]


def test_a_silent_meter_a_silent_reader_and_a_full_disk() -> None:
    lab = Lab()
    lab.give(Measured(1, None, "evse.1.meter: no answer"))
    lab.give(ReaderHeard("door", "reader.door: no answer"))
    lab.give(ReaderHeard("wall", "reader.wall: no answer"))
    lab.give(DiskTrouble("database is full"))
    assert lab.standing(1) == ["meter silent"]
    assert lab.standing(0) == ["reader silent", "disk"]
    assert lab.of(FaultsChanged)[-1].warnings == ("reader silent", "disk")
    lab.give(ReaderHeard("door", None))
    assert lab.standing(0) == ["reader silent", "disk"]
    lab.give(ReaderHeard("wall", None))
    lab.give(DiskTrouble(None))
    assert lab.standing(0) == []


def test_a_board_that_has_words_of_its_own_is_understood_as_far_as_it_goes() -> None:
    lab = Lab()
    lab.seen("E42", why="see its manual")
    told = lab.of(FaultsChanged)[-1]
    assert (told.fault, told.info) == ("pilot line", "E42: see its manual")


def test_no_fault_of_the_whole_station_stops_unnoticed() -> None:
    assert [row.name for row in FAULTS.values() if row.station_wide and not row.warning] == []
    lab = Lab()
    lab.give(Troubled(0, "overheated", True, "81 °C"))
    assert [(its.evse, its.amps) for its in lab.of(Ceiling)] == [(1, 0.0), (2, 0.0)]


# --- over a restart -----------------------------------------------------------------------------------------------


def test_a_latched_fault_that_is_told_again_after_a_restart_is_not_news() -> None:
    lab = Lab([Stood(1, "emergency stop", 7)], last=7)
    lab.give(Started("PowerUp"))
    lab.seen("emergency stop")
    lab.wait(100)
    assert [told for told in lab.told() if told[0] == "emergency stop"] == []
    assert lab.standing() == ["emergency stop"]


def test_what_went_while_nobody_looked_is_told_as_gone() -> None:
    lab = Lab([Stood(1, "cable", 7), Stood(1, "overheated", 8), Stood(1, "meter silent", 9)], last=9)
    lab.give(Started("PowerUp"))
    assert lab.of(Ceiling) == [Ceiling(1, "overheated", 0.0, "grace")]
    lab.seen()
    assert lab.told() == [("cable", False, 10, 7)]
    lab.wait(59)
    assert lab.standing() == ["overheated", "meter silent"]
    lab.wait(2)
    assert lab.told()[-1] == ("meter silent", False, lab.told()[-1][2], 9)
    assert lab.standing() == ["overheated"]  # 30 s more
    lab.wait(30)
    assert lab.standing() == []
    assert lab.told()[-1][:2] == ("overheated", False)


def test_what_stood_and_still_does_is_no_news_and_does_not_end_with_the_doubt() -> None:
    lab = Lab([Stood(1, "overheated", 7)], last=7)
    lab.give(Started("PowerUp"))
    lab.seen()
    lab.give(Troubled(1, "overheated", True, "81 °C"))
    lab.wait(1000)
    assert (lab.standing(), [told for told in lab.told() if told[0] == "overheated"]) == (["overheated"], [])


def test_a_pilot_that_was_lost_gets_its_ten_seconds_again() -> None:
    lab = Lab([Stood(1, "pilot lost", 7)], last=7)
    lab.give(Started("PowerUp"))
    assert lab.standing() == []
    lab.wait(11)
    assert (lab.standing(), lab.standing(2)) == (["pilot lost"], ["pilot lost"])


def test_a_fault_of_the_pilot_is_not_told_as_gone_before_it_is_heard() -> None:
    lab = Lab([Stood(1, "contactor welded", 7), Stood(2, "pilot lost", 8)], last=8)
    lab.give(Started("PowerUp"))
    lab.wait(1000)
    assert [told[:2] for told in lab.told()] == [("pilot lost", True)]  # of EVSE 1; that of EVSE 2 is known
    lab.seen(evse=2)
    assert lab.told()[-1] == ("pilot lost", False, 10, 8)


def test_what_another_release_left_is_forgotten() -> None:
    lab = Lab([Stood(1, "no longer known", 1), Stood(9, "cable", 2)])
    assert [repr(out) for out in lab.give(Started("PowerUp"))] == [
        "Forget(kind='fault', key='1 no longer known')",
        "Forget(kind='fault', key='9 cable')",
    ]


def test_numbers_of_events_are_never_used_twice() -> None:
    lab = Lab()
    lab.seen("cable")
    lab.seen()
    last = [save.thing for save in lab.of(Save) if save.kind == "fault event"][-1]
    again = Lab(last=last)
    again.seen("cable")
    assert [event for _, _, event, _ in lab.told() + again.told()] == [1, 2, 3]


# --- what chatters ------------------------------------------------------------------------------------------------


def test_a_contact_that_chatters_does_not_fill_the_disk() -> None:
    lab = Lab()
    lab.seen(evse=2)
    for _ in range(600):
        lab.seen("pilot out of range")
        lab.wait(0.5)
        lab.seen()
        lab.wait(0.5)
    assert len(lab.told()) == 9
    assert lab.told()[-1][1] is True
    lab.wait(601)
    assert lab.told()[-1][1] is False


# --- whatever happens ---------------------------------------------------------------------------------------------

PILOTS = tuple(name for name, row in FAULTS.items() if row.by == "pilot")[:4]
RULES = ("overcurrent", "overvoltage", "PEN", "temperature sensor")
happenings = some.lists(
    some.tuples(some.just("seen"), some.sets(some.sampled_from(PILOTS)), some.sampled_from(("A1", "B2", "C2", "E")))
    | some.tuples(some.just("rule"), some.sampled_from(RULES), some.booleans())
    | some.tuples(some.just("lost"), some.none(), some.none())
    | some.tuples(some.just("wait"), some.sampled_from((0.5, 11.0, 31.0, 700.0)), some.none())
    | some.tuples(some.just("restart"), some.none(), some.none()),
    max_size=60,
)


@given(happenings)
def test_whatever_happens_every_going_follows_its_coming_and_no_number_is_used_twice(story: list[Any]) -> None:
    lab = Lab()
    kept: dict[tuple[str, str], Any] = {}
    told: list[FaultReport] = []
    for what, value, more in story:
        if what == "seen":
            lab.seen(*sorted(value), state=more)
        elif what == "rule":
            lab.give(Troubled(1, value, more, ""))
        elif what == "lost":
            lab.give(PilotLost((1,), "it ended"))
        elif what == "wait":
            lab.wait(value)
        told += keep(kept, lab)
        if what == "restart":
            lab = restarted(kept)
            lab.give(Started("PowerUp"))
        standing = {name for name in lab.standing() if stopped_by_station(name)}
        assert {name for evse, name in lab.block._ceilings if evse == 1} == standing
    told += keep(kept, lab)
    events = [report.event for report in told]
    assert events == sorted(set(events))
    by_fault: dict[tuple[int, str], list[FaultReport]] = {}
    for report in told:
        by_fault.setdefault((report.evse, report.fault), []).append(report)
    for reports in by_fault.values():
        assert [report.standing for report in reports] == [n % 2 == 0 for n in range(len(reports))]
        assert all(went.cause == came.event for came, went in pairwise(reports) if not went.standing)
    stood = {(thing.evse, thing.fault) for (kind, _), thing in kept.items() if kind == "fault"}
    assert stood == {key for key, reports in by_fault.items() if reports[-1].standing}


def keep(kept: dict[tuple[str, str], Any], lab: Lab) -> list[FaultReport]:
    """The store: takes what the lab has written since; what was told."""
    out, lab.out = lab.out, []
    for entry in out:
        if isinstance(entry, Save):
            kept[entry.kind, entry.key] = entry.thing
        elif isinstance(entry, Forget):
            del kept[entry.kind, str(entry.key)]
    return [entry.report for entry in out if isinstance(entry, Tell) and isinstance(entry.report, FaultReport)]


def restarted(kept: dict[tuple[str, str], Any]) -> Lab:
    """The next process, from what the store has; it is another boot, whose clock begins where it likes."""
    of = {kind: [thing for (its, _), thing in kept.items() if its == kind] for kind in ("fault", "trips")}
    return Lab(of["fault"], of["trips"], kept.get(("fault event", "last"), 0))


# --- in the whole station -----------------------------------------------------------------------------------------


def test_a_fault_of_the_station_suspends_the_charge_and_the_same_transaction_goes_on() -> None:
    house = charging()
    house.online()
    before = len(house.transactions())
    rule(house, Troubled(1, "overvoltage", True, "L1 270 V"))
    house.wait(2)
    assert house.amps() == 0.0
    assert house.transactions()[-1].charging_state is ChargingState.SUSPENDED_EVSE
    assert house.connectors()[-1].fault == "overvoltage"
    assert house.connectors()[-1].info == "L1 270 V"
    rule(house, Troubled(1, "overvoltage", False))
    house.wait(32)
    assert house.amps() == 32.0
    assert house.connectors()[-1].fault is None
    after = house.transactions()[before:]
    assert {report.transaction for report in after} == {"tx-1-1"}
    assert [report.kind.value for report in after] == ["Updated"] * len(after)
    assert after[-1].charging_state is ChargingState.CHARGING


def rule(house: House, said: Troubled) -> None:
    """As if a rule of the station had said so."""
    house.give(said)  # type: ignore[arg-type]
