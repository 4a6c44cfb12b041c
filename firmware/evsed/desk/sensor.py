"""A temperature sensor as the kernel shows it: a file with thousandths of a degree, which is gone when it is dead."""

from __future__ import annotations

import os
from pathlib import Path


class Sensor:
    """`path` always holds a whole number: it is replaced, never written in place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shown: float | None = None
        path.unlink(missing_ok=True)

    def shows(self, celsius: float | None) -> None:
        """Costs nothing while it stays the same."""
        if celsius == self._shown:
            return
        self._shown = celsius
        if celsius is None:
            self.path.unlink(missing_ok=True)
            return
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{celsius * 1000:.0f}\n")
        os.replace(fresh, self.path)
