"""The queue of reports as numbers and values: order, retry, dropping, versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from evsed.model.inputs import Buried, Delivered
from evsed.model.journal import Bind, Bury, Done, Entry, Forget, Frame, KeepFrames, Progress, Row, Save
from evsed.model.reports import FaultReport, InventoryReport, Kind, MeterReport, Report
from evsed.ocpp.dialects import Body, BodyError, Learned
from evsed.ocpp.outbox import Outbox, Outcome, Policy
from evsed.store.statements import lane_of
from hypothesis import given
from hypothesis import strategies as st

from tests.ocpp.link_rig import at, connector, event

S, U, E = Kind.STARTED, Kind.UPDATED, Kind.ENDED
TRICE = Policy(attempts=3, interval=60.0)


def fault(event: int) -> FaultReport:
    return FaultReport(at(0), 1, "cable", True, event)


class Pages:
    """The store's part: committed rows; entries take effect at once, as if every commit were instant."""

    def __init__(self, *reports: Report) -> None:
        self.rows: dict[int, Row] = {}
        self.next = 1
        self.log: list[Entry] = []
        self.add(*reports)

    def add(self, *reports: Report) -> None:
        for report in reports:
            self.rows[self.next] = Row(self.next, report, None, (), 0, 0)
            self.next += 1

    def page(self, after: int, limit: int, lane: int) -> Sequence[Row]:
        rows = [r for r in self.rows.values() if r.id > after and lane_of(r.report) == lane]
        return rows[:limit]

    def apply(self, outcome: Outcome) -> Outcome:
        self.log += outcome.entries
        for entry in outcome.entries:
            if isinstance(entry, (Done, Bury)):
                del self.rows[entry.row]  # a KeyError here: settled twice
            elif isinstance(entry, KeepFrames):
                row = self.rows[entry.row]
                self.rows[entry.row] = Row(row.id, row.report, entry.version, entry.frames, 0, row.attempts)
            elif isinstance(entry, Progress):
                row = self.rows[entry.row]
                self.rows[entry.row] = Row(row.id, row.report, row.version, row.frames, entry.answered, entry.attempts)
        return outcome


ids = count(1)


def spell(report: Report) -> tuple[Body, ...]:
    """One call named after the report; the end of a transaction is two, an inventory none."""
    match report:
        case InventoryReport():
            return ()
        case MeterReport(evse=9):
            raise BodyError("meterValue[0]", "is wrong")
    name = f"{type(report).__name__}"
    if getattr(report, "kind", None) is E:
        return (Body("MeterValues", {}), Body(name, {"kind": "Ended"}))
    return (Body(name, {"info": report.info} if getattr(report, "info", "") else {}),)


def outbox_of(pages: Pages, version: str = "1.6", carriers: dict[str, str] | None = None) -> Outbox:
    box = Outbox(pages.page, {}, carriers or {})
    box.online(version, spell)
    return box


def step(box: Outbox, pages: Pages, now: float = 0.0, level: str = "open") -> Frame | None:
    return pages.apply(box.prepare(now, level, lambda: str(next(ids)))).ready


def take(box: Outbox, pages: Pages, number: int | None = None) -> Outcome:
    return pages.apply(box.taken(Learned(number=number)))


def fail(box: Outbox, pages: Pages, now: float = 0.0, refused: bool = False) -> Outcome:
    return pages.apply(box.failed("no", refused, now, TRICE))


def drain(box: Outbox, pages: Pages) -> list[str]:
    actions = []
    while (frame := step(box, pages)) is not None:
        actions.append(frame.action)
        take(box, pages)
    return actions


def test_what_goes_out_is_kept_first_and_done_afterwards() -> None:
    pages = Pages(connector(1))
    box = outbox_of(pages)
    outcome = pages.apply(box.prepare(0.0, "open", lambda: "id-1"))
    frame = Frame("id-1", "ConnectorReport", '[2,"id-1","ConnectorReport",{}]')
    assert (outcome.entries, outcome.ready) == ([KeepFrames(1, "1.6", (frame,))], frame)
    outcome = take(box, pages)
    assert (outcome.entries, outcome.inputs) == ([Done(1)], [Delivered(connector(1), None)])
    assert step(box, pages) is None


def test_recorded_order_holds_while_all_goes_well() -> None:
    pages = Pages(connector(1), event(0, S), connector(2), event(1, U), connector(1, "new"))
    assert drain(outbox_of(pages), pages) == ["ConnectorReport", "TransactionReport"] * 2 + ["ConnectorReport"]


