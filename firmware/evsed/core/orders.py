"""What somebody at the station asks of a pilot (`evsed do`), handed on to it; the pilot itself takes or refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, get_args

from evse_drivers.api import Act

from evsed.model.inputs import Input, Ordered
from evsed.model.time import Instant

from .effects import Do, Effect, Note
from .facts import Fact

ACTS = get_args(Act)


class Orders:
    """Hears Ordered; what is no act of a pilot other blocks hear ("skip-delay")."""

    hears = (Ordered,)

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first line."""
        if isinstance(event, Ordered) and event.what in ACTS:
            yield Note(f"EVSE {event.evse}: {event.what}, wanted by somebody at the station")
            yield Do(event.evse, cast(Act, event.what))

    def next_deadline(self) -> float | None:
        """None: it waits for nobody."""
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        """Nothing is kept here."""
        return {}
