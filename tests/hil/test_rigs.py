"""Rigs are read from files, say what they can, and figures are kept before they are judged."""

from __future__ import annotations

import json

import pytest
from evse_hil import patience
from evse_hil.measure import Measure
from evse_hil.plugin import DESK
from evse_hil.rig import CAPABILITIES, RigError, open_rig, read_plan

pytest_plugins = ["pytester"]

BENCH = """
name = "bench"
driver = "evse_hil.desk_rig:DeskRig"
versions = ["1.6"]
can = ["plug"]
"""


def test_the_desk_can_do_everything_in_both_versions():
    plan = read_plan(DESK)
    assert plan.can == set(CAPABILITIES)
    assert plan.versions == ("1.6", "2.0.1")
    assert set(plan.options) == {"desk"}


def test_a_rigs_file_is_refused_with_all_that_is_wrong(tmp_path):
    file = tmp_path / "rig.toml"
    file.write_text('name = "x"\ndriver = "nowhere"\ncan = ["fly"]')
    with pytest.raises(RigError) as error:
        read_plan(file)
    known = ", ".join(CAPABILITIES)
    assert str(error.value) == (
        f'{file}: "versions" is missing; can = "fly" is not known; allowed are {known}; '
        'driver = "nowhere" is not of the form "module:function".'
    )


def test_a_rigs_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RigError) as error:
        read_plan(tmp_path / "none.toml")
    advice = "Name a rig's file, such as hil/rigs/desk.toml."
    assert str(error.value) == f"{tmp_path}/none.toml: cannot be read (No such file or directory). {advice}"
    (tmp_path / "bad.toml").write_text("name =")
    with pytest.raises(RigError) as error:
        read_plan(tmp_path / "bad.toml")
    assert str(error.value) == f"{tmp_path}/bad.toml: not TOML (Invalid value (at end of document))."


def test_a_rigs_driver_that_is_not_there_is_named(tmp_path):
    file = tmp_path / "rig.toml"
    file.write_text(BENCH.replace("DeskRig", "Shelf"))
    with pytest.raises(RigError) as error:
        open_rig(read_plan(file), "1.6")
    why = "module 'evse_hil.desk_rig' has no attribute 'Shelf'"
    assert str(error.value) == f"{file}: driver evse_hil.desk_rig:Shelf cannot be loaded ({why})."


def test_a_scenario_is_skipped_with_the_reason_where_the_rig_cannot(pytester):
    pytester.makefile(".toml", rig=BENCH)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.needs("plug")
        def test_can(): pass

        @pytest.mark.needs("plug", "mains")
        def test_cannot(): pass

        @pytest.mark.needs("plgu")
        def test_misspelt(): pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "evse_hil.plugin", "--rig", "rig.toml", "-rs")
    result.assert_outcomes(passed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(['*rig "bench" (rig.toml) cannot: mains (switch the mains)'])
    result.stdout.fnmatch_lines([f"*needs plgu; known are {', '.join(CAPABILITIES)}."])


def test_a_scenario_runs_once_in_each_version_of_the_rig(pytester):
    pytester.makepyfile("def test_version(ocpp): assert ocpp in ('1.6', '2.0.1')")
    result = pytester.runpytest_inprocess("-p", "evse_hil.plugin", "--rig", str(DESK))
    result.assert_outcomes(passed=2)


def test_a_figure_is_kept_before_it_is_judged(tmp_path):
    noted = {}
    measure = Measure(tmp_path / "build" / "m.jsonl", "desk", "test_x", noted.__setitem__)
    measure("contactor_open_ms", 40.0, le=100, unit="ms", ref="IEC 61851-1 A.6 8.1")
    with pytest.raises(AssertionError) as error:
        measure("contactor_open_ms", 120.0, le=100, ge=1, unit="ms", ref="IEC 61851-1 A.6 8.1")
    allowed = "allowed at least 1 and at most 100 ms (IEC 61851-1 A.6 8.1)"
    assert str(error.value) == f"contactor_open_ms = 120.000 ms, {allowed}"
    lines = [json.loads(line) for line in (tmp_path / "build" / "m.jsonl").read_text().splitlines()]
    assert [(line["value"], line["good"]) for line in lines] == [(40.0, True), (120.0, False)]
    assert noted == {"contactor_open_ms": 120.0}


def test_patience_ends_with_what_was_awaited():
    with pytest.raises(RigError) as error:
        patience.until("rain", lambda: None, 0.05)
    assert str(error.value) == "within 0.05 s no rain."
