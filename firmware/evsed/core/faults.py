"""Gathers what is wrong: the pilot's faults, the station's own rules, silent meters and readers, the disk.

Theory of operation. Each fault is a row of the catalogue (model/faults.py) on one EVSE, or on the station (EVSE 0). The
pilot opens by itself on its own faults. For one of the station's that stops charging this block lays a ceiling of 0 A
until the fault no longer stands (lockout.py). What stands goes to the other blocks as FaultsChanged, and each coming
and going to the central system (fault_log.py). After a restart what had been told as standing stands on until its
source has spoken, for DOUBT at most: then it is told as gone, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import Seen

from evsed.model.faults import FAULTS, WEIGHT
from evsed.model.inputs import DiskTrouble, Input, Observed, PilotLost, ReaderHeard, Started, Tick
from evsed.model.journal import Forget, Save
from evsed.model.time import Instant
from evsed.model.topology import Topology

from .effects import Effect
from .facts import Ceiling, Fact, FaultsChanged, Measured, TransactionBegan, TransactionOver, Troubled
from .fault_log import KIND, FaultLog, Key, Stood
from .lockout import Lockout

PILOT_GONE = 10.0  # s without its pilot process until an EVSE counts as faulted: restarts are shorter
DOUBT = 60.0  # s after the start until the station's rules have looked at everything that they watch
PILOT_LOST, METER, READER, DISK = "pilot lost", "meter silent", "reader silent", "disk"
UNKNOWN = "pilot line"  # stands for a fault that a board names in words of its own
TRIPS = "trips"  # kind in the store
Out = Iterator[Effect | Fact]


@dataclass(frozen=True, slots=True)
class Trips:
    """How often a fault with `tries` came, with the vehicle that is plugged in."""

    evse: int
    fault: str
    came: int


def stopped_by_station(name: str) -> bool:
    """Whether this block stops the charge. Not a lost pilot: it hears no permit, and does what its lease says."""
    row = FAULTS[name]
    return row.by == "station" and not row.warning and name != PILOT_LOST


class Faults:
    """`stood`, `trips`, `last_event`: what the store has of the kinds KIND, TRIPS and COUNTER; `running`: the
    transaction of each EVSE that has one at the start."""

    hears = (Started, Observed, PilotLost, Measured, DiskTrouble, ReaderHeard, Troubled, TransactionBegan,
             TransactionOver)  # fmt: skip

    def __init__(
        self,
        topology: Topology,
        stood: Iterable[Stood],
        trips: Iterable[Trips],
        last_event: int,
        running: Mapping[int, str],
        now: Instant,
    ) -> None:
        self._numbers = (0, *(evse.id for evse in topology.evses))
        known = [one for one in stood if one.evse in self._numbers and one.fault in FAULTS]
        self._unknown = [one for one in stood if one not in known]
        self._log = FaultLog(known, last_event)
        self._running = dict(running)
        self._since: dict[Key, tuple[float, str]] = {}  # what is the case: mono s, measured values in words
        self._locks: dict[Key, Lockout] = {}
        self._trips: dict[Key, int] = {}  # as the store has them
        self._doubtful: set[Key] = set()
        self._doubt_until: float | None = None
        self._lost_at: dict[int, tuple[float, str]] = dict.fromkeys(
            self._numbers[1:], (now.mono, "has not been heard since the start")
        )
        self._told: dict[int, set[str]] = {number: set() for number in self._numbers}  # by its pilot, of each EVSE
        self._plugs: dict[int, tuple[str, int]] = {}  # boot and plug
        self._silent: dict[str, str] = {}  # readers, and why
        self._ceilings: set[Key] = set()
        self._facts = {number: FaultsChanged(number, None) for number in self._numbers}
        self._restore(known, trips, now)

    def _restore(self, stood: Iterable[Stood], trips: Iterable[Trips], now: Instant) -> None:
        for one in stood:
            if one.fault != PILOT_LOST:
                self._begin((one.evse, one.fault), now, "")
                self._doubtful.add((one.evse, one.fault))
                self._doubt_until = now.mono + DOUBT
            if FAULTS[one.fault].by == "pilot":
                self._told[one.evse].add(one.fault)
        for trip in trips:
            if trip.evse in self._numbers and trip.fault in FAULTS:
                self._lock((trip.evse, trip.fault)).came = trip.came
                self._trips[trip.evse, trip.fault] = trip.came

    def handle(self, event: Input | Fact, now: Instant) -> Out:
        """See the module's first lines."""
        match event:
            case Started():
                for one in self._unknown:  # of another release, or another config
                    yield Forget(KIND, f"{one.evse} {one.fault}")
            case Observed(seen):
                if not self._observed(seen, now):
                    return
            case PilotLost(evses, why):
                for evse in evses:
                    self._lost_at[evse] = (self._lost_at.get(evse, (now.mono, ""))[0], why)
                return
            case Measured(evse, reading) if reading is not None and (evse, METER) not in self._since:
                return
            case Measured(evse, reading, why):
                self._set((evse, METER), reading is None, now, why)
            case DiskTrouble(why):
                self._set((0, DISK), why is not None, now, why or "")
            case ReaderHeard(reader, why):
                self._reader(reader, why, now)
            case Troubled(evse, fault, standing, info):
                self._set((evse, fault), standing, now, info)
            case TransactionBegan(transaction):
                self._running[transaction.evse] = transaction.id
                return
            case TransactionOver(evse):
                self._running.pop(evse, None)
                return
            case Tick():
                self._tick(now)
        yield from self._settle(now)

    def next_deadline(self) -> float | None:
        """A pilot that stays away, the end of a lock-out or of a doubt, or an event that is held back."""
        times = [at + PILOT_GONE for evse, (at, _) in self._lost_at.items() if (evse, PILOT_LOST) not in self._since]
        times += [lock.until for key, lock in self._locks.items() if key in self._since and lock.waits]
        times += [time for time in (self._doubt_until, self._log.next_deadline()) if time is not None]
        return min(times, default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE (0: the station): what stands, the weightiest first, with what to look at."""
        shown: dict[str, Any] = {}
        for number in self._numbers:
            shown[str(number)] = [self._shown((number, name), now) for name in self._of(number)]
        return shown

    # --- what happens ---------------------------------------------------------------------------------------------

    def _observed(self, seen: Seen, now: Instant) -> bool:
        """The pilot's word; False where nothing of it is news here."""
        evse = seen.evse
        lost = self._lost_at.pop(evse, None) is not None
        told = seen.faults or ((seen.fault,) if seen.fault else ())
        names = {name if name in FAULTS else UNKNOWN for name in told} | FAULTS.keys() & seen.warnings
        before, self._told[evse] = self._told[evse], names
        plug = (seen.boot, seen.plug)
        left = self._unplugged(evse, seen, plug)
        self._plugs[evse] = plug
        self._doubtful -= {(evse, name) for name in before | names}
        if names == before and not lost and not left:
            return False
        self._end((evse, PILOT_LOST), now)
        for name in before - names:
            self._end((evse, name), now)
        for name in names - before:
            self._begin((evse, name), now, _words(seen, name))
        return True

    def _unplugged(self, evse: int, seen: Seen, plug: tuple[str, int]) -> bool:
        """Whether the vehicle of the tries has gone; after a restart of the pilot it may be the same one."""
        before = self._plugs.get(evse)
        another = before is not None and before[0] == plug[0] and before != plug
        locks = [lock for (its, _), lock in self._locks.items() if its == evse and lock.came]
        if locks and (another or seen.state.startswith("A")):
            for lock in locks:
                lock.unplugged()
            return True
        return False

    def _reader(self, reader: str, why: str | None, now: Instant) -> None:
        if why is None:
            self._silent.pop(reader, None)
        else:
            self._silent[reader] = why
        words = "; ".join(f"{name}: {its}" for name, its in self._silent.items())
        self._set((0, READER), bool(self._silent), now, words)

    def _tick(self, now: Instant) -> None:
        for evse, (at, why) in self._lost_at.items():
            if now.mono >= at + PILOT_GONE:
                self._set((evse, PILOT_LOST), True, now, why)
        if self._doubt_until is not None and now.mono >= self._doubt_until:
            self._doubt_until = None
            for key in self._doubtful:
                if FAULTS[key[1]].by == "station":
                    self._end(key, now)

    def _set(self, key: Key, standing: bool, now: Instant, info: str) -> None:
        self._doubtful.discard(key)
        if standing:
            self._begin(key, now, info)
        else:
            self._end(key, now)

    def _begin(self, key: Key, now: Instant, info: str) -> None:
        if stopped_by_station(key[1]) and not (lock := self._lock(key)).there:
            lock.rise()
        self._since.setdefault(key, (now.mono, info))  # its first words stay: what the charge was stopped for

    def _end(self, key: Key, now: Instant) -> None:
        lock = self._locks.get(key)
        if lock is None:
            self._since.pop(key, None)
        elif lock.there:
            lock.fall(now.mono)

    def _lock(self, key: Key) -> Lockout:
        return self._locks.setdefault(key, Lockout(FAULTS[key[1]].tries))

    # --- what comes of it -----------------------------------------------------------------------------------------

    def _settle(self, now: Instant) -> Out:
        """What others must do and know of what has changed."""
        for key, lock in self._locks.items():
            if not lock.stands(now.mono):
                self._since.pop(key, None)
            yield from self._keep_trips(key, lock)
        yield from self._stop()
        yield from self._log.update(now, self._infos(), self._running)
        for number in self._numbers:
            changed = self._changed(number)
            if changed != self._facts[number]:
                self._facts[number] = changed
                yield changed

    def _infos(self) -> dict[Key, str]:
        """What stands, with its words. A pilot that was lost before a restart is so until it is heard."""
        lost = {key: "" for key in self._log.standing() if key[1] == PILOT_LOST and key[0] in self._lost_at}
        return lost | {key: info for key, (_, info) in self._since.items()}

    def _keep_trips(self, key: Key, lock: Lockout) -> Out:
        if lock.tries is None or lock.came == self._trips.get(key, 0):
            return
        self._trips[key] = lock.came
        evse, name = key
        if lock.came:
            yield Save(TRIPS, f"{evse} {name}", Trips(evse, name, lock.came))
        else:
            yield Forget(TRIPS, f"{evse} {name}")

    def _stop(self) -> Out:
        """A ceiling of 0 A for each fault that stops; one of the station's own is every EVSE's."""
        wanted = {
            (number, name)
            for evse, name in self._since
            if stopped_by_station(name)
            for number in ((evse,) if evse else self._numbers[1:])
        }
        for number, name in sorted(self._ceilings - wanted):
            yield Ceiling(number, name, None)
        for number, name in sorted(wanted - self._ceilings):
            stops = FAULTS[name].stops
            yield Ceiling(number, name, 0.0, "now" if stops == "now" else "grace")
        self._ceilings = wanted

    def _changed(self, number: int) -> FaultsChanged:
        names = self._of(number)
        faults = tuple(name for name in names if not FAULTS[name].warning)
        warnings = tuple(name for name in names if FAULTS[name].warning)
        info = self._since[number, (faults or warnings)[0]][1] if names else ""
        return FaultsChanged(number, faults[0] if faults else None, info, warnings, faults)

    def _of(self, number: int) -> list[str]:
        return sorted((name for evse, name in self._since if evse == number), key=WEIGHT.__getitem__)

    def _shown(self, key: Key, now: Instant) -> dict[str, Any]:
        row, (since, info), lock = FAULTS[key[1]], self._since[key], self._locks.get(key)
        again = None
        if lock is not None and lock.stays:
            again = f"came {lock.came} times: stays until the vehicle is unplugged"
        elif lock is not None and not lock.there:
            again = f"gone; charging is tried again in {max(lock.until - now.mono, 0):.0f} s"
        return {
            "name": row.name,
            "warning": row.warning,
            "text": row.text,
            "info": info,
            "check": row.check,
            "clears": row.clears,
            "since_s": round(now.mono - since, 1),
            "again": again,
        }


def _words(seen: Seen, name: str) -> str:
    """What the pilot tells of the fault it names besides the catalogue's sentences: a driver's words, values."""
    if name == UNKNOWN and seen.fault is not None and seen.fault not in FAULTS:
        return f"{seen.fault}: {seen.why}" if seen.why else seen.fault
    if name != seen.fault:
        return ""
    row, words = FAULTS[name], seen.why.removeprefix(f"{name}: ")
    return words.replace(row.text, "").replace(row.check, "").strip()
