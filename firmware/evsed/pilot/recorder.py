"""The flight recorder: rings in the loop, and a thread that writes a record when a fault has asked for one.

A record is a line `MAGIC`, a line of JSON that names all there is to know (fields and their types included), and the
samples, oldest first, deflated. It is written off the loop, whole or not at all, and costs a line in the journal where
the disk does not take it: nothing of the charge depends on it.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterable

from .ring import CAPACITY, FIELDS, NAMES, PACKED, ROWS, Cut, Ring, Sample

MAGIC = b"evsed record 1\n"
ENDING = ".evr"
MOST_FILES = 20
MOST_BYTES = 20 << 20
LEAST_FREE = 32 << 20  # bytes that are left to those who need the disk more
CHUNK = 256  # samples deflated at once: the interpreter's lock is free in between
SET_AFTER = 1_767_225_600.0  # 2026-01-01: a clock that says less has not been set yet


class Recorder:
    """The loop calls `hear` each tick. `about` goes into the head of each record: boot, config digest, release."""

    def __init__(
        self, folder: str, evses: Iterable[int], about: dict[str, object], log: Callable[[str], None],
        *, utc: Callable[[], float] = time.time, least_free: int = LEAST_FREE,
    ) -> None:  # fmt: skip
        self.folder = folder
        self._utc, self._least_free = utc, least_free
        self.rings = {evse: Ring(evse) for evse in evses}
        self._about, self._log = about, log
        self._cuts: list[Cut] = []
        self._wake = threading.Condition()
        self._end = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    def hear(self, evse: int, now: float, sample: Sample) -> None:
        """One tick of that EVSE."""
        cut = self.rings[evse].hear(now, sample)
        if cut is not None:
            self._keep(cut)

    def measured(self, evse: int, amps: float, now: float) -> None:
        """What the meter of that EVSE says; one that is not here is ignored."""
        ring = self.rings.get(evse)
        if ring is not None:
            ring.measured(amps, now)

    def ask(self, evse: int, why: str, now: float) -> None:
        """Keep a record of this too."""
        self.rings[evse].ask(why, now)

    def stop(self) -> None:
        """Write what a fault has asked for, though its five seconds are not over; 2 s at most."""
        for ring in self.rings.values():
            cut = ring.cut()
            if cut is not None:
                self._keep(cut)
        with self._wake:
            self._end = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(2.0)

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _keep(self, cut: Cut) -> None:
        with self._wake:
            self._cuts.append(cut)
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._cuts or self._end)
                cuts, self._cuts = self._cuts, []
                if not cuts:
                    return
            for name, record in [self._record(cut) for cut in cuts]:  # all are read before the disk takes its time
                if not record:
                    self._log(f"{self.folder}/{name}: the disk was too slow; this record of a fault is lost")
                    continue
                try:
                    self._store(name, record)
                except OSError as error:
                    self._log(f"{self.folder}/{name}: {error.strerror or error}; this record of a fault is lost")
                else:
                    self._log(f"record of a fault: {self.folder}/{name}")

    def _record(self, cut: Cut) -> tuple[str, bytes]:
        """Name and content; empty if it came too late to find any sample."""
        ring = self.rings[cut.evse]
        begin, end = ring.samples(cut)
        size = PACKED.size
        deflate = zlib.compressobj(1)  # the loop may wait for a core
        body = []
        for first in range(begin, end, CHUNK):
            place, count = first % CAPACITY, min(CHUNK, end - first)
            straight = min(count, CAPACITY - place)
            piece = ring.buffer[place * size : (place + straight) * size] + ring.buffer[: (count - straight) * size]
            body.append(deflate.compress(piece))
        body.append(deflate.flush())
        utc = self._utc() - (time.monotonic() - cut.at)
        known = utc >= SET_AFTER
        head = {
            "evse": cut.evse, "fault": cut.fault, "at": cut.at, "utc": round(utc, 3) if known else None,
            "samples": end - begin, "fields": FIELDS, "rows": ROWS, "faults": NAMES, **self._about,
        }  # fmt: skip
        boot = f"boot-{self._about.get('boot', '')}-{cut.at:.0f}s"
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(utc)) if known else boot
        name = f"{when}-evse{cut.evse}-{cut.fault.lower().replace(' ', '-')}{ENDING}"
        if begin == end:
            return name, b""
        return name, MAGIC + json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(body)

    def _store(self, name: str, record: bytes) -> None:
        """Write and sync it now; raises OSError."""
        os.makedirs(self.folder, exist_ok=True)
        disk = os.statvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize
        if free < self._least_free:
            raise OSError(f"{free >> 20} MiB are free, and the last {self._least_free >> 20} are not for records")
        self._make_room(len(record))
        path = os.path.join(self.folder, name)
        beside = os.path.join(self.folder, "new")
        try:
            with open(beside, "wb") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except OSError:
            if os.path.exists(beside):
                os.unlink(beside)
            raise

    def _make_room(self, size: int) -> None:
        """The oldest go until one more fits."""
        files = []
        for entry in os.scandir(self.folder):
            if entry.name.endswith(ENDING):
                status = entry.stat()
                files.append((status.st_mtime_ns, entry.path, status.st_size))
        files.sort()
        held = sum(size for _, _, size in files)
        while files and (len(files) >= MOST_FILES or held + size > MOST_BYTES):
            _, path, freed = files.pop(0)
            os.unlink(path)
            held -= freed
