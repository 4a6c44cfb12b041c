"""The pilot's own files: its latched faults and its contactors' counters, which outlive restarts and power cuts.

They are written by a thread, so that a slow disk never stops the loop: faults at once, counters once a minute at most
and at the end, each whole or not at all. An unreadable file of faults means latched; an unreadable one of counters
costs the counters only, and is kept aside. What the files say of an EVSE that is not in the config now stays in them.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from evsed.model.faults import FAULTS, LOST

from .wear import NEW, Counts

COUNTERS_EVERY = 60.0  # s: an SD card's life
RETRY_AFTER = 1.0  # s
NAMES = ("closings", "hot", "cold")  # the counters in the file, in the order of Counts

Latched = Mapping[int, tuple[str, ...]]  # EVSE number -> names of the catalogue


class Latches:
    """`read` and `read_counters` once at start; `write` and `count` hand over to the thread that `start` starts."""

    def __init__(self, folder: str, log: Callable[[str], None], counters_every: float = COUNTERS_EVERY) -> None:
        self.path = os.path.join(folder, "pilot-latches.json")
        self.counters_path = os.path.join(folder, "pilot-counters.json")
        self._log = log
        self._every = counters_every
        self._latched: Latched | None = None  # to be written
        self._counters: Mapping[int, Counts] | None = None
        self._others: dict[int, tuple[str, ...]] = {}  # of EVSEs that are not in the config now
        self._others_counters: dict[int, Counts] = {}
        self._counters_at = -counters_every  # s, when they were last written
        self._wake = threading.Condition()
        self._end = False
        self._thread = threading.Thread(target=self._run, name="latches", daemon=True)

    # --- at start -------------------------------------------------------------------------------------------------

    def read(self, evses: tuple[int, ...]) -> dict[int, tuple[str, ...]]:
        """EVSE number to latched faults. No file: nothing was ever latched. Unreadable: LOST, for every EVSE."""
        try:
            found = {int(evse): _names(faults) for evse, faults in _load(self.path).items() if faults}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            self._log(f"{self.path}: {error}; every EVSE stays off until it is acknowledged")
            return dict.fromkeys(evses, (LOST,))
        self._others = {evse: faults for evse, faults in found.items() if evse not in evses}
        return found

    def read_counters(self, evses: tuple[int, ...]) -> dict[int, Counts]:
        """EVSE number to the counters of its contactor."""
        kept: dict[int, Counts] = {}
        try:
            kept = {int(evse): _counts(counts) for evse, counts in _load(self.counters_path).items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            aside = self.counters_path + ".unreadable"
            self._log(f"{self.counters_path}: {error}; the contactors' counters begin anew, it is kept as {aside}")
            try:
                os.replace(self.counters_path, aside)
            except OSError as error:
                self._log(f"{aside}: {error.strerror}")
        self._others_counters = {evse: counts for evse, counts in kept.items() if evse not in evses}
        return {evse: kept.get(evse, NEW) for evse in evses}

    # --- from the loop --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    def write(self, latched: Latched) -> None:
        """Have the file of latched faults say so, at once."""
        with self._wake:
            self._latched = latched
            self._wake.notify()

    def count(self, counters: Mapping[int, Counts]) -> None:
        """Have the file of counters say so, within a minute."""
        with self._wake:
            self._counters = counters
            self._wake.notify()

    def stop(self) -> None:
        """Write what is left, 2 s at most."""
        with self._wake:
            self._end = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(2.0)

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._due():
                    self._wake.wait(self._patience())
                latched, self._latched = self._latched, None
                counters = None
                if self._counters is not None and (self._end or time.monotonic() >= self._counters_at + self._every):
                    counters, self._counters = self._counters, None
                end = self._end
            stored = all((self._store_latched(latched), self._store_counters(counters)))
            if end:
                return
            if not stored:
                with self._wake:
                    self._wake.wait_for(lambda: self._end, RETRY_AFTER)

    def _due(self) -> bool:
        waiting = self._counters is not None and time.monotonic() >= self._counters_at + self._every
        return self._latched is not None or waiting or self._end

    def _patience(self) -> float | None:
        return None if self._counters is None else max(0.0, self._counters_at + self._every - time.monotonic())

    def _store_latched(self, latched: Latched | None) -> bool:
        if latched is None:
            return True
        try:
            every = {**self._others, **latched}
            _store(self.path, {str(evse): list(faults) for evse, faults in every.items() if faults})
        except OSError as error:
            self._log(f"{self.path}: {error}; the latched faults hold until the next restart only. Retrying.")
            with self._wake:
                if self._latched is None:
                    self._latched = latched
            return False
        return True

    def _store_counters(self, counters: Mapping[int, Counts] | None) -> bool:
        if counters is None:
            return True
        self._counters_at = time.monotonic()
        try:
            _store(
                self.counters_path,
                {
                    str(evse): dict(zip(NAMES, counts, strict=True))
                    for evse, counts in {**self._others_counters, **counters}.items()
                },
            )
        except OSError as error:
            self._log(f"{self.counters_path}: {error}; the contactors' counters are kept in memory. Retrying.")
            with self._wake:
                if self._counters is None:
                    self._counters = counters
        return True


def _load(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _names(faults: Any) -> tuple[str, ...]:
    """What is latched for one EVSE: a list of names; one name, as an older version wrote it."""
    names = [faults] if isinstance(faults, str) else faults
    if not isinstance(names, list) or not all(isinstance(name, str) and name in FAULTS for name in names):
        raise ValueError(f"{faults!r} is no list of faults")
    for name in names:
        if not FAULTS[name].latched:
            raise ValueError(f'"{name}" is not a fault that latches')
    return tuple(names)


def _counts(counts: Any) -> Counts:
    closings, hot, cold = (counts.get(name) for name in NAMES)
    for count in (closings, hot, cold):
        if type(count) is not int or count < 0:
            raise ValueError(f"{counts!r} are no counters")
    return closings, hot, cold


def _store(path: str, value: Any) -> None:
    """Write and sync the file, whole or not at all; raises OSError."""
    beside = path + ".new"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
