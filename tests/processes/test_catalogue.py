"""Every row of the fault catalogue from the hardware to the central system and back, in both dialects.

The evidence is gathered once a dialect (course.py), with all rows side by side; each test holds one row against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from catalogue import BELOW, BOARD, CASES, OPTIONS, UNSEEN
from course import Course, Proof, dismissed, means, mentions, of, words
from evsed.model.faults import FAULTS, MREC_VENDOR, Fault
from wall import Wall

VERSIONS = ("1.6", "2.0.1")
AT_ONCE = 0.5  # s; the 100 ms of the standard are held by the bench (make bench ARGS=timings), on a machine that rests
CASE = {case.fault: case for case in CASES}
ROWS = pytest.mark.parametrize(
    "row", [row for row in FAULTS.values() if row.name not in BELOW], ids=lambda row: row.name
)
DIALECTS = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def courses() -> Mapping[str, Course]:
    """By version, both at the same time."""

    def run(version: str) -> Course:
        options = [word for name, value in OPTIONS.items() for word in ("--option", f"{name}={value}")]
        for evse, case in enumerate(CASES, 1):  # few rows need a meter that is read often
            if case.row.by == "pilot":
                options += ["--option", f"evse.{evse}.meter.every=5"]
        flags = ("--evses", str(len(CASES)), "--socket", *options)
        wall = Wall(version, *flags, **{"AuthCtrlr.Enabled": "false"})
        try:
            course = Course(wall)
            course.run()
            return course
        finally:
            print(wall.said())  # pytest shows it when a test has failed
            wall.close()

    with ThreadPoolExecutor(len(VERSIONS)) as pool:
        return dict(zip(VERSIONS, pool.map(run, VERSIONS), strict=True))


@DIALECTS
@ROWS
def test_a_row_is_raised_acted_upon_told_and_cleared_as_the_catalogue_says(
    courses: Mapping[str, Course], row: Fault, version: str
) -> None:
    proof = courses[version].proofs[row.name]
    assert proof.shown, f"EVSE {proof.evse}: `evsed show` never named it"
    assert (proof.shown["text"], proof.shown["check"], proof.shown["warning"]) == (row.text, row.check, row.warning)
    acts(row, proof)
    TELLS[version](row, proof)
    if row.latched and row.name in CASE and row.name not in UNSEEN:
        assert proof.refused, "it was acknowledged while its cause stood"
    assert proof.gone, f"EVSE {proof.evse}: still there after it was mended, although it clears by {row.clears}"
    assert dismissed(proof.told + proof.told_gone, proof.evse, row.name), told(proof)
    assert proof.charges, f"EVSE {proof.evse or 1} does not charge at the end"
    if row.name in CASE and CASE[row.name].charging and row.clears != "unplug" and row.name != "plug unlock":
        # A latched fault ends it, and so does a line on which nobody saw for how long which vehicle was there (core's
        # vehicle.py: SWAP); any other is a pause of it.
        expected = 2 if row.latched or row.name in BLINDING else 1
        assert proof.transactions == expected, "a pause that was no pause, or an end that was no end"


def acts(row: Fault, proof: Proof) -> None:
    """What the contactor did."""
    case = CASE.get(row.name)
    opened = [event["at"] for event in proof.events if event["kind"] == "contact-opened"]
    if row.warning:
        assert not opened or (case is not None and case.opens == "before"), "a warning has opened the contactor"
    elif (case is None and BOARD[row.name]) or (case is not None and case.charging and not case.opens):
        assert opened, "the contactor stayed closed"
        duties = [event for event in proof.events if event["kind"] == "duty" and event["at"] < opened[0]]
        if row.stops == "grace":
            assert [event["amps"] for event in duties][-1:] == [0.0], "opened before the offer was withdrawn"
        elif row.by == "pilot" and row.name in AT_THE_FAULT:
            begun = next(event["at"] for event in proof.events if event["kind"] == "fault-on")
            assert opened[0] - begun < AT_ONCE


BLINDING = {"pilot short", "pilot out of range"}
# Those that the fault of the desk itself raises, with nothing to be waited for
AT_THE_FAULT = {
    "emergency stop", "residual current", "thermal switch", "safety input", "contactor failed to close", "diode",
    "pilot short", "pilot out of range", "pilot line", "cable", "cable lost", "heartbeat",
}  # fmt: skip


def tells_16(row: Fault, proof: Proof) -> None:
    """StatusNotification: the row's error code, its MREC code or its name, the words."""
    mine = [call["payload"] for call in proof.told + proof.told_gone if means(words(call), row.name)]
    assert mine, told(proof)
    expected = (row.code_16, MREC_VENDOR if row.code else "evsed", row.code or row.name)
    assert (mine[0]["errorCode"], mine[0]["vendorId"], mine[0]["vendorErrorCode"]) == expected
    assert (mine[0]["status"] == "Faulted") == (not row.warning), mine[0]


def tells_201(row: Fault, proof: Proof) -> None:
    """NotifyEvent with component and variable; StatusNotification Faulted for what keeps it from charging."""
    calls = [call["payload"] for call in proof.told + proof.told_gone if call["action"] == "NotifyEvent"]
    mine = [event for call in calls for event in call["eventData"] if means(event["techInfo"], row.name)]
    assert mine, told(proof)
    came, gone = mine[0], next(event for event in mine if event.get("cleared"))
    assert (came["component"]["name"], came["variable"]["name"]) == (row.component, row.variable)
    assert came["techCode"] == (row.code or row.name)
    assert came["techInfo"].count(row.text) == 1
    assert gone["cause"] == came["eventId"]
    both = proof.told + proof.told_gone  # the status follows the event
    statuses = [call["payload"] for call in both if call["action"] == "StatusNotification"]
    if not row.warning:
        assert any(one["connectorStatus"] == "Faulted" for one in statuses), told(proof)


TELLS = {"1.6": tells_16, "2.0.1": tells_201}


def told(proof: Proof) -> str:
    """For a failure: what the central system heard of that outlet."""
    return f"EVSE {proof.evse}; told {proof.told}; then {proof.told_gone}"


@DIALECTS
def test_the_central_system_found_nothing_wrong_with_all_of_it(courses: Mapping[str, Course], version: str) -> None:
    assert courses[version].findings == []


def test_every_row_of_the_catalogue_is_shown_on_the_desk_or_is_listed_with_its_reason() -> None:
    on_the_desk = {*CASE, *BOARD}
    assert not on_the_desk & BELOW.keys()
    assert on_the_desk | BELOW.keys() == FAULTS.keys()


def test_a_row_that_is_told_and_dismissed_is_recognised() -> None:
    status = {"connectorId": 1, "status": "Faulted", "errorCode": "OtherError", "info": "cable lost: The proximity"}
    calls = [{"action": "StatusNotification", "payload": status}]
    assert mentions(calls, 1, "cable lost")
    assert not mentions(calls, 1, "cable")
    assert not mentions(calls, 2, "cable lost")
    assert not dismissed(calls, 1, "cable lost")
    well = {"action": "StatusNotification", "payload": {"connectorId": 1, "status": "Charging", "errorCode": "NoError"}}
    assert dismissed([*calls, well], 1, "cable lost")
    assert of([well], 0) == []
