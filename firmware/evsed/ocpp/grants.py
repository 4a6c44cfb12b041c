"""What may go out while the central system keeps the station pending: the reports that it has triggered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evsed.model.reports import ConnectorReport, InventoryReport, MeterReport

from .lanes import Item

TRIGGERED: Mapping[str, type] = {
    "StatusNotification": ConnectorReport,
    "MeterValues": MeterReport,
    "NotifyReport": InventoryReport,
}


@dataclass(slots=True)
class _Grant:
    """One trigger: a report of each EVSE that it names may go, once."""

    what: type
    evse: int | None  # None: every one
    after: int  # row id; what was told before is not what was triggered
    served: set[int | None] = field(default_factory=set)

    def covers(self, item: Item) -> bool:
        """Whether `item` is due to this trigger; one with frames was due before, and is being repeated."""
        if not isinstance(item.report, self.what) or item.id <= self.after:
            return False
        evse = _evse(item)
        return bool(item.frames) or (self.evse in (None, evse) and evse not in self.served)


class Grants:
    """The triggers of one connection."""

    def __init__(self) -> None:
        self._grants: list[_Grant] = []

    def add(self, what: str, evse: int | None, after: int) -> None:
        """Reports that `what` (2.x words) means may go if their row ids are above `after`; evse None: of every EVSE."""
        if what in TRIGGERED:
            self._grants.append(_Grant(TRIGGERED[what], evse, after))

    def clear(self) -> None:
        """The connection is gone."""
        self._grants.clear()

    def first(self, items: Iterable[Item], now: float) -> Item | None:
        """The first of `items` that was triggered and is due; it counts as served."""
        for item in items:
            for grant in self._grants:
                if item.not_before <= now and grant.covers(item):
                    grant.served.add(_evse(item))
                    return item
        return None


def _evse(item: Item) -> int | None:
    return None if isinstance(item.report, InventoryReport) else item.report.evse
