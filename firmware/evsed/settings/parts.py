"""What one piece of hardware is in evsed.toml, and what stands in its table beside its driver's own options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evse_drivers.options import option
from evse_drivers.registry import find

from evsed.model.shown import SHOWN

# part of [evse.N] -> kind of driver
PILOT_PARTS = {
    "pilot": "pilot",
    "contactor": "switch",
    "lock": "switch",
    "phase_relay": "switch",
    "rcd": "rcd",
    "emergency_stop": "input",
    "thermal_switch": "input",
}
STATION_PARTS = {"meter": "meter", "board": "board"}
PARTS = {**PILOT_PARTS, **STATION_PARTS}

# What the technician must write where only software opens the contactor on a residual current.
SOFTWARE_ONLY = "I know that only software opens the contactor when the residual-current device trips"
# What that says for ever, where nothing ends the charge of a board whose station has died.
UNSUPERVISED = (
    "when evsed dies or the line to the board breaks, this outlet charges on with its last current until somebody "
    "comes: nothing else switches it off"
)
RCD_MODULES = ("RCM14", "RCMB102", "X804", "X904", "latching", "none")


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of hardware: its driver's name and that driver's own settings."""

    kind: str  # one of evse_drivers.registry.KINDS
    driver: str
    settings: Any
    where: str  # "evse.1.meter", for error texts
    line: int = field(compare=False)

    @property
    def bus(self) -> str | None:
        """The name of the bus it hangs on, where it hangs on one."""
        name: str | None = getattr(self.settings, "bus", None) or None
        return name

    @property
    def claims(self) -> tuple[str, ...]:
        """What it occupies besides its port and its address on a bus, as its driver says it."""
        claims: Any = getattr(find(self.kind, self.driver), "claims", None)
        return tuple(claims(self.settings)) if claims is not None else ()


@dataclass(frozen=True, slots=True)
class RcdSettings:
    """The residual-current device of one outlet; the options of its driver stand in the same table."""

    part: Part
    module: str = option(
        help="Which device it is, for the sequence of its self-test; latching: any that keeps its trip until it is "
        "cleared; none: it has no test input.",
        choices=RCD_MODULES,
    )
    cuts_coil: bool = option(help="Its trip cuts the contactor's coil in hardware, whatever the software does.")
    software_only: str = option("", help=f'Where cuts_coil = false, this very sentence: "{SOFTWARE_ONLY}".')


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """A board that drives the pilot itself; the options of its driver stand in the same table."""

    part: Part
    off_path: str = option(
        "",
        help="Where the board keeps its last current when evsed dies or the line to it breaks: what hardware switches "
        "it off then, in your words, such as a relay in its supply that a watchdog on the line drops.",
    )
    unsupervised: bool = option(
        False, help="Where there is no such hardware: it charges on then until somebody comes, and you accept that."
    )

    @property
    def keeps_current(self) -> bool:
        """The board has no watchdog of its own."""
        return bool(getattr(find("board", self.part.driver), "keeps_current", False))

    @property
    def fallback(self) -> float | None:
        """A that its own watchdog leaves at most when the station dies; None: its driver does not say."""
        says = getattr(find("board", self.part.driver), "fallback", None)
        return None if says is None else float(says(self.part.settings))

    @property
    def nobody_watches(self) -> bool:
        """Nothing switches it off when the station dies."""
        return self.keeps_current and not self.off_path.strip()


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """A card reader, with the EVSEs that a card there is meant for."""

    part: Part
    evses: tuple[int, ...] = option((), help="EVSEs a card here may start or stop; [] means all.", minimum=0)


@dataclass(frozen=True, slots=True)
class ThermometerSettings:
    """A temperature sensor, with the EVSEs that it stands for; the options of its driver stand in the same table."""

    part: Part
    evses: tuple[int, ...] = option((), help="EVSEs that it stands for; [] means all.", minimum=0)
    # 5 s at most: one that has been silent for 15 s counts as hot (core/temperature.py)
    every: float = option(5.0, help="How often it is read.", unit="s", minimum=1, maximum=5)


@dataclass(frozen=True, slots=True)
class ButtonSettings:
    """A button on the housing, with the EVSEs that it is meant for; its driver's options stand in the same table."""

    part: Part
    does: str = option(
        help='What pressing it does: "card" stands for the card `token`, which starts and stops a charge; '
        '"acknowledge" ends latched faults whose causes are gone, as `evsed do acknowledge`.',
        choices=("card", "acknowledge"),
    )
    token: str = option("", help='With does = "card": the identifier of that card; OCPP 1.6 takes 20 characters.')
    evses: tuple[int, ...] = option((), help="EVSEs that it is meant for; [] means all.", minimum=0)


@dataclass(frozen=True, slots=True)
class LightSettings:
    """A light on the housing, with the EVSEs that it stands for; the options of its driver stand in the same table."""

    part: Part
    shows: tuple[str, ...] = option((), help="It is on while one of its EVSEs is so.", choices=SHOWN)
    blinks: tuple[str, ...] = option((), help="Else it blinks while one of its EVSEs is so.", choices=SHOWN)
    blinks_per_second: float = option(1.0, help="How often it blinks.", unit="1/s", minimum=0.2, maximum=2)
    evses: tuple[int, ...] = option((), help="EVSEs that it stands for; [] means all.", minimum=0)


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """The output that a hardware enable wants to see moving; the options of its driver stand in the same table."""

    part: Part
    every: float = option(10.0, help="How often it changes; whole loops of 10 ms.", unit="ms", minimum=10, maximum=1000)


def bare(part: Part | RcdSettings | BoardSettings) -> Part:
    """The part itself."""
    return part if isinstance(part, Part) else part.part
