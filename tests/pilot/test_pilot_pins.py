"""`evsed pilot` as a real process with contactor, lock, emergency stop and residual-current device on a Pi's header.

The header is made of files, and RPi.GPIO for it keeps the library's rules (tests/drivers/fake_pins); only the pilot
line is the desk's.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pilot_on_wires import PilotOnWires
from pilot_rig import Station, until

from tests.desk.on_wires import FOLDERS, LINE
from tests.drivers.pins import FAKE, Pins

pytestmark = pytest.mark.processes

COIL, MIRROR, STOP, ERROR, TEST, ENABLE, DIRECTION, BEAT = 17, 27, 6, 22, 23, 19, 26, 24
SETTINGS = (
    FOLDERS
    + LINE
    + """
[evse.1.contactor]
driver = "gpio"
pin = 17
[evse.1.emergency_stop]
driver = "gpio"
pin = 6
[evse.1.rcd]
driver = "gpio"
module = "none"
cuts_coil = true
pin = 22
test_pin = 23
[evse.1.lock]
driver = "gpio-lock"
direction_pin = 26
enable_pin = 19
pulse_ms = 300
[heartbeat]
driver = "gpio"
pin = 24
"""
)


class Pi(PilotOnWires):
    """The header, a vehicle on the desk's line, and a pilot between them."""

    def __init__(self, folder: Path) -> None:
        self.pins = Pins(folder / "pins")
        self.pins.drive(STOP, 0)  # its normally closed contact
        self.pins.drive(ERROR, 0)
        super().__init__(folder, SETTINGS, FAKE, self.pins.environ)

    def charge(self) -> Station:
        station = super().charge()
        assert self.pins.level(COIL) == 1
        return station


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Pi]:
    pi = Pi(tmp_path)
    yield pi
    pi.end()


def test_a_charge_on_pins_has_no_blip_and_ends_with_the_contactor_open(pi: Pi) -> None:
    pilot = pi.pilot()
    station = pi.charge()
    pilot.send_signal(signal.SIGTERM)
    assert pilot.wait(5) == 0
    coil = pi.pins.writes(COIL)
    assert coil[0] == "out 0", "made an output with the contactor open"
    assert coil.count("set 1") == 1
    assert coil[-1] == "set 0"
    assert pi.pins.writes(TEST)[0] == "out 0"
    assert "set 1" not in pi.pins.writes(TEST)
    assert pi.pins.writes(ENABLE)[0] == "out 0"
    assert "set 1" in pi.pins.writes(ENABLE)
    assert pi.pins.level(ENABLE) == 0
    assert pi.pins.times(COIL)[0] < min(pi.pins.times(TEST)[0], pi.pins.times(ENABLE)[0]), "the contactor is first"
    beats = len(pi.pins.writes(BEAT))
    assert beats > 500, "the heartbeat moved each 10 ms"
    station.close()


def test_the_emergency_stop_opens_at_once_when_it_is_pressed_and_when_its_wire_breaks(pi: Pi) -> None:
    pi.pilot()
    station = pi.charge()
    began = time.monotonic()
    pi.pins.drive(STOP, None)
    until(lambda: pi.pins.level(COIL) == 0)
    opened = time.monotonic() - began
    print(f"emergency stop to coil off: {opened * 1000:.0f} ms")
    assert opened < 0.1
    assert station.wait("seen", fault="emergency stop")["closed"] is False
    station.close()


def test_a_trip_opens_at_once(pi: Pi) -> None:
    pi.pilot()
    station = pi.charge()
    pi.pins.drive(ERROR, 1)
    assert until(lambda: pi.pins.level(COIL) == 0) < 0.1
    station.wait("seen", closed=False)
    station.close()


def of_a_module(pi: Pi, **options: str) -> dict[str, Any]:
    """What the pilot says of a module that trips 50 ms after its test input went high, once it has tried."""
    text = pi.file.read_text().replace('module = "none"', 'module = "RCM14"')
    more = "".join(f'{name} = "{value}"\n' for name, value in options.items())
    pi.file.write_text(text.replace("test_pin = 23\n", f"test_pin = 23\n{more}"))
    over = threading.Event()

    def module() -> None:
        while not over.wait(0.01):
            level = pi.pins.level(TEST)
            time.sleep(0.05)
            pi.pins.drive(ERROR, level)

    device = threading.Thread(target=module)
    device.start()
    try:
        pi.pilot()
        station = Station(str(pi.folder / "run" / "pilot.sock"))
        seen: dict[str, Any] = {}
        while seen.get("tested_at") is None and seen.get("fault") is None:
            seen = station.wait("seen")
        station.close()
        return seen
    finally:
        over.set()
        device.join()


def test_a_module_that_is_wired_and_set_right_passes_its_self_test(pi: Pi) -> None:
    seen = of_a_module(pi)
    assert seen["fault"] is None
    assert [what for what in pi.pins.writes(TEST) if what == "set 1"] == ["set 1"]


@pytest.mark.parametrize("wrong", [{"test_active": "low"}, {"tripped_when": "low", "pull": "down"}])
def test_a_wrong_polarity_is_found_before_there_is_an_offer(pi: Pi, wrong: dict[str, str]) -> None:
    seen = of_a_module(pi, **wrong)
    assert seen["fault"] in ("residual current", "residual-current self-test")
    assert seen["tested_at"] is None


def test_what_a_killed_pilot_has_left_on_is_released(pi: Pi) -> None:
    pilot = pi.pilot()
    station = pi.charge()
    pilot.kill()
    pilot.wait()
    pins = pi.pins
    assert pins.level(COIL) == 1, "pins keep their level"
    for name, pin in (("latch", TEST), ("latch", ENABLE)):  # as if it had been killed in a test and in a move
        row = list((pins.folder / name).read_text())
        row[pin] = "1"
        (pins.folder / name).write_text("".join(row))
    release = pi.pilot("--release")
    assert release.wait(5) == 0
    assert (pins.level(COIL), pins.level(TEST), pins.level(ENABLE)) == (0, 0, 0)
    station.close()


def test_the_pilot_on_pins_is_light(pi: Pi) -> None:
    process = pi.pilot()
    time.sleep(1.0)
    status = Path(f"/proc/{process.pid}/status").read_text()
    rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
    print(f"rss {rss:.1f} MiB")
    assert rss < 22.0


def test_a_header_that_is_not_there_is_one_clear_error(pi: Pi) -> None:
    pi.pins.fails("setup", "RuntimeError: Cannot determine SOC peripheral base address")
    process = pi.pilot()
    _, error = process.communicate(timeout=5)
    assert process.returncode == 1
    assert set(error.splitlines()) == {  # once when it starts, once when it tries to open what it could not have
        "evsed pilot: evse.1.contactor: GPIO 17 cannot be had: the library RPi.GPIO cannot drive a Raspberry Pi 5. "
        "Uninstall RPi.GPIO and install rpi-lgpio instead, never both: they own the same module."
    }


def test_an_outlet_that_cannot_be_built_leaves_its_contactor_open(pi: Pi) -> None:
    pi.file.write_text(pi.file.read_text().replace("wires.sock", "nowhere.sock"))
    process = pi.pilot()
    _, error = process.communicate(timeout=5)
    assert process.returncode == 1
    assert [line for line in error.splitlines() if "GPIO" in line] == []
    assert set(pi.pins.writes(COIL)) == {"out 0", "set 0"}
