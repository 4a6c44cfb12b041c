"""`evsed meter scan`: it names whoever is on a line, says how sure it is, and prints lines for evsed.toml."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import pytest
from evse_drivers.meters.modbus_map import available, load
from evsed.__main__ import main
from evsed.meter.places import NetPlace, SerialPlace
from evsed.meter.probing import Finding
from evsed.meter.scanning import factory
from evsed.meter.scanning import network as networked
from evsed.meter.screen import config
from meter_lines import eastron, gateway, interrupted, meter_command, network, sdm120, sdm630, serial
from modbus_peers import Device
from serial_peers import SDM630, Pty
from sunspec_peers import THREE_PHASES, device, integers

QUICKLY = ["--timeout", "40"]


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "ttyUSB0"


def scan(*arguments: str) -> int:
    return main(["meter", "scan", *arguments, *QUICKLY])


def test_two_meters_are_found_named_and_ready_to_paste(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {1: sdm630(), 3: sdm120()}):
        assert scan(str(port), "--units", "1-4") == 0
    assert (
        capsys.readouterr().out
        == f"""\
{port}, 9600 8N1, unit 1: Eastron SDM630, SDM54 (eastron-sdm630), it says so itself
    230.5/231.0/229.5 V  16.00/15.50/0.25 A  7326 W  49.98 Hz  12.345 kWh
{port}, 9600 8N1, unit 3: Eastron SDM120, SDM220, SDM230 (eastron-sdm120), it says so itself
    230.5/-/- V  10.00/-/- A  2305 W  50.00 Hz  7.000 kWh

For evsed.toml:

[bus.meters]
driver = "modbus-serial"
port = "{port}"
baudrate = 9600

[evse.1.meter]
driver = "modbus"
bus = "meters"
map = "eastron-sdm630"
unit = 1