def test_retries_wait_the_interval_times_the_transmissions_so_far_and_end_as_a_dead_letter() -> None:
    pages = Pages(event(0, S), event(1, U))
    box = outbox_of(pages)
    first = step(box, pages, now=0.0)
    assert fail(box, pages, now=10.0).entries == [Progress(1, 0, 1)]
    assert step(box, pages, now=69.9) is None
    assert box.next_deadline(69.9) == 70.0
    assert step(box, pages, now=70.0) == first
    assert fail(box, pages, now=80.0).entries == [Progress(1, 0, 2)]
    assert step(box, pages, now=199.9) is None
    assert step(box, pages, now=200.0) == first
    outcome = fail(box, pages, now=210.0)
    why = "TransactionReport sent 3 times: no"
    assert outcome.entries == [Bind("tx-1", None), Bury(1, why)]
    assert outcome.inputs == [Buried(event(0, S), why)]
    assert step(box, pages, now=210.0) is not None  # the rest of the transaction goes
    assert box.number("tx-1") is None


def test_being_cut_off_is_no_attempt_and_the_frame_goes_again_as_it_was() -> None:
    pages = Pages(event(0, S))
    box = outbox_of(pages)
    first = step(box, pages)
    for _ in range(9):
        box.offline()
        assert step(box, pages) is None
        box.online("1.6", spell)
        assert step(box, pages) == first
    assert fail(box, pages).entries == [Progress(1, 0, 1)]


def test_after_a_restart_frames_progress_and_attempts_go_on_where_they_were() -> None:
    pages = Pages(event(5, E))
    box = outbox_of(pages)
    step(box, pages)
    take(box, pages)
    second = step(box, pages)
    fail(box, pages)
    again = outbox_of(pages)
    assert step(again, pages) == second
    assert second is not None
    assert second.text.endswith('"TransactionReport",{"kind":"Ended"}]')
    fail(again, pages)
    assert pages.rows[1].attempts == 2


def test_a_frame_that_is_given_up_does_not_hold_back_the_others_of_its_report() -> None:
    pages = Pages(event(5, E))
    box = outbox_of(pages)
    for _ in range(3):
        assert step(box, pages, now=1e9) is not None
        outcome = fail(box, pages)
    assert outcome.entries == [Progress(1, 1, 0)]
    assert step(box, pages) is not None
    outcome = take(box, pages)
    assert outcome.entries[0] == Forget("carrier", "tx-1")
    assert outcome.entries[1] == Bury(1, "MeterValues sent 3 times: no")
    assert outcome.inputs == [Delivered(event(5, E), None)]


def test_connector_states_overtake_a_transaction_report_that_failed_and_nothing_else_does() -> None:
    pages = Pages(event(0, S), event(1, U), MeterReport(at(0), 2, ()), connector(1), connector(2))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages, now=0.0)
    for _ in range(2):
        frame = step(box, pages, now=1.0)
        assert frame is not None
        assert frame.action == "ConnectorReport"
        take(box, pages)
    assert step(box, pages, now=1.0) is None


def test_a_state_that_waits_to_go_again_never_comes_after_a_later_one() -> None:
    pages = Pages(connector(1, "old"))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages, now=0.0)
    pages.add(connector(1, "new"))
    box.more()
    outcome = pages.apply(box.prepare(1.0, "open", lambda: "new"))
    assert outcome.entries[0] == Done(1)
    assert outcome.ready is not None
    assert outcome.ready.message_id == "new"
    take(box, pages)
    assert step(box, pages, now=1e9) is None


def test_a_state_that_was_refused_is_not_repeated() -> None:
    pages = Pages(connector(1))
    box = outbox_of(pages)
    step(box, pages)
    assert fail(box, pages, refused=True).entries == [Bury(1, "ConnectorReport sent 1 times: no")]


def test_a_fault_that_waits_to_go_again_holds_back_later_faults_and_nothing_else() -> None:
    pages = Pages(fault(1), fault(2), event(0, S), connector(1))
    box = outbox_of(pages)
    first = step(box, pages)
    fail(box, pages, now=0.0, refused=True)
    went = []
    while (frame := step(box, pages, now=1.0)) is not None:
        went.append(frame.action)
        take(box, pages)
    assert went == ["TransactionReport", "ConnectorReport"]
    assert step(box, pages, now=60.0) == first
    take(box, pages)
    second = step(box, pages, now=60.0)
    assert second is not None
    assert second.action == "FaultReport"


