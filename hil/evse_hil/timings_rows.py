"""The timings that evsed promises: from what to what, the limits, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from .figures import Aim, Between, Figure, spread

OFTEN, SOME = 200, 20  # repetitions of what takes less than 1 s, and of what takes longer
# s: the pilot counts from its own look, the desk from what arrives there, up to a look of 10 ms later. A least time
# between two arrivals may therefore be short by as much.
LOOK = 0.010


@dataclass(frozen=True, slots=True)
class Row:
    """One timing. Both limits are in its unit; `least` is held but for a LOOK."""

    name: str
    what: str  # from -> to
    source: str  # clause; where the standard has no number for it, whose number it is
    unit: str  # "ms" or "s"
    most: float | None = None
    least: float | None = None
    times: int = SOME
    virtual: bool = False  # the pilot's rules on a virtual clock

    @property
    def aim(self) -> Aim | Between:
        """What every single sample must keep."""
        if self.least is None:
            return Aim({"max": self.most or 0.0})
        least = self.least - (LOOK * 1000.0 if self.unit == "ms" else LOOK)
        return Aim({"min": least}, least=True) if self.most is None else Between(least, self.most)

    def figure(self, seconds: list[float]) -> Figure:
        """Of so many samples (s); ValueError without any."""
        samples = [one * 1000.0 if self.unit == "ms" else one for one in seconds]
        values = {"n": float(len(samples)), "min": min(samples, default=0.0), **spread(samples)}
        clock = " (virtual time)" if self.virtual else ""
        return Figure(f"timings.{self.name}", self.unit, values, self.aim, f"{self.what}; {self.source}{clock}")


A6 = "IEC 61851-1 table A.6 seq."
OPEN = f"{A6} 8.1"
# Of the station's own: the standard gives no number, and what takes longer than leaving C would be a weaker protection
AS_OPEN = f"as {A6} 8.1"
DESK = "the desk's contactor needs 20 ms of it"

# fmt: off
_ROWS = (
    Row("s2_to_closed", "the vehicle asks under PWM -> contacts closed", f"{A6} 4", "s", 3.0, times=OFTEN),
    Row("s2_to_open", "C -> B -> contacts open", OPEN, "ms", 100.0, times=OFTEN),
    Row("unplug_to_open", "unplugged under load -> contacts open", f"{A6} 2.2, 8.1", "ms", 100.0, times=OFTEN),
    Row("pp_lost_to_open", "proximity lost under load -> contacts open", OPEN, "ms", 100.0, times=OFTEN),
    Row("cp_short_to_open", "pilot shorted to PE -> contacts open", AS_OPEN, "ms", 100.0, times=OFTEN),
    Row("diode_to_open", "the vehicle's diode lost -> contacts open", AS_OPEN, "ms", 100.0, times=OFTEN),
    Row("rcd_to_coil_off", "residual current -> coil told to open (the hardware has opened the contacts)", AS_OPEN,
        "ms", 100.0, times=OFTEN),
    Row("emergency_to_open", "emergency stop -> contacts open", AS_OPEN, "ms", 100.0, times=OFTEN),
    Row("thermal_to_open", "thermal switch -> contacts open", AS_OPEN, "ms", 100.0, times=OFTEN),
    Row("stall_to_open", "a look that hangs -> the guard has opened every contactor", AS_OPEN, "ms", 100.0,
        times=OFTEN),
    Row("kill_to_open", "SIGKILL of the pilot process -> contacts open by --release", "of evsed", "s", 2.0),
    Row("stop_to_open", "offer withdrawn -> contacts open, a vehicle that obeys", f"{A6} 10.1", "s", 3.1),
    Row("forced_open", "offer withdrawn -> contacts open, a vehicle that does not", f"{A6} 10.2", "s", 6.1, 6.0),
    Row("limit_to_duty", "a lower limit of the central system -> duty cycle", f"{A6} 6, 7", "s", 10.0),
    Row("raise_spacing", "a change of the duty cycle -> the next one upwards", f"{A6} 6", "s", None, 5.0),
    Row("f_pulse", "state F after a fault", "IEC 61851-1 table A.5", "ms", None, 300.0, times=OFTEN),
    Row("x1_rest", "offer withdrawn -> next offer", "ISO 15118-3 T_step_X1", "s", None, 3.0),
    Row("again_after_forced", "opened under load -> contacts closed again", "of evsed", "s", None, 10.0),
    Row("again_after_fault", "a fault has gone -> contacts closed again", "of evsed", "s", None, 30.0),
    Row("wake_f", "state F to wake a vehicle", "IEC 61851-1 A.5.3, ISO 15118-3 T_step_EF", "s", 4.1, 4.0),
    Row("lease_to_failsafe", "the station is killed -> no more than the failsafe current is offered", "of evsed", "s",
        5.5),
    Row("asleep", "an offer that no vehicle asks for -> state F", "of evsed (wake_up_after)", "s", 30.1, 30.0,
        virtual=True),
    Row("phase_break", "offer withdrawn, phase relay switched -> next offer", "of evsed (phase_switch_break)", "s",
        None, 10.0, virtual=True),
    Row("go_on_ends", "the last permit has run out -> a charge that went on is withdrawn", "of evsed (go_on_minutes)",
        "s", 900.1, 900.0, virtual=True),
    Row("rcd_daily", "a self-test of the residual-current device -> the next one", "WARP: daily", "s", 86_401.0,
        virtual=True),
)
# fmt: on
ROWS: dict[str, Row] = {row.name: row for row in _ROWS}
