"""`evsed pilot` as a real process beside a desk's world, and a station's link to it."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from pilot_rig import Station, until

from tests.desk.on_wires import OnWires


class PilotOnWires(OnWires):
    """`pilot` starts it, with more arguments if there are any."""

    def pilot(self, *more: str) -> subprocess.Popen[str]:
        process = self.spawn("-m", "evsed", "pilot", "-c", str(self.file), *more)
        until(lambda: (self.folder / "run" / "pilot.sock").exists() or process.poll() is not None, 5.0)
        return process

    def station(self) -> Station:
        return Station(str(self.folder / "run" / "pilot.sock"))

    def charge(self) -> Station:
        """Plug in and wait until the contactor has closed: some 10 s after the pilot's start."""
        station = self.station()
        self.do("plug")
        said: dict[str, Any] = station.wait("seen", plug=1)
        for _ in range(15):
            station.permit(16.0)
            said = station.wait("seen")
            if said["closed"]:
                return station
            time.sleep(0.9)
        raise AssertionError(f"it did not close: {said}")