def test_a_month_of_faults_that_nobody_answers_holds_back_no_connector_state() -> None:
    """A central system that ignores NotifyEvent costs minutes for each."""
    pages = Pages(*(fault(number) for number in range(1, 200)), connector(1))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages)
    frame = step(box, pages, now=1.0)
    assert frame is not None
    assert frame.action == "ConnectorReport"


def test_a_fault_is_held_back_by_no_connector_state_that_waits() -> None:
    pages = Pages(connector(1), fault(1))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages)
    frame = step(box, pages, now=1.0)
    assert frame is not None
    assert frame.action == "FaultReport"


def test_a_fault_is_held_back_by_no_transaction_report_that_fails() -> None:
    pages = Pages(event(0, S), fault(1))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages)
    frame = step(box, pages, now=1.0)
    assert frame is not None
    assert frame.action == "FaultReport"


def test_a_refused_fault_goes_again_and_becomes_a_dead_letter_like_a_transaction_report() -> None:
    pages = Pages(fault(1))
    box = outbox_of(pages)
    for now in (0.0, 60.0, 180.0):
        assert step(box, pages, now=now) is not None
        outcome = fail(box, pages, now=now, refused=True)
    assert outcome.entries == [Bury(1, "FaultReport sent 3 times: no")]


def test_a_central_system_that_knows_no_events_is_asked_once_for_each() -> None:
    pages = Pages(fault(1))
    box = outbox_of(pages)
    step(box, pages)
    outcome = pages.apply(box.failed("NotImplemented: NotifyEvent", True, 0.0, TRICE))
    assert outcome.entries == [Bury(1, "FaultReport sent 1 times: NotImplemented: NotifyEvent")]


def test_a_state_that_reads_like_the_last_one_is_not_told_again_unless_asked_for() -> None:
    asked_for = replace(connector(1), always=True)
    pages = Pages(connector(1), connector(1, second=5.0), connector(2), asked_for, connector(1, "new"), connector(1))
    box = outbox_of(pages)
    assert len(drain(box, pages)) == 5
    assert not pages.rows
    pages.add(connector(1))
    box.more()
    step(box, pages)
    assert not pages.rows
    box.offline()  # nobody knows what a new connection's central system remembers
    box.online("1.6", spell)
    pages.add(connector(1))
    box.more()
    assert drain(box, pages) == ["ConnectorReport"]


def test_a_state_that_failed_is_no_reason_to_leave_the_next_one_out() -> None:
    pages = Pages(connector(1))
    box = outbox_of(pages)
    step(box, pages)
    fail(box, pages, refused=True)
    pages.add(connector(1))
    box.more()
    assert drain(box, pages) == ["ConnectorReport"]


def test_what_cannot_be_spelt_is_a_dead_letter_and_what_has_no_word_is_done() -> None:
    pages = Pages(MeterReport(at(0), 9, ()), InventoryReport(at(0), 1, ()), connector(1))
    box = outbox_of(pages)
    outcome = pages.apply(box.prepare(0.0, "open", lambda: "x"))
    why = "cannot be spelt in OCPP 1.6: meterValue[0]: is wrong"
    assert outcome.entries[:2] == [Bury(1, why), Done(2)]
    assert outcome.inputs == [
        Buried(MeterReport(at(0), 9, ()), why),
        Delivered(InventoryReport(at(0), 1, ()), None),
    ]
    assert outcome.notes == ["report 1: not sent, it cannot be spelt in OCPP 1.6: meterValue[0]: is wrong"]
    assert outcome.ready is not None


def test_any_answer_to_a_start_binds_its_number() -> None:
    pages = Pages(event(0, S))
    box = outbox_of(pages)
    step(box, pages)
    assert Bind("tx-1", 42) in take(box, pages, number=42).entries
    assert (box.number("tx-1"), box.transaction(42)) == (42, "tx-1")


def test_a_transaction_keeps_its_version_until_its_end_is_taken() -> None:
    pages = Pages(event(0, S))
    box = outbox_of(pages, "1.6")
    assert box.versions(["2.0.1", "1.6"]) == ("2.0.1", "1.6")
    step(box, pages)
    assert Save("carrier", "tx-1", "1.6") in pages.log
    take(box, pages)
    assert box.versions(["2.0.1", "1.6"]) == ("1.6",)
    assert outbox_of(pages, carriers={"tx-1": "1.6"}).versions(["2.0.1"]) == ("1.6",)
    pages.add(event(1, E))
    box.more()
    drain(box, pages)
    assert box.versions(["2.0.1", "1.6"]) == ("2.0.1", "1.6")


