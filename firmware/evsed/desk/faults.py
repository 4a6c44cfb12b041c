"""What can be broken on the desk: what each fault of the world does, and which rows of evsed's catalogue it raises.

The names in `raises` are those of evsed.model.faults; which of several is raised, and when, is said in `how`.
"""

from __future__ import annotations

from dataclasses import dataclass

from evse_drivers.buses.desk import PARTS


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that can be broken and mended."""

    does: str
    raises: tuple[str, ...] = ()  # (): it is the vehicle's or the network's right, or evsed bears it
    how: str = ""  # what else it takes

    @property
    def told(self) -> str:
        """What evsed calls it, in words."""
        return ", ".join(self.raises) + (f" ({self.how})" if self.how else "")


def _wire(part: str) -> str:
    return f"wire-{part.replace('_', '-')}"


# fmt: off
FAULTS: dict[str, Break] = {
    "emergency-stop": Break("the emergency stop is pressed", ("emergency stop",)),
    "rcd-trip": Break("a current to earth: the residual-current device trips and cuts the coil", ("residual current",)),
    "rcd-dead": Break("the residual-current device never trips", ("residual-current self-test",),
                      "at the next self-test, after three tries"),
    "rcd-sticks": Break("the residual-current device does not come back once it has tripped",
                        ("residual-current self-test", "residual current"), "the first at the next self-test"),
    "thermal": Break("the thermal switch has opened", ("thermal switch",)),
    "welded": Break("the contacts do not open any more", ("contactor welded",), "when it is told to open"),
    "contactor-stuck-open": Break("the contacts do not close, or fall open", ("contactor failed to close",),
                                  "while it is told to be closed"),
    "phase-relay-stuck": Break("the phase relay stays where it is", ("phase relay",), "when it is told to move"),
    "lock-stuck": Break("the lock stays where it is", ("plug lock", "plug unlock"),
                        "the first when it is to lock, the second when it is to unlock"),
    "lock-stuck-locked": Break("the lock locks and does not unlock", ("plug unlock",), "when it is to unlock"),
    "diode": Break("the vehicle's diode is shorted: the low side mirrors the high side", ("diode",), "while it offers"),
    "cp-short": Break("CP touches PE: 0 V", ("pilot short",)),
    "cp-open": Break("CP is broken: the EVSE sees no vehicle, the vehicle sees no pilot"),
    "cp-out-of-range": Break("a foreign voltage on CP: its high side stands at 15 V", ("pilot out of range",)),
    "pp-open": Break("PP is broken: the cable cannot be told", ("cable lost",), "on a desk with --socket"),
    "pp-wrong": Break("PP has 50 ohm", ("cable",), "on a desk with --socket"),
    "pp-high": Break("PP has 200 kohm, as with water in the plug", ("cable lost", "cable"), "on a desk with --socket"),
    "sense-blocks": Break("every look at the pilot line is answered 1 s late", ("loop stalled",),
                          "while the contactor is closed"),
    "heartbeat-gate": Break("the hardware enable does not hear the heartbeat and cuts the coil",
                            ("contactor failed to close",), "while it is told to be closed"),
    _wire("pilot"): Break("the pilot line's driver cannot look", ("pilot line",)),
    _wire("contactor"): Break("the contactor's driver cannot reach it", ("contactor", "heartbeat"),
                              "the second where the contactor does not open by it"),
    _wire("lock"): Break("the lock's driver cannot reach it", ("plug lock",)),
    _wire("phase_relay"): Break("the phase relay's driver cannot reach it", ("phase relay",)),
    _wire("heartbeat"): Break("the heartbeat's driver cannot reach it", ("heartbeat",)),
    _wire("rcd"): Break("the residual-current device's driver cannot reach it", ("safety input",)),
    _wire("emergency_stop"): Break("the emergency stop's driver cannot reach it", ("safety input",)),
    _wire("thermal_switch"): Break("the thermal switch's driver cannot reach it", ("safety input",)),
    "ev-ignores-stop": Break("the vehicle neither opens S2 nor lowers its current when the offer is withdrawn"),
    "ev-ignores-limit": Break("the vehicle draws half more than it is offered, and never less than it can",
                              ("overcurrent",), "7 s later"),
    "overvoltage": Break("270 V on all phases", ("overvoltage",)),
    "undervoltage": Break("170 V on all phases", ("undervoltage",)),
    "phase-lost": Break("L3 has no volts", ("phase lost",)),
    "pen": Break("the neutral floats: 180, 265 and 250 V", ("PEN", "undervoltage", "overvoltage"),
                 "the first where supervision.pen_fault is on"),
    "frequency-high": Break("52.0 Hz", ("frequency",)),
    "frequency-low": Break("47.0 Hz", ("frequency", "frequency droop"), "the second where supervision.droop is on"),
    "frequency-droop": Break("49.5 Hz", ("frequency droop",), "where supervision.droop is on"),
    "wrong-rotation": Break("L2 and L3 are swapped", ("phase rotation",),
                            "with --meter em340, and supervision.phase_rotation set"),
    "hot": Break("80 °C at the sensor", ("overheated", "temperature derating")),
    "warm": Break("62 °C at the sensor", ("temperature derating",)),
    "sensor-dead": Break("the temperature sensor does not answer", ("temperature sensor",), "15 s later"),
    "meter-dead": Break("the meter does not answer", ("meter silent", "unmetered"), "the second while charging"),
    "meter-zero": Break("the meter answers 0 for everything", ("meter silent", "unmetered"),
                        "where it had counted anything; the second while charging"),
    "meter-back": Break("the meter's register shows 1000 Wh less (0 at least)", ("meter silent",),
                        "where it had counted anything"),
}
# Of the whole desk, not of an EVSE
BOARD_FAULTS: dict[str, Break] = {
    "reader-dead": Break("no card reader answers", ("reader silent",)),
}
# The rest of the catalogue: raised by a word of the desk, by what a vehicle may do, or where no world can
ELSEWHERE: dict[str, str] = {
    "pilot lost": "`evsed desk do kill pilot`, longer than 10 s",
    "pilot state lost": "`evsed desk do break-latches`",
    "loop stalled": "`evsed desk do stall pilot 200`, while the contactor is closed",
    "contactor worn": "`evsed desk do wear`",
    "unbalance": "`evsed desk do ev --phases 1`, with supervision.max_unbalance set",
    "signing": "a meter that signs and cannot: tests/processes/test_signed_meter.py",
    "disk": "a state folder on a file system that is full: tests/processes/test_disk.py",
}
# fmt: on
WIRES = {_wire(part): 1 << bit for bit, part in enumerate(PARTS)}


def listing() -> str:
    """All faults as a table for the terminal."""
    rows = [(name, fault) for name, fault in (FAULTS | BOARD_FAULTS).items()]
    width = max(len(name) for name, _ in rows)
    lines = []
    for name, fault in rows:
        lines.append(
            f"  {name:<{width}}  {fault.does}" + (f"\n  {'':<{width}}    -> {fault.told}" if fault.told else "")
        )
    lines += ["Raised otherwise:", *(f"  {name}: {how}" for name, how in ELSEWHERE.items())]
    return "\n".join(lines)
