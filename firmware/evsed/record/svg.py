"""A small writer of SVG: shapes as text, numbers short, words escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import isnan

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


def number(value: float) -> str:
    """As short as one decimal allows."""
    return f"{value:.1f}".removesuffix(".0")


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """One element; `_` in a name of an attribute stands for `-`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Words with their baseline at y."""
    return tag("text", escape(words), x=x, y=y, **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """A box; one too narrow to be seen is drawn a pixel wide."""
    return tag("rect", x=x, y=y, width=max(width, 1.0), height=height, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def path(runs: Iterable[Sequence[tuple[float, float]]], **attributes: object) -> str:
    """Lines through the points of each run."""
    drawn = " ".join("M" + " ".join(f"{number(x)},{number(y)}" for x, y in run) for run in runs if run)
    return tag("path", d=drawn, fill="none", **attributes) if drawn else ""


def area(above: Sequence[tuple[float, float]], below: Sequence[tuple[float, float]], **attributes: object) -> str:
    """What lies between two lines."""
    points = [*above, *reversed(below)]
    return tag("polygon", points=" ".join(f"{number(x)},{number(y)}" for x, y in points), **attributes)


def curve(xs: Sequence[float], ys: Sequence[float]) -> list[list[tuple[float, float]]]:
    """Points as runs without NaN; of many in one pixel only those that shape it: first, highest, lowest, last."""
    runs: list[list[tuple[float, float]]] = [[]]
    pixel: list[float] = []
    at = -1

    def put() -> None:
        if pixel:
            shape = dict.fromkeys((pixel[0], min(pixel), max(pixel), pixel[-1]))
            runs[-1] += [(float(at), y) for y in shape] if len(pixel) > 1 else [(exact, pixel[0])]

    exact = 0.0
    for x, y in zip(xs, ys, strict=True):
        if isnan(y) or int(x) != at:
            put()
            pixel, at = [], int(x)
        if isnan(y):
            if runs[-1]:
                runs.append([])
            at = -1
            continue
        pixel.append(y)
        exact = x
    put()
    return [run for run in runs if run]


def steps(xs: Sequence[float], ys: Sequence[float]) -> list[list[tuple[float, float]]]:
    """As `curve`, for values that jump: level until the next."""
    runs: list[list[tuple[float, float]]] = []
    open_ = False
    for place, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if isnan(y):
            open_ = False
            continue
        if not open_:
            runs.append([(x, y)])
            open_ = True
        elif y != runs[-1][-1][1] or place == len(ys) - 1 or isnan(ys[place + 1]):
            runs[-1] += [(x, runs[-1][-1][1]), (x, y)] if y != runs[-1][-1][1] else [(x, y)]
    return runs