[evse.2.meter]
driver = "modbus"
bus = "meters"
map = "eastron-sdm120"
unit = 3
"""
    )


def test_a_meter_that_was_set_to_another_speed_and_unit_is_found_there(
    port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial(port, {33: sdm630()}, 38400):
        assert scan(str(port), "--units", "32-33") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{port}, 38400 8N1, unit 33: Eastron SDM630")
    assert "\nbaudrate = 38400\n" in out


def test_a_meter_that_does_not_say_what_it_is_looks_like_all_whose_maps_fit(
    port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial(port, {1: eastron(None, SDM630)}):
        assert scan(str(port), "--quick") == 0
    out = capsys.readouterr().out
    assert f"{port}, 9600 8N1, unit 1: looks like Eastron SDM" in out
    assert "(eastron-sdm630)" in out
    assert "(eastron-sdm72-v2)" in out
    assert "it says so itself" not in out
    assert 'map = "eastron-sdm' in out
    assert '"  # or "' in out


def test_a_meter_whose_number_no_map_knows_is_found_by_its_registers(
    port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial(port, {1: eastron(0x4242, SDM630)}):
        assert scan(str(port), "--quick") == 0
    out = capsys.readouterr().out
    assert "eastron-sdm630" in out
    assert "it says so itself" not in out


def test_a_measurement_that_is_by_chance_another_makers_number_names_nobody(
    port: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = eastron(None, SDM630)
    meter.read_only = dict.fromkeys(range(0x100), 0) | meter.read_only | {0x000B: 340}  # Carlo Gavazzi's EM340
    with serial(port, {1: meter}):
        assert scan(str(port), "--quick") == 0
    out = capsys.readouterr().out
    assert "it says so itself" not in out
    assert "(eastron-sdm630)" in out


def test_a_device_that_is_no_meter_is_told_and_not_pasted(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {1: Device(read_only={0: 7, 1: 7})}):
        assert scan(str(port), "--quick") == 0
    assert capsys.readouterr().out == (
        f"{port}, 9600 8N1, unit 1: answers, but no map fits (drivers/README.md: how to write one)\n"
    )


def test_findings_are_json_for_machines(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serial(port, {1: sdm120()}, 2400):
        assert scan(str(port), "--quick", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    reading = found.pop("reading")
    assert found == {
        "port": str(port), "baudrate": 2400, "parity": "N", "stopbits": 1, "unit": 1, "sunspec": False,
        "answers_as_unit": None, "known_as": ["eastron-sdm120"], "looks_like": [],
    }  # fmt: skip
    assert reading["volts"] == [230.5, None, None]


def test_a_meter_behind_a_serial_server_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with network({5: sdm630()}) as host:
        assert scan(host, "--framing", "rtu", "--units", "4-6") == 0
        name, _, number = host.partition(":")
    out = capsys.readouterr().out
    assert out.startswith(f"{host}, RTU over TCP, unit 5: Eastron SDM630, SDM54 (eastron-sdm630), it says so itself\n")
    assert f'driver = "modbus-tcp"\nhost = "{name}"\nport = {number}\nframing = "rtu"\n' in out


def test_a_host_that_does_not_look_at_the_number_has_one_meter(capsys: pytest.CaptureFixture[str]) -> None:
    with network(dict.fromkeys(range(1, 256), sdm630())) as host:
        assert scan(host, "--framing", "rtu") == 0
    first, _, second, *_ = out = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{host}, RTU over TCP, unit 1: Eastron SDM630")
    assert second == f"{host}, RTU over TCP, unit 5: answers as unit 1 does"
    assert len([row for row in out if row.startswith(host)]) < 20
    assert [row for row in out if row.startswith("[evse.")] == ["[evse.1.meter]"]


def test_a_sunspec_meter_is_found(port: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = dict(enumerate(device(integers(203, **THREE_PHASES)), 40000))
    with serial(port, {1: Device(holding=image)}):
        assert scan(str(port), "--quick") == 0
    out = capsys.readouterr().out
    assert out.startswith(
        f"{port}, 9600 8N1, unit 1: a SunSpec meter, it says so itself\n    230.1/231.0/229.9 V  16.00"
    )
    assert '\n[evse.1.meter]\ndriver = "sunspec"\nbus = "meters"\nunit = 1\n' in out


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--quick"], "Only factory settings were tried: leave out --quick to try all."),
        (["--units", "7"], "Check the meter's power, whether A and B are swapped, and the adapter."),
    ],
)
def test_a_line_on_which_nobody_answers_is_told(
    port: Path, options: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial(port, {}):
        assert scan(str(port), *options) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1] == f"evsed meter scan: nobody answers at {port}. {advice}"
    assert f"0 of {7 if options == ['--units', '7'] else ''}"[:4] in told.err


@pytest.mark.parametrize(("framing", "other"), [("tcp", "rtu"), ("rtu", "tcp")])
def test_a_host_at_which_nobody_answers_is_told_with_the_other_framing(
    framing: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (gateway if framing == "tcp" else network)({}) as host:
        assert scan(host, "--framing", framing, "--units", "3") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"evsed meter scan: nobody answers at {host}. Check the units, and whether it wants --framing {other}."
    )


def test_a_port_that_is_held_is_not_scanned(capsys: pytest.CaptureFixture[str]) -> None:
    pty = Pty()
    holder = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    assert scan(pty.path) == 1
    name = Path("/proc/self/comm").read_text().strip()
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"evsed meter scan: {pty.path} is held by process {os.getpid()} ({name}). One line has one owner: stop that "
        "program, or give one of the two another port."
    )
    os.close(holder)
    pty.close()


def test_a_port_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert scan("/dev/nothing") == 1
    assert capsys.readouterr().err == (
        "evsed meter scan: there is no serial port /dev/nothing. Plug the adapter in or enable the port. "
        'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.\n'
    )


def test_a_host_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert scan("127.0.0.1:1") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "evsed meter scan: no connection to 127.0.0.1:1 within 0.5 s. Check the device's power and network cable, its "
        "address, and whether its Modbus TCP is enabled."
    )


@pytest.mark.parametrize("place", ["a:b", "[::1]:x", ":502", "host:70000"])
def test_what_is_neither_a_port_nor_a_host_is_told(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(place) == 1
    assert capsys.readouterr().err == (
        f"evsed meter scan: {place!r} is neither a serial port nor a host. Examples: /dev/ttyUSB0, 10.0.0.7:502.\n"
    )


@pytest.mark.parametrize(
    ("units", "problem"),
    [
        ("x", "argument --units: 'x' is no range. Examples: 7, 1-20"),
        ("0-5", "argument --units: '0-5': units are numbered 1 to 247, on networks to 255"),
        ("9-3", "argument --units: '9-3': units are numbered 1 to 247, on networks to 255"),
    ],
)
def test_units_that_there_are_not_are_a_wrong_call(
    units: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        scan("/dev/nothing", "--units", units)
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"evsed meter scan: error: {problem}\n")


def test_a_map_of_ones_own_that_is_wrong_is_told_and_the_others_are_used(
    port: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text("registers = 3")
    with serial(port, {1: sdm630()}):
        assert scan(str(port), "--quick", "--maps", str(tmp_path)) == 0
    told = capsys.readouterr()
    assert f"evsed meter.map: {tmp_path}/mine.toml: 1 problem.\n  registers  is missing." in told.err
    assert "(eastron-sdm630), it says so itself" in told.out


def test_ctrl_c_ends_a_scan_without_a_traceback_and_gives_the_port_back(port: Path) -> None:
    with serial(port, {1: sdm630()}):
        process = meter_command("scan", str(port))
        assert process.stdout is not None
        assert "it says so itself" in process.stdout.readline()
        time.sleep(0.3)
        interrupted(process)
        with open(port, "rb") as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_on_a_line_nobody_looks_for_meters_that_have_a_network_only() -> None:
    maps = {name: load(name, "/nowhere", "") for name in available("/nowhere")}
    steps = factory("/dev/ttyUSB0", maps)
    assert steps[SerialPlace("/dev/ttyUSB0")] == [1, 5]  # not 180, of a Phoenix Contact controller on Ethernet
    assert [steps[place] for place in steps if str(place).endswith("19200 8N2")] == [[33, 126]]
    assert set(networked(NetPlace("10.0.0.7"), maps)[NetPlace("10.0.0.7")]) == {1, 5, 33, 126, 180, 255}


@pytest.mark.parametrize(("model", "name"), [(0x0084, "eastron-sdm72"), (0x0089, "eastron-sdm72-v2")])
def test_an_sdm72_that_is_deaf_without_silence_before_a_request_is_known(
    port: Path, capsys: pytest.CaptureFixture[str], model: int, name: str
) -> None:
    """Other Eastrons have their number in the same register, and are asked for it without that silence."""
    values = {0x34: 7325.0, 0x48: 12.0, 0x4A: 0.5} if model == 0x0084 else SDM630
    meter = eastron(model, values)
    meter.needs = 0.095
    with serial(port, {1: meter}):
        assert main(["meter", "scan", str(port), "--quick", "--units", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{port}, 9600 8N1, unit 1: Eastron SDM72D-M ")
    assert out.splitlines()[0].endswith(f" ({name}), it says so itself")


def test_behind_a_gateway_only_those_are_found_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with gateway({7: sdm630()}) as host:
        assert scan(host) == 0
    found = [row for row in capsys.readouterr().out.splitlines() if row.startswith(host)]
    assert found == [f"{host}, unit 7: Eastron SDM630, SDM54 (eastron-sdm630), it says so itself"]


def test_a_meter_of_another_speed_is_not_left_out_of_the_lines_without_a_word() -> None:
    slow, quick = SerialPlace("/dev/ttyUSB0"), SerialPlace("/dev/ttyUSB0", 19200, "E")
    lines = list(config([Finding(slow, 1, ("eastron-sdm630",)), Finding(quick, 2, ("schneider-iem3155",))]))
    assert lines[-2:] == [
        "",
        "# unit 2 (schneider-iem3155) speaks otherwise: /dev/ttyUSB0, 19200 8E1. The devices of a line speak alike: "
        "set it to /dev/ttyUSB0, 9600 8N1.",
    ]
    assert "[evse.2.meter]" not in lines
