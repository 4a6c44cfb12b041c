"""What must hold between pins, channels and addresses, of which each has one owner; and how protecting pins are wired.

What a driver occupies besides its port and its address on a bus it says by `claims(settings)`: "GPIO 17",
"I2C main 0x48 channel 0", "PWM 1f00098000.pwm channel 2", "SPI /dev/spidev0.1". One claim that begins with the whole
of another is in its way too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evse_drivers import gpio

from .filling import Findings
from .lines import Path
from .parts import Part, RcdSettings
from .whole import Settings

# What takes pins of a Pi's header besides those who name them: sign in a claim, a port or an adapter; its pins.
FUNCTIONS = (
    (re.compile(r"/dev/(serial0|ttyAMA0|ttyS0)$"), "the serial port", (14, 15)),
    (re.compile(r"/dev/i2c-1$"), "I2C 1", (2, 3)),
    (re.compile(r"/dev/i2c-0$"), "I2C 0", (0, 1)),
    (re.compile(r"SPI \D*0\.\d+$"), "SPI 0", (7, 8, 9, 10, 11)),
    (re.compile(r"SPI \D*1\.\d+$"), "SPI 1", (19, 20, 21)),
    # Pi 5 (hardware.md 4); on others the overlay chooses between two pins.
    (re.compile(r"PWM 1f00098000\.pwm channel 0$"), "PWM 0", (12,)),
    (re.compile(r"PWM 1f00098000\.pwm channel 1$"), "PWM 1", (13,)),
    (re.compile(r"PWM 1f00098000\.pwm channel 2$"), "PWM 2", (18,)),
    (re.compile(r"PWM 1f00098000\.pwm channel 3$"), "PWM 3", (19,)),
)
PULLED_UP = range(9)  # from power-on until a process takes the pin; 9 to 27 are pulled down
CONSOLE = 14  # TX of the serial port: text while the Pi boots
# Outputs that must rest while nobody drives them: driver, last word of the table's name, option of the pin and of its
# level; what happens else.
RESTING = (
    ("gpio", "contactor", "pin", "active", "the contactor may close by itself"),
    ("gpio", "lock", "pin", "active", "the lock may move by itself"),
    (
        "gpio",
        "rcd",
        "test_pin",
        "test_active",
        "the residual-current device may be tested all the time, which kills some",
    ),
    ("gpio-lock", "lock", "enable_pin", "active", "the lock's motor may run all the time"),
    ("gpio-lock-two-way", "lock", "lock_pin", "active", "the lock's motor may run all the time"),
    ("gpio-lock-two-way", "lock", "unlock_pin", "active", "the lock's motor may run all the time"),
)


def check(settings: Settings, parts: Sequence[Part], findings: Findings) -> None:
    """Note every rule that `parts`, all hardware but the buses, and the buses break."""
    everything = (*settings.buses.values(), *parts)
    claims = [(part, claim) for part in everything for claim in _claims(part, settings)]
    for part, claim in claims:
        pin = _pin(claim)
        bad = None if pin is None else gpio.wrong(pin)
        if bad is not None:
            findings.refuse(_path(part, pin), bad, pin)
    _owners(claims, findings)
    _functions(settings, everything, claims, findings)
    for part in parts:
        _resting(part, findings)
        _broken_wire(part, findings)
        _mirror(part, findings)
    for evse in settings.evses:
        if evse.rcd is not None:
            _test_pin(evse.rcd, findings)
    for button in settings.buttons.values():
        if button.does == "card":
            _pressed_by_itself(button.part, findings)


def _owners(claims: Sequence[tuple[Part, str]], findings: Findings) -> None:
    for place, (part, claim) in enumerate(claims):
        for other, its in claims[:place]:
            if not (f"{claim} ".startswith(f"{its} ") or f"{its} ".startswith(f"{claim} ")):
                continue
            pin = _pin(claim)
            if other is part:
                findings.refuse(_path(part, pin, last=True), f"{claim} is named twice in this table.", pin)
            else:
                text = f"{its} belongs to {other.where} already. Give each its own."
                findings.refuse(_path(part, pin), text, pin)
            break


def _functions(
    settings: Settings, everything: Sequence[Part], claims: Sequence[tuple[Part, str]], findings: Findings
) -> None:
    """A pin that the kernel has given to a port is no GPIO."""
    users: dict[int, tuple[str, Part]] = {}
    for part in everything:
        names = (getattr(part.settings, "port", ""), getattr(part.settings, "adapter", ""), *_claims(part, settings))
        for sign, function, pins in FUNCTIONS:
            if any(isinstance(name, str) and sign.search(name) for name in names):
                users.update(dict.fromkeys(pins, (function, part)))
    for part, claim in claims:
        pin = _pin(claim)
        if pin in users:
            function, user = users[pin]
            text = f"GPIO {pin} is a pin of {function}, which {user.where} uses. Use another pin."
            findings.refuse(_path(part, pin), text, pin)


def _resting(part: Part, findings: Findings) -> None:
    for driver, last, option, level, what in RESTING:
        if part.driver != driver or _last(part) != last:
            continue
        pin: int = getattr(part.settings, option)
        high = getattr(part.settings, level) == "high"
        resistor = f"or bring a pull-{'down' if high else 'up'} of 10 kohm or less there."
        if pin == CONSOLE:
            text = f"carries the console's text while the Pi boots: {what}. Use another pin."
        elif pin not in gpio.PINS:  # none, or refused already
            continue
        elif high and pin in PULLED_UP:
            text = f"is pulled up from power-on until evsed runs: {what}. Use one of GPIO 9 to 27 but 14, {resistor}"
        elif not high and pin not in PULLED_UP:
            text = f"is pulled down from power-on until evsed runs: {what}. Use one of GPIO 0 to 8, {resistor}"
        else:
            continue
        findings.warn((*_split(part), option), text, pin)


def _broken_wire(part: Part, findings: Findings) -> None:
    """An input that protects must say so when its wire is broken, which leaves the pin to its pull."""
    what = {"emergency_stop": "not pressed", "thermal_switch": "cold", "rcd": "not tripped"}.get(_last(part))
    if what is None or part.driver != "gpio":
        return
    option = "tripped_when" if part.kind == "rcd" else "active"
    active = getattr(part.settings, option)
    if part.settings.pull == {"high": "down", "low": "up"}[active]:
        text = (
            f"reads as {what} where its wire is broken. Wire a contact to ground that opens when it is to act, with "
            f'pull = "up" and {option} = "high".'
        )
        findings.warn((*_split(part), option), text, active)


def _pressed_by_itself(part: Part, findings: Findings) -> None:
    """A button that starts a charge: the other way round."""
    if part.driver != "gpio":
        return
    active = part.settings.active
    if part.settings.pull == {"high": "up", "low": "down"}[active]:
        text = (
            "reads as pressed where its wire breaks: a charge starts or stops. Wire a contact to ground that closes "
            'when it is pressed, with pull = "up" and active = "low".'
        )
        findings.warn((*_split(part), "active"), text, active)


def _mirror(part: Part, findings: Findings) -> None:
    if part.driver == "gpio" and _last(part) == "contactor" and part.settings.mirror_pin < 0:
        text = "has no mirror contact: a contactor that is welded is noticed by nobody. Wire one and name its pin."
        findings.warn((*_split(part), "mirror_pin"), text)


def _test_pin(rcd: RcdSettings, findings: Findings) -> None:
    if rcd.part.driver == "gpio" and rcd.module != "none" and rcd.part.settings.test_pin < 0:
        text = f'is missing: the self-test of a {rcd.module} needs it. Name the pin, or set module = "none".'
        findings.refuse((*_split(rcd.part), "test_pin"), text)


def _claims(part: Part, settings: Settings) -> Iterator[str]:
    """What it occupies; a device on I2C by its adapter, which two buses may share."""
    for claim in part.claims:
        bus = settings.buses.get(part.bus or "")
        adapter = getattr(bus and bus.settings, "adapter", None)
        if adapter is not None and claim.startswith(f"I2C {part.bus} "):
            yield f"I2C {adapter}{claim.removeprefix(f'I2C {part.bus}').lower()}"
        else:
            yield claim


def _pin(claim: str) -> int | None:
    found = re.fullmatch(r"GPIO (\d+)", claim)
    return int(found[1]) if found else None


def _path(part: Part, pin: int | None, last: bool = False) -> Path:
    """Where that pin stands in the part's table, the first or the last time."""
    if pin is None:
        return _split(part)
    names = [name for name in dir(part.settings) if name.endswith("pin") and getattr(part.settings, name) == pin]
    return (*_split(part), *(names[-1:] if last else names[:1]))


def _last(part: Part) -> str:
    return part.where.rpartition(".")[2]


def _split(part: Part) -> Path:
    return tuple(part.where.split("."))
