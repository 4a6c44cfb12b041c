"""The control pilot's circuit: what the EVSE puts out, the vehicle's resistors, and the volts between them.

The EVSE drives +12 V, -12 V or a 1 kHz square wave of both through 1 kohm; the vehicle loads the line with a resistor
behind a diode, so that only the positive half is pulled down. 0.7 V of that diode make the nominal 9, 6 and 3 V.
"""

from __future__ import annotations

SUPPLY = 12.0  # V
SOURCE_OHM = 1000.0
DIODE = 0.7  # V

B_OHM = 2700.0  # S2 open
C_OHM = 880.0  # S2 closed
D_OHM = 240.0  # S2 closed, asks for ventilation

# Resistor between PP and PE in the plug, by the cable's amps (IEC 61851-1 table B.2)
PROXIMITY_OHM = {13: 1500.0, 20: 680.0, 32: 220.0, 63: 100.0}

# What a duty cycle in percent tells the vehicle: (from, to, amps per percent, amps at 0 %). A vehicle
# without digital communication takes 5 % and everything outside for no offer.
OFFERS = (
    (8.0, 10.0, 0.0, 6.0),
    (10.0, 85.0, 0.6, 0.0),
    (85.0, 96.0, 2.5, -160.0),
    (96.0, 97.0, 0.0, 80.0),
)


def offered_amps(duty: float | None) -> float:
    """The amps per phase that a vehicle reads from a duty (0 to 1; None: steady +12 V); 0 is no offer."""
    if duty is None:
        return 0.0
    percent = duty * 100.0
    for start, end, slope, offset in OFFERS:
        if start - 1e-9 <= percent <= end + 1e-9:
            return offset + slope * percent
    return 0.0


def line_volts(duty: float | None, ohm: float | None, *, diode: bool = True) -> tuple[float, float]:
    """The line's highest and lowest volts. `duty` as in PilotLine.drive; `ohm` None: no vehicle on the line."""
    high = SUPPLY if ohm is None else _loaded(SUPPLY, ohm, DIODE if diode else 0.0)
    low = -SUPPLY if ohm is None or diode else _loaded(-SUPPLY, ohm, 0.0)
    if duty is None or duty >= 1.0:
        return high, high
    if duty <= 0.0:
        return low, low
    return high, low


def _loaded(source: float, ohm: float, drop: float) -> float:
    return drop + (source - drop) * ohm / (ohm + SOURCE_OHM)
