"""The lanes of the picture: what each shows of a record, in one column of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from . import svg
from .reading import Record

INK, SOFT, GRID, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#ffffff"
RED, GREEN, BLUE, AMBER = "#d64545", "#2f9e6e", "#2b6cb0", "#c27803"
# What stands for each letter: A.4's windows (V), a colour of its own.
LETTERS = {
    "A": ((11.0, 13.0), "#9aa5b1"),
    "B": ((8.0, 10.0), "#4a90d9"),
    "C": ((5.0, 7.0), "#2f9e6e"),
    "D": ((2.0, 4.0), "#8e63c4"),
    "E": ((-1.0, 1.0), "#d64545"),
    "F": ((-13.0, -11.0), "#c27803"),
}
OTHER = "#52606d"
TOP, BOTTOM = 14.0, -14.0  # V
MOVES = 0.25  # s that a contactor may take to move


@dataclass(frozen=True, slots=True)
class Column:
    """A span of a record on the paper: from `begin` to `end` (s since the fault) at `left`, `width` wide."""

    record: Record
    left: float
    width: float
    begin: float
    end: float
    places: range  # of its samples; one more on either side, where there is one

    def x(self, time: float) -> float:
        """Where that instant lies, within the column."""
        part = (time - self.begin) / (self.end - self.begin)
        return self.left + self.width * min(max(part, 0.0), 1.0)

    def xs(self) -> list[float]:
        """Of its samples."""
        return [self.x(self.record.time[place]) for place in self.places]

    def of(self, values: Sequence[Any]) -> list[Any]:
        """Its part of a record's column."""
        return [values[place] for place in self.places]

    def spans(self, values: Sequence[Any]) -> Iterator[tuple[float, float, Any]]:
        """Stretches of equal values: from x, to x, value."""
        xs, own = self.xs(), self.of(values)
        begin = 0
        for place in range(1, len(own) + 1):
            if place == len(own) or own[place] != own[begin]:
                yield xs[begin], xs[min(place, len(own) - 1)], own[begin]
                begin = place