def test_an_abandoned_transaction_becomes_dead_letters_and_binds_no_longer() -> None:
    pages = Pages(event(1, U), event(2, E), event(0, S, "tx-2"))
    box = outbox_of(pages, "2.0.1", {"tx-1": "1.6"})
    outcome = pages.apply(box.abandon())
    assert outcome.entries == [Save("carrier", "tx-1", "")]
    assert outcome.notes == ["transaction tx-1: given up, nobody takes it in OCPP 1.6"]
    assert box.versions(["2.0.1"]) == ("2.0.1",)
    frame = step(box, pages)
    assert [type(entry) for entry in pages.log] == [Save, Bury, Forget, Bury, KeepFrames, Save]
    assert frame is not None


def test_frames_of_another_version_are_spelt_anew_unless_a_transaction_binds_them() -> None:
    pages = Pages(connector(1))
    old = step(outbox_of(pages, "1.6"), pages)
    new = step(outbox_of(pages, "2.0.1"), pages)
    assert old is not None
    assert new is not None
    assert old.message_id != new.message_id


def test_closed_lets_nothing_out_and_pending_what_was_triggered() -> None:
    pages = Pages(connector(1), event(0, S))
    box = outbox_of(pages)
    assert step(box, pages, level="closed") is None
    assert step(box, pages, level="pending") is None
    box.grant("StatusNotification", 2, after=2)
    pages.add(connector(1), connector(2, "asked for"), connector(2))
    box.more()
    assert step(box, pages, level="pending") is not None
    assert box.flying() == connector(2, "asked for")
    take(box, pages)
    assert step(box, pages, level="pending") is None


def test_a_queue_that_is_too_long_loses_every_second_meter_value_and_nothing_else() -> None:
    updates = [event(n, U) for n in range(1, 9)]
    pages = Pages(event(0, S), *updates, event(9, E))
    box = outbox_of(pages)
    step(box, pages)
    outcome = pages.apply(box.thin(list(range(2, 10))))
    assert outcome.entries == [Done(3), Done(5), Done(7), Done(9)]
    assert outcome.notes == ["queue too long: 4 meter values dropped, every second one"]
    take(box, pages)
    assert len(drain(box, pages)) == 4 + 2
    assert not pages.rows


def test_dropping_leaves_the_one_in_flight_alone_and_never_settles_twice() -> None:
    pages = Pages(connector(1), connector(1), connector(1))
    box = outbox_of(pages)
    step(box, pages)
    outcome = pages.apply(box.drop([1, 2]))
    assert outcome.entries == [Done(2)]
    take(box, pages)
    assert box.drop([1, 2]).entries == []  # the store may tell old news
    box.settled(outcome)
    assert box.drop([1, 2]).entries == []
    assert drain(box, pages) == ["ConnectorReport"]


def test_months_of_backlog_do_not_sit_in_memory() -> None:
    pages = Pages(*(event(n, U) for n in range(1000)))
    box = outbox_of(pages)
    for _ in range(200):
        step(box, pages)
        take(box, pages)
        assert len(box._bound.items) <= 100


@given(st.data())
def test_whatever_happens_every_report_is_settled_once_and_the_bound_ones_in_order(data: st.DataObject) -> None:
    reports = data.draw(
        st.lists(st.sampled_from([event(0, S), event(1, U), event(2, E), connector(1), connector(2)]), max_size=12)
    )
    pages = Pages(*reports)
    box, now = outbox_of(pages), 0.0
    bound: list[int] = []
    texts: dict[str, str] = {}
    for _ in range(300):
        if not pages.rows:
            break
        frame = step(box, pages, now)
        if frame is None:
            now += 30.0
            continue
        assert texts.setdefault(frame.message_id, frame.text) == frame.text
        flying = next(row.id for row in pages.rows.values() if frame in row.frames)
        if lane_of(pages.rows[flying].report) == 0:
            bound.append(flying)
        match data.draw(st.sampled_from(["take", "take", "fail", "refuse", "cut", "kill"])):
            case "take":
                take(box, pages)
            case "fail" | "refuse" as how:
                fail(box, pages, now, how == "refuse")
            case "cut":
                box.offline()
                box.online("1.6", spell)
            case "kill":
                carriers = {e.key: e.thing for e in pages.log if isinstance(e, Save)}
                box = outbox_of(pages, carriers=carriers)  # type: ignore[arg-type]
    assert not pages.rows
    assert bound == sorted(bound)
