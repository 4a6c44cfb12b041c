"""The drivers of one EVSE in the pilot process: reads them into a look, and has them do what the rules say.

Whatever a driver raises counts as trouble of its part and opens: an outsider's driver with a bug must cost this EVSE
its charge, not the process that holds the others' contactors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evse_drivers.api import Input, PilotLine, ResidualCurrent, Sense, Switch

from .rules import Look, Rules

Close = Callable[[Switch], bool]

UNKNOWN = -1.0  # a duty cycle that is never driven


@dataclass(frozen=True, slots=True)
class Parts:
    """The hardware of one EVSE. All but the line's `sense` never blocks."""

    line: PilotLine
    contactor: Switch
    lock: Switch | None = None
    phase_relay: Switch | None = None  # True: three phases
    rcd: ResidualCurrent | None = None
    emergency_stop: Input | None = None
    thermal_switch: Input | None = None


class Wiring:
    """The caller calls `listen`, `read` and `obey` every 10 ms, in that order, and `release` at the end."""

    def __init__(self, parts: Parts, close: Close) -> None:
        """Opens the contactor and drives X1 as its first act; a driver that cannot is a DriverError.

        `close` closes the contactor, or returns False when the guard does not let it.
        """
        self.parts = parts
        parts.contactor.set(False)
        parts.line.drive(None)
        if parts.rcd is not None:
            parts.rcd.test(False)
        self.commanded = False  # the contactor was last told to close, or may have been
        self.driven: float | None = None  # the duty cycle that is put out; UNKNOWN where the line failed
        self.sense: Sense | None = None
        self._close = close
        self._troubles: dict[str, str] = {}  # in this step. Fault: the driver's text, as it was when it began
        self._before: dict[str, str] = {}  # in the step before
        self._moves = 0  # of the lock, that it was told
        self._relay: bool | None = None
        self._test = False

    @property
    def troubles(self) -> Mapping[str, str]:
        """Fault: the words of the driver. What failed while acting in the last step is tried again only in this one."""
        return {**self._before, **self._troubles} if self._before else self._troubles

    def trouble(self, fault: str, words: str) -> None:
        """This one was found between `listen` and `read`: it counts in this step."""
        self._troubles.setdefault(fault, self._before.get(fault, words))

    # --- every 10 ms ----------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Take a sample; the only call that may block."""
        if self._troubles or self._before:
            self._before, self._troubles = self._troubles, {}
        sense = self._try("pilot line", self.parts.line.sense)
        if not isinstance(sense, Sense):
            self.trouble("pilot line", f"its driver answered {sense!r} instead of a look at the line")
            sense = None
        self.sense = sense

    def read(self, look: Look) -> None:
        """What every contact says now, into `look`."""
        parts = self.parts
        look.closed = self.commanded
        look.mirror = self._contact("contactor", parts.contactor.get)
        if parts.lock is not None:
            look.locked = self._contact("plug lock", parts.lock.get)
        if parts.phase_relay is not None:
            look.relay = self._contact("phase relay", parts.phase_relay.get)
        if parts.rcd is not None:
            look.tripped = self._input(parts.rcd.tripped)
        if parts.emergency_stop is not None:
            look.emergency = self._input(parts.emergency_stop.active) is True
        if parts.thermal_switch is not None:
            look.too_hot = self._input(parts.thermal_switch.active) is True
        look.troubles = self.troubles

    def obey(self, rules: Rules) -> bool | None:
        """Do it: contactor first. What fails is tried again in the next step. Returns whether the contactor has just
        closed (True) or opened (False); None: neither."""
        parts, moved = self.parts, None
        if rules.closed is not self.commanded:
            moved = self._switch(rules.closed)
        duty = rules.duty
        if duty != self.driven:
            self.driven = duty if self._did("pilot line", parts.line.drive, duty) else UNKNOWN
        self._obey_parts(parts, rules)
        return moved

    def _obey_parts(self, parts: Parts, rules: Rules) -> None:
        moves, relay, test = rules.lock.moves, rules.relay, rules.selftest.test
        if parts.lock is not None and moves != self._moves:
            self._moves = moves if self._did("plug lock", parts.lock.set, rules.lock.command) else self._moves
        if parts.phase_relay is not None and relay is not None and relay is not self._relay:
            self._relay = relay if self._did("phase relay", parts.phase_relay.set, relay) else self._relay
        if parts.rcd is not None and test is not self._test:
            self._test = test if self._did("safety input", parts.rcd.test, test) else self._test

    def clear(self) -> bool | None:
        """Clear a trip that the device itself keeps; returns what it says then, None where it does not. Only with the
        contactor told to open and outside a self-test."""
        rcd = self.parts.rcd
        return None if rcd is None or not self._did("safety input", rcd.test, False) else self._input(rcd.tripped)

    def release(self) -> None:
        """Contactor open, X1, no test: the last act. Never raises."""
        parts = self.parts
        self._try("contactor", parts.contactor.set, False)
        self._try("pilot line", parts.line.drive, None)
        if parts.rcd is not None:
            self._try("safety input", parts.rcd.test, False)

    def close(self) -> None:
        """Give the drivers back."""
        parts = self.parts
        for driver in (
            parts.line, parts.contactor, parts.lock, parts.phase_relay, parts.rcd, parts.emergency_stop,
            parts.thermal_switch,
        ):  # fmt: skip
            if driver is not None:
                driver.close()

    # --- parts ----------------------------------------------------------------------------------------------------

    def _switch(self, on: bool) -> bool | None:
        contactor = self.parts.contactor
        if on:
            # A close that failed may have closed: then it must be opened too. False is the guard's no.
            self.commanded = self._try("contactor", self._close, contactor) is not False
            return True if self.commanded else None
        if not self._did("contactor", contactor.set, False):
            return None
        self.commanded = False
        return False

    def _contact(self, fault: str, call: Callable[..., Any]) -> bool | None:
        """What a contact says: pins are often read as 0 and 1. None: there is none, or it cannot be read."""
        said = self._try(fault, call)
        return None if said is None else bool(said)

    def _input(self, call: Callable[..., Any]) -> bool | None:
        """The same of an input that protects; one that says nothing is trouble."""
        said = self._contact("safety input", call)
        if said is None:
            self.trouble("safety input", "its driver answered None instead of true or false")
        return said

    def _try(self, fault: str, call: Callable[..., Any], *args: object) -> Any:
        try:
            return call(*args)
        except Exception as error:  # see the module
            self.trouble(fault, str(error) or type(error).__name__)
            return None

    def _did(self, fault: str, call: Callable[..., None], *args: object) -> bool:
        try:
            call(*args)
        except Exception as error:  # see the module
            self.trouble(fault, str(error) or type(error).__name__)
            return False
        return True
