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


@dataclass(frozen=True, slots=True)
class Figure:
    """`values` holds "value", or "p50", "p99" and "max"."""

    name: str
    unit: str
    values: Mapping[str, float]
    aim: Aim | None = None

    @property
    def good(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.aim is None:
            return None
        sign = -1.0 if self.aim.least else 1.0
        return all(sign * self.values[name] <= sign * bound for name, bound in self.aim.bounds.items())

    def row(self) -> dict[str, object]:
        """As in build/bench.json."""
        values = {name: _short(value) for name, value in self.values.items()}
        return {"name": self.name, "unit": self.unit, "aim": None if self.aim is None else str(self.aim), **values}


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
    head = f"{'':24} {'unit':7} {'p50':>9} {'p99':>9} {'max':>9}   aim"
    return "\n".join([head, *map(_line, figures)])


def _line(figure: Figure) -> str:
    cells = [
        f"{_short(figure.values[name]):>9}" if name in figure.values else 9 * " " for name in ("p50", "p99", "max")
    ]
    if "value" in figure.values:
        cells = [f"{_short(figure.values['value']):>9}", 9 * " ", 9 * " "]
    met = {None: "", True: "met", False: "NOT MET"}[figure.good]
    return f"{figure.name:24} {figure.unit:7} {' '.join(cells)}   {figure.aim or '-'}  {met}".rstrip()


def _short(value: float) -> float:
    return round(value, 2 if abs(value) < 1000 else 0)


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Write the JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([figure.row() for figure in figures], indent=1) + "\n")
