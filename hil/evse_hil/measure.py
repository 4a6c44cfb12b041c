"""Records what a scenario has measured: one JSON line each, a property in the JUnit report, and a limit that holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure, the limits it is held against and where they come from."""

    name: str
    value: float
    unit: str
    ref: str = ""  # the clause, such as "IEC 61851-1 A.6 8.1"
    le: float | None = None
    ge: float | None = None
    rig: str = ""
    scenario: str = ""

    @property
    def good(self) -> bool:
        """Within its limits."""
        return (self.le is None or self.value <= self.le) and (self.ge is None or self.value >= self.ge)

    def __str__(self) -> str:
        bounds = [
            f"{word} {bound:g}" for word, bound in (("at least", self.ge), ("at most", self.le)) if bound is not None
        ]
        allowed = f", allowed {' and '.join(bounds)} {self.unit}" if bounds else ""
        return f"{self.name} = {self.value:.3f} {self.unit}{allowed}{f' ({self.ref})' if self.ref else ''}"


class Measure:
    """`measure("contactor_open_ms", value, le=100, unit="ms", ref="IEC 61851-1 A.6 8.1")`.

    Appends to `path`, hands the figure to `note` (name, value), and raises AssertionError when it is out of its
    limits: the figure is kept first.
    """

    def __init__(self, path: Path, rig: str, scenario: str, note: Callable[[str, object], None]) -> None:
        self._path, self._rig, self._scenario, self._note = path, rig, scenario, note

    def __call__(
        self, name: str, value: float, *, unit: str, ref: str = "", le: float | None = None, ge: float | None = None
    ) -> None:
        found = Measurement(name, value, unit, ref, le, ge, self._rig, self._scenario)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as lines:
            lines.write(json.dumps({**asdict(found), "good": found.good}) + "\n")
        self._note(name, value)
        assert found.good, str(found)
