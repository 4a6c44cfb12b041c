"""A desk of many outlets in one pilot process, all charging, so that what takes its time is repeated side by side.

Every instant is a stamp of the desk's world; nothing here measures by its own clock but the sending of a call and of a
signal.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from . import patience
from .desk_rig import ask
from .rig import RigError
from .stand import Stand

Event = dict[str, Any]
Wanted = Callable[[Event], bool]

MOST = 32  # outlets of a desk
# A plug begins a transaction without a card; so many meters on two busy cores are read seldom, and are not the subject.
FLAGS = (
    *("--evses", str(MOST), "--socket", "--set", "AuthCtrlr.Enabled=false", "--without", "thermometer"),
    *("--option", "supervision.meter_silent=go on"),
    *(word for evse in range(1, MOST + 1) for word in ("--option", f"evse.{evse}.meter.every=10")),
)
POLL = 0.2  # s: the desk's world answers between two ticks
AGAIN = 60.0  # s: longest wait until all charge: 30 s after a fault, a start, tests, all on a busy machine


class Yard:
    """The outlets of a stand with FLAGS; numbers are EVSE numbers."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.outlets = range(1, MOST + 1)

    # --- hands ----------------------------------------------------------------------------------------------------

    def world(self, do: str, **fields: Any) -> Event:
        """A message to the desk's world."""
        return ask(self.stand.folder / "world.sock", do=do, **fields)

    def fault(self, evse: int, name: str, on: bool) -> None:
        """Break or mend."""
        self.world("fault", evse=evse, name=name, on=on)

    def mend(self) -> None:
        """Everything that is broken."""
        for outlet in self.world("state")["evses"]:
            for name in outlet["faults"]:
                self.fault(outlet["evse"], name, False)

    def acknowledge(self, evse: int) -> None:
        """As `evsed do acknowledge` does, once the pilot no longer sees the cause."""
        answers: list[Event] = []

        def done() -> bool:
            answers.append(ask(self.stand.folder / "run" / "station.sock", do="acknowledge", evse=evse))
            return "done" in answers[-1]

        try:
            patience.until("acknowledged fault", done, 10.0, every=POLL)
        except RigError as error:
            raise RigError(f"{error} EVSE {evse}: {answers[-1]}.") from None

    def renew_pilot(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """End the pilot process, which the desk starts again as the service manager does; when that was, s."""
        pid = self.stand.pid("pilot")
        at = time.monotonic()
        os.kill(pid, sign)
        patience.until("new pilot process", lambda: self._pid() not in (None, pid), 30, every=POLL)
        return at

    def _pid(self) -> int | None:
        pid: int | None = ask(self.stand.desk, do="state")["processes"]["pilot"]["pid"]
        return pid

    def limit(self, evse: int, amps: float) -> float:
        """A limit of the central system for that outlet; when it was sent, s."""
        start = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        periods = [{"startPeriod": 0, "limit": amps}]
        schedule: Event = {"startSchedule": start, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        profile: Event = {
            "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
        }  # fmt: skip
        if self.stand.version == "1.6":
            profile |= {"chargingProfileId": evse, "chargingSchedule": schedule}
            payload: Event = {"connectorId": evse, "csChargingProfiles": profile}
        else:
            profile |= {"id": evse, "chargingSchedule": [{"id": evse, **schedule}]}
            payload = {"evseId": evse, "chargingProfile": profile}
        return self._accepted("SetChargingProfile", payload)

    def lift(self, evse: int) -> float:
        """Take that limit away."""
        key = {"1.6": "id"}.get(self.stand.version, "chargingProfileId")
        return self._accepted("ClearChargingProfile", {key: evse})

    def _accepted(self, action: str, payload: Event) -> float:
        at, answer = self.stand.loopback.call(action, payload)
        if answer.get("status") != "Accepted":
            raise RigError(f"{action} {payload}: the station answered {answer}.")
        return at

    # --- eyes -----------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        """The number of the last event."""
        return int(self.world("state")["events"])

    def events(self, since: int) -> list[Event]:
        """What happened after that number, in order."""
        events: list[Event] = self.world("events", since=since)["events"]
        return events

    def charging(self, evses: Iterable[int] | None = None) -> None:
        """Wait until the contacts there are closed, all offered more than 6 A."""
        wanted = set(self.outlets if evses is None else evses)

        def there() -> bool:
            outlets = self.world("state")["evses"]
            return all(one["closed"] and one["offered"] > 6.0 for one in outlets if one["evse"] in wanted)

        try:
            patience.until("current", there, AGAIN, every=POLL)
        except RigError as error:
            show = self.stand.show()["outlets"]
            open_ones = [one["evse"] for one in self.world("state")["evses"] if not one["closed"]]
            whys = {evse: show.get(str(evse), {}).get("why") for evse in open_ones if evse in wanted}
            raise RigError(f"{error} EVSEs that do not charge, and why: {whys}.") from None

    def firsts(self, since: int, evses: Sequence[int], wanted: Wanted, seconds: float) -> dict[int, float]:
        """When that happened first on each of these EVSEs; RigError when not on all of them within `seconds`."""
        return {evse: events[0] for evse, events in self._chains(since, evses, (wanted,), seconds).items()}

    def tested(self) -> None:
        """Wait until no residual-current device is being tested, so that its test trip is not taken for another."""
        time.sleep(0.2)
        patience.until(
            "end of the self-tests",
            lambda: not any(outlet["testing"] for outlet in self.stand.show()["outlets"].values()),
            20,
            every=POLL,
        )

    def spans(self, since: int, evses: Sequence[int], begins: Wanted, ends: Wanted, seconds: float) -> list[float]:
        """Of each of these EVSEs, s from the first event that `begins` to the first one after it that `ends`.
        RigError when one of them has not both within `seconds`."""
        chains = self._chains(since, evses, (begins, ends), seconds)
        return [end - begin for begin, end in chains.values()]

    def _chains(
        self, since: int, evses: Sequence[int], links: Sequence[Wanted], seconds: float
    ) -> dict[int, list[float]]:
        found: dict[int, list[float]] = {}

        def all_there() -> bool:
            by_evse: dict[int, list[Event]] = {evse: [] for evse in evses}
            for event in self.events(since):
                by_evse.get(event.get("evse", 0), []).append(event)
            found.update({evse: chain(events, links) for evse, events in by_evse.items()})
            return all(len(ats) == len(links) for ats in found.values())

        try:
            patience.until("end of what was begun", all_there, seconds, every=POLL)
        except RigError as error:
            late = [evse for evse in evses if len(found[evse]) < len(links)]
            seen = ", ".join(_words(one) for one in self.events(since) if one.get("evse") == late[0]) or "nothing"
            why = self.stand.show()["outlets"].get(str(late[0]), {}).get("why")
            raise RigError(f'{error} Late are EVSE {late}; {late[0]} says "{why}" and saw: {seen}.') from None
        return found


def chain(events: Sequence[Event], links: Sequence[Wanted]) -> list[float]:
    """When the first event came that the first link wants, the first after it that the next one wants, and so on."""
    ats: list[float] = []
    for event in events:
        if len(ats) < len(links) and links[len(ats)](event):
            ats.append(float(event["at"]))
    return ats


def _words(event: Event) -> str:
    return f"{event['kind']} {event.get('name', event.get('duty', ''))} at {event['at']:.3f}"


def kind(word: str, /, **facts: Any) -> Wanted:
    """An event of that kind, with these facts."""
    return lambda event: event["kind"] == word and all(event.get(key) == value for key, value in facts.items())
