"""The pilot's own files: latched faults and counters outlive a restart; what is unreadable is safe and is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evsed.model.faults import LOST
from evsed.pilot.latches import Latches

ROOT = Path(__file__).parents[2]
WELDED = "contactor welded"

# Writes for ever: one fault, two faults, one fault ...
WRITER = """
import sys, time
from evsed.pilot.latches import Latches
latches = Latches(sys.argv[1], print)
latches.start()
for n in range(10**9):
    latches.write({evse: ("contactor welded", "emergency stop")[: 1 + n % 2] for evse in range(1, 200)})
    latches.count({evse: (n, n, n) for evse in range(1, 200)})
    time.sleep(0.0005)
"""


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


class Kept:
    """Latches in a folder, and what they say."""

    def __init__(self, folder: Path, every: float = 60.0) -> None:
        self.said: list[str] = []
        self.it = Latches(str(folder), self.said.append, every)
        self.faults, self.counters = folder / "pilot-latches.json", folder / "pilot-counters.json"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    kept.it.start()
    yield kept
    kept.it.stop()


def test_where_there_are_no_files_nothing_is_latched_and_nothing_was_counted(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    assert kept.it.read((1, 2)) == {}
    assert kept.it.read_counters((1, 2)) == {1: (0, 0, 0), 2: (0, 0, 0)}
    assert kept.said == []


def test_several_faults_of_one_evse_are_kept_at_once(kept: Kept) -> None:
    kept.it.write({1: (WELDED, "emergency stop"), 2: ()})
    until(kept.faults.exists)
    assert kept.it.read((1, 2)) == {1: (WELDED, "emergency stop")}
    assert json.loads(kept.faults.read_text()) == {"1": [WELDED, "emergency stop"]}
    kept.it.write({})
    until(lambda: kept.it.read((1, 2)) == {})


def test_the_file_of_an_older_version_is_understood(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.faults.write_text('{"1": "contactor welded"}')
    assert kept.it.read((1, 2)) == {1: (WELDED,)}
    assert kept.said == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"1": "a fault of another release"}', "'a fault of another release' is no list of faults"),
        ('{"1": ["a fault of another release"]}', "['a fault of another release'] is no list of faults"),
        ('{"1": {"name": "contactor welded"}}', "{'name': 'contactor welded'} is no list of faults"),
        ('{"1": ["diode"]}', '"diode" is not a fault that latches'),
        ('{"1": ["contactor wel', "Unterminated string starting at: line 1 column 8 (char 7)"),
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ('["contactor welded"]', "'list' object has no attribute 'items'"),
        ('{"one": ["contactor welded"]}', "invalid literal for int() with base 10: 'one'"),
    ],
)
def test_an_unreadable_file_of_faults_means_latched_until_somebody_acknowledges(
    tmp_path: Path, text: str, words: str
) -> None:
    kept = Kept(tmp_path)
    kept.faults.write_text(text)
    assert kept.it.read((1, 2)) == {1: (LOST,), 2: (LOST,)}
    assert kept.said == [f"{kept.faults}: {words}; every EVSE stays off until it is acknowledged"]
    assert kept.faults.read_text() == text  # so it does after the next restart too


def test_bytes_that_are_no_text_mean_latched(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.faults.write_bytes(b"\xff\xfe\x00")
    assert kept.it.read((1,)) == {1: (LOST,)}


def test_latches_that_cannot_be_written_are_told_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    kept = Kept(folder)
    kept.it.start()
    kept.it.write({1: (WELDED,)})
    until(lambda: kept.said)
    assert kept.said[0] == (
        f"{folder}/pilot-latches.json: [Errno 2] No such file or directory: '{folder}/pilot-latches.json.new'; "
        "the latched faults hold until the next restart only. Retrying."
    )
    folder.mkdir()
    until(lambda: kept.it.read((1,)) == {1: (WELDED,)})
    kept.it.stop()


def test_counters_are_written_at_once_then_once_a_minute_and_at_the_end(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.it.start()
    kept.it.count({1: (1, 0, 0)})
    until(kept.counters.exists)
    kept.it.count({1: (1, 1, 0)})
    kept.it.count({1: (2, 1, 0)})
    time.sleep(0.3)
    assert kept.it.read_counters((1,)) == {1: (1, 0, 0)}
    kept.it.stop()
    assert kept.it.read_counters((1, 2)) == {1: (2, 1, 0), 2: (0, 0, 0)}
    assert json.loads(kept.counters.read_text()) == {"1": {"closings": 2, "hot": 1, "cold": 0}}


def test_counters_that_wait_do_not_keep_a_latched_fault_waiting(kept: Kept) -> None:
    kept.it.count({1: (1, 0, 0)})
    until(kept.counters.exists)
    kept.it.count({1: (2, 0, 0)})
    time.sleep(0.05)
    kept.it.write({1: (WELDED,)})
    until(kept.faults.exists, 1.0)
    assert kept.it.read_counters((1,)) == {1: (1, 0, 0)}


def test_counters_come_when_their_time_is_there(tmp_path: Path) -> None:
    kept = Kept(tmp_path, every=0.3)
    kept.it.start()
    kept.it.count({1: (1, 0, 0)})
    until(kept.counters.exists)
    kept.it.count({1: (2, 0, 0)})
    until(lambda: kept.it.read_counters((1,)) == {1: (2, 0, 0)})
    kept.it.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"1": {"closings": -1, "hot": 0, "cold": 0}}', "{'closings': -1, 'hot': 0, 'cold': 0} are no counters"),
        ('{"1": {"closings": 1}}', "{'closings': 1} are no counters"),
        ('{"1": 5}', "'int' object has no attribute 'get'"),
        ("nonsense", "Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_unreadable_counters_begin_anew_and_are_kept_aside(tmp_path: Path, text: str, words: str) -> None:
    kept = Kept(tmp_path)
    kept.counters.write_text(text)
    assert kept.it.read_counters((1,)) == {1: (0, 0, 0)}
    aside = tmp_path / "pilot-counters.json.unreadable"
    assert kept.said == [f"{kept.counters}: {words}; the contactors' counters begin anew, it is kept as {aside}"]
    assert (aside.read_text(), kept.counters.exists()) == (text, False)


def test_counters_that_cannot_be_kept_aside_begin_anew_all_the_same(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.counters.write_text("nonsense")
    (tmp_path / "pilot-counters.json.unreadable" / "in the way").mkdir(parents=True)
    assert kept.it.read_counters((1,)) == {1: (0, 0, 0)}
    assert kept.said[1] == f"{tmp_path}/pilot-counters.json.unreadable: Is a directory"


def test_counters_that_cannot_be_written_are_told_and_kept_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    kept = Kept(folder, every=0.2)
    kept.it.start()
    kept.it.count({1: (1, 0, 0)})
    until(lambda: kept.said)
    assert kept.said[0] == (
        f"{folder}/pilot-counters.json: [Errno 2] No such file or directory: '{folder}/pilot-counters.json.new'; "
        "the contactors' counters are kept in memory. Retrying."
    )
    folder.mkdir()
    until(lambda: kept.it.read_counters((1,)) == {1: (1, 0, 0)})
    kept.it.stop()


def test_what_waits_at_the_end_is_written_and_a_torn_file_never_takes_the_place_of_a_whole_one(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    (tmp_path / "pilot-latches.json.new").write_text('{"1": ["contac')  # the power went while this was written
    kept.faults.write_text('{"1": ["contactor welded"]}')
    assert kept.it.read((1,)) == {1: (WELDED,)}
    kept.it.start()
    kept.it.write({1: (WELDED, LOST)})
    kept.it.count({1: (1, 2, 3)})
    kept.it.stop()
    assert kept.it.read((1,)) == {1: (WELDED, LOST)}
    assert kept.it.read_counters((1,)) == {1: (1, 2, 3)}


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    for _ in range(6):
        found = kept.faults.stat().st_mtime_ns if kept.faults.exists() else 0
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], env={"PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"}
        )
        until(lambda found=found: kept.faults.exists() and kept.faults.stat().st_mtime_ns > found, 20.0)
        writer.kill()
        writer.wait()
        latched = kept.it.read((1,))
        assert len(latched) == 199
        assert set(latched.values()) <= {(WELDED,), (WELDED, "emergency stop")}
    assert kept.said == []
