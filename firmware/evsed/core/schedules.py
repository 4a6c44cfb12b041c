"""What the installed charging profiles allow: now, when that changes next, and as a composite schedule.

Theory of operation. A profile is a stair of limits, placed in time by its schedule's start, cut by its duration and
by validFrom and validTo (each in whole seconds: fractions are dropped). Per purpose one profile prevails: of those
that have a stair now, the one with the highest stack level; a TxDefaultProfile of the EVSE before the station's of
the same level. A TxProfile stands in for the TxDefaultProfile while it has a stair. The limit is the lowest over
the purposes. (OCPP 1.6 chapter 3.13; OCPP 2.0.1 K01.FR.11, 12, 17, 30, 36, 37, K02.FR.04, K08.FR.04.)

Only kind Absolute is placed here, and nothing else is installed (profile_rules). What another release has kept
without that being so limits to its lowest all the time that it is valid.

While UTC is unknown no stair can be placed. Then the lowest limit found anywhere in any profile that concerns the
EVSE holds (ChargingStationMaxProfile, TxDefaultProfile and the transaction's TxProfile alike), until the clock is
found: slower than wanted, never faster.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from evsed.model.profiles import CompositeSchedule, Installed, Period, Profile, Purpose, RateUnit

MOST_PERIODS = 1024  # OCPP 2.0.1 ChargingScheduleType


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that profiles allow on one EVSE (0: on the station)."""

    amps: float | None  # A per phase; None: no profile limits it now
    source: str = ""  # the profile that wins, e.g. "TxProfile 7"
    until: float | None = None  # utc s of the next change; None: none in sight
    phases: int | None = None  # 1 where a profile says fewer than usable: an EVSE energises one phase or all


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a composite schedule is made for: an EVSE, or the station (evse 0)."""

    evse: int
    transaction: str | None  # ours, the one that runs
    phases: int  # usable
    ceiling: float  # A per phase; what wiring, cable and the like allow


def limit(
    profiles: Iterable[Installed],
    evse: int,
    transaction: str | None,
    phases: int,
    volts: float,
    utc: float | None,
) -> Limit:
    """The limit for that EVSE at `utc` (s), with the instant of its next change.

    evse 0 gives the ChargingStationMaxProfile alone: what all EVSEs may draw together, which the caller shares out.
    `phases` are the usable ones and `volts` the nominal voltage; they turn W into A per phase.
    """
    stacks = _Stacks(profiles, evse, transaction)
    if utc is None:
        return stacks.lowest(phases, volts)
    now, *later = _first_two(_changes(stacks, phases, volts, utc))
    return replace(now[1], until=later[0][0] if later else None)


def composite(
    profiles: Iterable[Installed],
    outlet: Outlet,
    volts: float,
    utc: float,
    duration: int,
    unit: RateUnit,
    parts: Sequence[Outlet] = (),
) -> CompositeSchedule:
    """What will be offered from `utc` on for `duration` s; start and periods are in whole seconds.

    For the station (evse 0) `parts` are its EVSEs: it expects to draw no more than they may together (K08.FR.03).
    Without a transaction the TxDefaultProfile counts, as if one ran (K08.FR.06). It ends early where more than
    MOST_PERIODS would be needed.
    """
    profiles = tuple(profiles)
    start = math.floor(utc)
    whole, *each = [(part, _Stacks(profiles, part.evse, part.transaction)) for part in (outlet, *parts)]
    edges = {edge for _, stacks in (whole, *each) for edge in stacks.edges() if start < edge < start + duration}
    periods: list[Period] = []
    for at in (start, *sorted(edges)):
        rate, phases = _rate(*whole, volts, at, unit)
        if each:
            rate = min(rate, math.fsum(_rate(*part, volts, at, unit)[0] for part in each))
        period = Period(at - start, _tenths(rate), phases)
        if periods and (periods[-1].limit, periods[-1].phases) == (period.limit, period.phases):
            continue
        if len(periods) == MOST_PERIODS:
            duration = period.start
            break
        periods.append(period)
    return CompositeSchedule(outlet.evse, float(start), duration, unit, tuple(periods))


def _rate(outlet: Outlet, stacks: _Stacks, volts: float, at: int, unit: RateUnit) -> tuple[float, int]:
    """A per phase or W in total at that second, with the phases."""
    now = stacks.at(at, outlet.phases, volts)
    phases = now.phases or outlet.phases
    amps = outlet.ceiling if now.amps is None else min(now.amps, outlet.ceiling)
    return (amps if unit is RateUnit.AMPS else amps * volts * phases), phases


def _tenths(rate: float) -> float:
    """One decimal, as 1.6 allows, and never above the limit (K08.FR.04)."""
    return math.floor(rate * 10 + 1e-6) / 10


def _changes(stacks: _Stacks, phases: int, volts: float, utc: float) -> Iterator[tuple[float, Limit]]:
    """The limit at `utc`, then each later instant at which it becomes another."""
    last = stacks.at(utc, phases, volts)
    yield utc, last
    for edge in sorted(edge for edge in stacks.edges() if edge > utc):
        now = stacks.at(edge, phases, volts)
        if now != last:
            yield edge, now
            last = now


def _first_two(changes: Iterator[tuple[float, Limit]]) -> list[tuple[float, Limit]]:
    return [change for change, _ in zip(changes, range(2), strict=False)]


class _Stacks:
    """The profiles that concern one EVSE, by purpose, the one that prevails first."""

    def __init__(self, profiles: Iterable[Installed], evse: int, transaction: str | None) -> None:
        def stack(purpose: Purpose, *evses: int) -> list[_Stairs]:
            found = [one for one in profiles if one.profile.purpose is purpose and one.evse in evses]
            found.sort(key=lambda one: (-one.profile.stack_level, -one.evse))
            return [_Stairs(one.profile) for one in found]

        profiles = tuple(profiles)
        self.station = stack(Purpose.STATION_MAX, 0)
        self.default = stack(Purpose.TX_DEFAULT, 0, evse) if evse else []
        mine = [stairs for stairs in stack(Purpose.TX, evse) if stairs.profile.transaction == transaction]
        self.transaction = mine if evse and transaction is not None else []

    def all(self) -> Iterator[_Stairs]:
        yield from self.station
        yield from self.transaction
        yield from self.default

    def edges(self) -> set[int]:
        """Every whole second at which a stair begins or ends."""
        return {edge for stairs in self.all() for edge in stairs.edges()}

    def at(self, utc: float, phases: int, volts: float) -> Limit:
        """The limit at that instant; `until` is left open."""
        found = [_prevailing(self.station, utc), _prevailing(self.transaction, utc) or _prevailing(self.default, utc)]
        return _lowest([one for one in found if one], phases, volts)

    def lowest(self, phases: int, volts: float) -> Limit:
        """The lowest limit of any stair of any profile, whenever."""
        return _lowest(
            [(s.profile, period) for s in self.all() for period in s.profile.schedule.periods], phases, volts
        )


def _prevailing(stack: Sequence[_Stairs], utc: float) -> tuple[Profile, Period] | None:
    for stairs in stack:
        period = stairs.at(utc)
        if period is not None:
            return stairs.profile, period
    return None


def _lowest(found: Sequence[tuple[Profile, Period]], phases: int, volts: float) -> Limit:
    """The lowest of them in A per phase, on the fewest phases that any of them says."""
    if not found:
        return Limit(None)
    amps, profile = min(((_amps(p, period, phases, volts), p) for p, period in found), key=lambda one: one[0])
    fewest = min(period.phases or 3 for _, period in found)
    return Limit(amps, f"{profile.purpose.value} {profile.id}", phases=1 if fewest < phases else None)


def _amps(profile: Profile, period: Period, phases: int, volts: float) -> float:
    """A per phase (K01.FR.49 to 51): 3 phases when not said, no more than usable (1.6 errata 3.34)."""
    if profile.schedule.unit is RateUnit.AMPS:
        return period.limit
    return period.limit / (volts * min(period.phases or 3, phases))


class _Stairs:
    """One profile, placed in time."""

    def __init__(self, profile: Profile) -> None:
        schedule = profile.schedule
        if profile.kind != "Absolute" or schedule.start is None:
            lowest = min(schedule.periods, key=lambda period: period.limit)
            schedule = replace(schedule, start=0.0, duration=None, periods=(replace(lowest, start=0),))
        assert schedule.start is not None
        self.profile = profile
        self._periods = schedule.periods
        self._start = math.floor(schedule.start)
        self._starts = [period.start for period in schedule.periods]
        from_, to, duration = profile.valid_from, profile.valid_to, schedule.duration
        self._begin = self._start if from_ is None else max(self._start, math.floor(from_))
        ends = [] if to is None else [math.floor(to)]
        ends += [] if duration is None else [self._start + duration]
        self._end = min(ends, default=None)

    def at(self, utc: float) -> Period | None:
        """The period that holds at that instant."""
        if utc < self._begin or (self._end is not None and utc >= self._end):
            return None
        found = bisect_right(self._starts, utc - self._start) - 1
        return self._periods[found] if found >= 0 else None

    def edges(self) -> Iterator[int]:
        yield self._begin
        if self._end is not None:
            yield self._end
        for start in self._starts:
            edge = self._start + start
            if edge > self._begin and (self._end is None or edge < self._end):
                yield edge
