"""The figures of the fuzz, of the last line that fuzz_run.py says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evse_hil.fuzz import figures, fuzz
from evse_hil.rig import RigError

LAST = {
    **{"inputs": 37_100_000, "parsers": 38, "failures": 1, "fewer": {"evsed.toml": 100_000}, "slowest_ms": 63.2},
    **{"reached": 2834, "lines": 3603, "seconds": 900},
}


def test_a_failure_misses_its_aim_and_parsers_with_fewer_inputs_are_named() -> None:
    inputs, parsers, failures, slowest = figures(json.loads(json.dumps(LAST)))
    assert inputs.values == {"value": 37_100_000}
    assert inputs.note == "1,000,000 for each, fewer where they take long: evsed.toml 100,000"
    assert parsers.note == "2834 of the 3603 lines in the functions that were called"
    assert [figure.good for figure in (inputs, parsers, failures, slowest)] == [None, None, False, True]


def test_it_wants_the_repository_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RigError) as error:
        next(fuzz(lambda: None))
    assert str(error.value) == "tests/fuzz/fuzz_run.py is not here: run the bench in the folder of the repository"
