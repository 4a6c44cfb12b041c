"""The pins of a header: made in one go, one owner each, and every way they can be missing told in words."""

from __future__ import annotations

import sys
import threading
import warnings
from pathlib import Path

import pytest
from evse_drivers import gpio
from evse_drivers.api import DriverError
from pins import Pins


def test_an_output_is_made_together_with_its_level(pins: Pins) -> None:
    gpio.output(5, True, "evse.1.contactor")
    gpio.output(17, False, "evse.2.contactor")
    assert (pins.writes(5), pins.writes(17)) == (["out 1"], ["out 0"])


def test_an_output_that_a_process_before_left_is_made_safe_without_a_warning_unless_it_is_to_be_kept(
    pins: Pins,
) -> None:
    gpio.output(17, True, "evse.1.lock").close()
    gpio.output(18, True, "evse.1.contactor").close()
    sys.modules.pop("RPi.GPIO")  # a new process
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gpio.output(17, False, "evse.1.lock", keep=True)
        gpio.output(18, False, "evse.1.contactor")
        gpio.output(19, True, "evse.2.lock", keep=True)
    assert pins.writes(17) == ["out 1", "out 1"]
    assert pins.writes(18) == ["out 1", "out 0"]
    assert pins.writes(19) == ["out 1"], "one that was no output has nothing to keep"


def test_an_output_is_driven_and_an_input_read(pins: Pins) -> None:
    out = gpio.output(17, False, "evse.1.contactor")
    level = gpio.input(6, "evse.1.emergency_stop", "up")
    out.set(True)
    assert (pins.level(17), level.get()) == (1, True)
    pins.drive(6, 0)
    out.set(False)
    assert (pins.level(17), level.get()) == (0, False)


def test_the_pulls_are_those_that_were_asked_for(pins: Pins) -> None:
    found = [gpio.input(pin, "a", pull).get() for pin, pull in ((6, "down"), (16, "up"), (20, "off"))]
    assert found == [False, True, False]


def test_a_closed_output_stays_as_it_is_driven_and_may_be_taken_anew(pins: Pins) -> None:
    gpio.output(17, True, "evse.1.contactor").close()
    assert pins.writes(17) == ["out 1"]
    gpio.output(17, False, "light.door").close()
    gpio.input(17, "button.door").close()
    assert pins.writes(17) == ["out 1", "out 0", "in 0"]


def test_a_pin_has_one_owner_and_both_are_named(pins: Pins) -> None:
    gpio.output(17, False, "evse.1.contactor")
    for take in (lambda: gpio.output(17, False, "light.door"), lambda: gpio.input(17, "light.door")):
        with pytest.raises(DriverError) as caught:
            take()
        assert str(caught.value) == ("light.door: GPIO 17 belongs to evse.1.contactor already. Give each its own pin.")
    assert pins.writes(17) == ["out 0"]


@pytest.mark.parametrize("library", ["RPi.GPIO", "rpi-lgpio"])
def test_a_part_may_be_made_anew_to_be_opened(pins: Pins, library: str) -> None:
    if library == "rpi-lgpio":
        pins.as_lgpio()
    gpio.output(17, True, "evse.1.contactor")
    gpio.output(17, False, "evse.1.contactor")
    assert pins.level(17) == 0


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        (35, "35 is no GPIO number: they are BCM numbers, 0 to 27. The header's pin 35 is GPIO 19."),
        (34, "34 is no GPIO number: they are BCM numbers, 0 to 27."),
        (-1, "-1 is no GPIO number: they are BCM numbers, 0 to 27."),
    ],
)
def test_a_number_of_the_header_is_told_with_the_pin_that_is_meant(pins: Pins, pin: int, words: str) -> None:
    with pytest.raises(DriverError) as caught:
        gpio.output(pin, False, "evse.1.contactor")
    assert str(caught.value) == f"evse.1.contactor: {words}"


