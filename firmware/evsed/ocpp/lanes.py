"""A window on the queued reports of one lane: months of backlog stay on the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evsed.model.journal import Frame, Row
from evsed.model.reports import Report, TransactionReport
from evsed.model.tokens import Verdict

WINDOW = 50  # rows of a lane in memory

BOUND, FREE, FAULTS = range(3)  # the lanes, as the store numbers them

Page = Callable[[int, int, int], Sequence[Row]]  # (after id, limit, lane) -> committed rows


@dataclass(slots=True, eq=False)
class Item:
    """A row on its way."""

    id: int
    report: Report
    version: str | None
    frames: tuple[Frame, ...]
    answered: int
    attempts: int
    not_before: float = 0.0  # mono s
    verdict: Verdict | None = None
    given_up: str = ""  # why one of its frames was given up, while others still go

    @property
    def transaction(self) -> str | None:
        return self.report.transaction if isinstance(self.report, TransactionReport) else None

    @property
    def frame(self) -> Frame:
        return self.frames[self.answered]


class Lane:
    """A window of rows in the order of their ids."""

    def __init__(self, page: Page, lane: int) -> None:
        self._page, self._lane = page, lane
        self._last = 0
        self.more = True  # there may be rows that are not in the window
        self.items: deque[Item] = deque()

    def fill(self, gone: set[int]) -> None:
        """Reads on when the window has run low."""
        while self.more and len(self.items) < WINDOW // 2:
            rows = self._page(self._last, WINDOW, self._lane)
            self.more = len(rows) == WINDOW
            for row in rows:
                self._last = row.id
                if row.id not in gone:
                    kept = Item(row.id, row.report, row.version, row.frames, row.answered, row.attempts)
                    self.items.append(kept)

    def holds(self, id: int) -> bool:
        """Whether that row has not been settled: it is in the window, or was not read yet."""
        return id > self._last or any(item.id == id for item in self.items)

    def remove(self, ids: set[int]) -> None:
        """Takes them out of the window."""
        self.items = deque(item for item in self.items if item.id not in ids)
