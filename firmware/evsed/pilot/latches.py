"""The pilot's own file of latched faults, which outlive restarts: unreadable means latched."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable

from .supervisor import FAULTS

LOST = "pilot state lost"


class Latches:
    """`read` once at start; `write` hands over to a thread, so that a slow disk never stops the loop."""

    def __init__(self, folder: str, log: Callable[[str], None]) -> None:
        self.path = os.path.join(folder, "pilot-latches.json")
        self._log = log
        self._wanted: dict[int, str] | None = None
        self._wake = threading.Condition()
        self._end = False
        self._thread = threading.Thread(target=self._run, name="latches", daemon=True)

    def read(self, evses: tuple[int, ...]) -> dict[int, str]:
        """EVSE number to latched fault. No file: nothing was ever latched."""
        try:
            with open(self.path, encoding="utf-8") as file:
                found = json.load(file)
            latched = {int(evse): str(fault) for evse, fault in found.items()}
            if not all(FAULTS.get(fault) for fault in latched.values()):
                raise ValueError("unknown fault")
            return latched
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            self._log(f"{self.path}: {error}; every EVSE stays off until it is acknowledged")
            return dict.fromkeys(evses, LOST)

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    def write(self, latched: dict[int, str]) -> None:
        """Have the file say so, soon."""
        with self._wake:
            self._wanted = latched
            self._wake.notify()

    def stop(self) -> None:
        """Write what is left, 2 s at most."""
        with self._wake:
            self._end = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._wanted is not None or self._end)
                latched, self._wanted = self._wanted, None
                if latched is None:
                    return
            try:
                self._store(latched)
            except OSError as error:
                self._log(f"{self.path}: {error}; the latched faults hold until the next restart only. Retrying.")
                with self._wake:
                    self._wake.wait_for(lambda: self._wanted is not None or self._end, timeout=1.0)
                    if self._end:
                        return
                    if self._wanted is None:
                        self._wanted = latched

    def _store(self, latched: dict[int, str]) -> None:
        """Write and sync the file now; raises OSError."""
        beside = self.path + ".new"
        with open(beside, "w", encoding="utf-8") as file:
            json.dump({str(evse): fault for evse, fault in latched.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
