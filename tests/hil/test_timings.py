"""The timings: what their rows promise, and how instants are picked out of the desk's events."""

from __future__ import annotations

from evse_hil.figures import Aim, Between
from evse_hil.timings_rounds import FAULTS, PARTS, UNPLUG, _pulses, offers
from evse_hil.timings_rows import LOOK, ROWS, Row
from evse_hil.timings_yard import chain, kind
from evsed.desk.faults import FAULTS as DESK


def test_a_row_keeps_every_sample_within_its_limits():
    assert ROWS["s2_to_open"].aim == Aim({"max": 100.0})
    assert ROWS["raise_spacing"].aim == Aim({"min": 5.0 - LOOK}, least=True)
    assert ROWS["f_pulse"].aim == Aim({"min": 290.0}, least=True)
    assert ROWS["wake_f"].aim == Between(4.0 - LOOK, 4.1)


def test_a_figure_has_the_unit_of_its_row_and_says_what_it_is():
    figure = Row("x", "this -> that", "clause 1", "ms", 100.0, virtual=True).figure([0.03, 0.01, 0.2])
    assert figure.values == {"n": 3.0, "min": 10.0, "p50": 30.0, "p99": 200.0, "max": 200.0}
    assert figure.note == "this -> that; clause 1 (virtual time)"
    assert figure.good is False


def test_what_the_rounds_break_is_on_the_desk_and_what_they_measure_is_in_the_table():
    assert {name for name, _, _ in FAULTS.values()} <= set(DESK)
    assert {*FAULTS, UNPLUG} <= set(ROWS)
    assert len(PARTS) == len(set(PARTS))


def event(at, word, **facts):
    return {"at": at, "kind": word, "evse": 1, **facts}


def test_a_chain_follows_one_event_after_the_other():
    events = [event(1.0, "contact-opened"), event(2.0, "fault-on", name="diode"), event(2.04, "contact-opened")]
    links = (kind("fault-on", name="diode"), kind("contact-opened"))
    assert chain(events, links) == [2.0, 2.04]
    assert chain(events[:2], links) == [2.0]
    assert chain(events, (kind("fault-on", name="thermal"),)) == []


def test_pulses_of_state_f_are_those_that_are_over():
    duties = [(1.0, 1, None), (2.0, 1, 0.0), (2.1, 2, 0.0), (2.31, 1, None), (3.0, 1, 0.5)]
    events = [{"at": at, "kind": "duty", "evse": evse, "duty": duty} for at, evse, duty in duties]
    assert [round(pulse, 3) for pulse in _pulses(events)] == [0.31]


def test_an_offer_may_be_a_little_less_than_it_was_told():
    lower = offers(10.0, 10.0)
    assert [lower(event(0, "duty", amps=amps)) for amps in (9.8, 9.99, 10.0, 11.0)] == [False, True, True, False]
    assert not lower(event(0, "coil-off"))
