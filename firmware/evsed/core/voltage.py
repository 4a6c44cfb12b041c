"""The voltages of the supply: too high, too low, a phase missing, a broken PEN conductor, phases in the wrong order.

Theory of operation. Only phases count that are wired and that the phase relay lets through, and only those that the
meter tells. A phase below half of the nominal voltage beside one that has it is lost, and then not also too low. A
broken PEN conductor shifts the star point: a phase leaves 207 to 253 V (BS 7671 722.411.4.1 (iv) wants the vehicle
disconnected within 5 s of that).
"""

from __future__ import annotations

from typing import Protocol

from evse_drivers.api import Reading, Seen

from .conditions import Lasting, Rule, known

HOLD = 3.0  # s, to come and to go: the options say so
LOST_BELOW, PRESENT_ABOVE = 0.5, 0.8  # parts of the nominal voltage
PEN_LOWEST, PEN_HIGHEST = 207.0, 253.0  # V, BS 7671 722.411.4.1 (iv): 230 V -10 % and +10 %
PEN_HOLD = 4.0  # s, so that with a reading each second it is open within 5
UNDER, OVER, LOST, PEN, ROTATION = "undervoltage", "overvoltage", "phase lost", "PEN", "phase rotation"


class Options(Protocol):
    """What the technician wants; parts of the nominal voltage in %, 0: never."""

    @property
    def undervoltage(self) -> float: ...

    @property
    def overvoltage(self) -> float: ...

    @property
    def phase_loss(self) -> bool: ...

    @property
    def pen_fault(self) -> bool: ...

    @property
    def phase_rotation(self) -> str: ...


class Voltage(Rule):
    """`phases` that are wired; `gap`: s between two readings above which they do not belong together."""

    def __init__(self, options: Options, nominal: float, phases: int, gap: float) -> None:
        super().__init__()
        self._options, self._nominal, self._wired, self._used = options, nominal, phases, phases
        holds = dict.fromkeys((UNDER, OVER, LOST, ROTATION), HOLD) | {PEN: PEN_HOLD}
        self._lasting = {fault: Lasting(hold, HOLD, gap) for fault, hold in holds.items()}

    def seen(self, seen: Seen) -> None:
        """How many phases the relay lets through."""
        self._used = min(self._wired, seen.phases or self._wired)

    def read(self, reading: Reading) -> None:
        """Each rule on its own; the phase that is furthest off gives the words."""
        volts = dict(known(reading.volts, self._used))
        lost = self._lost(volts)
        rest = {name: value for name, value in volts.items() if name not in lost}
        options, nominal = self._options, self._nominal
        low, high = nominal * options.undervoltage / 100, nominal * options.overvoltage / 100
        self._judge(UNDER, _lowest(rest, low), f"below {low:.1f} V for {HOLD:g} s", reading.at)
        self._judge(OVER, _highest(volts, high or float("inf")), f"above {high:.1f} V for {HOLD:g} s", reading.at)
        self._judge(LOST, _lowest(lost, nominal) if options.phase_loss else "", f"for {HOLD:g} s", reading.at)
        shifted = _lowest(volts, PEN_LOWEST) or _highest(volts, PEN_HIGHEST) if options.pen_fault else ""
        self._judge(PEN, shifted, f"outside {PEN_LOWEST:g} to {PEN_HIGHEST:g} V for {PEN_HOLD:g} s", reading.at)
        wanted, found = options.phase_rotation, reading.sequence
        wrong = found if found is not None and wanted not in ("any", found) else ""
        self._judge(ROTATION, wrong, f"instead of {wanted}", reading.at)

    def silent(self) -> None:
        """Nothing is known of the supply."""
        for fault, lasting in self._lasting.items():
            lasting.forget()
            self._set(fault, None)

    def _lost(self, volts: dict[str, float]) -> dict[str, float]:
        if all(value <= PRESENT_ABOVE * self._nominal for value in volts.values()):
            return {}  # not one phase, but all of the supply
        return {name: value for name, value in volts.items() if value < LOST_BELOW * self._nominal}

    def _judge(self, fault: str, found: str, rule: str, at: float) -> None:
        """`found` is what breaks the rule now, in words; "" if nothing does."""
        stands = self._lasting[fault].look(bool(found), at)
        self._set(fault, f"{found} {rule}" if stands else None)


def _lowest(volts: dict[str, float], limit: float) -> str:
    name, value = min(volts.items(), key=lambda item: item[1], default=("", limit))
    return f"{name} {value:.1f} V" if value < limit else ""


def _highest(volts: dict[str, float], limit: float) -> str:
    name, value = max(volts.items(), key=lambda item: item[1], default=("", limit))
    return f"{name} {value:.1f} V" if value > limit else ""
