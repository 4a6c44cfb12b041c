"""The output that a hardware enable wants to see moving: it moves only while the loop is on time and nothing is stuck.

Its hardware lets the contactors' coils have their supply only while the output changes. So it stops by itself with the
loop, with the process and with the whole controller, and the loop stops it when a contactor's driver does not open.
"""

from __future__ import annotations

import contextlib

from evse_drivers.api import Switch


class Heartbeat:
    """The loop calls `beat` at every tick. `every`: how many ticks until the output changes."""

    __slots__ = ("_left", "_on", "_switch", "every")

    def __init__(self, switch: Switch, every: int) -> None:
        self._switch = switch
        self.every = every
        self._left = 0
        self._on = False

    def beat(self) -> str | None:
        """One tick that was on time; returns the driver's words if the output could not be changed."""
        self._left -= 1
        if self._left > 0:
            return None
        try:
            self._switch.set(not self._on)
        except Exception as error:  # an outsider's driver with a bug must cost the charge, not the process
            return str(error) or type(error).__name__
        self._on = not self._on
        self._left = self.every
        return None

    def close(self) -> None:
        """Give the pin back, low. Never raises."""
        with contextlib.suppress(Exception):  # the contactors have been opened, and others are still to be closed
            self._switch.set(False)
            self._switch.close()
