"""`evsed meter read`: what a meter says on one screen, by a map or as evsed.toml has it."""

from __future__ import annotations

import json
import math
import re
import socket
import threading
from pathlib import Path

import pytest
from evsed.__main__ import main
from meter_lines import eastron, interrupted, meter_command, sdm630, serial
from modbus_peers import Device
from sunspec_peers import THREE_PHASES, device, integers


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "ttyUSB0"


def read(*arguments: str) -> int:
    return main(["meter", "read", *arguments])


def test_a_reading_is_one_screen(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {1: sdm630()}):
        assert read("eastron-sdm630", "--port", str(port), "--once") == 0
    out = re.sub(r"read in    \d+ ms", "read in    ... ms", capsys.readouterr().out)
    assert (
        out
        == f"""\
Eastron SDM630, SDM54, unit 1 on {port}, 9600 8N1

                   L1         L2         L3       total
voltage         230.5      231.0      229.5             V
current         16.00      15.50       0.25             A
power            3688       3580         57        7326 W

frequency  49.98 Hz, phases -
import     12.345 kWh
export     0.500 kWh
read in    ... ms
"""
    )


def test_what_a_meter_does_not_say_is_a_dash(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {0x00: 230.0, 0x06: math.nan, 0x0C: 0.0, 0x46: 50.0, 0x48: math.nan, 0x4A: 0.0}
    with serial(port, {4: eastron(0x20, values)}):
        options = ["--unit", "4", "--baudrate", "9600", "--once"]
        assert read("eastron-sdm120", "--port", str(port), *options) == 0
    out = capsys.readouterr().out
    assert "\ncurrent             -          -          -             A\n" in out
    assert "\nimport     - kWh\n" in out


def test_the_registers_are_shown_as_they_came(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {1: sdm630()}):
        assert read("eastron-sdm630", "--port", str(port), "--once", "--raw") == 0
        assert "\nvolts.L1           4:0x0000  float32  4366 8000            230.500\n" in capsys.readouterr().out
        assert read("eastron-sdm630", "--port", str(port), "--once", "--raw", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["volts"][0], told["registers"]["4:0"]) == (230.5, 0x4366)
    assert "at" not in told


def test_a_sunspec_meter_needs_no_map_and_has_no_rows(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = dict(enumerate(device(integers(203, **THREE_PHASES)), 40000))
    with serial(port, {2: Device(holding=image)}):
        assert read("sunspec", "--port", str(port), "--unit", "2", "--once") == 0
        assert capsys.readouterr().out.startswith(f"SunSpec meter, unit 2 on {port}, 9600 8N1\n")
        assert read("sunspec", "--port", str(port), "--unit", "2", "--once", "--raw") == 1
    assert capsys.readouterr().err == (
        "evsed meter read: --raw shows the registers of a map, and this meter is read without.\n"
    )


def test_a_meter_that_is_silent_is_told(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {}):
        assert read("eastron-sdm630", "--port", str(port), "--once", "--timeout", "50") == 1
    assert capsys.readouterr().err == (
        f"evsed meter read: unit 1 on {port}, 9600 8N1, twice: no answer within 0.1 s. Check the device's power, its "
        "unit number, its speed and parity, and whether A and B are swapped; noise asks for a terminator at both ends "
        "and one unit number for each device.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (
            ["eastron-sdm630"],
            2,
            "evsed meter read: name a map and where the meter is (evsed meter read eastron-sdm630 --port "
            "/dev/ttyUSB0), or a config file (evsed meter read -c FILE [EVSE]).\n",
        ),
        (
            ["--port", "/dev/ttyUSB0"],
            1,
            "evsed meter read: name the meter's map before --port. evsed meter maps lists them.\n",
        ),
        (
            ["sdm630", "-c", "evsed.toml"],
            1,
            'evsed meter read: "sdm630" is no EVSE\'s number; the map stands in evsed.toml.\n',
        ),
    ],
)
def test_a_wrong_call_is_told(
    arguments: list[str], code: int, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(*arguments) == code
    assert capsys.readouterr().err == problem


def test_a_map_that_there_is_not_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert read("eastron-sdm63", "--port", "10.0.0.7", "--once") == 1
    told = capsys.readouterr().err
    assert told.startswith(
        'evsed meter read.map = "eastron-sdm63": there is no such map. Did you mean "eastron-sdm630"? There are: abb-'
    )


# --- as a config file has it ------------------------------------------------------------------------------------------


def config(tmp_path: Path, port: Path, evses: str) -> str:
    path = tmp_path / "evsed.toml"
    path.write_text(
        f'[station]\nserial = "T-1"\nvendor = "V"\nmodel = "M"\nstate = "{tmp_path}"\nruntime = "{tmp_path}"\n'
        f'[bus.rs485]\ndriver = "modbus-serial"\nport = "{port}"\n[bus.wires]\ndriver = "desk"\nsocket = "s"\n{evses}'
    )
    return str(path)


def evse(number: int, meter: bool = True) -> str:
    pilot = f'[evse.{number}.{{}}]\ndriver = "desk"\nbus = "wires"\n'
    text = f"[evse.{number}]\nmax_current = 16\n" + pilot.format("pilot") + pilot.format("contactor")
    its = f'[evse.{number}.meter]\ndriver = "modbus"\nmap = "eastron-sdm630"\nbus = "rs485"\nunit = {number}\n'
    return text + (its if meter else "")


def test_the_meter_of_an_evse_is_read_as_its_file_has_it(
    tmp_path: Path, port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial(port, {1: sdm630()}):
        assert read("-c", config(tmp_path, port, evse(1)), "--once") == 0
        assert capsys.readouterr().out.startswith("evse.1.meter: Eastron SDM630, SDM54\n")
        assert read("-c", config(tmp_path, port, evse(1) + evse(2)), "2", "--once") == 1
    assert "evse.2.meter: unit 2 on " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("evses", "asked", "problem"),
    [
        (evse(1) + evse(2), [], "which EVSE's meter? There are: 1, 2."),
        (evse(1) + evse(2, meter=False), ["2"], "evse.2 has no meter. There are: 1."),
        (evse(1, meter=False), [], "which EVSE's meter? No EVSE has one."),
    ],
)
def test_a_meter_that_the_file_does_not_have_is_told(
    tmp_path: Path, port: Path, evses: str, asked: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, port, evses)
    assert read("-c", path, *asked, "--once") == 1
    assert capsys.readouterr().err == f"evsed meter read: {path}: {problem}\n"


def test_while_the_station_runs_its_own_screen_is_pointed_at(
    tmp_path: Path, port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, port, evse(1))
    with socket.socket(socket.AF_UNIX) as station:
        station.bind(str(tmp_path / "station.sock"))
        station.listen()

        def answer() -> None:
            with station.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(b"{}\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert read("-c", path, "--once") == 1
        thread.join()
    assert capsys.readouterr().err == (
        "evsed meter read: the station runs and owns the line of evse.1.meter. What it reads is shown by: evsed show "
        f"-c {path}. To read it from here, stop the station first: systemctl stop evsed.\n"
    )


def test_a_wrong_file_is_told_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read("-c", str(tmp_path / "none.toml"), "--once") == 78
    assert "none.toml" in capsys.readouterr().err


def test_readings_follow_each_other_until_ctrl_c_and_a_silence_does_not_end_them(port: Path) -> None:
    its = sdm630()
    with serial(port, {1: its}):
        process = meter_command("read", "eastron-sdm630", "--port", str(port), "--json")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["volts"][0] == 230.5
        its.dead = True
        assert ", twice: no answer within " in json.loads(process.stdout.readline())["error"]
        its.dead = False
        told = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert "watts" in told[-1]
        interrupted(process)


def test_the_maps_are_listed_with_the_factory_setting_of_their_meters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meter", "maps"]) == 0
    rows = [re.split("  +", row) for row in capsys.readouterr().out.splitlines()]
    assert ["eastron-sdm120", "Eastron SDM120, SDM220, SDM230", "(unit 1, 2400 8N1)"] in rows
    assert ["siemens-pac2200", "Siemens PAC2200", "(unit 126, 19200 8N2 or TCP port 502)"] in rows
    assert ["carlo-gavazzi-em24-e1", "Carlo Gavazzi EM24 Ethernet (E1)", "(unit 1, TCP port 502)"] in rows
    assert rows[-1] == ["sunspec", 'any meter that describes itself by SunSpec (driver = "sunspec")']
    assert main(["meter", "maps", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"name": "eastron-sdm120", "title": "Eastron SDM120, SDM220, SDM230"} in listed
