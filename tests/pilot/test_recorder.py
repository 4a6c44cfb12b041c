"""The recorder's thread and its files: what is written, what goes, and what is said when the disk does not take it."""

from __future__ import annotations

import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

from evsed.pilot.recorder import MAGIC, MOST_FILES, Recorder
from evsed.pilot.ring import AFTER, COUNT, PACKED, Sample
from pilot_rig import until

ABOUT = {"boot": "b007", "config": "c0ffee", "release": "1.2.3"}


def sample(*faults: str) -> Sample:
    return (6.0, -12.0, 0.26666, True, True, "C2 on", 16.0, None, faults)


def fly(kept: Recorder, seconds: float, fault: str, evse: int = 1) -> None:
    """So long without a fault, then the fault until the record is complete; the fault rose two seconds ago."""
    at = time.monotonic() - 2.0
    for tick in range(-round(seconds * 100), 0):
        kept.hear(evse, at + tick / 100, sample())
    for tick in range(round(AFTER * 100) + 2):
        kept.hear(evse, at + tick / 100, sample(fault))


def opened(path: Path) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    magic, head, body = path.read_bytes().split(b"\n", 2)
    assert magic + b"\n" == MAGIC
    return json.loads(head), list(PACKED.iter_unpack(zlib.decompress(body)))


def test_a_fault_leaves_a_record_of_three_minutes(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Recorder(str(tmp_path / "records"), (1, 2), ABOUT, said.append)
    kept.start()
    kept.measured(2, 15.5, time.monotonic() - 2.0)
    kept.measured(7, 15.5, 0.0)  # of a board
    fly(kept, 200.0, "contactor welded", evse=2)
    until(lambda: bool(said))
    kept.stop()
    (path,) = (tmp_path / "records").iterdir()
    assert path.name == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(opened(path)[0]["utc"])) + (
        "-evse2-contactor-welded.evr"
    )
    assert said == [f"record of a fault: {path}"]
    head, samples = opened(path)
    assert (head["evse"], head["fault"], head["boot"], head["config"], head["release"]) == (
        2, "contactor welded", "b007", "c0ffee", "1.2.3"
    )  # fmt: skip
    assert abs(head["utc"] - (time.time() - 2.0)) < 3.0
    assert head["samples"] == len(samples) == COUNT
    at = [one[0] for one in samples]
    assert at == sorted(at)
    assert round(head["at"] - at[0]) == 180
    assert path.stat().st_size < 100_000


def test_a_clock_that_was_never_set_dates_nothing(tmp_path: Path) -> None:
    kept = Recorder(str(tmp_path), (1,), ABOUT, lambda _: None, utc=lambda: 42.0)
    kept.start()
    fly(kept, 1.0, "diode")
    kept.stop()
    (path,) = tmp_path.iterdir()
    head, _ = opened(path)
    assert path.name == f"boot-b007-{head['at']:.0f}s-evse1-diode.evr"
    assert head["utc"] is None


def test_an_end_writes_what_a_fault_has_asked_for(tmp_path: Path) -> None:
    kept = Recorder(str(tmp_path), (1,), ABOUT, lambda _: None)
    kept.start()
    kept.hear(1, 100.0, sample())
    kept.hear(1, 100.01, sample("diode"))
    kept.stop()
    (path,) = tmp_path.iterdir()
    assert len(opened(path)[1]) == 2


def test_the_oldest_records_go(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 2):
        path = tmp_path / f"{number}.evr"
        path.write_bytes(b"x")
        os.utime(path, (number, number))
    (tmp_path / "a technician's note").write_text("stays")
    kept = Recorder(str(tmp_path), (1,), ABOUT, lambda _: None)
    kept.start()
    fly(kept, 1.0, "diode")
    kept.stop()
    there = {path.name for path in tmp_path.iterdir()}
    assert len(there) == MOST_FILES + 1
    assert "a technician's note" in there
    assert not {"0.evr", "1.evr", "2.evr"} & there


def test_the_oldest_go_by_size_too(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"{number}.evr"
        with path.open("wb") as file:
            file.truncate(9 << 20)
        os.utime(path, (number, number))
    kept = Recorder(str(tmp_path), (1,), ABOUT, lambda _: None)
    kept.start()
    fly(kept, 1.0, "diode")
    kept.stop()
    assert not (tmp_path / "0.evr").exists()
    assert (tmp_path / "1.evr").exists()


def test_a_disk_that_does_not_take_it_costs_a_line_only(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "records").write_text("a file")
    kept = Recorder(str(tmp_path / "records"), (1,), ABOUT, said.append)
    kept.start()
    fly(kept, 1.0, "diode")
    until(lambda: bool(said))
    name = said[0].split(": ")[0]
    assert said[0] == f"{name}: File exists; this record of a fault is lost"
    (tmp_path / "records").unlink()
    fly(kept, 1.0, "cable")
    until(lambda: len(said) == 2)
    assert said[1].endswith("-evse1-cable.evr")
    kept.stop()


def test_the_last_of_the_disk_is_left_to_others(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Recorder(str(tmp_path), (1,), ABOUT, said.append, least_free=1 << 60)
    kept.start()
    fly(kept, 1.0, "diode")
    kept.stop()
    assert said[0].split(": ")[1].split(" ", 1)[1] == (
        f"MiB are free, and the last {(1 << 60) >> 20} are not for records; this record of a fault is lost"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_comes_too_late_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Recorder(str(tmp_path), (1,), ABOUT, said.append)
    fly(kept, 1.0, "diode")
    for _ in range(2 * COUNT):
        kept.rings[1].hear(time.monotonic(), sample("diode"))
    kept.start()
    kept.stop()
    assert said[0].endswith("-evse1-diode.evr: the disk was too slow; this record of a fault is lost")
    assert list(tmp_path.iterdir()) == []
