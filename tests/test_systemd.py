"""The units and what goes with them are what systemd takes, and say what the design promises."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest
from evsed.pilot import root

FOLDER = Path(__file__).parent.parent / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("evsed*"))

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / name)
    return parser


@needs_systemd
def test_systemd_accepts_all_units_without_a_word() -> None:
    command = ["systemd-analyze", "verify", "--man=no", *(str(FOLDER / name) for name in UNITS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")  # unknown keys are only told on standard error


@needs_systemd
@pytest.mark.parametrize("name", ["evsed-pilot.service", "evsed.service"])
def test_a_service_has_little_it_could_do_harm_with(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(FOLDER / name)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout[-300:]


def test_the_pilot_opens_the_contactors_however_it_ended_and_starts_again() -> None:
    service = unit("evsed-pilot.service")["Service"]
    assert service["ExecStopPost"].endswith("evsed pilot -c /etc/evsed/evsed.toml --release")
    assert (service["Type"], service["Restart"], service["WatchdogSec"]) == ("notify", "always", "2")


def test_the_pilot_comes_before_the_rest_of_the_process_scheduler_and_the_memory_killer() -> None:
    service = unit("evsed-pilot.service")["Service"]
    assert service["CPUSchedulingPolicy"] == "fifo"
    assert int(service["LimitRTPRIO"]) > int(service["CPUSchedulingPriority"])  # the guard thread may be above
    assert service["LimitMEMLOCK"] == "infinity"
    assert int(service["OOMScoreAdjust"]) < int(unit("evsed.service")["Service"]["OOMScoreAdjust"])


def test_lights_and_buttons_give_the_station_the_pins_only_where_somebody_wants_it() -> None:
    assert "gpio" not in unit("evsed.service")["Service"]["SupplementaryGroups"].split()
    drop_in = unit("panel.conf")["Service"]
    assert drop_in["SupplementaryGroups"] == "gpio"
    folders = [unit("evsed-pilot.service")["Service"]["WorkingDirectory"], drop_in["WorkingDirectory"]]
    assert folders == ["-/run/evsed", "-/var/lib/evsed"], "lgpio's pipe has the same name in both processes"


def test_readers_on_usb_spi_and_i2c_are_the_stations_only_where_somebody_wants_it() -> None:
    groups = ("input", "spi", "i2c")
    assert not set(groups) & set(unit("evsed.service")["Service"]["SupplementaryGroups"].split())
    text = (FOLDER / "readers.conf").read_text()
    assert [line for line in text.splitlines() if line.startswith("S")] == [
        f"SupplementaryGroups={group}" for group in groups
    ]


def test_the_pilots_threads_may_have_the_ranks_that_it_gives_them() -> None:
    service = unit("evsed-pilot.service")["Service"]
    assert int(service["CPUSchedulingPriority"]) == root.LOOP_PRIORITY
    assert root.WRITER_PRIORITY < root.LOOP_PRIORITY < root.GUARD_PRIORITY <= int(service["LimitRTPRIO"])
    assert "RestrictRealtime" not in service
    assert "/var/lib/evsed" in service["ReadWritePaths"].split()  # latches, counters, records


def test_neither_process_stops_with_the_other() -> None:
    for name in ("evsed-pilot.service", "evsed.service"):
        assert not {"Requires", "BindsTo", "Requisite"} & set(unit(name)["Unit"])


def test_a_refused_config_is_not_tried_again_and_again() -> None:
    for name in ("evsed-pilot.service", "evsed.service"):
        assert "78" in unit(name)["Service"]["RestartPreventExitStatus"].split()


def test_a_pilot_process_with_nothing_to_do_ends_well_and_stays_ended() -> None:
    service = unit("evsed-pilot.service")["Service"]
    assert service["SuccessExitStatus"] == str(root.IDLE)
    assert str(root.IDLE) in service["RestartPreventExitStatus"].split()


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not here")
def test_users_and_folders_are_made_on_an_empty_system(tmp_path: Path) -> None:
    (tmp_path / "etc/evsed").mkdir(parents=True)
    users = ["systemd-sysusers", f"--root={tmp_path}", str(FOLDER / "sysusers.d/evsed.conf")]
    folders = ["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(FOLDER / "tmpfiles.d/evsed.conf")]
    for command in (users, folders):
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if "Operation not permitted" in run.stderr or "Permission denied" in run.stderr:
            pytest.skip("only root may give folders to other users")
        assert run.returncode == 0, run.stderr
    assert "evsed-pilot:x:" in (tmp_path / "etc/passwd").read_text()
    assert (tmp_path / "run/evsed").stat().st_mode & 0o7777 == 0o2770