@dataclass(frozen=True, slots=True)
class Lane:
    """`notes` stand below the name: (words, colour); `marks` are its scale: (share of the height from above, words,
    colour)."""

    name: str
    height: float
    draw: Callable[[Column, float], Iterator[str]]  # column, upper edge
    marks: tuple[tuple[float, str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def lanes(record: Record) -> Iterator[Lane]:
    """Those that this record has something to show in, from above."""
    yield Lane("state", 26.0, _rows)
    levels = tuple((_share(sum(window) / 2), _level(letter), colour) for letter, (window, colour) in LETTERS.items())
    yield Lane("control pilot", 220.0, _volts, levels, (("highest", BLUE), ("lowest", SOFT)))
    yield Lane("duty cycle", 54.0, _duty, ((0.08, "100 %", SOFT), (0.94, "0 %", SOFT)))
    most = scale(record)
    amps = tuple((0.97 - 0.94 * amps / most, f"{amps:g} A", SOFT) for amps in (0, most / 2, most))
    yield Lane("current", 120.0, _amps, amps, (("offered", AMBER), ("measured", INK), ("(the last reading)", SOFT)))
    yield Lane("contactor", 48.0, _contactor, ((0.23, "command", SOFT), (0.77, "mirror", SOFT)))
    if any(locked is not None for locked in record.locked):
        yield Lane("plug lock", 22.0, _lock)
    yield Lane("fault", 26.0, _faults)


def scale(record: Record) -> float:
    """The upper end of the current's lane, A."""
    most = max((amps for amps in (*record.offered, *record.amps) if not isnan(amps)), default=0.0)
    return next((end for end in (10.0, 20.0, 40.0, 60.0) if most <= end * 0.97), 100.0)


def _level(letter: str) -> str:
    volts = sum(LETTERS[letter][0]) / 2
    return f"{letter}   {volts:+.0f} V" if volts else f"{letter}   0 V"


def _share(volts: float) -> float:
    return (TOP - min(max(volts, BOTTOM), TOP)) / (TOP - BOTTOM)


def _bar(begin: float, end: float, top: float, height: float, colour: str, words: str = "", **more: object) -> str:
    bar = svg.rect(begin, top, end - begin, height, fill=colour, rx=2, **more)
    if len(words) * 7.0 + 8.0 < end - begin:
        light = dict(fill=PAPER, font_size=11, font_weight="bold", text_anchor="middle")
        bar += svg.text((begin + end) / 2, top + height / 2 + 4.0, words, **light)
    return bar


def _rows(column: Column, top: float) -> Iterator[str]:
    for begin, end, row in column.spans(column.record.row):
        colour = LETTERS[row[0]][1] if row[0] in LETTERS else OTHER
        yield _bar(begin, end, top, 26.0, colour, row, opacity=1 if row.endswith(" on") else 0.72)


def _volts(column: Column, top: float) -> Iterator[str]:
    record, xs = column.record, column.xs()
    for (least, most), colour in LETTERS.values():
        y = top + 220.0 * _share(most)
        yield svg.rect(column.left, y, column.width, 220.0 * (_share(least) - _share(most)), fill=colour, opacity=0.10)
    high = svg.curve(xs, [top + 220.0 * _share(volts) for volts in column.of(record.high)])
    low = svg.curve(xs, [top + 220.0 * _share(volts) for volts in column.of(record.low)])
    for above, below in zip(high, low, strict=True):
        yield svg.area(above, below, fill=BLUE, opacity=0.08)
    yield svg.path(low, stroke=SOFT, stroke_width=1.2)
    yield svg.path(high, stroke=BLUE, stroke_width=1.8, stroke_linejoin="round")


def _duty(column: Column, top: float) -> Iterator[str]:
    ys = [top + 54.0 * (1.0 - duty) for duty in column.of(column.record.duty)]
    for run in svg.steps(column.xs(), ys):
        floor = [(x, top + 54.0) for x, _ in (run[0], run[-1])]
        yield svg.area(run, floor, fill=AMBER, opacity=0.15)
        yield svg.path([run], stroke=AMBER, stroke_width=1.6)


def _amps(column: Column, top: float) -> Iterator[str]:
    most, xs, record = scale(column.record), column.xs(), column.record

    def ys(values: Sequence[float]) -> list[float]:
        return [top + 120.0 * (1.0 - min(value, most) / most) for value in column.of(values)]

    for run in svg.steps(xs, ys(record.offered)):
        yield svg.area(run, [(run[0][0], top + 120.0), (run[-1][0], top + 120.0)], fill=AMBER, opacity=0.15)
        yield svg.path([run], stroke=AMBER, stroke_width=1.6)
    yield svg.path(svg.steps(xs, ys(record.amps)), stroke=INK, stroke_width=1.8)


def _contactor(column: Column, top: float) -> Iterator[str]:
    record = column.record
    for begin, end, told in column.spans(record.told):
        if told:
            yield _bar(begin, end, top, 22.0, GREEN, "to close")
    pairs = list(zip(record.told, record.mirror, strict=True))
    for begin, end, (told, mirror) in column.spans(pairs):
        if mirror and told:
            yield _bar(begin, end, top + 26.0, 22.0, GREEN, "closed")
        elif mirror is not None and mirror is not told:
            lasts = (end - begin) * (column.end - column.begin) / column.width
            words = "still closed" if mirror else "still open"
            yield _bar(begin, end, top + 26.0, 22.0, RED if lasts > MOVES else AMBER, words)


def _lock(column: Column, top: float) -> Iterator[str]:
    for begin, end, locked in column.spans(column.record.locked):
        if locked:
            yield _bar(begin, end, top, 22.0, OTHER, "locked")


def _faults(column: Column, top: float) -> Iterator[str]:
    for begin, end, fault in column.spans(column.record.standing):
        if fault:
            yield _bar(begin, end, top, 26.0, RED, fault)
