"""The table [supervision]: what the meter and the temperature may say before evsed acts."""

from __future__ import annotations

from dataclasses import dataclass

from evse_drivers.options import option


@dataclass(frozen=True, slots=True)
class SupervisionSettings:
    """What the meter and the temperature say against the limits. 0 switches a rule off."""

    overcurrent: bool = option(
        True, help="Open when a phase carries more than 1.1 x (offer + 0.5 A) for 7 s, by the meter."
    )
    meter_silent: str = option(
        "stop",
        help="When the meter falls silent while charging: end the offer until it answers, charge on at 6 A, or as if "
        "nothing were.",
        choices=("stop", "limit", "go on"),
    )
    derate_at: tuple[float, ...] = option(
        (60.0, 65.0, 70.0),
        help="Temperatures at each of which an equal part of the current is taken away; [] for none.",
        unit="°C",
        minimum=30,
        maximum=120,
    )
    stop_at: float = option(75.0, help="Temperature at which the charge stops.", unit="°C", minimum=30, maximum=120)
    undervoltage: float = option(
        80.0, help="Stop below this part of nominal_voltage, after 3 s; 0: never.", unit="%", minimum=0, maximum=99
    )
    overvoltage: float = option(
        115.0, help="Stop above this part of nominal_voltage, after 3 s; 0: never.", unit="%", minimum=0, maximum=150
    )
    phase_loss: bool = option(True, help="Stop when a phase of an outlet of three is missing, by the meter.")
    phase_rotation: str = option(
        "any", help="How the phases must turn; only some meters tell.", choices=("any", "L1-L2-L3", "L1-L3-L2")
    )
    max_unbalance: float = option(
        0.0,
        help="Most that one phase may carry more than another (20 in Germany and Austria: 4.6 kVA).",
        unit="A",
        minimum=0,
        maximum=80,
    )
    pen_fault: bool = option(
        False, help="Open when a phase leaves 207 to 253 V for 5 s: a broken PEN (BS 7671 722.411.4.1, in the UK)."
    )
    droop: bool = option(
        False, help="Lower the current below 49.8 Hz, by 40 % of it per Hz (VDE-AR-N 4100, a droop of 5 %)."
    )
    lowest_frequency: float = option(47.5, help="Stop below it.", unit="Hz", minimum=0, maximum=60)
    highest_frequency: float = option(51.5, help="Stop above it; 0: never.", unit="Hz", minimum=0, maximum=70)
    random_delay: int = option(
        0,
        help="Most seconds by which a charge's start, and every return of its current, is delayed by chance (600 in "
        "Great Britain); the central system may set up to 1800.",
        unit="s",
        minimum=0,
        maximum=1800,
    )
