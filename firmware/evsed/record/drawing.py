"""A record as a picture: lanes over the whole of it on the left, and the same lanes around the fault on the right."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import count, takewhile

from . import svg
from .lanes import BLUE, GRID, INK, PAPER, RED, SOFT, Column, Lane, lanes
from .reading import Record
from .walk import reaction, title, when

WIDTH = 1440.0
LEFT, BETWEEN, RIGHT = 180.0, 44.0, 40.0  # margins
WHOLE = 640.0  # width of the left column
HEAD, APART, FOOT = 150.0, 18.0, 52.0
STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)  # s between two marks of the axis
ROOM = 70.0  # pixels that a mark wants


def picture(record: Record, before: float = 0.5, after: float = 1.0) -> str:
    """The SVG. The right column shows from `before` to `after` (s) around the fault."""
    whole = column(record, LEFT, WHOLE, record.time[0], record.time[-1])
    near = column(record, LEFT + WHOLE + BETWEEN, WIDTH - LEFT - WHOLE - BETWEEN - RIGHT, -before, after)
    own = list(lanes(record))
    height = HEAD + sum(lane.height + APART for lane in own) + FOOT
    parts = [svg.rect(0.0, 0.0, WIDTH, height, fill=PAPER), *_head(record, whole, near)]
    bottom = height - FOOT - APART
    for each in (whole, near):
        parts += _frame(each, HEAD, bottom)
    parts.append(_window(whole, near, bottom))
    top = HEAD
    for lane in own:
        parts += _lane(lane, (whole, near), top)
        top += lane.height + APART
    for each in (whole, near):
        parts += _instant(each, HEAD, bottom)
    size = f"0 0 {svg.number(WIDTH)} {svg.number(height)}"
    return svg.tag(
        "svg", "\n".join(parts), xmlns="http://www.w3.org/2000/svg", viewBox=size, width=WIDTH, height=height,
        font_family=svg.FONT, font_size=12, fill=INK,
    )  # fmt: skip


def column(record: Record, left: float, width: float, begin: float, end: float) -> Column:
    """That span of the record; samples that lie just outside carry the lines to the edges."""
    first = max(0, bisect_left(record.time, begin) - 1)
    last = min(len(record.time), bisect_right(record.time, end) + 1)
    return Column(record, left, width, begin, max(end, begin + 0.01), range(first, max(last, first + 1)))


def marks(begin: float, end: float, width: float) -> list[float]:
    """Round instants between the two, so far apart that their words have room."""
    step = next((step for step in STEPS if width * step / (end - begin) >= ROOM), STEPS[-1])
    first = -int(-begin / step) if begin < 0 else int(begin / step) + 1
    return [each * step for each in takewhile(lambda each: each * step <= end + 1e-9, count(first))]


def _head(record: Record, whole: Column, near: Column) -> Iterator[str]:
    yield svg.rect(LEFT, 32.0, 5.0, 44.0, fill=RED)
    yield svg.text(LEFT + 16.0, 50.0, title(record), font_size=22, font_weight="bold")
    yield svg.text(LEFT + 16.0, 72.0, when(record), fill=SOFT)
    yield svg.text(LEFT, 104.0, reaction(record), font_size=13)
    if record.damage:
        yield svg.text(WIDTH - RIGHT, 72.0, record.damage.split(": ", 1)[-1], fill=RED, text_anchor="end")
    small = {"font_size": 12, "font_weight": "bold", "fill": SOFT}
    yield svg.text(whole.left, HEAD - 14.0, f"all {whole.end - whole.begin:.0f} s", **small)
    yield svg.text(near.left, HEAD - 14.0, f"around the fault: {near.begin:+g} to {near.end:+g} s", **small)


def _frame(column: Column, top: float, bottom: float) -> Iterator[str]:
    """The marks of time."""
    for time in marks(column.begin, column.end, column.width):
        x = column.x(time)
        yield svg.line(x, top, x, bottom, stroke=GRID, stroke_width=1)
        words = "0" if abs(time) < 1e-9 else f"{time:+g} s" if abs(time) >= 1.0 else f"{time * 1000:+.0f} ms"
        yield svg.text(x, bottom + 18.0, words, fill=SOFT, font_size=11, text_anchor="middle")


def _lane(lane: Lane, columns: tuple[Column, Column], top: float) -> Iterator[str]:
    middle = top + (18.0 if lane.notes else lane.height / 2 + 4.0)
    yield svg.text(LEFT - 156.0, middle, lane.name, font_weight="bold")
    for place, (words, colour) in enumerate(lane.notes, 1):
        yield svg.text(LEFT - 156.0, middle + 16.0 * place, words, fill=colour, font_size=11)
    for share, words, colour in lane.marks:
        y = top + lane.height * share
        yield svg.text(LEFT - 10.0, y + 4.0, words, fill=colour, font_size=10, text_anchor="end")
    for column in columns:
        yield svg.rect(column.left, top, column.width, lane.height, fill="none", stroke=GRID)
        yield from lane.draw(column, top)


def _window(whole: Column, near: Column, bottom: float) -> str:
    """Where the right column lies in the left one."""
    begin, end = whole.x(near.begin), whole.x(near.end)
    return svg.rect(begin, HEAD - 6.0, end - begin, bottom - HEAD + 6.0, fill=BLUE, opacity=0.14)


def _instant(column: Column, top: float, bottom: float) -> Iterator[str]:
    if column.begin <= 0.0 <= column.end:
        x = column.x(0.0)
        yield svg.line(x, top - 6.0, x, bottom, stroke=RED, stroke_width=1.2, stroke_dasharray="4 3")
