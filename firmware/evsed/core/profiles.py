"""Keeps the charging profiles: installs, replaces and clears them, and tells the composite schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from evsed.model.commands import Answer, ClearProfiles, Composite, GetCompositeSchedule, SetProfile, Status
from evsed.model.inputs import Called, Input, Started
from evsed.model.journal import Forget, Save
from evsed.model.profiles import Installed, Profile, Purpose, RateUnit
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .block import Config
from .effects import Effect, Note, Reply
from .facts import Fact, ProfileBrought, ProfilesChanged, TransactionBegan, TransactionOver
from .profile_rules import refusal
from .schedules import Outlet, composite

KIND = "profile"  # of the journal's Save and Forget; the key is the profile's id


class Profiles:
    """The block of the charging profiles.

    `restored` are the profiles kept under KIND, `running` the transactions that go on, by EVSE; `capacity` is the
    maxLimit of SmartChargingCtrlr.Entries[ChargingProfiles]. `ceiling` gives what wiring, cable and the like allow
    on an EVSE (0: the station) in A per phase; composite schedules are never above it.
    """

    hears = (
        SetProfile,
        ClearProfiles,
        GetCompositeSchedule,
        ProfileBrought,
        TransactionBegan,
        TransactionOver,
        Started,
    )

    def __init__(
        self,
        topology: Topology,
        config: Config,
        ceiling: Callable[[int], float],
        restored: Iterable[Installed] = (),
        running: Mapping[int, str] | None = None,
        capacity: int = 100,
    ) -> None:
        self._topology = topology
        self._config = config
        self._ceiling = ceiling
        self._capacity = capacity
        self._installed = {one.profile.id: one for one in restored}
        self._running = dict(running or {})

    def profiles(self) -> tuple[Installed, ...]:
        """What is installed now, for the limits."""
        return tuple(self._installed.values())

    def next_deadline(self) -> float | None:
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        return {
            "profiles": [
                {
                    "id": one.profile.id,
                    "evse": one.evse,
                    "purpose": one.profile.purpose.value,
                    "stack_level": one.profile.stack_level,
                    "unit": one.profile.schedule.unit.value,
                    "periods": len(one.profile.schedule.periods),
                }
                for one in self.profiles()
            ]
        }

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        match event:
            case Called(call, SetProfile() as command):
                yield from self._set(call, command, now)
            case Called(call, ClearProfiles() as command):
                yield from self._clear(call, command)
            case Called(call, GetCompositeSchedule() as command):
                yield Reply(call, self._composite(command, now))
            case TransactionBegan(transaction):
                self._running[transaction.evse] = transaction.id
            case ProfileBrought(evse, profile):
                yield from self._bring(evse, profile, now)
            case TransactionOver(evse, transaction_id):
                if self._running.get(evse) == transaction_id:
                    del self._running[evse]
                yield from self._remove(self._of_no_transaction())
            case Started():
                yield from self._remove(self._of_no_transaction())

    # --- install ------------------------------------------------------------------------------------------------

    def _set(self, call: int, command: SetProfile, now: Instant) -> Iterator[Effect | Fact]:
        ready = self._prepare(command.evse, command.profile, now, command.strict)
        if isinstance(ready, str):
            yield Reply(call, Status("Rejected", ready))
            return
        yield Reply(call, Status("Accepted"))
        yield from self._install(ready)

    def _bring(self, evse: int, profile: Profile, now: Instant) -> Iterator[Effect | Fact]:
        """A remote start's own profile names no transaction: it is for the one that has begun (K05.FR.03)."""
        ready = self._prepare(evse, replace(profile, transaction=None), now, strict=False)
        if isinstance(ready, str):
            yield Note(f"evse {evse}: the remote start's charging profile {profile.id} is not used: {ready}", "warning")
            return
        yield from self._install(ready)

    def _prepare(self, evse: int, profile: Profile, now: Instant, strict: bool) -> Installed | str:
        """The profile as it would be kept, or why it is refused."""
        why = refusal(evse, profile, self._topology, self._config, strict)
        if why is not None:
            return why
        if profile.purpose is Purpose.TX:
            running = self._running.get(evse)
            if running is None:
                return f"no transaction is running on EVSE {evse}"  # K01.FR.09
            if profile.transaction is None and strict:
                return "a TxProfile needs transactionId"  # K01.FR.03
            if profile.transaction not in (None, running):
                return f"another transaction is running on EVSE {evse}"  # K01.FR.33
            profile = replace(profile, transaction=running)
        if profile.schedule.start is None:
            # 1.6 lets startSchedule out of an Absolute profile: it then counts from its installation.
            if now.utc is None:
                return "startSchedule is missing and the clock is not known yet"
            profile = replace(profile, schedule=replace(profile.schedule, start=now.utc))
        one = Installed(evse, profile)
        if strict and (clash := self._clash(one)):
            return f"TxDefaultProfile {clash} has the same stackLevel"
        others = len(self._installed) - len(self._replaced(one))
        if others >= self._capacity:
            return f"{others} profiles are installed already: {self._capacity} is the most"
        return one

    def _clash(self, new: Installed) -> int | None:
        """The id of a TxDefaultProfile that holds the same level on the station or, for the station's, on an EVSE."""
        for id_, one in self._installed.items():
            both = (one.profile.purpose, new.profile.purpose) == (Purpose.TX_DEFAULT, Purpose.TX_DEFAULT)
            level = one.profile.stack_level == new.profile.stack_level
            if both and level and id_ != new.profile.id and one.evse != new.evse and 0 in (one.evse, new.evse):
                return id_  # K01.FR.52, 53
        return None

    def _replaced(self, new: Installed) -> list[int]:
        """The ids that make room: the same id, or the same purpose, level and EVSE."""

        def place(one: Installed) -> tuple[Purpose, int, int]:
            return one.profile.purpose, one.profile.stack_level, one.evse

        return [id_ for id_, one in self._installed.items() if id_ == new.profile.id or place(one) == place(new)]

    def _install(self, new: Installed) -> Iterator[Effect | Fact]:
        for id_ in self._replaced(new):
            del self._installed[id_]
            if id_ != new.profile.id:
                yield Forget(KIND, str(id_))
        self._installed[new.profile.id] = new
        yield Save(KIND, str(new.profile.id), new)
        yield ProfilesChanged()

    # --- remove -------------------------------------------------------------------------------------------------

    def _clear(self, call: int, command: ClearProfiles) -> Iterator[Effect | Fact]:
        def meant(one: Installed) -> bool:
            if command.id is not None:
                return one.profile.id == command.id
            return (
                command.evse in (None, one.evse)
                and command.purpose in (None, one.profile.purpose)
                and command.stack_level in (None, one.profile.stack_level)
            )

        found = [id_ for id_, one in self._installed.items() if meant(one)]
        yield Reply(call, Status("Accepted" if found else "Unknown"))
        yield from self._remove(found)

    def _of_no_transaction(self) -> list[int]:
        """TxProfiles whose transaction is over (K02.FR.05)."""
        return [
            id_
            for id_, one in self._installed.items()
            if one.profile.purpose is Purpose.TX and self._running.get(one.evse) != one.profile.transaction
        ]

    def _remove(self, ids: Iterable[int]) -> Iterator[Effect | Fact]:
        ids = tuple(ids)
        for id_ in ids:
            del self._installed[id_]
            yield Forget(KIND, str(id_))
        if ids:
            yield ProfilesChanged()

    # --- composite ----------------------------------------------------------------------------------------------

    def _composite(self, command: GetCompositeSchedule, now: Instant) -> Answer:
        if command.evse != 0 and self._topology.evse(command.evse) is None:
            return Composite(None, f"there is no EVSE {command.evse}, only 1 to {len(self._topology.evses)}")
        unit = command.unit or RateUnit.AMPS
        if unit.value not in self._config.members("SmartChargingCtrlr.RateUnit"):
            return Composite(None, f"chargingRateUnit {unit.value} is not supported")  # K08.FR.07
        if command.duration <= 0:
            return Composite(None, f"duration {command.duration} s is nothing to plan for")
        if now.utc is None:
            return Composite(None, "the clock is not known yet")
        volts = self._topology.nominal_volts
        outlets = [self._outlet(evse.id, evse.phases) for evse in self._topology.evses]
        if command.evse:
            outlet, parts = outlets[command.evse - 1], []
        else:
            outlet, parts = self._outlet(0, max(part.phases for part in outlets)), outlets
        return Composite(composite(self.profiles(), outlet, volts, now.utc, command.duration, unit, parts))

    def _outlet(self, evse: int, phases: int) -> Outlet:
        return Outlet(evse, self._running.get(evse), phases, self._ceiling(evse))
