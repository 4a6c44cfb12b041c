"""`evsed record`: a record that the flight recorder has written, in words and as a picture; and files that are not."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ElementTree
import zlib
from math import nan
from pathlib import Path

import pytest
from evsed.pilot.recorder import MAGIC, Recorder
from evsed.pilot.ring import Sample
from evsed.record.command import main
from evsed.record.drawing import marks, picture
from evsed.record.reading import RecordError, read

ABOUT = {"boot": "3f9c01aa", "config": "c0ffee12", "release": "0.2.0"}
UTC = 1_795_259_327.4  # 2026-11-21 11:08:47.400


def sample(
    row: str, high: float, duty: float | None = None, told: bool = False, mirror: bool | None = False,
    offered: float = 0.0, faults: tuple[str, ...] = (),
) -> Sample:  # fmt: skip
    low = high if duty is None else -12.0
    return (high, low, duty, told, mirror, row, offered, row != "A1", faults)


def charge() -> list[tuple[float, Sample]]:
    """A vehicle that charges, and whose contactor does not open when it has stopped asking: time since the fault."""
    fault = ("contactor welded",)
    walk = [
        (-10.0, sample("A1", 12.0)),
        (-9.0, sample("B1", 9.0)),
        (-8.0, sample("B2", 9.0, 0.26666, offered=16.0)),
        (-7.0, sample("C2", 6.0, 0.26666, offered=16.0)),
        (-6.5, sample("C2 on", 6.0, 0.26666, True, False, 16.0)),
        (-6.47, sample("C2 on", 6.0, 0.26666, True, True, 16.0)),
        (-3.0, sample("C2 on", 6.0, 0.16666, True, True, 10.0)),
        (-0.26, sample("B2", 9.0, 0.16666, False, True, 10.0)),
        (0.0, sample("F", -12.0, 0.0, False, True, faults=fault)),
        (0.3, sample("B1", 9.0, None, False, True, faults=fault)),
    ]
    ends = [*(begin for begin, _ in walk[1:]), 5.0]
    return [
        (tick / 100, what)
        for (begin, what), end in zip(walk, ends, strict=True)
        for tick in range(round(begin * 100), round(end * 100))
    ]


def recorded(folder: Path, samples: list[tuple[float, Sample]], utc: float = UTC) -> Path:
    """A file of these samples, written by the recorder itself."""
    at = time.monotonic() - 5.0
    kept = Recorder(str(folder), (1,), dict(ABOUT), lambda _: None, utc=lambda: utc + time.monotonic() - at)
    kept.start()
    kept.measured(1, 9.5, at - 5.0)
    for moment, what in samples:
        kept.hear(1, at + moment, what)
    kept.stop()
    (path,) = folder.glob("*.evr")
    return path


def test_the_walk_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(recorded(tmp_path, charge()))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "EVSE 1: contactor welded",
        "2026-11-21 11:08:47.400 UTC; firmware 0.2.0, config c0ffee12, pilot 3f9c01aa",
        "1500 samples: 10.0 s before the fault, 5.0 s after it; the contactor was told to be open, and its mirror "
        "contact said closed",
        "",
        "   -10.000 s  A1     +12.0 / +12.0 V  no vehicle; contactor open; plug unlocked",
        "    -9.000 s  B1      +9.0 /  +9.0 V  a vehicle is plugged, no offer; plug locked",
        "    -8.000 s  B2      +9.0 / -12.0 V  offer of 16.0 A",
        "    -7.000 s  C2      +6.0 / -12.0 V  the vehicle asks under an offer of 16.0 A",
        "    -6.500 s  C2 on   +6.0 / -12.0 V  energy at no more than 16.0 A; contactor told to close",
        "    -6.470 s  C2 on   +6.0 / -12.0 V  mirror contact: closed",
        "    -3.000 s  C2 on   +6.0 / -12.0 V  offer 16.0 A -> 10.0 A",
        "    -0.260 s  B2      +9.0 / -12.0 V  offer of 10.0 A; contactor told to open",
        "    +0.000 s  F      -12.0 / -12.0 V  FAULT: contactor welded; the pilot is put to -12 V",
        "    +0.300 s  B1      +9.0 /  +9.0 V  a vehicle is plugged, no offer",
    ]


@pytest.mark.parametrize(
    ("mirror", "opened_after", "text"),
    [
        (True, 3, "contactor told to open 0 ms after the fault, open 30 ms after it"),
        (True, 999, "contactor told to open 0 ms after the fault, still closed when the record ends 990 ms after it"),
        (None, 0, "contactor told to open 0 ms after the fault"),
    ],
)
def test_how_long_the_contactor_took_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mirror: bool | None, opened_after: int, text: str
) -> None:
    before = [(tick / 100, sample("C2 on", 6.0, 0.5, True, mirror, 30.0)) for tick in range(-50, 0)]
    for tick in range(100):
        closed = mirror if mirror is None else tick < opened_after
        before.append((tick / 100, sample("F", -12.0, 0.0, False, closed, faults=("diode",))))
    main(["show", str(recorded(tmp_path, before))])
    assert capsys.readouterr().out.splitlines()[2].endswith(f"; {text}")


def test_a_loop_that_was_late_and_a_line_that_was_silent_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = (nan, nan, None, False, None, "A1", 0.0, None, ())
    late = (nan, nan, None, False, None, "A1", 0.0, None, ("loop stalled",))
    path = recorded(tmp_path, [(-0.073, silent), (0.0, late)], utc=0.0)
    main(["show", str(path)])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "at a time that the clock did not know; firmware 0.2.0, config c0ffee12, pilot 3f9c01aa",
        "2 samples: 0.1 s before the fault, 0.0 s after it; the contactor was told to be open",
        "",
        "    -0.073 s  A1        no sample     no vehicle; contactor open",
        "    +0.000 s  A1        no sample     no sample for 73 ms: the loop was late; FAULT: loop stalled",
    ]


def test_the_picture_shows_every_lane(tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    assert main(["show", str(recorded(tmp_path, charge())), "-o", str(out), "--before", "1", "--after", "2"]) == 0
    drawn = ElementTree.parse(out).getroot()
    words = {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    lanes = {"state", "control pilot", "duty cycle", "current", "contactor", "plug lock", "fault"}
    assert lanes <= words
    assert {
        "EVSE 1: contactor welded",
        "contactor welded",
        "still closed",
        "C2 on",
        "around the fault: -1 to +2 s",
    } <= (words)
    assert out.stat().st_size < 200_000


def test_a_picture_of_hardly_anything_can_be_drawn(tmp_path: Path) -> None:
    silent = (nan, nan, None, False, None, "A1", 0.0, None, ())
    record = read(str(recorded(tmp_path, [(-0.01, silent), (0.0, sample("E", 0.0, faults=("pilot short",)))])))
    ElementTree.fromstring(picture(record))


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [(-180.0, 5.0, [-180, -150, -120, -90, -60, -30, 0]), (-0.5, 1.0, [-0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1.0])],
)
def test_the_axis_has_round_marks(begin: float, end: float, expected: list[float]) -> None:
    assert marks(begin, end, 540.0) == pytest.approx(expected)


def complaint(path: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read(str(path))
    return str(caught.value).replace(str(path), "FILE")


HEAD = {
    "evse": 1, "fault": "diode", "at": 1.0, "utc": None, "samples": 1, "rows": [], "faults": [],
    "fields": [["at", "d"], ["high", "f"]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "FILE: not a record of the flight recorder. They are in the folder records of station.state, and end in "
              ".evr: evsed record list"),
        (b"evsed record 7\n{}\n", "FILE: a record of version 7; this evsed reads version 1. Use the evsed that wrote "
                                  "it, or a newer one."),
        (MAGIC + b"{\n", "FILE: its head is damaged (Expecting property name enclosed in double quotes: line 1 column "
                         "2 (char 1)): nothing can be read"),
        (MAGIC + b"[]\n", "FILE: its head is damaged (no object): nothing can be read"),
        (MAGIC + b"{}\n", "FILE: its head is damaged (KeyError('fields')): nothing can be read"),
        (MAGIC + json.dumps({**HEAD, "fields": [["at", "?!"]]}).encode() + b"\n",
         "FILE: its head is damaged (ValueError(\"a field of the kind '?!'\")): nothing can be read"),
        (MAGIC + json.dumps({**HEAD, "samples": float("inf")}).encode() + b"\n",
         "FILE: its head is damaged (OverflowError('cannot convert float infinity to integer')): nothing can be read"),
        (MAGIC + json.dumps(HEAD).encode() + b"\n",
         "FILE: its head says that there are no low and no duty and no offered and no amps and no row and no contactor "
         "and no lock and no fault: nothing can be read"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_told(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "x.evr"
    path.write_bytes(content)
    assert complaint(path) == text


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path / "x.evr")]) == 1
    assert capsys.readouterr().err == f"evsed record: {tmp_path}/x.evr: No such file or directory\n"


def test_of_a_file_cut_short_the_rest_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded(tmp_path, charge())
    path.write_bytes(path.read_bytes()[:-1000])
    assert main(["show", str(path)]) == 0
    said, whole = capsys.readouterr(), len(read(str(path)).time)
    assert said.err == f"evsed record: {path}: {whole} of 1500 samples can be read: the file was cut short there\n"
    assert 100 < whole < 1500
    assert "+0.000" in said.out or "the record ends before the fault" in said.out


def test_of_a_damaged_file_what_stands_before_is_shown(tmp_path: Path) -> None:
    path = recorded(tmp_path, [(tick / 100, sample("B1", 9.0 + tick % 97 / 1e4)) for tick in range(-18000, 0)]
                    + [(0.0, sample("F", -12.0, 0.0, faults=("diode",)))])  # fmt: skip
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :: 7] = b"\xff" * len(content[len(content) // 2 :: 7])
    path.write_bytes(content)
    record = read(str(path))
    assert 1000 < len(record.time) < 18000
    assert record.damage == f"{path}: {len(record.time)} of 18001 samples can be read: the file is damaged there"
    ElementTree.fromstring(picture(record))


def test_a_file_of_which_nothing_is_left_is_told(tmp_path: Path) -> None:
    path = recorded(tmp_path, charge())
    magic, head, _ = path.read_bytes().split(b"\n", 2)
    path.write_bytes(magic + b"\n" + head + b"\n" + b"rubbish")
    assert complaint(path) == "FILE: none of its 1500 samples can be read: the file is damaged there"
    path.write_bytes(magic + b"\n" + head + b"\n" + zlib.compress(b""))
    assert complaint(path) == "FILE: none of its 1500 samples can be read: the file holds less than its head says"


def test_a_file_that_holds_more_than_it_says_is_shown_with_a_word(tmp_path: Path) -> None:
    path = recorded(tmp_path, charge())
    magic, head, body = path.read_bytes().split(b"\n", 2)
    path.write_bytes(magic + b"\n" + head + b"\n" + zlib.compress(zlib.decompress(body) + b"x"))
    told = f"{path}: 1500 of 1500 samples can be read: the file holds more than its head says"
    assert read(str(path)).damage == told


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(recorded(tmp_path, charge())), "-o", str(tmp_path / "no" / "x.svg")]) == 1
    assert capsys.readouterr().err == f"evsed record: {tmp_path}/no/x.svg: No such file or directory\n"


SETTINGS = """
[station]
state = "{0}"
[bus.wires]
driver = "desk"
socket = "wires.sock"
[evse.1.pilot]
driver = "desk"
bus = "wires"
[evse.1.contactor]
driver = "desk"
bus = "wires"
"""


def test_the_list_names_every_record_and_says_what_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(SETTINGS.format(tmp_path))
    assert main(["list", "-c", str(config)]) == 0
    assert capsys.readouterr().out == f"no records in {tmp_path}/records: no fault has asked for one\n"
    path = recorded(tmp_path / "records", charge())
    (tmp_path / "records" / "x.evr").write_bytes(MAGIC + b"[]\n")
    assert main(["list", "-c", str(config)]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == [
        f"{path}  {path.stat().st_size / 1024:.0f} KiB  EVSE 1: contactor welded",
        f"{tmp_path}/records/x.evr  0 KiB  its head is damaged (no object): nothing can be read",
    ]


def test_a_wrong_config_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text("[stations]\n")
    assert main(["list", "-c", str(config)]) == 78
    assert 'Did you mean "station"?' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["show", "x", "--before", "0"], "argument --before: 0 s: 0.02 to 180 are possible"),
        (["show"], "the following arguments are required: file"),
    ],
)
def test_a_wrong_call_is_told(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert capsys.readouterr().err.splitlines()[-1].endswith(text)
