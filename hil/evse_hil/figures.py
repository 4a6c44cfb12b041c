"""Measured figures: percentiles, the aims they are held against, the table on the screen and the JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Aim:
    """At most (or, with `least`, at least) so much, per statistic: {"p99": 25, "max": 50} or {"value": 22}."""

    bounds: Mapping[str, float]
    least: bool = False

    def __str__(self) -> str:
        sign = ">=" if self.least else "<="
        return ", ".join(
            f"{'' if name == 'value' else f'{name} '}{sign} {bound:g}" for name, bound in self.bounds.items()
        )

    def met(self, values: Mapping[str, float]) -> bool:
        """Whether these values are within it."""
        sign = -1.0 if self.least else 1.0
        return all(sign * values[name] <= sign * bound for name, bound in self.bounds.items())


@dataclass(frozen=True, slots=True)
class Between:
    """Every sample from `least` to `most`; needs the statistics "min" and "max"."""

    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.least:g} to {self.most:g}"

    def met(self, values: Mapping[str, float]) -> bool:
        """Whether these values are within it."""
        return self.least <= values["min"] and values["max"] <= self.most


@dataclass(frozen=True, slots=True)
class Figure:
    """`values` holds "value", or "p50", "p99" and "max", perhaps with "n" and "min"."""

    name: str
    unit: str
    values: Mapping[str, float]
    aim: Aim | Between | None = None
    note: str = ""  # what was measured, and where the aim comes from

    @property
    def good(self) -> bool | None:
        """Whether the aim is met; None without one."""
        return None if self.aim is None else self.aim.met(self.values)

    def verdict(self) -> str:
        """One sentence on a figure with an aim."""
        values = ", ".join(f"{name} {_cell(name, value):g}" for name, value in self.values.items())
        words = f": {self.note}" if self.note else ""
        return f"{self.name} is {values} {self.unit}, allowed {self.aim}{words}."

    def row(self) -> dict[str, object]:
        """As in build/bench.json."""
        values = {name: _short(value) for name, value in self.values.items()}
        note = {"note": self.note} if self.note else {}
        aim = None if self.aim is None else str(self.aim)
        return {"name": self.name, "unit": self.unit, "aim": aim, **values, **note}


def spread(samples: Iterable[float]) -> dict[str, float]:
    """p50, p99 and max (nearest rank); ValueError for no samples."""
    ordered = sorted(samples)
    if not ordered:
        raise ValueError("nothing was measured")

    def rank(part: float) -> float:
        return ordered[math.ceil(part * len(ordered)) - 1]

    return {"p50": rank(0.5), "p99": rank(0.99), "max": ordered[-1]}


def table(figures: Sequence[Figure]) -> str:
    """For the screen."""
    few = [name for name in ("n", "min") if any(name in figure.values for figure in figures)]
    columns = [*few, "p50", "p99", "max"]
    width = max([24, *(len(figure.name) for figure in figures)])
    head = f"{'':{width}} {'unit':7} {' '.join(f'{name:>9}' for name in columns)}   aim"
    return "\n".join([head, *(_line(figure, width, columns) for figure in figures)])


def _line(figure: Figure, width: int, columns: Sequence[str]) -> str:
    values = dict(figure.values)
    if "value" in values:
        values["p50"] = values["value"]  # one number stands in the first of the three columns
    cells = [f"{_cell(name, values[name]):>9}" if name in values else 9 * " " for name in columns]
    met = {None: "", True: "met", False: "NOT MET"}[figure.good]
    words = f"{figure.aim or '-'}  {met}"
    if figure.note:
        words = f"{words:24}  {figure.note}"
    return f"{figure.name:{width}} {figure.unit:7} {' '.join(cells)}   {words}".rstrip()


def _cell(name: str, value: float) -> float | int:
    return int(value) if name == "n" else _short(value)


def _short(value: float) -> float:
    return round(value, 2 if abs(value) < 1000 else 0)


def keep(figures: Sequence[Figure], path: Path, others: bool = False) -> None:
    """Write the JSON file; with `others` the figures that stand there under other names stay."""
    rows = [figure.row() for figure in figures]
    if others and path.exists():
        measured = {figure.name for figure in figures}
        rows = [row for row in json.loads(path.read_text()) if row["name"] not in measured] + rows
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")
