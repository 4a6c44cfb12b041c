"""Pins, channels and addresses have one owner; what hangs on a pin rests safely; each text whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evsed.settings import Settings

from tests.settings import lab

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]

FIRST = """
[evse.2]
failsafe_current = 0
[evse.2.pilot]
driver = "lab"
bus = "wires"
[evse.2.meter]
driver = "lab"
map = "eastron-sdm630"
bus = "rs485"
unit = 2
[evse.2.contactor]
driver = "gpio"
pin = 17
mirror_pin = 27
"""


def told(refuses: Refuses, more: str) -> list[str]:
    """The problems of lab.WHOLE with an outlet 2 on pins and `more`, without their lines."""
    text = lab.WHOLE.replace("/dev/ttyS0", "/dev/ttyUSB9") + FIRST + more
    return [" ".join(line[4:].split()) for line in refuses(text)]


def odd(reads: Reads, more: str, contactor: str = "") -> list[tuple[str, str]]:
    """The warnings of the same that are about pins."""
    text = lab.WHOLE.replace("/dev/ttyS0", "/dev/ttyUSB9") + FIRST.replace("pin = 17\n", contactor or "pin = 17\n")
    return [(w.subject, w.text) for w in reads(text + more).warnings if "evse.2." in w.subject]


def light(pin: int) -> str:
    return f'[light.front]\ndriver = "gpio"\npin = {pin}\nshows = ["fault"]\n'


# --- one owner --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pin", "owner"), [(17, "evse.2.contactor"), (27, "evse.2.contactor")])
def test_a_pin_that_two_parts_name_is_refused_with_both(refuses: Refuses, pin: int, owner: str) -> None:
    assert told(refuses, light(pin)) == [
        f"light.front.pin = {pin} GPIO {pin} belongs to {owner} already. Give each its own."
    ]


def test_a_pin_that_one_part_names_twice_is_refused(refuses: Refuses) -> None:
    text = light(16) + '[evse.2.rcd]\ndriver = "gpio"\nmodule = "RCM14"\ncuts_coil = true\npin = 22\ntest_pin = 22\n'
    assert told(refuses, text) == ["evse.2.rcd.test_pin = 22 GPIO 22 is named twice in this table."]


def test_a_number_of_the_header_is_refused_with_the_pin_that_is_meant(refuses: Refuses) -> None:
    assert told(refuses, light(35)) == [
        "light.front.pin = 35 is no GPIO number: they are BCM numbers, 0 to 27. The header's pin 35 is GPIO 19."
    ]


# More of the file, and what is said of a light on that pin.
FUNCTIONS = (
    ('[bus.more]\ndriver = "modbus-serial"\nport = "/dev/serial0"\n', 14, "the serial port", "bus.more"),
    ('[reader.gate]\ndriver = "lab"\nport = "/dev/ttyAMA0"\n', 15, "the serial port", "reader.gate"),
    ('[bus.more]\ndriver = "i2c"\n', 2, "I2C 1", "bus.more"),
    ('[reader.gate]\ndriver = "pn532-i2c"\nbus = "more"\n[bus.more]\ndriver = "i2c"\n', 3, "I2C 1", "bus.more"),
    ('[bus.more]\ndriver = "i2c"\nadapter = "/dev/i2c-0"\n', 0, "I2C 0", "bus.more"),
    ('[reader.gate]\ndriver = "lab-claims"\nwhat = "SPI 0.1"\n', 9, "SPI 0", "reader.gate"),
    ('[reader.gate]\ndriver = "lab-claims"\nwhat = "SPI 1.0"\n', 20, "SPI 1", "reader.gate"),
    ('[reader.gate]\ndriver = "lab-claims"\nwhat = "PWM 1f00098000.pwm channel 2"\n', 18, "PWM 2", "reader.gate"),
)


@pytest.mark.parametrize(("more", "pin", "function", "user"), FUNCTIONS)
def test_a_pin_that_the_kernel_has_given_to_a_port_is_refused(
    refuses: Refuses, more: str, pin: int, function: str, user: str
) -> None:
    assert told(refuses, more + light(pin)) == [
        f"light.front.pin = {pin} GPIO {pin} is a pin of {function}, which {user} uses. Use another pin."
    ]


def test_two_devices_of_one_function_do_not_disturb_each_other(reads: Reads) -> None:
    reads(lab.WHOLE + "".join(claiming(n, f"SPI 0.{n}") for n in (0, 1)))


def claiming(number: int, what: str) -> str:
    return f'[reader.more{number}]\ndriver = "lab-claims"\nwhat = "{what}"\n'


# Two claims, whether one is in the other's way.
CLAIMS = (
    ("PWM 1f00098000.pwm channel 1", "PWM 1f00098000.pwm channel 1", True),
    ("PWM 1f00098000.pwm channel 1", "PWM 1f00098000.pwm channel 10", False),
    ("I2C rs485 0x48", "I2C rs485 0x48 channel 2", True),
    ("I2C rs485 0x48 channel 2", "I2C rs485 0x48", True),
    ("I2C rs485 0x48 channel 1", "I2C rs485 0x48 channel 2", False),
    ("SPI 0.1", "SPI 0.0", False),
)


@pytest.mark.parametrize(("one", "other", "clash"), CLAIMS)
def test_claims_clash_where_one_is_the_other_or_a_part_of_it(
    reads: Reads, refuses: Refuses, one: str, other: str, clash: bool
) -> None:
    text = claiming(1, one) + claiming(2, other)
    if not clash:
        reads(lab.WHOLE + text)
        return
    assert told(refuses, text) == [f"reader.more2 {one} belongs to reader.more1 already. Give each its own."]


def test_a_device_on_an_adapter_that_two_buses_share_is_one_device(refuses: Refuses) -> None:
    """One bus is the pilot's, the other the station's: both are /dev/i2c-1."""
    text = ""
    for name, address in (("one", "0x4A"), ("two", "0x4a")):
        text += f'[bus.{name}]\ndriver = "i2c"\n[reader.{name}]\ndriver = "lab-claims"\nbus = "{name}"\n'
        text += f'what = "I2C {name} {address}"\n'
    said = told(refuses, text)
    assert "reader.two I2C /dev/i2c-1 0x4a belongs to reader.one already. Give each its own." in said


# --- while nobody drives the pin ----------------------------------------------------------------------------------

CLOSES = "the contactor may close by itself."
# Pin and level of the contactor, what is odd about it.
RESTS = (
    ("pin = 5", "is pulled up from power-on until evsed runs: " + CLOSES + " Use one of GPIO 9 to 27 but 14, or bring "
     "a pull-down of 10 kohm or less there."),
    ('pin = 18\nactive = "low"', "is pulled down from power-on until evsed runs: " + CLOSES + " Use one of GPIO 0 to "
     "8, or bring a pull-up of 10 kohm or less there."),
    ("pin = 14", "carries the console's text while the Pi boots: " + CLOSES + " Use another pin."),
    ('pin = 14\nactive = "low"', "carries the console's text while the Pi boots: " + CLOSES + " Use another pin."),
)  # fmt: skip


@pytest.mark.parametrize(("contactor", "text"), RESTS)
def test_a_contactor_on_a_pin_that_does_not_rest_is_told(reads: Reads, contactor: str, text: str) -> None:
    pin = contactor.split()[2]
    assert odd(reads, RCD, contactor + "\n") == [(f"evse.2.contactor.pin = {pin}", text)]


@pytest.mark.parametrize("contactor", ["pin = 18", "pin = 9", 'pin = 8\nactive = "low"'])
def test_a_contactor_on_a_pin_that_rests_is_nothing_to_tell(reads: Reads, contactor: str) -> None:
    assert odd(reads, RCD, contactor + "\n") == []


def test_a_lock_whose_motor_may_run_while_the_pi_starts_is_told(reads: Reads) -> None:
    lock = '[evse.2.lock]\ndriver = "gpio-lock{}"\n'
    bridge = lock.format("") + "direction_pin = 6\nenable_pin = 4\n"
    two_way = lock.format("-two-way") + "lock_pin = 20\nunlock_pin = 4\n"
    text = (
        "is pulled up from power-on until evsed runs: the lock's motor may run all the time. Use one of GPIO 9 to 27 "
        "but 14, or bring a pull-down of 10 kohm or less there."
    )
    assert odd(reads, RCD + bridge) == [("evse.2.lock.enable_pin = 4", text)]
    assert odd(reads, RCD + two_way) == [("evse.2.lock.unlock_pin = 4", text)]


def test_a_device_that_may_be_tested_and_a_solenoid_that_may_move_while_the_pi_starts_are_told(reads: Reads) -> None:
    up = "is pulled up from power-on until evsed runs: {}. Use one of GPIO 9 to 27 but 14, or bring a pull-down of 10 "
    up += "kohm or less there."
    tests = up.format("the residual-current device may be tested all the time, which kills some")
    assert odd(reads, RCD.replace("test_pin = 23", "test_pin = 7")) == [("evse.2.rcd.test_pin = 7", tests)]
    lock = '[evse.2.lock]\ndriver = "gpio"\npin = 7\n'
    assert odd(reads, RCD + lock) == [("evse.2.lock.pin = 7", up.format("the lock may move by itself"))]


# --- wires that break ---------------------------------------------------------------------------------------------

RCD = '[evse.2.rcd]\ndriver = "gpio"\nmodule = "RCM14"\ncuts_coil = true\npin = 22\ntest_pin = 23\n'
STOP = '[evse.2.emergency_stop]\ndriver = "gpio"\npin = 6\n'


def test_an_input_that_a_broken_wire_silences_is_told(reads: Reads) -> None:
    wire = (
        "reads as not pressed where its wire is broken. Wire a contact to ground that opens when it is to act, with "
        'pull = "up" and active = "high".'
    )
    assert odd(reads, RCD + STOP + 'active = "low"\n') == [('evse.2.emergency_stop.active = "low"', wire)]
    assert odd(reads, RCD + STOP + 'pull = "down"\n') == [('evse.2.emergency_stop.active = "high"', wire)]
    assert odd(reads, RCD + STOP) == odd(reads, RCD + STOP + 'active = "low"\npull = "down"\n') == []
    trip = wire.replace("not pressed", "not tripped").replace('active = "high"', 'tripped_when = "high"')
    assert odd(reads, RCD + 'tripped_when = "low"\n') == [('evse.2.rcd.tripped_when = "low"', trip)]
    hot = STOP.replace("emergency_stop", "thermal_switch") + 'active = "low"\n'
    assert odd(reads, RCD + hot) == [('evse.2.thermal_switch.active = "low"', wire.replace("not pressed", "cold"))]


def test_a_button_may_be_wired_as_it_likes(reads: Reads) -> None:
    settings = reads(lab.WHOLE + '[button.a]\ndriver = "gpio"\npin = 6\nactive = "low"\ndoes = "acknowledge"\n')
    assert not [w for w in settings.warnings if "button" in w.subject]


def test_a_button_for_a_card_that_a_broken_wire_presses_is_told(reads: Reads) -> None:
    button = '[button.a]\ndriver = "gpio"\npin = 6\ndoes = "card"\ntoken = "04A1B2C3"\n'
    told = [w for w in reads(lab.WHOLE + button).warnings if w.subject.startswith("button")]
    assert [(w.subject, w.text) for w in told] == [
        (
            'button.a.active = "high"',
            "reads as pressed where its wire breaks: a charge starts or stops. Wire a contact to ground that closes "
            'when it is pressed, with pull = "up" and active = "low".',
        )
    ]
    assert not [w for w in reads(lab.WHOLE + button + 'active = "low"\n').warnings if w.subject.startswith("button")]


def test_a_contactor_without_a_mirror_contact_is_told(reads: Reads) -> None:
    text = (lab.WHOLE + FIRST + RCD).replace("mirror_pin = 27\n", "").replace("/dev/ttyS0", "/dev/ttyUSB9")
    assert [w.text for w in reads(text).warnings if w.subject == "evse.2.contactor.mirror_pin"] == [
        "has no mirror contact: a contactor that is welded is noticed by nobody. Wire one and name its pin."
    ]


def test_a_self_test_without_a_test_pin_is_refused(refuses: Refuses) -> None:
    assert told(refuses, RCD.replace("test_pin = 23\n", "")) == [
        'evse.2.rcd.test_pin is missing: the self-test of a RCM14 needs it. Name the pin, or set module = "none".'
    ]


# --- buttons and lights -------------------------------------------------------------------------------------------

BUTTON = '[button.front]\ndriver = "gpio"\npin = 16\ndoes = "{}"\n'
# More of the file, what is said of it.
PANEL = (
    (BUTTON.format("card"), 'button.front.token = "" must be the identifier of the card that the button stands for, 1 '
     'to 36 characters: does = "card".'),
    (BUTTON.format("acknowledge") + 'token = "A"\n', 'button.front.token = "A" is for does = "card" only; this one '
     'does "acknowledge".'),
    (BUTTON.format("acknowledge") + "evses = [3]\n", "button.front.evses = [3] there is no [evse.3]; there are: 1, 2."),
    (light(16) + "evses = [3]\n", "light.front.evses = [3] there is no [evse.3]; there are: 1, 2."),
    (light(16).replace("shows", "# shows"), "light.front shows nothing: name states in `shows`, in `blinks` or in "
     "both."),
    (light(16) + 'blinks = ["fault"]\n', 'light.front.blinks = ["fault"] "fault" is in `shows` already.'),
    (light(16).replace('"fault"', '"fualt"'), 'light.front.shows = ["fualt"] "fualt": must be "fault", "charging", '
     '"paused", "finished", "plugged", "unavailable", "available", "warning" or "offline". Did you mean "fault"?'),
)  # fmt: skip


@pytest.mark.parametrize(("more", "line"), PANEL, ids=[line[:40] for _, line in PANEL])
def test_what_is_wrong_with_a_button_or_light_is_told(refuses: Refuses, more: str, line: str) -> None:
    assert told(refuses, more) == [line]


def test_buttons_and_lights_belong_to_the_station_and_contactors_to_the_pilot(refuses: Refuses, reads: Reads) -> None:
    lamp = '[light.front]\ndriver = "lab"\nbus = "{}"\nshows = ["fault"]\n'
    assert told(refuses, lamp.format("wires")) == [
        'light.front.bus = "wires" belongs to the pilot process already (evse.1.pilot), and this part to the station '
        "process: a bus has one owner. Put it on a bus of its own."
    ]
    before, after = reads(lab.WHOLE), reads(lab.WHOLE + light(16))
    assert before.digest == after.digest, "the pilot does not rest on it"
