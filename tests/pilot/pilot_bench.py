"""All the rules of one EVSE on a virtual clock, with hardware that obeys at once and inputs that stay until changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evse_drivers.api import Act, Permit
from evsed.pilot.iec61851 import TABLE, Machine, Table, without_ventilation
from evsed.pilot.phases import PhaseRelay
from evsed.pilot.rcd import SelfTest
from evsed.pilot.rules import Look, Rules
from evsed.pilot.supervisor import Limits

STEP = 0.01
LIMITS = Limits(1, 32.0, 6.0, 900.0)


class Bench:
    """What hardware would say follows what it was told, unless `stuck` names the part: "contactor", "lock", "relay"."""

    def __init__(
        self, *, module: str = "none", relay: bool | None = None, mirror: bool = True, latched: tuple[str, ...] = (),
        table: Table | None = None, machine: dict[str, Any] | None = None, settle: float = 11.0, **limits: Any,
    ) -> None:  # fmt: skip
        self.now = 1000.0
        self.look = Look(heard_a=True, proven=True, mirror=False if mirror else None)
        self.stuck: set[str] = set()
        self.permit: Permit | None = None
        self.has_relay, self.has_mirror = relay is not None, mirror
        if relay is not None:
            self.look.relay = relay
        if limits.get("has_lock"):
            self.look.locked = False
        self.rules = Rules(
            self.now, replace(LIMITS, **limits),
            Machine(self.now, table if table is not None else without_ventilation(), **(machine or {})),
            SelfTest(module), PhaseRelay(relay, 10.0, 24) if relay is not None else None, latched,
        )  # fmt: skip
        self.go(settle)

    def go(self, seconds: float, **inputs: Any) -> Bench:
        """Inputs are fields of the look; time passes in steps of 10 ms, and a permit that was given is renewed."""
        for name, value in inputs.items():
            setattr(self.look, name, value)
        for _ in range(max(1, round(seconds / STEP))):
            self.now += STEP
            if self.permit is not None:
                assert self.rules.take(replace(self.permit, until=self.now + 5.0), self.now) is None
            self.rules.step(self.now, self.look)
            self._obey()
        return self

    def _obey(self) -> None:
        rules, look = self.rules, self.look
        look.closed = rules.closed
        if self.has_mirror and "contactor" not in self.stuck:
            look.mirror = rules.closed
        if rules.has_lock and "lock" not in self.stuck and rules.lock.command is not None:
            look.locked = rules.lock.command
        if self.has_relay and "relay" not in self.stuck and rules.relay is not None:
            look.relay = rules.relay
        assert not (rules.closed and rules.machine.row[0] not in "CD")

    def allow(self, amps: float = 16.0, *, phases: int = 3, locked: bool = True, how: str = "grace") -> Bench:
        """From now on the station permits this, and renews it."""
        self.permit = Permit(1, amps, phases, locked, how, 0.0)  # type: ignore[arg-type]
        return self.go(STEP)

    def act(self, act: Act) -> str | None:
        return self.rules.act(act, self.look)

    def charging(self, amps: float = 16.0, letter: str = "C", **permit: Any) -> Bench:
        """Plugged, permitted, and the contactor is closed."""
        self.go(0.1, letter="B").allow(amps, **permit).go(0.1)
        self.go(1.0, letter=letter)
        self.is_in(letter + "2 on")
        return self

    def is_in(self, row: str, offered: float | None = None) -> Bench:
        machine = self.rules.machine
        assert machine.row == row, f"in {machine.row}, expected {row}: {self.rules.faults or self.rules.reason}"
        if offered is not None:
            assert machine.offered == offered
        return self


VENTILATED = TABLE
