"""The map and the driver that drivers/README.md shows, installed and used."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from evse_drivers import api, registry
from evse_drivers.api import DriverError
from evse_drivers.meters.map_file import parse

README = (Path(__file__).parents[2] / "drivers" / "README.md").read_text(encoding="utf-8")
MAP, PROJECT = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
(DRIVER,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

CONFIG = """
[bus.wires]
driver = "desk"
socket = "/run/evsed/wires.sock"
[evse.1]
pilot = {{ driver = "desk", bus = "wires" }}
contactor = {{ driver = "desk", bus = "wires" }}
meter = {{ driver = "acme-pulse", count = "{count}" }}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages into which pip has installed the example."""
    source, site = tmp_path_factory.mktemp("acme-pulse"), tmp_path_factory.mktemp("site")
    source.joinpath("pyproject.toml").write_text(PROJECT)
    source.joinpath("acme_pulse.py").write_text(DRIVER)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, "--target", str(site), str(source)], check=True)
    return site


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """Its driver, found by its name."""
    monkeypatch.syspath_prepend(str(site))
    return registry.find("meter", "acme-pulse")


def test_the_example_map_is_right() -> None:
    found = parse(MAP, "README.md")
    words = {(3, address): 0 for block in found.blocks for address in range(block.address, block.address + block.count)}
    words |= {(3, 0x00): 0x091B, (3, 0x0C): 0xFFFF, (3, 0x0D): 0x7FFF, (3, 0x33): 500, (3, 0x34): 123}
    reading = found.reading(1.0, words)
    assert reading.volts == (pytest.approx(233.1), None, None)
    assert reading.amps == (None, None, None)
    assert (reading.hertz, reading.import_wh) == (50.0, pytest.approx(12300.0))


def test_the_example_driver_measures_what_it_can_and_nothing_else(installed: type[Any], tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("2500\n")
    meter = installed(installed.Settings(str(count)), "evse.1.meter")
    assert isinstance(meter, api.Meter)
    reading = asyncio.run(meter.read())
    assert reading == api.Reading(reading.at, import_wh=2500.0)


def test_the_example_driver_tells_what_is_wrong(installed: type[Any], tmp_path: Path) -> None:
    count = tmp_path / "count"
    with pytest.raises(DriverError) as caught:
        installed(installed.Settings(str(count)), "evse.1.meter")
    assert str(caught.value) == f"evse.1.meter: {count}: No such file or directory. Is the counter's overlay loaded?"
    count.write_text("")
    with pytest.raises(DriverError) as caught:
        installed(installed.Settings(str(count)), "evse.1.meter")
    assert str(caught.value) == f"evse.1.meter: {count} holds no number. Name the counter's file `count`."


def test_an_installed_package_is_in_the_list_and_in_the_config(site: Path, tmp_path: Path) -> None:
    count, config = tmp_path / "count", tmp_path / "evsed.toml"
    count.write_text("2500\n")
    config.write_text(CONFIG.format(count=count))

    def evsed(*arguments: str) -> str:
        run = [sys.executable, "-m", "evsed", *arguments]
        path = os.pathsep.join((str(site), *sys.path))
        return subprocess.run(run, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True).stdout

    assert re.search(r"^meter +acme-pulse +from acme-pulse 1\.0$", evsed("drivers"), re.MULTILINE)
    assert "          meter: acme-pulse\n" in evsed("check", str(config))
