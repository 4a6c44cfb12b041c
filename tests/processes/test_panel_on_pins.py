"""A whole station, both processes, with buttons and lights on a Pi's header made of files."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desk.on_wires import CONTACTOR, FOLDERS, LINE, OnWires
from tests.drivers.pins import FAKE, Pins

pytestmark = pytest.mark.processes

CARD, ACKNOWLEDGE, GREEN, RED, BUSY = 16, 12, 20, 21, 26
SETTINGS = (
    FOLDERS
    + LINE
    + CONTACTOR
    + """
[ocpp.variables]
"AuthCtrlr.OfflineTxForUnknownIdEnabled" = true
[button.front]
driver = "gpio"
pin = 16
active = "low"
does = "card"
token = "FRONT"
[button.service]
driver = "gpio"
pin = 12
active = "low"
does = "acknowledge"
[light.green]
driver = "gpio"
pin = 20
shows = ["available"]
[light.red]
driver = "gpio"
pin = 21
active = "low"
shows = ["fault"]
[light.busy]
driver = "gpio"
pin = 26
blinks = ["plugged", "charging"]
[light.gone]
driver = "gpio"
pin = 19
shows = ["offline"]
"""
)


class House(OnWires):
    """The desk's world, the pilot and the station, with the header beside them."""

    def __init__(self, folder: Path) -> None:
        self.pins = Pins(folder / "pins")
        super().__init__(folder, SETTINGS, FAKE, self.pins.environ)

    def evsed(self, command: str) -> subprocess.Popen[str]:
        with (self.folder / f"{command}.log").open("w") as log:
            return self.spawn("-m", "evsed", command, "-c", str(self.file), stderr=log)

    def log(self) -> str:
        return (self.folder / "run.log").read_text()

    def press(self, pin: int) -> None:
        self.pins.drive(pin, 0)
        time.sleep(0.3)
        self.pins.drive(pin, None)
        time.sleep(0.2)

    def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.end()


def test_lights_show_the_outlet_and_buttons_do_what_the_config_says(house: House) -> None:
    pins = house.pins
    house.evsed("pilot")
    station = house.evsed("run")
    house.until(lambda: pins.level(GREEN) == 1)
    assert pins.writes(GREEN)[0] == "out 0", "off until something is known"
    assert (pins.level(RED), pins.level(BUSY)) == (1, 0), "red is lit by a low level"
    house.press(ACKNOWLEDGE)
    house.until(lambda: "button.service: EVSE 1: acknowledge" in house.log())
    house.press(CARD)
    house.until(lambda: pins.level(GREEN) == 0)
    house.until(lambda: pins.writes(BUSY).count("set 1") >= 2)  # it blinks: the card waits for a plug
    house.processes[1].kill()  # the pilot
    house.until(lambda: pins.level(RED) == 0, 20.0)  # a pilot that starts again at once is no fault
    assert pins.writes(19) == ["out 0", "set 0"], "no central system is set, so none is missing"
    station.send_signal(signal.SIGTERM)
    assert station.wait(10) == 0
    assert (pins.level(GREEN), pins.level(RED), pins.level(BUSY)) == (0, 1, 0)


def test_a_button_and_a_light_that_cannot_be_had_cost_only_themselves(house: House) -> None:
    house.pins.fails("setup", "RuntimeError: 'GPIO busy'")
    house.evsed("pilot")
    station = house.evsed("run")
    house.until(lambda: "is up with 1 EVSE(s)" in house.log())
    for part, pin in (("button.front", 16), ("light.green", 20)):
        assert (
            f"evsed: {part}: GPIO {pin} cannot be had: it is held by the kernel or by another program. Take its "
            "interface out of /boot/firmware/config.txt (SPI, I2C, UART, dtoverlay), stop that program, or use another "
            'pin; "gpioinfo" shows who holds it.\n'
        ) in house.log()
    assert station.poll() is None
