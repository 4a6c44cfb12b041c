"""Pins of a real GPIO chip of the kernel (gpio-sim), by rpi-lgpio: the RPi.GPIO of a Raspberry Pi 5."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from evse_drivers import gpio
from evse_drivers.api import DriverError
from evse_drivers.inputs.gpio import GpioInput
from evse_drivers.switches.gpio import GpioSwitch
from simulated import Chip

CONTACTOR, MIRROR, STOP, FREE = 17, 27, 22, 23


def test_a_contactor_is_open_from_the_first_moment_and_moves_when_told(chip: Chip) -> None:
    chip.pull(CONTACTOR, up=True)  # a floating input that would close it
    assert chip.level(CONTACTOR) == 1
    contactor = GpioSwitch(GpioSwitch.Settings(CONTACTOR, mirror_pin=MIRROR), "evse.1.contactor")
    assert chip.level(CONTACTOR) == 0
    contactor.set(True)
    assert chip.level(CONTACTOR) == 1
    chip.pull(MIRROR, up=False)  # the NO contact to ground closes
    assert contactor.get() is True
    chip.pull(MIRROR, up=True)
    assert contactor.get() is False
    contactor.set(False)
    assert chip.level(CONTACTOR) == 0
    contactor.close()
    assert chip.level(CONTACTOR) == 0


def test_an_input_that_is_active_low_follows_its_wire(chip: Chip) -> None:
    stop = GpioInput(GpioInput.Settings(STOP, active="high"), "evse.1.emergency_stop")
    for up in (True, False, True):
        chip.pull(STOP, up)
        assert stop.active() is up
    stop.close()


def test_a_pin_that_another_process_holds_is_told(chip: Chip) -> None:
    code = (
        "import lgpio, time; chip = lgpio.gpiochip_open(0); "
        f"lgpio.gpio_claim_output(chip, {FREE}, 0); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd="/tmp", text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DriverError) as caught:
        gpio.output(FREE, False, "evse.1.contactor")
    assert str(caught.value).startswith(f"evse.1.contactor: GPIO {FREE} cannot be had: it is held by the kernel or by ")
    holder.kill()
    holder.wait()


def test_what_the_kernel_does_with_the_pin_of_a_process_that_is_killed(chip: Chip) -> None:
    """Why the README asks for a resistor of the board: nobody holds the pin after that."""
    code = (
        "import sys, time; sys.path[:0] = ['drivers']; from evse_drivers import gpio; "
        f"pin = gpio.output({FREE}, True, 'evse.1.contactor'); print('closed', flush=True); time.sleep(60)"
    )
    pilot = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert pilot.stdout is not None
    assert pilot.stdout.readline() == "closed\n"
    chip.pull(FREE, up=False)  # the board's resistor
    assert chip.level(FREE) == 1
    pilot.kill()
    pilot.wait()
    time.sleep(0.1)
    assert chip.level(FREE) == 0
