"""The table [evse.N]: what one outlet may carry, how its pilot line behaves, and its hardware."""

from __future__ import annotations

from dataclasses import dataclass, field

from evse_drivers.options import option

from .parts import PARTS, BoardSettings, Part, RcdSettings, bare

# OCPP 2.x ConnectorEnumType, those of AC charging in mode 3: c is a tethered cable, s a socket.
CONNECTORS = ("cType1", "cType2", "cTesla", "sType2", "sType3")


@dataclass(frozen=True, slots=True)
class EvseSettings:
    """One outlet: either a pilot line with a contactor, or a board that drives the pilot itself."""

    id: int
    max_current: float = option(
        32.0,
        help="What contactor, wiring and plug carry per phase. Without it: 32, or station.max_current if lower.",
        unit="A",
        minimum=6,
        maximum=80,
    )
    phases: int = option(3, help="Phases that are wired to the outlet.", choices=(1, 3))
    failsafe_current: float = option(
        6.0,
        help='Offered while the station process is away and the lease says "go on"; 0 ends the charge then. Not where '
        "a board drives the pilot: its own options say what it does.",
        unit="A",
        minimum=0,
        maximum=80,
    )
    connector: str = option("cType2", help="A tethered cable (c) or a socket (s).", choices=CONNECTORS)
    pilot_levels: str = option(
        "volts",
        help="Tell the vehicle's state by the pilot's volts, or by the resistance that both its peaks give (robust "
        "against a drifting supply; not where the line cannot see the low peak).",
        choices=("volts", "resistance"),
    )
    state_f: bool = option(
        True, help="Show a fault to the vehicle by -12 V (state F). false: by +12 V, for vehicles that F harms."
    )
    ventilation: bool = option(False, help="The place is ventilated: vehicles that ask for it (state D) get energy.")
    simplified_current: float = option(
        10.0,
        help="Most for a vehicle without S2 (never at B); IEC 61851-1 allows it 10 A.",
        unit="A",
        minimum=6,
        maximum=10,
    )
    wake_up: str = option(
        "F",
        help="How a vehicle is woken, once per pause, that does not ask for an offer: F (-12 V, 4 s), X1 (+12 V, 4 s).",
        choices=("F", "X1", "off"),
    )
    wake_up_after: float = option(30.0, help="How long an offer stands before that.", unit="s", minimum=10, maximum=600)
    unlock_after_power_loss: bool = option(
        True, help="Unlock an idle plug at the start after a power cut; false: leave the lock until it is used."
    )
    rated_openings: float = option(
        50_000.0,
        help="Openings under load that the contactor's maker allows; its wear is counted against it.",
        minimum=1000,
        maximum=10_000_000,
    )
    phase_switch_break: float = option(
        10.0,
        help="How long the pilot rests at +12 V while the phase relay switches; some vehicles need 45 or 60.",
        unit="s",
        minimum=5,
        maximum=120,
    )
    phase_switches_per_day: int = option(24, help="How often the phase relay may switch in 24 hours.", minimum=1)
    pilot: Part | None = None
    contactor: Part | None = None
    lock: Part | None = None
    phase_relay: Part | None = None
    rcd: RcdSettings | None = None
    emergency_stop: Part | None = None
    thermal_switch: Part | None = None
    meter: Part | None = None
    board: BoardSettings | None = None
    line: int = field(default=0, compare=False)

    def parts(self) -> tuple[Part, ...]:
        """What hardware it has, the pilot process's first."""
        found = (getattr(self, name) for name in PARTS)
        return tuple(bare(part) for part in found if part is not None)