# Point where the library fails, what it says there, what the technician is told after "evse.1.contactor: GPIO 17 ".
SAID = (
    ("import", "RuntimeError: This module can only be run on a Raspberry Pi!",
     "cannot be had: this computer is no Raspberry Pi. Run evsed on one, or use `evsed desk`."),
    ("setup", "RuntimeError: Cannot determine SOC peripheral base address",
     "cannot be had: the library RPi.GPIO cannot drive a Raspberry Pi 5. Uninstall RPi.GPIO and install rpi-lgpio "
     "instead, never both: they own the same module."),
    ("setup", "RuntimeError: No access to /dev/mem.  Try running as root!",
     "cannot be had: this user may not use the pins. Add the user to the group gpio and start evsed again."),
    ("setmode", "RuntimeError: 'can not open gpiochip'",
     "cannot be had: this user may not open /dev/gpiochip*, or it is not there. Add the user to the group gpio and "
     "start evsed again."),
    ("import", "OSError: [Errno 2] No such file or directory: '.lgd-nfy-3'",
     "cannot be had: the library lgpio writes a file into the folder where evsed was started, and may not. Start it "
     "in one that this user may write (systemd: WorkingDirectory=/run/evsed)."),
    ("setup", "RuntimeError: 'GPIO busy'",
     "cannot be had: it is held by the kernel or by another program. Take its interface out of "
     '/boot/firmware/config.txt (SPI, I2C, UART, dtoverlay), stop that program, or use another pin; "gpioinfo" shows '
     "who holds it."),
    ("setmode", "ValueError: A different mode has already been set!",
     "cannot be had: another part of this process counts pins by the header's numbers. evsed counts by BCM numbers: "
     "take that part out."),
    ("setup", "RuntimeError: something new", "cannot be had: something new. Check the pin and its wiring."),
)  # fmt: skip


@pytest.mark.parametrize(("point", "said", "told"), SAID, ids=[said for _, said, _ in SAID])
def test_what_the_library_says_is_told_with_the_remedy(pins: Pins, point: str, said: str, told: str) -> None:
    pins.fails(point, said)
    with pytest.raises(DriverError) as caught:
        gpio.output(17, False, "evse.1.contactor")
    assert str(caught.value) == f"evse.1.contactor: GPIO 17 {told}"
    with pytest.raises(DriverError) as caught:
        gpio.input(17, "evse.1.contactor")
    assert str(caught.value) == f"evse.1.contactor: GPIO 17 {told}"
    pins.fails(point, None)
    sys.modules.pop("RPi.GPIO", None)
    gpio.output(17, False, "evse.1.contactor")  # what failed owns nothing


@pytest.mark.parametrize("point", ["output", "input"])
def test_a_pin_that_fails_later_is_a_driver_error_too(pins: Pins, point: str) -> None:
    out, level = gpio.output(17, False, "evse.1.contactor"), gpio.input(6, "evse.1.rcd")
    pins.fails(point, "RuntimeError: 'bad GPIO number'")
    with pytest.raises(DriverError) as caught:
        level.get() if point == "input" else out.set(True)
    owner = "evse.1.rcd: GPIO 6" if point == "input" else "evse.1.contactor: GPIO 17"
    assert str(caught.value) == f"{owner} cannot be had: 'bad GPIO number'. Check the pin and its wiring."


def test_a_library_that_is_missing_is_told_with_which_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(DriverError) as caught:
        gpio.output(17, False, "evse.1.contactor")
    assert str(caught.value) == (
        "evse.1.contactor: the pins need the library RPi.GPIO, which is not installed. On a Raspberry Pi up to model 4 "
        "install RPi.GPIO, on a Raspberry Pi 5 rpi-lgpio instead, never both."
    )


def test_another_thread_may_open_while_the_loop_looks(pins: Pins) -> None:
    out = gpio.output(17, True, "evse.1.contactor")
    guard = threading.Thread(target=out.set, args=(False,))
    guard.start()
    guard.join()
    assert pins.level(17) == 0
