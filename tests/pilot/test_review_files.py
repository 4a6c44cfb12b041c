"""What a review of the pilot's files tried: an EVSE that is taken out of the config for a while, a disk half full."""

from __future__ import annotations

import json
from pathlib import Path

from test_latches import WELDED, Kept, until


def test_what_is_kept_of_an_evse_that_is_not_in_the_config_now_is_not_lost(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.faults.write_text(json.dumps({"1": ["emergency stop"], "2": [WELDED]}))
    kept.counters.write_text(json.dumps({"2": {"closings": 5, "hot": 4, "cold": 3}}))
    assert kept.it.read((1,))[1] == ("emergency stop",)
    assert kept.it.read_counters((1,)) == {1: (0, 0, 0)}
    kept.it.start()
    kept.it.write({})
    kept.it.count({1: (1, 0, 0)})
    kept.it.stop()
    again = Kept(tmp_path)
    assert again.it.read((1, 2)) == {2: (WELDED,)}
    assert again.it.read_counters((1, 2)) == {1: (1, 0, 0), 2: (5, 4, 3)}


def test_counters_wait_while_the_latched_faults_cannot_be_written(tmp_path: Path) -> None:
    kept = Kept(tmp_path, every=0.01)
    beside = tmp_path / "pilot-latches.json.new"
    beside.mkdir()  # in the way of this file only
    kept.it.start()
    with kept.it._wake:
        kept.it._latched, kept.it._counters = {1: (WELDED,)}, {1: (1, 0, 0)}
        kept.it._wake.notify()
    until(lambda: kept.said)
    beside.rmdir()
    until(lambda: kept.it.read((1,)) == {1: (WELDED,)})
    until(lambda: kept.it.read_counters((1,)) == {1: (1, 0, 0)})
    kept.it.stop()
