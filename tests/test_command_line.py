"""The command `evsed`: it finds its commands, imports only the one that is called, and says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import evsed
import pytest
from evsed import __main__ as command_line
from evsed.settings import SOFTWARE_ONLY

EXAMPLE = Path(__file__).parent.parent / "config/evsed.toml"


def test_no_command_prints_the_commands_and_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 2
    out = capsys.readouterr().out
    assert [name for name in command_line.COMMANDS if f"\n  evsed {name} " not in out] == []


@pytest.mark.parametrize("module", [module for module, _ in command_line.COMMANDS.values()])
def test_every_command_has_its_module(module: str) -> None:
    assert find_spec(module) is not None


def test_help_is_no_error() -> None:
    assert command_line.main(["--help"]) == 0


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--version"]) == 0
    assert capsys.readouterr().out == f"evsed {evsed.__version__}\n"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("chek", 'Did you mean "check"?'),
        (
            "zzz",
            "There are: run, pilot, desk, check, show, record, do, meter, reader, drivers, reference, signed, "
            "reset-variables.",
        ),
    ],
)
def test_an_unknown_command_is_told_with_what_there_is(
    capsys: pytest.CaptureFixture[str], name: str, advice: str
) -> None:
    assert command_line.main([name]) == 2
    assert capsys.readouterr().err == f'evsed: there is no command "{name}". {advice}\n'


def test_check_tells_what_a_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["check", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert "evse 1    cType2, 3 phases, 16 A at most, 6 A without the station" in out
    assert "          contactor: gpio (GPIO 17, GPIO 27)\n" in out
    assert "          rcd: gpio (GPIO 22, GPIO 23), RCM14, its trip cuts the coil\n" in out
    assert "button    front: gpio (GPIO 16), card FRONT-BUTTON, for evse 1\n" in out
    assert "light     green: gpio (GPIO 20), on: available; blinks: charging, for evse 1\n" in out
    assert "heartbeat gpio (GPIO 24), every 10 ms\nsensor    terminals: sysfs, for evse 1\n" in out
    assert "change-me-please" not in out


def test_check_tells_what_meter_and_temperature_are_held_against(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evsed.toml"
    path.write_text(EXAMPLE.read_text())
    assert command_line.main(["check", str(path)]) == 0
    assert (
        "watched   overcurrent, silent meter (stop), heat (stop at 75 °C), undervoltage (80 %), overvoltage (115 %), "
        "lost phase, frequency (47.5 to 51.5 Hz)\n"
    ) in capsys.readouterr().out
    options = "overcurrent = false\nundervoltage = 0\novervoltage = 0\nphase_loss = false\nhighest_frequency = 0\n"
    options += 'phase_rotation = "L1-L2-L3"\nmax_unbalance = 20\npen_fault = true\ndroop = true\nrandom_delay = 600\n'
    path.write_text(EXAMPLE.read_text().replace("[supervision]\n", f"[supervision]\n{options}"))
    assert command_line.main(["check", str(path)]) == 0
    assert (
        "watched   silent meter (stop), heat (stop at 75 °C), rotation L1-L2-L3, unbalance 20 A, PEN fault, "
        "frequency (47.5 to inf Hz), droop, random delay up to 600 s\n"
    ) in capsys.readouterr().out


def test_check_shouts_where_only_software_opens_on_a_residual_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evsed.toml"
    own_words = f'cuts_coil = false\nsoftware_only = "{SOFTWARE_ONLY}"'
    path.write_text(EXAMPLE.read_text().replace("cuts_coil = true", own_words))
    assert command_line.main(["check", str(path)]) == 0
    told = "rcd: gpio (GPIO 22, GPIO 23), RCM14, ONLY SOFTWARE OPENS THE CONTACTOR WHEN IT TRIPS\n"
    assert told in capsys.readouterr().out


def test_check_tells_all_that_is_wrong_presets_included(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evsed.toml"
    text = EXAMPLE.read_text().replace("HeartbeatInterval =", "HeartbeatIntervall =")
    text = text.replace('"TxCtrlr.EVConnectionTimeOut" = 60', "TxCtrlr.EVConnectionTimeOut = 0")
    path.write_text(text.replace('"modbus-serial"', '"modbus-seral"'))
    assert command_line.main(["check", str(path)]) == 1
    head, *problems = capsys.readouterr().err.splitlines()
    assert head == f"{path}: 3 problems; the pilot stays off until they are fixed."
    assert problems[0].endswith(
        'HeartbeatIntervall is no OCPP 1.6 key of this station. Did you mean "HeartbeatInterval"?'
    )
    assert "0 is out of bounds; 1 to 86400 s is allowed." in problems[1]
    assert 'Did you mean "modbus-serial"?' in problems[2]


def test_check_shows_no_password_that_is_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evsed.toml"
    secret = "AB" * 16
    path.write_text(EXAMPLE.read_text().replace("[ocpp.keys]", f'[ocpp.keys]\nAuthorizationKey = "{secret}"\n#'))
    assert command_line.main(["check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "AuthorizationKey = ..." in told
    assert secret not in told


def test_the_same_variable_cannot_be_preset_by_both_its_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evsed.toml"
    path.write_text(EXAMPLE.read_text().replace("HeartbeatInterval = 300", "ConnectionTimeOut = 30"))
    assert command_line.main(["check", str(path)]) == 1
    assert (
        capsys.readouterr()
        .err.splitlines()[1]
        .endswith("sets TxCtrlr.EVConnectionTimeOut, as ocpp.keys.ConnectionTimeOut does: keep one of them.")
    )


def test_the_settings_are_light_enough_for_the_pilot_process() -> None:
    heavy = {
        "asyncio",
        "ssl",
        "sqlite3",
        "pymodbus",
        "serial",
        "ocpp",
        "websockets",
        "importlib.metadata",
        "evsed.core",
    }
    program = "import sys; from evsed.settings import load; load(sys.argv[1]); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program, EXAMPLE], capture_output=True, text=True, check=True, env=ENV)
    assert heavy & set(run.stdout.split()) == set()


ENV = {"PYTHONPATH": ":".join(sys.path)}
